// SPDX-License-Identifier: GPL-2.0-only
/*
 * A channel: a named ring, who waits for it, and what it counts.
 */
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "channel.h"
#include "compat.h"

/**
 * memlog_channel_bytes() - The memory a ring takes, in bytes.
 * @geo: Its sizes.
 */
u64 memlog_channel_bytes(const struct memlog_geometry *geo)
{
	struct memlog_layout lay;

	memlog_geometry_layout(geo, MEMLOG_COLOUR, &lay);
	return lay.text_off + lay.text_map;
}

/**
 * memlog_channel_fits_memory() - Whether that is at most a quarter of RAM.
 * @bytes: How much.
 */
bool memlog_channel_fits_memory(u64 bytes)
{
	return bytes >> PAGE_SHIFT <= totalram_pages() / 4;
}

/**
 * memlog_channel_init() - A channel with an empty ring.
 * @ch: Is filled in; all zeros before.
 * @name: The device's name, shorter than %MEMLOG_DEVICE_NAME_MAX.
 * @geo: Sizes memlog_geometry_check() has accepted.
 * @quota: Bytes a second each user may write, 0 for any number.
 *
 * Context: Sleeps.
 * Return: 0 or -ENOMEM.
 */
int memlog_channel_init(struct memlog_channel *ch, const char *name,
			const struct memlog_geometry *geo, u32 quota)
{
	struct memlog_mem *mem;

	do {
		ch->stream = get_random_u64();
	} while (!ch->stream);
	mem = memlog_mem_alloc(geo, ch->stream, 0);
	if (IS_ERR(mem))
		return PTR_ERR(mem);

	memlog_ring_init(&ch->ring, &mem->buf);
	memlog_quota_init(&ch->quota, quota);
	ch->max_record = geo->max_record;
	init_waitqueue_head(&ch->read_wait);
	init_waitqueue_head(&ch->poll_wait);
	mutex_init(&ch->resize_lock);
	spin_lock_init(&ch->map_lock);
	strscpy(ch->name, name, sizeof(ch->name));
	return 0;
}

/**
 * memlog_channel_uninit() - Free what memlog_channel_init() took.
 * @ch: The channel; nobody has it open.
 */
void memlog_channel_uninit(struct memlog_channel *ch)
{
	memlog_quota_uninit(&ch->quota);
	memlog_mem_put(memlog_mem_of(rcu_dereference_protected(ch->ring.buf, true)));
}

/*
 * The bit is cleared under the queue's lock: who is preempted before that leaves
 * it to the next writer. All are woken, exclusive waiters too, because an epoll
 * set that was woken may not look, and nobody else would be.
 *
 * There is no key, which means any event, EPOLLPRI too: io_uring's multishot
 * poll takes a key for the answer and does not call poll again, and so would
 * never arm again.
 */
static void wake_queue(struct memlog_channel *ch, struct wait_queue_head *queue,
		       int waits)
{
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	if (atomic_fetch_andnot(waits, &ch->waiters) & waits)
		wake_up_all_locked(queue);
	spin_unlock_irqrestore(&queue->lock, flags);
}

/**
 * memlog_channel_wake_waiters() - Wake who waits, see memlog_channel_wake().
 * @ch: The channel.
 */
void memlog_channel_wake_waiters(struct memlog_channel *ch)
{
	int waiters = atomic_read(&ch->waiters);

	if (waiters & MEMLOG_WAITS_READ)
		wake_queue(ch, &ch->read_wait, MEMLOG_WAITS_READ);
	if (waiters & MEMLOG_WAITS_POLL)
		wake_queue(ch, &ch->poll_wait, MEMLOG_WAITS_POLL);
}
