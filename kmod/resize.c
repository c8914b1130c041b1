// SPDX-License-Identifier: GPL-2.0-only
/*
 * RESIZE: another generation of the ring, with the newest records.
 *
 * The copy goes on without the lock, as a reader's does, until it is so near
 * behind the writers that the rest takes them no longer than a few writes of
 * their own. A copier that is lapped drops what it has, which is older than
 * what was lost, and goes on with the oldest there is.
 */
#include <linux/sched/signal.h>

#include "channel.h"
#include "compat.h"
#include "trace.h"

/* What may be left for the time under the lock: a few writes' worth. */
#define FEW_RECORDS	16
#define FEW_BYTES	(4 * MEMLOG_MAX_RECORD_LIMIT)

static void start_over(const struct memlog_buf *from, struct memlog_span *span)
{
	memlog_buf_oldest(from, &span->oldest);
	span->next = span->oldest;
}

static void copy_record(const struct memlog_buf *from, struct memlog_buf *to,
			struct memlog_span *span)
{
	u64 seq = span->next.seq;
	struct memlog_record rec;

	if (!memlog_buf_record(from, seq, &rec)) {
		start_over(from, span);
		return;
	}
	memlog_buf_append(to, span, &rec, memlog_buf_text(from, rec.pos));
	if (!memlog_buf_kept(from, seq))
		start_over(from, span);
}

static void copy_begin(const struct memlog_buf *from, const struct memlog_buf *to,
		       struct memlog_span *span)
{
	u64 first = memlog_buf_fitting(from, to->text_size, to->desc_mask + 1);

	if (memlog_buf_place(from, first, &span->oldest))
		span->next = span->oldest;
	else
		start_over(from, span);
}

static bool near_end(const struct memlog_buf *from, const struct memlog_span *span)
{
	u64 records = memlog_buf_next(from) - span->next.seq;
	u64 bytes = port_load64(&from->ctrl->next_pos) - span->next.pos;

	/* half of what will do, because more is being written */
	return records <= FEW_RECORDS / 2 && bytes <= FEW_BYTES / 2;
}

static int copy_most(const struct memlog_buf *from, struct memlog_buf *to,
		     struct memlog_span *span)
{
	while (!near_end(from, span)) {
		copy_record(from, to, span);
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

/* Caller holds the ring's lock: what is copied and switched to is all there is. */
static void switch_locked(struct memlog_channel *ch, struct memlog_mem *new,
			  struct memlog_span *span)
{
	struct memlog_ring *ring = &ch->ring;
	struct memlog_buf *from = memlog_ring_buf(ring);
	u64 next = ring->kept.next.seq;

	while (span->next.seq < next)
		copy_record(from, &new->buf, span);
	/* memlog_buf_end() finds the end by it, kept or not */
	if (next)
		*memlog_buf_desc(&new->buf, next - 1) =
			*memlog_buf_desc(from, next - 1);
	/* what was told as gone stays gone */
	if (span->oldest.seq < ring->kept.oldest.seq)
		span->oldest = ring->kept.oldest;
	span->last_time = ring->kept.last_time;
	memlog_buf_publish(&new->buf, span);
	ring->kept = *span;
	WRITE_ONCE(ch->max_record, new->buf.max_record);
	rcu_assign_pointer(ring->buf, &new->buf);
	smp_store_release(&from->ctrl->retired, 1);	/* (C) */
}

/* Returns false when too much has been written since copy_most(). */
static bool try_switch(struct memlog_channel *ch, struct memlog_mem *old,
		       struct memlog_mem *new, struct memlog_span *span)
{
	struct memlog_ring *ring = &ch->ring;
	bool few;

	spin_lock(&ch->map_lock);
	spin_lock(&ring->lock);
	few = ring->kept.next.seq - span->next.seq <= FEW_RECORDS &&
	      ring->kept.next.pos - span->next.pos <= FEW_BYTES;
	if (few)
		switch_locked(ch, new, span);
	spin_unlock(&ring->lock);
	if (few) {
		old->retired = true;
		ch->old_maps += old->mapped;
	}
	spin_unlock(&ch->map_lock);
	return few;
}

static int resize_locked(struct memlog_channel *ch,
			 const struct memlog_geometry *geo)
{
	struct memlog_span span = {};
	struct memlog_mem *old, *new;
	bool busy;
	int err;

	lockdep_assert_held(&ch->resize_lock);
	spin_lock(&ch->map_lock);
	busy = ch->old_maps;
	spin_unlock(&ch->map_lock);
	if (busy)
		return -EBUSY;

	/* nobody else changes it */
	old = memlog_mem_of(rcu_dereference_protected(ch->ring.buf, true));
	new = memlog_mem_alloc(geo, ch->stream, old->buf.ctrl->generation + 1);
	if (IS_ERR(new))
		return PTR_ERR(new);
	copy_begin(&old->buf, &new->buf, &span);
	do {
		err = copy_most(&old->buf, &new->buf, &span);
		if (err) {
			memlog_mem_put(new);
			return err;
		}
	} while (!try_switch(ch, old, new, &span));
	memlog_channel_wake(ch);
	trace_memlog_resize(ch->name, geo->text_size, geo->records,
			    new->buf.ctrl->generation);
	memlog_mem_put(old);
	return 0;
}

/**
 * memlog_channel_resize() - Another ring, the newest records kept.
 * @ch: The channel.
 * @geo: Sizes memlog_geometry_check() has accepted.
 *
 * Readers keep their place; a mapping stays as it was.
 *
 * Context: Sleeps.
 * Return: 0; -ENOMEM, also for more than a quarter of RAM; -EBUSY a generation
 * older than the current is still mapped; -EINTR a signal. The ring is as it
 * was then.
 */
int memlog_channel_resize(struct memlog_channel *ch, struct memlog_geometry *geo)
{
	int err;

	if (!memlog_channel_fits_memory(memlog_channel_bytes(geo)))
		return -ENOMEM;
	if (mutex_lock_killable(&ch->resize_lock))
		return -EINTR;
	err = resize_locked(ch, geo);
	mutex_unlock(&ch->resize_lock);
	return err;
}
