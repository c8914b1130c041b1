/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A channel: a named ring, who waits for it, and what it counts.
 */
#ifndef MEMLOG_CHANNEL_H
#define MEMLOG_CHANNEL_H

#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/wait.h>

#include "mem.h"
#include "quota.h"
#include "ring.h"

#define MEMLOG_NAME_MAX		16
/* "memlog" and "memlog-audit": two names and what joins them */
#define MEMLOG_DEVICE_NAME_MAX	(2 * MEMLOG_NAME_MAX + 2)

/* memlog_channel.waiters */
#define MEMLOG_WAITS_READ	BIT(0)
#define MEMLOG_WAITS_POLL	BIT(1)

/**
 * struct memlog_channel - A channel.
 * @ring: The ring.
 * @waiters: Which of the two queues somebody waits on. A reader sets its bit
 *           after it has queued itself, with a full barrier before it looks
 *           whether there is a record; a writer, behind a full barrier after
 *           the record, clears what it finds set and wakes those (D). An epoll
 *           set stays in its queue for good but sets the bit only when it is
 *           waited on, so that one nobody waits on costs a writer nothing.
 * @max_record: Longest text of one record, for a look without a lock.
 * @quota: What each user may write.
 * @read_wait: Readers in read(2).
 * @poll_wait: Readers in poll(2) and its kin.
 * @clear_seq: Where MEMLOG_IOC_CLEAR put its mark.
 * @denied: Writes the quota refused.
 * @faults: Times a write was tried again because its memory was not present.
 * @readers: Open files that read.
 * @stream: The stream's id, not 0.
 * @resize_lock: One RESIZE at a time.
 * @map_lock: Guards @old_maps and the mapped and retired of each generation.
 * @old_maps: Mappings of generations that are not current.
 * @live: Every channel is registered: loading can't fail any more (E).
 * @misc: The device.
 * @name: The device's name.
 */
struct memlog_channel {
	struct memlog_ring ring;
	atomic_t waiters;
	u32 max_record;
	struct memlog_quota quota;

	wait_queue_head_t read_wait;
	wait_queue_head_t poll_wait;
	atomic64_t clear_seq;
	atomic64_t denied;
	atomic64_t faults;
	atomic_t readers;
	u64 stream;

	struct mutex resize_lock;
	spinlock_t map_lock;
	unsigned int old_maps;

	bool live;
	struct miscdevice misc;
	char name[MEMLOG_DEVICE_NAME_MAX];
};

int memlog_channel_init(struct memlog_channel *ch, const char *name,
			const struct memlog_geometry *geo, u32 quota);
void memlog_channel_uninit(struct memlog_channel *ch);
bool memlog_channel_fits_memory(u64 bytes);
u64 memlog_channel_bytes(const struct memlog_geometry *geo);
void memlog_channel_wake_waiters(struct memlog_channel *ch);
int memlog_channel_resize(struct memlog_channel *ch, struct memlog_geometry *geo);

/* After every record, and after every eviction; never with ring->lock held. */
static inline void memlog_channel_wake(struct memlog_channel *ch)
{
	smp_mb();					/* (D) */
	if (unlikely(atomic_read(&ch->waiters)))
		memlog_channel_wake_waiters(ch);
}

/* Before looking for a record in order to sleep if there is none. */
static inline void memlog_channel_arm(struct memlog_channel *ch, int waits)
{
	atomic_or(waits, &ch->waiters);
	smp_mb__after_atomic();				/* (D) */
}

#endif /* MEMLOG_CHANNEL_H */
