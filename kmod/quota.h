/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each user may write: a bucket of bytes that fills with time.
 */
#ifndef MEMLOG_QUOTA_H
#define MEMLOG_QUOTA_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#define MEMLOG_QUOTA_BUCKETS	256
/* A record costs its text and this, so that empty lines are not free. */
#define MEMLOG_QUOTA_RECORD	64
/* Less would refuse nearly everything, for good. */
#define MEMLOG_QUOTA_MIN	128

/**
 * struct memlog_quota - The quota of a channel.
 * @rate: Bytes a second and user, 0 for any number. Also the most that a user
 *        who was silent may write at once. Constant.
 * @count: Users known; under @lock.
 * @swept: When all users were last looked through, CLOCK_MONOTONIC in ns; under
 *         @lock.
 * @lock: Innermost; taken with no other lock held.
 * @users: struct memlog_quota_user, by uid; under @lock.
 */
struct memlog_quota {
	u32 rate;
	u32 count;
	u64 swept;
	spinlock_t lock;
	struct hlist_head users[MEMLOG_QUOTA_BUCKETS];
};

void memlog_quota_init(struct memlog_quota *quota, u32 rate);
void memlog_quota_uninit(struct memlog_quota *quota);
int memlog_quota_charge_user(struct memlog_quota *quota, u32 bytes);
void memlog_quota_refund_user(struct memlog_quota *quota, u32 bytes);

/* Bytes charged, which is 0 for who is exempt; or -EDQUOT or -ENOMEM. */
static inline int memlog_quota_charge(struct memlog_quota *quota, u32 bytes)
{
	return quota->rate ? memlog_quota_charge_user(quota, bytes) : 0;
}

/* What was charged and then not written. */
static inline void memlog_quota_refund(struct memlog_quota *quota, u32 bytes)
{
	if (bytes)
		memlog_quota_refund_user(quota, bytes);
}

#endif /* MEMLOG_QUOTA_H */
