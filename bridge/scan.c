// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hub.h"
#include "scan.h"

/* A job reads for so long, and then others have their turn. */
#define BUDGET_NS	5000000

struct scan *scan_new(struct client *client, struct channel *channel)
{
	struct scan *scan = calloc(1, sizeof(*scan));

	if (!scan)
		return NULL;
	scan->work.data = scan;
	scan->client = client;
	scan->channel = channel;
	scan->query = client->query ? query_get(client->query) : NULL;
	scan->format = (enum format_id)client->format;
	scan->greet = !client->greeted;
	return scan;
}

static void free_now(struct scan *scan)
{
	scan_tail_close(scan->tail);
	scan_back_close(scan->back);
	if (scan->open)
		cursor_close(&scan->cursor);
	if (scan->done && scan->event >= 0 && scan->event != CURSOR_HELD)
		batch_free(&scan->batch);
	query_put(scan->query);
	free(scan);
}

void scan_free(struct scan *scan)
{
	if (!scan)
		return;
	scan->client = NULL;
	if (!scan->running)
		free_now(scan);
}

bool scan_holds(const struct scan *scan)
{
	return scan->open && encoder_len(&scan->cursor.encoders[scan->format]);
}

void scan_let_go(struct scan *scan)
{
	/* of a running scan all but this is the worker's: asked again when it is back */
	scan->let_go = scan->running || scan_holds(scan);
	if (scan->let_go || !scan->open)
		return;
	/* what is in @batch ends where the cursor is */
	scan->at = scan->cursor.at;
	scan->begin = SCAN_PLACE;
	scan->greet = false;
	cursor_close(&scan->cursor);
	scan->open = false;
}

static bool follows(const struct scan *scan)
{
	return !scan->query || scan->query->follow;
}

/* "tail" is of those that match and are before "until": then it is counted by us. */
static bool counts_tail(const struct query *query)
{
	return query->options.flags & MEMLOG_READ_TAIL && query->options.tail &&
	       (query->options.flags & MEMLOG_READ_UNTIL || !filter_is_empty(&query->filter));
}

/* What a query's options become. */
static void reader_options(const struct scan *scan, struct memlog_reader_options *options)
{
	*options = (struct memlog_reader_options){ .size = sizeof(*options) };
	if (scan->query) {
		*options = scan->query->options;
		if (counts_tail(scan->query))
			options->flags &= ~MEMLOG_READ_TAIL;
	}
	if (follows(scan))
		options->flags |= MEMLOG_READ_FOLLOW;
	if (scan->begin == SCAN_QUERY)
		return;
	/* it is on its way: only the end of the query counts now */
	options->flags &= MEMLOG_READ_FOLLOW | MEMLOG_READ_UNTIL;
	/* of several streams in an archive the oldest is next */
	if (scan->begin == SCAN_NEXT_STREAM && scan->channel->archive)
		return;
	options->flags |= MEMLOG_READ_FROM;
	options->from_stream = scan->begin == SCAN_PLACE ? scan->at.stream : 0;
	options->from_seq = scan->begin == SCAN_PLACE ? scan->at.seq : 0;
}

/* The place where the reader begins, as far as it is known. */
static const struct place *begin_place(const struct scan *scan, struct memlog_reader *reader,
				       struct place *place)
{
	const struct memlog_reader_options *options = scan->query ? &scan->query->options : NULL;

	if (scan->begin == SCAN_PLACE)
		return &scan->at;
	if (scan->begin == SCAN_NEXT_STREAM) {
		*place = (struct place){
			.stream = memlog_stream(reader), .pos = PLACE_POS_UNKNOWN,
		};
		return memlog_place(reader) ? place : NULL;
	}
	if (scan->begin == SCAN_QUERY && options && options->flags & MEMLOG_READ_FROM &&
	    options->from_seq && memlog_place(reader) == options->from_seq) {
		*place = (struct place){
			.stream = memlog_stream(reader),
			.seq = options->from_seq,
			.pos = PLACE_POS_UNKNOWN,
		};
		return place;
	}
	return NULL;
}

static int tell_begin(struct scan *scan)
{
	int err = 0;

	if (scan->begin == SCAN_NEXT_STREAM)
		err = cursor_tell_ended(&scan->cursor, &scan->at,
					scan->end.stream ? &scan->end : NULL);
	if (!err && (scan->greet || scan->begin == SCAN_NEXT_STREAM))
		err = cursor_tell_hello(&scan->cursor);
	return err;
}

/*
 * A client may have had more of a stream that has ended than its archive has: the
 * rest was not on the disk when the machine stopped. It goes on behind what there is.
 */
static int open_at_end(struct scan *scan, struct memlog_reader **readerp,
		       struct memlog_reader_options *options)
{
	struct memlog_info info = { 0 }, ring = { 0 };
	int err;

	if (!(options->flags & MEMLOG_READ_FROM) || !options->from_stream ||
	    !scan->channel->archive || source_info(&scan->channel->source, &ring) ||
	    ring.stream == options->from_stream)
		return -ERANGE;
	options->from_seq = 0;
	err = channel_reader(scan->channel, readerp, options);
	if (err)
		return err;
	err = memlog_reader_info(*readerp, &info);
	memlog_reader_close(*readerp);
	options->from_seq = info.next_seq;
	return err ? err : channel_reader(scan->channel, readerp, options);
}

static int open_ring(struct scan *scan)
{
	const struct query *query = scan->query;
	struct memlog_reader_options options;
	struct memlog_reader *reader;
	struct place place;
	bool short_end;
	int err;

	reader_options(scan, &options);
	err = channel_reader(scan->channel, &reader, &options);
	short_end = err == -ERANGE;
	if (short_end)
		err = open_at_end(scan, &reader, &options);
	if (err)
		return err;
	err = cursor_open(&scan->cursor, reader, scan->channel->name,
			  short_end ? NULL : begin_place(scan, reader, &place),
			  1U << scan->format);
	if (err) {
		memlog_reader_close(reader);
		return err;
	}
	scan->cursor.ends = scan->channel;
	scan->cursor.to_the_end = follows(scan) && !(options.flags & MEMLOG_READ_UNTIL);
	if (query && !filter_is_empty(&query->filter))
		scan->cursor.filter = &query->filter;
	scan->open = true;
	return tell_begin(scan);
}

static bool wants_tail(const struct scan *scan)
{
	return scan->begin == SCAN_QUERY && scan->query && counts_tail(scan->query);
}

/* Return: 1 the place is found, 0 not yet, or a negative errno value. */
static int find_tail_back(struct scan *scan, uint64_t deadline)
{
	const struct query *query = scan->query;
	int ret = 0;

	if (!scan->back)
		ret = scan_back_open(&scan->back, scan->channel, &query->options,
				     &query->filter, query->options.tail);
	if (ret)
		return ret;
	scan->back->deadline_ns = deadline;
	ret = scan_back_step(scan->back, &scan->at);
	if (ret <= 0)
		return ret;
	scan_back_close(scan->back);
	scan->back = NULL;
	scan->begin = SCAN_PLACE;
	return 1;
}

/* The same, of a ring alone. */
static int find_tail(struct scan *scan, uint64_t deadline)
{
	const struct query *query = scan->query;
	int ret = 0;

	if (!scan->tail)
		ret = scan_tail_open(&scan->tail, scan->channel, &query->options,
				     &query->filter, query->options.tail);
	if (ret)
		return ret;
	scan->tail->deadline_ns = deadline;
	ret = scan_tail_step(scan->tail, &scan->at);
	if (ret <= 0)
		return ret;
	scan_tail_close(scan->tail);
	scan->tail = NULL;
	scan->begin = SCAN_PLACE;
	return 1;
}

static int run(struct scan *scan, uint64_t deadline)
{
	int ret;

	memset(&scan->batch, 0, sizeof(scan->batch));
	if (!scan->open && wants_tail(scan)) {
		ret = scan->channel->archive ? find_tail_back(scan, deadline) :
					       find_tail(scan, deadline);
		if (ret <= 0)
			return ret ? ret : CURSOR_FULL;
	}
	if (!scan->open) {
		ret = open_ring(scan);
		if (ret) {
			if (scan->open)
				cursor_close(&scan->cursor);
			scan->open = false;
			return ret;
		}
	}
	scan->cursor.deadline_ns = deadline;
	return cursor_read(&scan->cursor, scan->limit, scan->flush, &scan->batch);
}

static void on_work(uv_work_t *work)
{
	struct scan *scan = work->data;

	scan->event = run(scan, uv_hrtime() + BUDGET_NS);
}

static void on_done(uv_work_t *work, int status)
{
	struct scan *scan = work->data;
	struct client *client = scan->client;

	scan->running = false;
	scan->done = true;
	if (status)
		scan->event = -ECANCELED;
	if (!client) {
		free_now(scan);
		return;
	}
	if (!client->waiting)
		return;
	client->waiting = false;
	client->ops->wake(client);
}

int scan_start(struct scan *scan, uv_loop_t *loop)
{
	int err;

	scan->done = false;
	err = uv_queue_work(loop, &scan->work, on_work, on_done);
	scan->running = !err;
	return err;
}
