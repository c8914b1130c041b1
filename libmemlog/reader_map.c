// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reading a mapped ring: no lock, no system call, and nothing that a writer
 * would notice. The protocol stands in struct memlog_control's kernel-doc, the
 * barriers (A), (B) and (C) in ring.c.
 *
 * Up to MEMLOG_BATCH records are copied at a time: the descriptors, which stand
 * in a row; those that fit together make up one stretch of text, which is copied
 * next; then one look at oldest tells from which of them on the copy is good.
 */
#include <errno.h>
#include <stdlib.h>

#include "private.h"
#include "reader.h"

/*
 * Text of a batch, where there is more than one record in it. Below what the C
 * library copies with string instructions, which are slow to start.
 */
#define BATCH_TEXT	2048

/**
 * memlog_batch_fitting() - Which of the descriptors copied make up a batch.
 * @reader: The reader: descs holds them, from cur on.
 * @count: How many were copied.
 * @bytes: Set to the bytes of text they have.
 *
 * Return: How many follow each other and have texts that fit; at least one if
 * the first is good.
 */
u32 memlog_batch_fitting(const struct memlog_reader *reader, u32 count, u64 *bytes)
{
	const struct memlog_record *rec = reader->descs;
	u64 seq = reader->cur.seq;
	u64 pos = reader->cur.pos;
	u64 end = pos + BATCH_TEXT;
	u32 n;

	for (n = 0; n < count; n++, rec++, seq++) {
		if (rec->seq != seq || rec->pos != pos ||
		    rec->len > reader->map.buf.text_size)
			break;
		if (n && pos + rec->len > end)
			break;
		pos += rec->len;
	}
	*bytes = pos - reader->cur.pos;
	return n;
}

/**
 * memlog_batch_take() - Take a batch, as far as it was still there when copied.
 * @reader: The reader.
 * @count: Records in it, from cur on.
 * @bytes: Bytes of their texts.
 * @oldest: The oldest record, loaded after all was copied.
 *
 * Return: 1, and cur is behind the batch; 0 all of it was gone; -EBADMSG it is
 * there and contradicts itself.
 */
int memlog_batch_take(struct memlog_reader *reader, u32 count, u64 bytes, u64 oldest)
{
	u64 first = reader->cur.seq;
	u32 gone = 0;

	if (unlikely(oldest > first)) {
		reader->burst = 1;
		if (oldest - first >= count)
			return 0;
		gone = (u32)(oldest - first);
	} else if (unlikely(!count)) {
		return -EBADMSG;
	} else if (reader->burst < MEMLOG_BATCH) {
		reader->burst *= 2;
	}
	reader->at = gone;
	reader->filled = count;
	reader->cur.seq = first + count;
	reader->cur.pos += bytes;
	return 1;
}

/* Copies what stands at @cur: sets *@count to the records, good or not. */
static int copy_batch(struct memlog_reader *reader, u32 *count, u64 *bytes)
{
	const struct memlog_buf *buf = &reader->map.buf;
	struct memlog_place cur = reader->cur;
	struct memlog_record *descs;
	int err;

	descs = (struct memlog_record *)reader->buf;
	port_copy_racy(descs, memlog_buf_desc(buf, cur.seq), *count * sizeof(*descs));
	reader->descs = descs;
	*count = memlog_batch_fitting(reader, *count, bytes);
	if (!*count)
		return 0;
	if (unlikely(MEMLOG_BATCH * sizeof(*descs) + *bytes > reader->buf_size)) {
		err = memlog_reader_reserve(reader,
					    MEMLOG_BATCH * sizeof(*descs) + *bytes);
		if (err)
			return err;
	}
	reader->descs = (struct memlog_record *)reader->buf;
	reader->text = reader->buf + MEMLOG_BATCH * sizeof(*descs);
	reader->text_pos = cur.pos;
	port_copy_racy(reader->buf + MEMLOG_BATCH * sizeof(*descs),
		       memlog_buf_text(buf, cur.pos), *bytes);
	return 0;
}

/* To the oldest record there is: what stood at @cur is gone. */
static int skip_to_oldest(struct memlog_reader *reader)
{
	const struct memlog_buf *buf = &reader->map.buf;
	u64 oldest, next;

	do {
		if (!memlog_map_bounds(&reader->map, &oldest, &next) ||
		    oldest < reader->cur.seq)
			return -EBADMSG;
	} while (!memlog_buf_place(buf, oldest, &reader->cur));
	return 0;
}

int memlog_map_fill(struct memlog_reader *reader)
{
	const struct memlog_buf *buf = &reader->map.buf;
	u64 left, slots, bytes = 0;
	u32 count;
	int err = 0;

	for (int tries = 0; !err && tries < MEMLOG_TRIES; tries++) {
		left = memlog_buf_next(buf) - reader->cur.seq;		/* (B) */
		if (!left || left >> 63)
			return 0;
		slots = buf->desc_mask + 1 - (reader->cur.seq & buf->desc_mask);
		count = reader->burst;
		count = (u32)min_of(count, min_of(left, slots));
		err = copy_batch(reader, &count, &bytes);
		if (err)
			break;
		port_rmb();						/* (A) */
		err = memlog_batch_take(reader, count, bytes,
					port_load64(&buf->ctrl->oldest));
		if (unlikely(!err))
			err = skip_to_oldest(reader);
	}
	return err;
}

bool memlog_map_retired(struct memlog_reader *reader)
{
	return __atomic_load_n(&reader->map.buf.ctrl->retired, __ATOMIC_ACQUIRE); /* (C) */
}

int memlog_map_seek(struct memlog_reader *reader, struct memlog_seek *seek)
{
	const struct memlog_buf *buf = &reader->map.buf;
	struct memlog_place place;
	u64 oldest, next, want = 0;

	if (seek->stream && seek->stream != reader->stream)
		return -ESTALE;
	if (!memlog_map_bounds(&reader->map, &oldest, &next))
		return -EBADMSG;
	switch (seek->whence) {
	case MEMLOG_SEEK_SEQ:
		if (seek->value > next)
			return -ERANGE;
		want = seek->value;
		break;
	case MEMLOG_SEEK_LAST:
		want = next - min_of(seek->value, next);
		break;
	case MEMLOG_SEEK_SINCE:
		memlog_buf_since(buf, seek->value, &place);
		want = place.seq;
		break;
	default:
		return -EINVAL;
	}
	if (want < oldest || !memlog_buf_place(buf, want, &place))
		memlog_buf_oldest(buf, &place);
	seek->seq = place.seq;
	seek->pos = place.pos;
	seek->missed = place.seq - min_of(want, place.seq);
	return 0;
}

/* What MEMLOG_IOC_INFO says about a ring, as far as its memory tells. */
void memlog_map_describe(const struct memlog_map *map, const struct memlog_place *oldest,
			 const struct memlog_place *end, struct memlog_info *info)
{
	memset(info, 0, sizeof(*info));
	info->abi = MEMLOG_ABI;
	info->stream = map->stream;
	info->oldest_seq = oldest->seq;
	info->oldest_pos = oldest->pos;
	info->next_seq = end->seq;
	info->next_pos = end->pos;
	info->text_size = map->geo.text_size;
	info->map_size = map->lay.map_size;
	info->records = map->geo.records;
	info->max_record = map->geo.max_record;
	info->reader_seq = MEMLOG_SEQ_NONE;
	info->written_seq = MEMLOG_SEQ_NONE;
	info->evicted = oldest->seq;
}

int memlog_map_info(struct memlog_reader *reader, struct memlog_info *info)
{
	const struct memlog_map *map = &reader->map;
	struct memlog_place oldest, end;

	memlog_buf_oldest(&map->buf, &oldest);
	memlog_buf_end(&map->buf, &end);
	memlog_map_describe(map, &oldest, &end, info);
	info->generation = map->buf.ctrl->generation;
	return 0;
}

/**
 * memlog_map_replace() - Go on in another generation, or another stream.
 * @reader: The reader; all of its mapping was read.
 * @fresh: The new mapping, which becomes the reader's.
 *
 * Return: MEMLOG_NOTHING the stream goes on; MEMLOG_STREAM; -EBADMSG the new
 * ring is older than the place, @fresh is unmapped.
 */
int memlog_map_replace(struct memlog_reader *reader, struct memlog_map *fresh)
{
	int event = MEMLOG_NOTHING;

	if (fresh->stream != reader->stream) {
		event = MEMLOG_STREAM;
		reader->stream = fresh->stream;
		reader->cur.seq = 0;
		reader->cur.pos = fresh->first_pos;
	} else if (memlog_buf_next(&fresh->buf) < reader->cur.seq) {
		memlog_unmap(fresh);
		return -EBADMSG;
	}
	memlog_unmap(&reader->map);
	reader->map = *fresh;
	reader->burst = MEMLOG_BATCH;
	return event;
}
