// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later
/*
 * The overwriting ring.
 *
 * Two rings make one: the text, and a descriptor of fixed size for every record
 * in it. Record seq has descriptor seq % records, and its text begins at byte
 * pos % text_map of the text, which is mapped twice in a row so that no record
 * wraps. So to find a record by its number, or the last N, is arithmetic.
 *
 * Records oldest <= seq < next are there to be read. Both numbers only grow:
 *
 *   oldest   raised before anything of an old record is overwritten
 *   next     raised when all of a new record stands there
 *
 * Writers are serialized by ring->lock. They raise oldest until there is room
 * in both rings (memlog_ring_begin()), put text and descriptor there, and raise
 * next (memlog_ring_end()). A writer that gives up in between has written
 * nothing: what it let go is lost, and the next writer begins at the same place.
 *
 * Readers take no lock, and leave no trace a writer would have to look at. They
 * copy what they want and then look at oldest: if it has passed the record, the
 * copy may be torn and is thrown away. A length is checked against text_size
 * before it is used, because it may be torn as well.
 *
 * A descriptor outlives its record: it stands there, unchanged, until record
 * seq + records is begun. So the end of the ring has a position that can be
 * read without a lock even when no record is left (memlog_buf_end()).
 *
 * A resize makes a new buffer and fills it with the newest records, no lock
 * held but for the last few; the old one stays as it was, and "retired" says
 * that nothing will be added to it. Numbers and positions go on.
 *
 * The ordered accesses, in pairs:
 *
 *   (A) memlog_ring_begin(): store oldest; wmb; store text and descriptor
 *       memlog_buf_kept():   load text and descriptor; rmb; load oldest
 *
 *       Who has seen a byte of a new record sees that the old one is gone. The
 *       same barrier orders the store of next by the writer before, which
 *       memlog_buf_end() relies on.
 *
 *   (B) memlog_ring_end():   store text, descriptor, stepped; store-release next
 *       memlog_buf_next():   load-acquire next; load text, descriptor, stepped
 *
 *       Who has seen the number sees the record.
 *
 *   (C) switch_locked():     store next (B); store-release retired
 *       user space:          load-acquire retired; load next
 *
 *       Who has seen retired sees the last number the old buffer will ever have.
 */
#include "ring.h"

static bool power_of_two(u64 n)
{
	return n && !(n & (n - 1));
}

/**
 * memlog_geometry_check() - Fill in the defaults and check the sizes of a ring.
 * @geo: The sizes; 0 becomes the default.
 *
 * Return: NULL, or what is wrong with which of them.
 */
const char *memlog_geometry_check(struct memlog_geometry *geo)
{
	u64 most;

	if (!geo->text_size)
		geo->text_size = MEMLOG_TEXT_SIZE_DEFAULT;
	if (!power_of_two(geo->text_size) ||
	    geo->text_size < MEMLOG_TEXT_SIZE_MIN ||
	    geo->text_size > MEMLOG_TEXT_SIZE_MAX)
		return "size must be a power of two from 4K to 1G";

	if (!geo->records)
		geo->records = geo->text_size / 32;
	if (!power_of_two(geo->records) ||
	    geo->records < MEMLOG_RECORDS_MIN || geo->records > geo->text_size)
		return "records must be a power of two from 16 to size";

	most = geo->text_size / 4;
	if (!geo->max_record)
		geo->max_record = most < MEMLOG_MAX_RECORD_DEFAULT ?
				  (u32)most : MEMLOG_MAX_RECORD_DEFAULT;
	if (geo->max_record > most || geo->max_record > MEMLOG_MAX_RECORD_LIMIT)
		return "max_record must be at most size/4 and at most 64K";
	return NULL;
}

/**
 * memlog_geometry_layout() - Where the parts of a ring stand in its memory.
 * @geo: Sizes memlog_geometry_check() has accepted.
 * @page_size: What every part is aligned to, in bytes; a power of two.
 * @lay: Is filled in.
 */
void memlog_geometry_layout(const struct memlog_geometry *geo, u64 page_size,
			    struct memlog_layout *lay)
{
	u64 desc = geo->records * sizeof(struct memlog_record);

	lay->desc_off = page_size;
	lay->text_off = page_size + ((desc + page_size - 1) & ~(page_size - 1));
	lay->text_map = geo->text_size > page_size ? geo->text_size : page_size;
	lay->map_size = lay->text_off + 2 * lay->text_map;
}

/**
 * memlog_buf_init() - Describe a ring's memory.
 * @buf: Is filled in.
 * @base: First byte of the mapping, aligned to a page.
 * @geo: Its sizes.
 * @lay: Its layout.
 */
void memlog_buf_init(struct memlog_buf *buf, void *base,
		     const struct memlog_geometry *geo,
		     const struct memlog_layout *lay)
{
	static_assert(sizeof(struct memlog_record) == 64, "a descriptor is 64 bytes");
	static_assert(sizeof(struct memlog_control) == 256, "four lines of 64 bytes");

	buf->ctrl = base;
	buf->desc = (void *)((char *)base + lay->desc_off);
	buf->text = (char *)base + lay->text_off;
	buf->desc_mask = geo->records - 1;
	buf->text_mask = lay->text_map - 1;
	buf->text_size = geo->text_size;
	buf->max_record = geo->max_record;
}

/**
 * memlog_buf_start() - Write the control page of an empty ring.
 * @buf: The buffer; its memory is all zeros and nobody else's yet.
 * @lay: Its layout.
 * @stream: The stream's id, not 0.
 * @generation: How often the ring was resized before.
 */
void memlog_buf_start(struct memlog_buf *buf, const struct memlog_layout *lay,
		      u64 stream, u32 generation)
{
	struct memlog_control *ctrl = buf->ctrl;

	ctrl->abi = MEMLOG_ABI;
	ctrl->record_size = sizeof(struct memlog_record);
	ctrl->stream = stream;
	ctrl->desc_off = lay->desc_off;
	ctrl->text_off = lay->text_off;
	ctrl->map_size = lay->map_size;
	ctrl->text_map = lay->text_map;
	ctrl->text_size = buf->text_size;
	ctrl->records = buf->desc_mask + 1;
	ctrl->max_record = buf->max_record;
	ctrl->generation = generation;
	ctrl->first_pos = MEMLOG_FIRST_POS;
	ctrl->next_pos = MEMLOG_FIRST_POS;
}

/**
 * memlog_ring_init() - A ring that has nothing written to it yet.
 * @ring: Is filled in.
 * @buf: Its first buffer, from memlog_buf_start().
 */
void memlog_ring_init(struct memlog_ring *ring, struct memlog_buf *buf)
{
	memset(&ring->kept, 0, sizeof(ring->kept));
	ring->kept.oldest.pos = MEMLOG_FIRST_POS;
	ring->kept.next.pos = MEMLOG_FIRST_POS;
	port_lock_init(&ring->lock);
	ring->buf = (struct memlog_buf __rcu __force *)buf;
}

/**
 * memlog_buf_record() - Copy a descriptor.
 * @buf: The buffer.
 * @seq: The record's number, below memlog_buf_next().
 * @rec: Is filled in.
 *
 * Return: true, or false when the record is gone and @rec is worth nothing.
 */
bool memlog_buf_record(const struct memlog_buf *buf, u64 seq,
		       struct memlog_record *rec)
{
	port_copy_racy(rec, memlog_buf_desc(buf, seq), sizeof(*rec));
	return memlog_buf_kept(buf, seq) && rec->len <= buf->text_size;
}

/**
 * memlog_buf_end() - The place behind the newest record.
 * @buf: The buffer.
 * @place: Is filled in.
 */
void memlog_buf_end(const struct memlog_buf *buf, struct memlog_place *place)
{
	for (;;) {
		u64 next = memlog_buf_next(buf);
		struct memlog_record last;

		place->seq = next;
		place->pos = buf->ctrl->first_pos;
		if (!next)
			return;
		port_copy_racy(&last, memlog_buf_desc(buf, next - 1), sizeof(last));
		port_rmb();				/* (A) */
		place->pos = last.pos + last.len;
		if (port_load64(&buf->ctrl->next) - (next - 1) <= buf->desc_mask)
			return;
	}
}

/**
 * memlog_buf_place() - The place of a record.
 * @buf: The buffer.
 * @seq: The record's number.
 * @place: Is filled in.
 *
 * Return: true, or false when the record is gone, or not yet there.
 */
bool memlog_buf_place(const struct memlog_buf *buf, u64 seq,
		      struct memlog_place *place)
{
	if (seq >= memlog_buf_next(buf)) {
		memlog_buf_end(buf, place);
		return place->seq == seq;
	}
	place->seq = seq;
	place->pos = port_load64(&memlog_buf_desc(buf, seq)->pos);
	return memlog_buf_kept(buf, seq);
}

/**
 * memlog_buf_oldest() - The place of the oldest record, or the end if none is
 * left.
 * @buf: The buffer.
 * @place: Is filled in.
 */
void memlog_buf_oldest(const struct memlog_buf *buf, struct memlog_place *place)
{
	while (!memlog_buf_place(buf, port_load64(&buf->ctrl->oldest), place))
		port_resched();
}

/*
 * The first record from @lo on, but before @hi, whose 64-bit field at @field is
 * at least @key; else @hi. The field does not fall between @lo and @hi. What is
 * gone when it is looked at counts as too small.
 */
static u64 search(const struct memlog_buf *buf, u64 lo, u64 hi, size_t field,
		  u64 key)
{
	while (lo < hi) {
		u64 mid = lo + (hi - lo) / 2;
		const char *desc = (const char *)memlog_buf_desc(buf, mid);
		u64 value = port_load64((const u64 *)(desc + field));

		if (memlog_buf_kept(buf, mid) && value >= key)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

/* The same where the field may fall: one by one. */
static u64 scan(const struct memlog_buf *buf, u64 lo, u64 hi, size_t field,
		u64 key)
{
	for (; lo < hi; lo++) {
		const char *desc = (const char *)memlog_buf_desc(buf, lo);
		u64 value = port_load64((const u64 *)(desc + field));

		if (memlog_buf_kept(buf, lo) && value >= key)
			break;
		if (!(lo & 1023))
			port_resched();
	}
	return lo;
}

/**
 * memlog_buf_since() - The first record, in order of numbers, of a time or later.
 * @buf: The buffer.
 * @time_ns: CLOCK_REALTIME in nanoseconds.
 * @place: Is filled in; the end when there is no such record.
 *
 * Takes as many steps as records are kept only where the clock was set back
 * among them, else their logarithm.
 */
void memlog_buf_since(const struct memlog_buf *buf, u64 time_ns,
		      struct memlog_place *place)
{
	const size_t field = offsetof(struct memlog_record, time_ns);
	u64 oldest, next, stepped, seq;

	do {
		oldest = port_load64(&buf->ctrl->oldest);
		next = memlog_buf_next(buf);
		stepped = port_load64(&buf->ctrl->stepped);
		if (stepped < oldest)
			stepped = oldest;
		if (stepped > next)
			stepped = next;
		seq = scan(buf, oldest, stepped, field, time_ns);
		if (seq == stepped)
			seq = search(buf, stepped, next, field, time_ns);
	} while (!memlog_buf_place(buf, seq, place));
}

/**
 * memlog_buf_fitting() - Where to begin to keep what fits a smaller ring.
 * @buf: The buffer.
 * @text_size: Bytes of text the other keeps.
 * @records: Records it keeps.
 *
 * Return: Number of the first record that fits with all that follow it.
 */
u64 memlog_buf_fitting(const struct memlog_buf *buf, u64 text_size, u64 records)
{
	struct memlog_place first, end;
	u64 key;

	memlog_buf_oldest(buf, &first);
	memlog_buf_end(buf, &end);
	if (end.seq - first.seq > records)
		first.seq = end.seq - records;
	key = end.pos > text_size ? end.pos - text_size : 0;
	return search(buf, first.seq, end.seq,
		      offsetof(struct memlog_record, pos), key);
}

/**
 * memlog_buf_append() - Copy a record into a buffer nobody else has yet.
 * @buf: The buffer.
 * @span: What it holds; the record is that at @span->next.
 * @rec: The record's descriptor.
 * @text: Its text.
 *
 * A record longer than the buffer drops with all older ones; its descriptor
 * stays behind for memlog_buf_end().
 */
void memlog_buf_append(struct memlog_buf *buf, struct memlog_span *span,
		       const struct memlog_record *rec, const char *text)
{
	bool fits = rec->len <= buf->text_size;

	if (fits) {
		memlog_span_make_room(span, buf, rec->len);
		port_copy_racy(memlog_buf_text(buf, rec->pos), text, rec->len);
	}
	*memlog_buf_desc(buf, rec->seq) = *rec;
	if (rec->time_ns < span->last_time)
		buf->ctrl->stepped = rec->seq;
	span->last_time = rec->time_ns;
	span->next.seq = rec->seq + 1;
	span->next.pos = rec->pos + rec->len;
	if (!fits)
		span->oldest = span->next;
}

/**
 * memlog_buf_publish() - Let readers see what memlog_buf_append() put there.
 * @buf: The buffer, still nobody else's.
 * @span: What it holds.
 */
void memlog_buf_publish(struct memlog_buf *buf, const struct memlog_span *span)
{
	buf->ctrl->oldest = span->oldest.seq;
	buf->ctrl->next_pos = span->next.pos;
	port_store64_release(&buf->ctrl->next, span->next.seq);	/* (B) */
}
