/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A cursor reads a channel in order and cuts it into batches, encoded in each of
 * the formats asked for. The hub has one for every channel in use, and a client
 * has its own while it reads what the hub no longer holds.
 */
#ifndef BRIDGE_CURSOR_H
#define BRIDGE_CURSOR_H

#include "format.h"

/*
 * A batch ends with the record that takes it beyond this, in any format; but in
 * the middle of a line only when that is longer than the second.
 */
#define BATCH_BYTES	65536
#define BATCH_LINE_BYTES	262144

/**
 * struct place - Where a batch begins or ends: between two records.
 * @stream: The stream.
 * @seq: Number of the next record.
 * @pos: Bytes of text before it.
 * @carry: What the text format carries over.
 */
struct place {
	uint64_t stream;
	uint64_t seq;
	uint64_t pos;
	struct carry carry;
};

/**
 * struct batch - Records in a row, of one stream, and losses among them.
 * @from: Where it begins.
 * @to: Where it ends; the next batch begins there, or in another stream.
 * @formats: Bit mask of the formats it is encoded in.
 * @blocks: Its encoded forms; NULL where there is nothing to send.
 */
struct batch {
	struct place from;
	struct place to;
	unsigned int formats;
	struct block *blocks[FORMATS];
};

/**
 * struct cursor - A reader and what is made of its records.
 * @reader: The reader, a follower.
 * @from: Where the batch in the making begins.
 * @at: What was read so far ends here.
 * @encoders: The batch in the making; only those of @formats are in use.
 * @formats: Bit mask of enum format_id.
 * @partial: The last record is to go on in record @at.seq.
 */
struct cursor {
	struct memlog_reader *reader;
	struct place from;
	struct place at;
	struct encoder encoders[FORMATS];
	unsigned int formats;
	bool partial;
};

/**
 * enum cursor_event - Why cursor_read() stopped.
 *
 * @CURSOR_EMPTY: Nothing more there now; memlog_fd() of the reader tells.
 * @CURSOR_HELD: The same, but the last record is the first part of a line whose
 *               rest is on its way: the batch stays in the making. Ask again, or
 *               with @flush when that has taken too long.
 * @CURSOR_FULL: The batch is full.
 * @CURSOR_LIMIT: The place asked for is reached.
 * @CURSOR_STREAM: The stream has ended with this batch; another one follows.
 * @CURSOR_END: The channel has ended with this batch.
 */
enum cursor_event {
	CURSOR_EMPTY,
	CURSOR_HELD,
	CURSOR_FULL,
	CURSOR_LIMIT,
	CURSOR_STREAM,
	CURSOR_END,
};

/* No limit for cursor_read(). */
#define CURSOR_NO_LIMIT	UINT64_MAX

/**
 * cursor_open() - Begin to read.
 * @cur: The cursor.
 * @reader: A reader that was just opened with MEMLOG_READ_FOLLOW; it becomes
 *          the cursor's, unless this fails.
 * @at: Where it begins; NULL: where the reader is.
 * @mask: Formats to encode, a bit each.
 *
 * Return: 0 or what memlog_reader_info() gave.
 */
int cursor_open(struct cursor *cur, struct memlog_reader *reader,
		const struct place *at, unsigned int mask);
void cursor_close(struct cursor *cur);

/* Changes which formats are encoded. Not while a batch is in the making. */
void cursor_set_formats(struct cursor *cur, unsigned int mask);

static inline bool cursor_in_batch(const struct cursor *cur)
{
	return cur->from.seq != cur->at.seq;
}

/* Tells of records lost before the place where the cursor begins. */
int cursor_tell_lost(struct cursor *cur, uint64_t records, uint64_t bytes);

/**
 * cursor_read() - Read one batch.
 * @cur: The cursor.
 * @limit: Stop before this record of the stream; CURSOR_NO_LIMIT.
 * @flush: Do not hold back a line that is not whole.
 * @batch: Set, unless CURSOR_HELD is returned; empty if its ends are the same.
 *         batch_free() is the caller's.
 *
 * Return: an &enum cursor_event, or a negative errno value: the ring can't be
 * read any further.
 */
int cursor_read(struct cursor *cur, uint64_t limit, bool flush, struct batch *batch);

void batch_free(struct batch *batch);
size_t batch_bytes(const struct batch *batch);

static inline bool batch_empty(const struct batch *batch)
{
	return batch->from.seq == batch->to.seq;
}

/* Whether one who is at @a may go on with what was encoded from @b on. */
bool place_equal(const struct place *a, const struct place *b);

#endif /* BRIDGE_CURSOR_H */
