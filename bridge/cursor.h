/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A cursor reads a channel in order and cuts it into batches, encoded in each of
 * the formats asked for. The hub has one for every channel in use, and a client
 * has its own while it reads what the hub no longer holds.
 */
#ifndef BRIDGE_CURSOR_H
#define BRIDGE_CURSOR_H

#include "channel.h"
#include "filter.h"
#include "format.h"

/*
 * A batch ends with the record that takes it beyond this, in any format; but in
 * the middle of a line only when that is longer than the second. A client that
 * does not read holds one batch at most, and the part of it that is on its way.
 */
#define BATCH_BYTES	28672
#define BATCH_LINE_BYTES	262144

/* Where nobody wants any format, it ends after so many records. */
#define BATCH_RECORDS	8192

/* Position of a place that is known by its number only. */
#define PLACE_POS_UNKNOWN	UINT64_MAX

/**
 * struct place - Where a batch begins or ends: between two records.
 * @stream: The stream.
 * @seq: Number of the next record.
 * @pos: Bytes of text before it, or PLACE_POS_UNKNOWN.
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
 * @events: Losses, and ends of a stream, in it: it matters even without records.
 * @records: Records in it.
 * @lost_records: Records told as lost.
 * @lost_bytes: Bytes of text in those, as far as they are known.
 * @time_ns: Time of its first record, 0 if it has none.
 * @ended: Where its stream ended, of zeros if it did not.
 * @blocks: Its encoded forms, chains; NULL where there is nothing to send.
 */
struct batch {
	struct place from;
	struct place to;
	unsigned int formats;
	unsigned int events;
	uint64_t records;
	uint64_t lost_records;
	uint64_t lost_bytes;
	uint64_t time_ns;
	struct place ended;
	struct block *blocks[FORMATS];
};

/**
 * struct cursor - A reader and what is made of its records.
 * @reader: The reader.
 * @channel: Name of the channel.
 * @to_the_end: CURSOR_END means that the channel has ended, and that is told;
 *              else what was asked for is over.
 * @leaps: Losses are not told: the archive may have what was lost. CURSOR_GAP.
 * @ends: Knows where streams have ended of which the archive may have less; NULL.
 * @filter: Records that it does not let pass are passed over; NULL: none is.
 * @deadline_ns: A batch ends at this time of uv_hrtime(); 0: it does not.
 * @made: The batch in the making, but for its ends and blocks.
 * @from: Where it begins.
 * @at: What was read so far ends here.
 * @encoders: The batch in the making; only those of @formats are in use.
 * @formats: Bit mask of enum format_id.
 * @partial: The last record is to go on in record @at.seq.
 */
struct cursor {
	struct memlog_reader *reader;
	const char *channel;
	bool to_the_end;
	bool leaps;
	struct channel *ends;
	const struct filter *filter;
	uint64_t deadline_ns;
	struct batch made;
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
 * @CURSOR_STREAM: The stream has ended with this batch, which tells so; it ends
 *                 where another one begins.
 * @CURSOR_END: The channel has ended with this batch.
 * @CURSOR_GAP: The reader has lost what is behind this batch, and the next one
 *              begins behind that: with @leaps of struct cursor only.
 */
enum cursor_event {
	CURSOR_EMPTY,
	CURSOR_HELD,
	CURSOR_FULL,
	CURSOR_LIMIT,
	CURSOR_STREAM,
	CURSOR_END,
	CURSOR_GAP,
};

/* No limit for cursor_read(). */
#define CURSOR_NO_LIMIT	UINT64_MAX

/**
 * cursor_open() - Begin to read.
 * @cur: The cursor.
 * @reader: A reader that was just opened; it becomes the cursor's, unless this
 *          fails.
 * @channel: Name of the channel; must outlive the cursor.
 * @at: Where it begins; NULL: where the reader is.
 * @mask: Formats to encode, a bit each.
 *
 * Return: 0 or what memlog_reader_info() gave.
 */
int cursor_open(struct cursor *cur, struct memlog_reader *reader, const char *channel,
		const struct place *at, unsigned int mask);
void cursor_close(struct cursor *cur);

/* Changes which formats are encoded. Not while a batch is in the making. */
void cursor_set_formats(struct cursor *cur, unsigned int mask);

static inline bool cursor_in_batch(const struct cursor *cur)
{
	return cur->from.seq != cur->at.seq;
}

/* Tells that the stream begins, in the formats that do. */
int cursor_tell_hello(struct cursor *cur);

/**
 * cursor_tell_ended() - Tell that a stream has ended, which is not the cursor's.
 * @cur: The cursor; nothing was read yet.
 * @at: Where the client was in it.
 * @end: Where it ended, NULL if nobody knows; what is between the two is lost.
 */
int cursor_tell_ended(struct cursor *cur, const struct place *at, const struct place *end);

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
	return !batch->events && batch->from.seq == batch->to.seq;
}

/* Whether one who is at @a may go on with what was encoded from @b on. */
bool place_equal(const struct place *a, const struct place *b);

#endif /* BRIDGE_CURSOR_H */
