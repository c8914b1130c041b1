// SPDX-License-Identifier: GPL-2.0-only
/*
 * Losses are told twice by a reader: as an event, and by the gap in the records'
 * numbers and positions. The library can't know the position of a record by its
 * number: where it does not say how much was lost, a cursor that goes on from a
 * place it knows takes the gap.
 */
#include <errno.h>
#include <string.h>
#include <uv.h>

#include "cursor.h"

/* The clock is looked at once for so many records. */
#define LOOK_EVERY	64

bool place_equal(const struct place *a, const struct place *b)
{
	return a->stream == b->stream && a->seq == b->seq &&
	       a->carry.len == b->carry.len &&
	       !memcmp(a->carry.bytes, b->carry.bytes, a->carry.len);
}

void batch_free(struct batch *batch)
{
	for (int i = 0; i < FORMATS; i++) {
		block_put(batch->blocks[i]);
		batch->blocks[i] = NULL;
	}
}

size_t batch_bytes(const struct batch *batch)
{
	size_t sum = 0;

	for (int i = 0; i < FORMATS; i++)
		for (const struct block *b = batch->blocks[i]; b; b = b->next)
			sum += b->room;
	return sum;
}

static struct encoder *encoder_of(struct cursor *cur, int id)
{
	return cur->formats & (1U << id) ? &cur->encoders[id] : NULL;
}

static int ask_place(struct memlog_reader *reader, struct place *place)
{
	struct memlog_info info;
	int err = memlog_reader_info(reader, &info);

	if (err)
		return err;
	*place = (struct place){
		.stream = memlog_stream(reader),
		.seq = info.reader_seq,
		.pos = info.reader_pos,
	};
	return 0;
}

int cursor_open(struct cursor *cur, struct memlog_reader *reader, const char *channel,
		const struct place *at, unsigned int mask)
{
	int err;

	memset(cur, 0, sizeof(*cur));
	if (at) {
		cur->at = *at;
	} else {
		err = ask_place(reader, &cur->at);
		if (err)
			return err;
	}
	cur->from = cur->at;
	cur->partial = cur->at.carry.len;
	cur->reader = reader;
	cur->channel = channel;
	cursor_set_formats(cur, mask);
	return 0;
}

void cursor_close(struct cursor *cur)
{
	cursor_set_formats(cur, 0);
	memlog_reader_close(cur->reader);
	cur->reader = NULL;
}

void cursor_set_formats(struct cursor *cur, unsigned int mask)
{
	static const struct carry nothing;

	for (int i = 0; i < FORMATS; i++) {
		unsigned int bit = 1U << i;

		if ((mask & bit) && !(cur->formats & bit))
			encoder_init(&cur->encoders[i], formats[i], cur->at.stream,
				     i == FORMAT_TEXT ? &cur->at.carry : &nothing);
		else if (!(mask & bit) && (cur->formats & bit))
			encoder_uninit(&cur->encoders[i]);
	}
	cur->formats = mask;
}

int cursor_tell_hello(struct cursor *cur)
{
	struct memlog_info info;
	int err = memlog_reader_info(cur->reader, &info);

	for (int i = 0; i < FORMATS && !err; i++) {
		struct encoder *enc = encoder_of(cur, i);

		if (enc)
			err = encoder_hello(enc, cur->channel, info.oldest_seq, info.next_seq);
	}
	return err;
}

static int tell_ended(struct cursor *cur, uint64_t next)
{
	int err = 0;

	for (int i = 0; i < FORMATS && !err; i++) {
		struct encoder *enc = encoder_of(cur, i);

		if (enc)
			err = encoder_ended(enc, next);
	}
	cur->made.events++;
	return err;
}

static int tell_lost(struct cursor *cur, const struct memlog_loss *loss)
{
	int err = 0;

	for (int i = 0; i < FORMATS && !err; i++) {
		struct encoder *enc = encoder_of(cur, i);

		if (enc)
			err = enc->format->lost(enc, loss);
	}
	cur->partial = false;
	cur->made.events++;
	cur->made.lost_records += loss->records;
	cur->made.lost_bytes += loss->bytes;
	return err;
}

static void set_stream(struct cursor *cur, uint64_t stream)
{
	for (int i = 0; i < FORMATS; i++)
		if (encoder_of(cur, i))
			cur->encoders[i].stream = stream;
}

int cursor_tell_ended(struct cursor *cur, const struct place *at, const struct place *end)
{
	struct memlog_loss loss = { .from_seq = at->seq };
	int err = 0;

	set_stream(cur, at->stream);
	if (end && end->seq > at->seq) {
		loss.to_seq = end->seq - 1;
		loss.records = end->seq - at->seq;
		loss.bytes = end->pos - at->pos;
		if (at->pos == PLACE_POS_UNKNOWN) {
			loss.bytes = 0;
			loss.flags = MEMLOG_LOSS_BYTES_UNKNOWN;
		}
		err = tell_lost(cur, &loss);
	}
	if (!err)
		err = tell_ended(cur, end ? end->seq : 0);
	set_stream(cur, cur->at.stream);
	return err;
}

/* What the reader has passed over, up to @seq. */
static int add_lost(struct cursor *cur, uint64_t seq, uint64_t pos)
{
	struct memlog_loss loss = {
		.from_seq = cur->at.seq,
		.to_seq = seq - 1,
		.records = seq - cur->at.seq,
	};

	if (cur->at.pos == PLACE_POS_UNKNOWN)
		loss.flags = MEMLOG_LOSS_BYTES_UNKNOWN;
	else
		loss.bytes = pos - cur->at.pos;
	cur->at.seq = seq;
	cur->at.pos = pos;
	return tell_lost(cur, &loss);
}

static int add_record(struct cursor *cur, const struct memlog_record *rec,
		      const char *text)
{
	bool joins;
	int err;

	if (rec->seq != cur->at.seq) {
		err = add_lost(cur, rec->seq, rec->pos);
		if (err)
			return err;
	}
	cur->at.seq = rec->seq + 1;
	cur->at.pos = rec->pos + rec->len;
	if (cur->filter && !filter_match(cur->filter, rec, text)) {
		cur->partial = false;
		return 0;
	}
	joins = cur->partial && (rec->flags & MEMLOG_JOIN);
	for (int i = 0; i < FORMATS; i++) {
		struct encoder *enc = encoder_of(cur, i);

		err = enc ? enc->format->record(enc, rec, text, joins) : 0;
		if (err)
			return err;
	}
	if (!cur->made.records++)
		cur->made.time_ns = rec->time_ns;
	cur->partial = rec->flags & MEMLOG_PARTIAL;
	return 0;
}

/* What the library can't count from, the cursor may: it has the position then. */
static int add_loss(struct cursor *cur)
{
	const struct memlog_loss *loss = memlog_loss(cur->reader);
	struct place behind;
	int err;

	if (!(loss->flags & MEMLOG_LOSS_BYTES_UNKNOWN) && cur->at.pos != PLACE_POS_UNKNOWN)
		return add_lost(cur, cur->at.seq + loss->records, cur->at.pos + loss->bytes);
	err = ask_place(cur->reader, &behind);
	return err ? err : add_lost(cur, behind.seq, behind.pos);
}

static bool is_full(struct cursor *cur)
{
	if (!cur->deadline_ns && cur->at.seq - cur->from.seq >= BATCH_RECORDS)
		return true;
	for (int i = 0; i < FORMATS; i++) {
		struct encoder *enc = encoder_of(cur, i);

		if (enc && encoder_len(enc) >= (enc->open ? BATCH_LINE_BYTES : BATCH_BYTES))
			return true;
	}
	return false;
}

/* Looks at the clock now and then, and after each record that may have been slow. */
static bool is_late(struct cursor *cur)
{
	bool look = !(cur->at.seq % LOOK_EVERY) || (cur->filter && cur->filter->regex);

	return cur->deadline_ns && look && uv_hrtime() >= cur->deadline_ns;
}

static bool is_open(struct cursor *cur)
{
	for (int i = 0; i < FORMATS; i++) {
		struct encoder *enc = encoder_of(cur, i);

		if (enc && enc->open && encoder_len(enc))
			return true;
	}
	return false;
}

/* What is carried belongs to a record whose rest never comes. */
static void drop_carry(struct cursor *cur)
{
	if (encoder_of(cur, FORMAT_TEXT))
		cur->encoders[FORMAT_TEXT].final = true;
}

/* The stream has ended here, and another one begins, or none. */
static int end_stream(struct cursor *cur, int event)
{
	struct past past;
	int err = 0;

	drop_carry(cur);
	if (cur->ends && channel_find_past(cur->ends, cur->at.stream, &past) &&
	    past.seq > cur->at.seq)
		err = add_lost(cur, past.seq, past.pos);
	cur->made.ended = cur->at;
	if (!err)
		err = tell_ended(cur, cur->at.seq);
	if (err || event == CURSOR_END)
		return err;
	err = ask_place(cur->reader, &cur->at);
	if (err)
		return err;
	set_stream(cur, cur->at.stream);
	cur->partial = false;
	return cursor_tell_hello(cur);
}

/* Ends the batch in the making. */
static int take_batch(struct cursor *cur, struct batch *batch)
{
	*batch = cur->made;
	for (int i = 0; i < FORMATS; i++) {
		struct encoder *enc = encoder_of(cur, i);
		int err = enc ? encoder_take(enc, &batch->blocks[i]) : 0;

		if (err)
			return err;
	}
	cur->at.carry = (struct carry){ 0 };
	if (encoder_of(cur, FORMAT_TEXT))
		cur->at.carry = cur->encoders[FORMAT_TEXT].carry;
	batch->formats = cur->formats;
	batch->from = cur->from;
	batch->to = cur->at;
	cur->from = cur->at;
	memset(&cur->made, 0, sizeof(cur->made));
	return 0;
}

/* Begins anew behind what was lost; the batch before it was taken. */
static int leap(struct cursor *cur)
{
	unsigned int mask = cur->formats;
	int err = ask_place(cur->reader, &cur->at);

	if (err)
		return err;
	cur->from = cur->at;
	cur->partial = false;
	cursor_set_formats(cur, 0);
	cursor_set_formats(cur, mask);
	return 0;
}

static int read_event(struct cursor *cur, bool flush)
{
	const struct memlog_record *rec;
	const char *text;
	int event = memlog_next(cur->reader, &rec, &text);

	switch (event) {
	case MEMLOG_RECORD:
		event = add_record(cur, rec, text);
		return event ? event : CURSOR_FULL;
	case MEMLOG_LOSS:
		if (cur->leaps)
			return CURSOR_GAP;
		event = add_loss(cur);
		return event ? event : CURSOR_FULL;
	case MEMLOG_NOTHING:
		return is_open(cur) && !flush ? CURSOR_HELD : CURSOR_EMPTY;
	case MEMLOG_STREAM:
		return CURSOR_STREAM;
	case MEMLOG_END:
		return CURSOR_END;
	default:
		return event;
	}
}

int cursor_read(struct cursor *cur, uint64_t limit, bool flush, struct batch *batch)
{
	int event, err;

	memset(batch, 0, sizeof(*batch));
	do {
		if (cur->at.seq >= limit)
			event = CURSOR_LIMIT;
		else
			event = read_event(cur, flush);
	} while (event == CURSOR_FULL && !is_full(cur) && !is_late(cur));
	if (event < 0 || event == CURSOR_HELD)
		return event;
	err = 0;
	if (event == CURSOR_STREAM || (event == CURSOR_END && cur->to_the_end))
		err = end_stream(cur, event);
	if (!err)
		err = take_batch(cur, batch);
	if (!err && event == CURSOR_GAP)
		err = leap(cur);
	if (err)
		batch_free(batch);
	return err ? err : event;
}
