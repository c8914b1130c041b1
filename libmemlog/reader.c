// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Readers: each record in its order, or the loss that contains it.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "history.h"
#include "private.h"
#include "reader.h"

/* What refill() is told when it has to look once more. */
#define LOOK_AGAIN	(-1000)

int memlog_reader_reserve(struct memlog_reader *reader, size_t size)
{
	size_t room = max_of(reader->buf_size, 4096);
	char *buf;

	while (room < size)
		room *= 2;
	if (room == reader->buf_size)
		return 0;
	buf = realloc(reader->buf, room);
	if (!buf)
		return -ENOMEM;
	reader->buf = buf;
	reader->buf_size = room;
	return 0;
}

static int tell_loss(struct memlog_reader *reader, struct memlog_place to)
{
	struct memlog_loss *loss = &reader->loss;
	struct memlog_place from = reader->place;

	memset(loss, 0, sizeof(*loss));
	loss->from_seq = from.seq;
	loss->to_seq = to.seq - 1;
	loss->records = to.seq - from.seq;
	if (reader->pos_unknown)
		loss->flags = MEMLOG_LOSS_BYTES_UNKNOWN;
	else
		loss->bytes = to.pos - from.pos;
	reader->pos_unknown = false;
	reader->lost_records += loss->records;
	reader->lost_bytes += loss->bytes;
	reader->place = to;
	return MEMLOG_LOSS;
}

static struct memlog_place earlier(struct memlog_place a, struct memlog_place b)
{
	return a.seq < b.seq ? a : b;
}

/* Cuts the batch at the first record that is too late. */
static void apply_until(struct memlog_reader *reader)
{
	for (u32 i = reader->at; i < reader->filled; i++) {
		const struct memlog_record *rec = &reader->descs[i];

		if (rec->time_ns > reader->until_ns) {
			reader->end.seq = rec->seq;
			reader->end.pos = rec->pos;
			return;
		}
	}
}

/* The source has filled a batch. */
static int take_batch(struct memlog_reader *reader)
{
	const struct memlog_record *rec = &reader->descs[reader->at];
	struct memlog_place first = { rec->seq, rec->pos };
	int event = reader->place.seq < first.seq ? MEMLOG_LOSS : MEMLOG_RECORD;

	if (unlikely(reader->until_ns != ~0ULL))
		apply_until(reader);
	if (unlikely(event == MEMLOG_LOSS))
		tell_loss(reader, earlier(first, reader->end));
	reader->pos_unknown = false;
	if (unlikely(reader->cur.seq > reader->end.seq)) {
		u64 beyond = reader->cur.seq - reader->end.seq;

		reader->filled -= (u32)min_of(beyond, reader->filled - reader->at);
	}
	reader->place = earlier(reader->cur, reader->end);
	if (event == MEMLOG_RECORD && reader->at == reader->filled)
		return LOOK_AGAIN;
	return event;
}

static bool source_over(struct memlog_reader *reader)
{
	return reader->source->over && reader->source->over(reader);
}

/* There is nothing behind what was read, and nothing will be added to it. */
static int renew(struct memlog_reader *reader)
{
	int event = reader->source->renew(reader);

	if (event == MEMLOG_NOTHING)
		return LOOK_AGAIN;
	if (event == MEMLOG_STREAM) {
		reader->place = reader->cur;
		reader->pos_unknown = false;
	}
	if (event == MEMLOG_END ||
	    (event == MEMLOG_STREAM && !reader->follow && !reader->source->goes_on)) {
		reader->end = reader->place;
		return LOOK_AGAIN;
	}
	return event;
}

/* The source had nothing to give. */
static int take_nothing(struct memlog_reader *reader, bool over)
{
	int ret;

	if (reader->cur.seq > reader->place.seq)
		return tell_loss(reader, earlier(reader->cur, reader->end));
	if (over)
		return renew(reader);
	if (source_over(reader))
		return LOOK_AGAIN;
	if (!reader->follow)
		return tell_loss(reader, reader->end);
	if (reader->until_ns != ~0ULL && clock_ns(CLOCK_REALTIME) > reader->until_ns) {
		reader->end = reader->place;
		return LOOK_AGAIN;
	}
	ret = reader->source->arm(reader);
	if (ret < 0)
		return ret;
	if (ret)
		return LOOK_AGAIN;
	reader->armed = true;
	return MEMLOG_NOTHING;
}

/* Fills the batch, or says what there is instead of a record. */
static int refill(struct memlog_reader *reader)
{
	bool over = false;
	int event;

	reader->at = 0;
	reader->filled = 0;
	reader->armed = false;
	do {
		if (reader->place.seq >= reader->end.seq)
			return MEMLOG_END;
		event = reader->source->fill(reader);
		if (event > 0) {
			event = take_batch(reader);
		} else if (!event) {
			event = take_nothing(reader, over);
			over = source_over(reader);
		}
	} while (event == LOOK_AGAIN);
	return event;
}

/* The next record of the batch, which has one. */
static inline int give(struct memlog_reader *reader, const struct memlog_record **rec,
		       const char **text)
{
	const struct memlog_record *next = &reader->descs[reader->at++];

	*rec = next;
	*text = reader->text + (next->pos - reader->text_pos);
	return MEMLOG_RECORD;
}

/* Apart, so that most calls of memlog_next() save no registers. */
static __attribute__((noinline)) int refill_and_give(struct memlog_reader *reader,
						      const struct memlog_record **rec,
						      const char **text)
{
	int event = refill(reader);

	return event == MEMLOG_RECORD ? give(reader, rec, text) : event;
}

int memlog_next(struct memlog_reader *reader, const struct memlog_record **rec,
		const char **text)
{
	if (unlikely(reader->at == reader->filled))
		return refill_and_give(reader, rec, text);
	return give(reader, rec, text);
}

const struct memlog_loss *memlog_loss(const struct memlog_reader *reader)
{
	return &reader->loss;
}

void memlog_lost(const struct memlog_reader *reader, uint64_t *records,
		 uint64_t *bytes)
{
	if (records)
		*records = reader->lost_records;
	if (bytes)
		*bytes = reader->lost_bytes;
}

uint64_t memlog_place(const struct memlog_reader *reader)
{
	if (reader->at < reader->filled)
		return reader->descs[reader->at].seq;
	return reader->place.seq;
}

uint64_t memlog_stream(const struct memlog_reader *reader)
{
	return reader->stream;
}

bool memlog_mapped(const struct memlog_reader *reader)
{
	if (reader->history)
		return reader->history->ring && memlog_mapped(reader->history->ring);
	return reader->map.base;
}

int memlog_fd(struct memlog_reader *reader)
{
	int err;

	if (!reader->follow)
		return -EINVAL;
	if (reader->fd < 0) {
		err = reader->source->make_fd(reader);
		if (err)
			return err;
	}
	return reader->fd;
}

/* Milliseconds until @until_ns, if that comes before @timeout_ms. */
static int clip_timeout(const struct memlog_reader *reader, int timeout_ms,
			bool *clipped)
{
	uint64_t now, left;

	*clipped = false;
	if (reader->until_ns == ~0ULL)
		return timeout_ms;
	now = clock_ns(CLOCK_REALTIME);
	left = now > reader->until_ns ? 0 : (reader->until_ns - now) / 1000000 + 1;
	if (timeout_ms >= 0 && left >= (uint64_t)timeout_ms)
		return timeout_ms;
	*clipped = left < INT32_MAX;
	return (int)min_of(left, (uint64_t)INT32_MAX);
}

int memlog_wait(struct memlog_reader *reader, int timeout_ms)
{
	struct pollfd poll_fd = { .events = POLLIN };
	bool clipped;
	int n;

	if (!reader->follow)
		return -EINVAL;
	if (!reader->armed)
		return 1;
	poll_fd.fd = memlog_fd(reader);
	if (poll_fd.fd < 0)
		return poll_fd.fd;
	timeout_ms = clip_timeout(reader, timeout_ms, &clipped);
	n = poll(&poll_fd, 1, timeout_ms);
	if (n < 0)
		return -errno;
	return n || clipped;
}

static int set_end(struct memlog_reader *reader)
{
	struct memlog_seek seek = { .whence = MEMLOG_SEEK_LAST };
	int err;

	reader->end.seq = ~0ULL;
	if (reader->follow)
		return 0;
	err = reader->source->seek(reader, &seek);
	if (err)
		return err;
	reader->end.seq = seek.seq;
	reader->end.pos = seek.pos;
	return 0;
}

/* Moves the source to @seek.seq; what is gone by then is skipped. */
static int go_to(struct memlog_reader *reader, struct memlog_seek *seek)
{
	struct memlog_seek move = { .value = seek->seq, .whence = MEMLOG_SEEK_SEQ };
	int err;

	err = set_end(reader);
	if (err)
		return err;
	err = reader->source->seek(reader, &move);
	if (err)
		return err;
	reader->at = 0;
	reader->filled = 0;
	reader->armed = false;
	reader->pos_unknown = false;
	reader->burst = MEMLOG_BATCH;
	reader->cur.seq = move.seq;
	reader->cur.pos = move.pos;
	reader->place = reader->cur;
	seek->missed += move.missed;
	return 0;
}

int memlog_seek(struct memlog_reader *reader, enum memlog_whence whence,
		uint64_t stream, uint64_t value, uint64_t *missed)
{
	struct memlog_seek seek = {
		.whence = whence, .stream = stream, .value = value,
	};
	int err;

	if (reader->source->go)
		return reader->source->go(reader, whence, stream, value, missed);
	err = reader->source->seek(reader, &seek);
	if (err)
		return err;
	err = go_to(reader, &seek);
	if (!err && missed)
		*missed = seek.missed;
	return err;
}

int memlog_reader_info(struct memlog_reader *reader, struct memlog_info *info)
{
	int err;

	err = reader->source->info(reader, info);
	if (err)
		return err;
	info->reader_seq = memlog_place(reader);
	info->reader_pos = reader->at < reader->filled ?
			   reader->descs[reader->at].pos : reader->place.pos;
	info->lost_records = reader->lost_records;
	info->lost_bytes = reader->lost_bytes;
	return 0;
}

/* Where one of the options says to begin, if that is later than @start. */
static int begin_later(struct memlog_reader *reader, struct memlog_seek *start,
		       u32 whence, u64 stream, u64 value)
{
	struct memlog_seek seek = {
		.whence = whence, .stream = stream, .value = value,
	};
	int err;

	err = reader->source->seek(reader, &seek);
	if (!err && seek.seq > start->seq)
		*start = seek;
	return err;
}

/**
 * memlog_reader_begin() - Put a reader whose source is open where it begins.
 * @reader: The reader.
 * @opt: Checked options.
 *
 * Return: As memlog_reader_open().
 */
int memlog_reader_begin(struct memlog_reader *reader,
			const struct memlog_reader_options *opt)
{
	struct memlog_seek start = { 0 };
	bool from = opt->flags & MEMLOG_READ_FROM;
	int err;

	if (reader->source->begin)
		return reader->source->begin(reader, opt);
	err = memlog_reader_reserve(reader, MEMLOG_BATCH * sizeof(struct memlog_record));
	if (!err)
		err = begin_later(reader, &start, MEMLOG_SEEK_SEQ,
				  from ? opt->from_stream : 0,
				  from ? opt->from_seq : 0);
	if (!err && (opt->flags & MEMLOG_READ_SINCE))
		err = begin_later(reader, &start, MEMLOG_SEEK_SINCE, 0, opt->since_ns);
	if (!err && (opt->flags & MEMLOG_READ_TAIL))
		err = begin_later(reader, &start, MEMLOG_SEEK_LAST, 0, opt->tail);
	if (!err)
		err = go_to(reader, &start);
	if (err || !from || start.whence != MEMLOG_SEEK_SEQ)
		return err;
	if (reader->place.seq > opt->from_seq) {
		reader->place.seq = opt->from_seq;
		reader->place.pos = reader->map.stream ? reader->map.first_pos :
							 MEMLOG_FIRST_POS;
		reader->pos_unknown = opt->from_seq != 0;
	}
	return 0;
}
