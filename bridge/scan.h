/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A scan reads the ring for one client: history, what a slow client missed, and
 * all that a filter wants to see. It works a batch at a time, on a worker, with
 * a budget, so that no query holds up the loop or other queries. In between, the
 * loop looks at what came of it, and where to go on.
 */
#ifndef BRIDGE_SCAN_H
#define BRIDGE_SCAN_H

#include <uv.h>

#include "channel.h"
#include "cursor.h"
#include "query.h"
#include "scan_back.h"
#include "scan_tail.h"

struct client;

/**
 * enum scan_begin - Where a scan begins, when it opens the ring.
 *
 * @SCAN_QUERY: Where its query says.
 * @SCAN_PLACE: At @at.
 * @SCAN_NEXT_STREAM: At the first record of the stream there is now; @at was in
 *                    one that has ended, at @end if that is known.
 */
enum scan_begin {
	SCAN_QUERY,
	SCAN_PLACE,
	SCAN_NEXT_STREAM,
};

/**
 * struct scan - A client's own reading.
 * @work: The job.
 * @client: Whose it is; NULL if it has gone while the job runs.
 * @channel: The channel.
 * @query: The query, NULL for all.
 * @format: As what to encode.
 * @begin: Where the job begins, if the ring is not open.
 * @at: Where the client is; of SCAN_QUERY only if the query names it.
 * @end: See SCAN_NEXT_STREAM; of zeros if it is not known.
 * @greet: Begin with what the format says of a stream.
 * @tail: Looks for the last records of the query, before the ring is opened.
 * @back: The same, where there is an archive.
 * @cursor: Its reading, if @open.
 * @open: The ring is open.
 * @running: The job is the worker's.
 * @done: It has come back, and was not looked at.
 * @over: The query's end, or the channel's, was reached.
 * @dry: So was the end of what there is.
 * @last: The feed had ended when the job began: where there is no more, none comes.
 * @behind: The feed had more when the job began.
 * @flush: Do not wait for the rest of a line.
 * @let_go: scan_let_go() is still to be done.
 * @limit: Stop before this record.
 * @event: What came of it: as cursor_read().
 * @batch: Records, if @event is not an error nor CURSOR_HELD.
 */
struct scan {
	uv_work_t work;
	struct client *client;
	struct channel *channel;
	struct query *query;
	enum format_id format;
	enum scan_begin begin;
	struct place at;
	struct place end;
	bool greet;
	struct scan_tail *tail;
	struct scan_back *back;
	struct cursor cursor;
	bool open;
	bool running;
	bool done;
	bool over;
	bool dry;
	bool last;
	bool behind;
	bool flush;
	bool let_go;
	uint64_t limit;
	int event;
	struct batch batch;
};

/* A scan for @client that begins by its query. NULL if there is no memory. */
struct scan *scan_new(struct client *client, struct channel *channel);

/* Ends it, at once or when its job is done. */
void scan_free(struct scan *scan);

/* Whether it has begun a line that it did not give yet. */
bool scan_holds(const struct scan *scan);

/*
 * Unmaps the ring, now or when its job has come back, and goes on in it as it is
 * then: a device is not resized again while somebody has the ring before mapped,
 * and a client may wait for long.
 */
void scan_let_go(struct scan *scan);

/* Hands it to a worker; client->ops->wake is called if the client waits then. */
int scan_start(struct scan *scan, uv_loop_t *loop);

#endif /* BRIDGE_SCAN_H */
