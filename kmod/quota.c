// SPDX-License-Identifier: GPL-2.0-only
/*
 * What each user may write: a bucket of bytes that fills with time.
 *
 * A user whose bucket is full again is as good as one never seen, so those are
 * forgotten: beside a new one when it comes, and all of them when the table is
 * full. So only who wrote within the last second takes a place in it. A user
 * namespace lends tens of thousands of ids, so there has to be a bound.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/hash.h>
#include <linux/math64.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "quota.h"

#define MEMLOG_QUOTA_USERS_MAX	65536

struct memlog_quota_user {
	struct hlist_node node;
	u32 uid;
	u32 left;	/* bytes, as of @when */
	u64 when;	/* CLOCK_MONOTONIC, ns */
};

static struct hlist_head *bucket(struct memlog_quota *quota, u32 uid)
{
	return &quota->users[hash_32(uid, ilog2(MEMLOG_QUOTA_BUCKETS))];
}

/**
 * memlog_quota_init() - A quota nobody has used.
 * @quota: Is filled in; all zeros before.
 * @rate: Bytes a second and user, 0 for any number.
 */
void memlog_quota_init(struct memlog_quota *quota, u32 rate)
{
	spin_lock_init(&quota->lock);
	quota->rate = rate;
}

/**
 * memlog_quota_uninit() - Forget all users.
 * @quota: The quota; nobody writes any more.
 */
void memlog_quota_uninit(struct memlog_quota *quota)
{
	struct memlog_quota_user *user;
	struct hlist_node *next;
	unsigned int i;

	for (i = 0; i < MEMLOG_QUOTA_BUCKETS; i++)
		hlist_for_each_entry_safe(user, next, &quota->users[i], node)
			kfree(user);
}

static void refill(const struct memlog_quota *quota,
		   struct memlog_quota_user *user, u64 now)
{
	u64 since = now - user->when;
	u64 more;

	if (since >= NSEC_PER_SEC) {
		user->left = quota->rate;
		user->when = now;
		return;
	}
	/* the time of less than a byte is kept for the next call */
	more = div_u64(since * quota->rate, NSEC_PER_SEC);
	user->left = min_t(u64, quota->rate, user->left + more);
	user->when += div_u64(more * NSEC_PER_SEC, quota->rate);
}

static void forget_full(struct memlog_quota *quota, struct hlist_head *head,
			u64 now)
{
	struct memlog_quota_user *user;
	struct hlist_node *next;

	hlist_for_each_entry_safe(user, next, head, node) {
		refill(quota, user, now);
		if (user->left < quota->rate)
			continue;
		hlist_del(&user->node);
		kfree(user);
		quota->count--;
	}
}

/* Once a second at most, since it takes as long as there are users. */
static void forget_all_full(struct memlog_quota *quota, u64 now)
{
	unsigned int i;

	if (now - quota->swept < NSEC_PER_SEC)
		return;
	quota->swept = now;
	for (i = 0; i < MEMLOG_QUOTA_BUCKETS; i++)
		forget_full(quota, &quota->users[i], now);
}

static struct memlog_quota_user *lookup_user(struct memlog_quota *quota, u32 uid)
{
	struct memlog_quota_user *user;

	lockdep_assert_held(&quota->lock);
	hlist_for_each_entry(user, bucket(quota, uid), node)
		if (user->uid == uid)
			return user;
	return NULL;
}

static struct memlog_quota_user *add_user(struct memlog_quota *quota, u32 uid,
					  u64 now)
{
	struct memlog_quota_user *user;

	lockdep_assert_held(&quota->lock);
	forget_full(quota, bucket(quota, uid), now);
	if (quota->count >= MEMLOG_QUOTA_USERS_MAX)
		forget_all_full(quota, now);
	if (quota->count >= MEMLOG_QUOTA_USERS_MAX)
		return NULL;
	user = kmalloc(sizeof(*user), GFP_ATOMIC | __GFP_NOWARN);
	if (!user)
		return NULL;
	user->uid = uid;
	user->left = quota->rate;
	user->when = now;
	hlist_add_head(&user->node, bucket(quota, uid));
	quota->count++;
	return user;
}

/**
 * memlog_quota_charge_user() - Charge the calling user for a record.
 * @quota: The quota; its rate is not 0.
 * @bytes: What the record costs.
 *
 * Return: Bytes charged, 0 for CAP_SYS_RESOURCE; -EDQUOT, nothing charged;
 * -ENOMEM no memory to remember the user.
 */
int memlog_quota_charge_user(struct memlog_quota *quota, u32 bytes)
{
	u32 uid = __kuid_val(current_uid());
	struct memlog_quota_user *user;
	int ret = bytes;
	u64 now;

	if (ns_capable_noaudit(&init_user_ns, CAP_SYS_RESOURCE))
		return 0;

	spin_lock(&quota->lock);
	/* under the lock, so that it does not go back from one call to the next */
	now = ktime_get_ns();
	user = lookup_user(quota, uid);
	if (!user)
		user = add_user(quota, uid, now);
	if (!user) {
		ret = -ENOMEM;
	} else {
		refill(quota, user, now);
		if (user->left < bytes)
			ret = -EDQUOT;
		else
			user->left -= bytes;
	}
	spin_unlock(&quota->lock);
	return ret;
}

/**
 * memlog_quota_refund_user() - Give back what was charged and not written.
 * @quota: The quota; its rate is not 0.
 * @bytes: How much.
 */
void memlog_quota_refund_user(struct memlog_quota *quota, u32 bytes)
{
	struct memlog_quota_user *user;

	spin_lock(&quota->lock);
	user = lookup_user(quota, __kuid_val(current_uid()));
	if (user)
		user->left = min_t(u64, quota->rate, (u64)user->left + bytes);
	spin_unlock(&quota->lock);
}
