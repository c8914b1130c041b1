// SPDX-License-Identifier: GPL-2.0-only
/*
 * A client's way: a scan from where it wants to begin, until it is where a batch
 * of the feed's window begins; from there on it takes the window's. If it falls
 * out of the window, the same once more from where it is. One with a filter, or
 * whose query has an end, keeps its scan all the way.
 *
 * The seam is exact because both sides name a place in the same terms, the
 * number of the next record, and the scan stops at the next place where a batch
 * begins, wherever the ring's losses let it get that far.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "feed.h"
#include "hub.h"
#include "merge.h"
#include "scan.h"

/* How often those are woken whose query has an end, or who wait for a line's. */
#define TICK_MS		50

/* Its end comes with the clock, and not with a record. */
static bool ends_by_clock(const struct client *client)
{
	return client->query && client->query->follow &&
	       (client->query->options.flags & MEMLOG_READ_UNTIL);
}

/* Whether the clock has something for it: the end of its query, or of its patience. */
static bool is_due(const struct client *client, uint64_t now_ns)
{
	return !ends_by_clock(client) || now_ns > client->query->options.until_ns ||
	       (client->scan && scan_holds(client->scan));
}

static uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void stop_tick(struct hub *hub, struct client *client)
{
	list_del(&client->tick_link);
	if (list_empty(&hub->waiters))
		uv_timer_stop(&hub->tick);
}

static void on_tick(uv_timer_t *timer)
{
	struct hub *hub = timer->data;
	uint64_t now_ns = clock_ns();
	struct list *pos, *n;

	list_for_each_safe(pos, n, &hub->waiters) {
		struct client *client = list_entry(pos, struct client, tick_link);

		if (!client->waiting || (client->scan && client->scan->running) ||
		    !is_due(client, now_ns))
			continue;
		if (!ends_by_clock(client))
			stop_tick(hub, client);
		client->ticked = true;
		client->waiting = false;
		client->ops->wake(client);
	}
}

static void start_tick(struct hub *hub, struct client *client)
{
	if (list_empty(&client->tick_link))
		list_add_tail(&client->tick_link, &hub->waiters);
	hub->tick.data = hub;
	if (!uv_is_active((uv_handle_t *)&hub->tick))
		uv_timer_start(&hub->tick, on_tick, TICK_MS, TICK_MS);
}

bool client_is_plain(const struct client *client)
{
	return !client->query || query_is_plain(client->query);
}

int client_open(struct client *client, struct hub *hub, struct channel *channel,
		enum format_id format, struct query *query,
		const struct client_ops *ops)
{
	struct feed *feed;
	int err;

	err = feed_get(&feed, hub, channel);
	if (err)
		return err;
	client->ops = ops;
	client->format = (uint8_t)format;
	client->query = query ? query_get(query) : NULL;
	list_init(&client->tick_link);
	feed_attach(feed, client);
	client->scan = scan_new(client, channel);
	if (!client->scan) {
		client_close(client);
		return -ENOMEM;
	}
	if (ends_by_clock(client))
		start_tick(hub, client);
	return 0;
}

void client_close(struct client *client)
{
	struct hub *hub;

	if (!client->feed)
		return;
	hub = client->feed->hub;
	stop_tick(hub, client);
	scan_free(client->scan);
	client->scan = NULL;
	feed_detach(client->feed, client);
	query_put(client->query);
	client->query = NULL;
}

/* Takes the window's next batch from now on, if this is where one begins. */
static bool join(struct client *client)
{
	uint64_t number;

	if (!client->greeted || !client_is_plain(client) || scan_holds(client->scan))
		return false;
	number = feed_find(client->feed, &client->at, (enum format_id)client->format);
	if (number == UINT64_MAX)
		return false;
	scan_free(client->scan);
	client->scan = NULL;
	client->next = number;
	/* where it wanted to begin is behind it */
	query_put(client->query);
	client->query = NULL;
	return true;
}

/* Its next batch is not in the window: it goes on by itself. */
static int fall_back(struct client *client)
{
	client->scan = scan_new(client, client->feed->channel);
	if (!client->scan)
		return -ENOMEM;
	client->scan->begin = SCAN_PLACE;
	client->scan->at = client->at;
	return 0;
}

/* Whether the feed is, or will be, further than the client: it wakes us then. */
static bool feed_is_ahead(const struct client *client)
{
	const struct feed *feed = client->feed;
	const struct place *head = &feed->cursor.at;

	return feed->status <= 0 || head->stream != client->at.stream ||
	       head->seq > client->at.seq;
}

/* The scan's place is in a stream that the ring has no more. */
static int leave_stream(struct client *client)
{
	struct scan *scan = client->scan;
	struct feed *feed = client->feed;
	struct past past;

	if (scan->begin == SCAN_QUERY) {
		scan->at = (struct place){
			.stream = client->query->options.from_stream,
			.seq = client->query->options.from_seq,
			.pos = PLACE_POS_UNKNOWN,
		};
	} else if (scan->begin == SCAN_NEXT_STREAM) {
		return -ESTALE;
	}
	memset(&scan->end, 0, sizeof(scan->end));
	if (channel_find_past(feed->channel, scan->at.stream, &past))
		scan->end = (struct place){ past.stream, past.seq, past.pos, { 0 } };
	else if (feed->cursor.at.stream == scan->at.stream && feed->status > 0)
		return -EAGAIN;	/* the feed will soon see where it ended */
	scan->begin = SCAN_NEXT_STREAM;
	return 0;
}

/* The client has had @batch. */
static void account(struct client *client, const struct batch *batch)
{
	struct channel *channel = client->feed->channel;

	client->at = batch->to;
	if (batch->records)
		counter_add(&channel->sent_records, batch->records);
	if (!batch->lost_records)
		return;
	client->lost_records += batch->lost_records;
	client->lost_bytes += batch->lost_bytes;
	counter_add(&channel->lost_records, batch->lost_records);
	counter_add(&channel->lost_bytes, batch->lost_bytes);
}

/* Takes the batch of a scan that has come back. */
static void take(struct client *client, struct block **blockp)
{
	struct batch *batch = &client->scan->batch;

	/* it was still looking for where to begin */
	if (!batch->to.stream)
		return;
	account(client, batch);
	client->greeted = true;
	*blockp = batch->blocks[client->format];
	batch->blocks[client->format] = NULL;
	batch_free(batch);
}

/* Return: as client_next(), or CLIENT_AGAIN. */
#define CLIENT_AGAIN	(CLIENT_END + 1)

static int begin_job(struct client *client)
{
	struct scan *scan = client->scan;
	struct feed *feed = client->feed;

	scan->limit = CURSOR_NO_LIMIT;
	scan->last = feed->status <= 0;
	scan->behind = feed->channel->archive && feed_is_ahead(client);
	if (client->greeted && client_is_plain(client)) {
		/* what was lost at once can be more than the hub has read so far */
		if (feed->status > 0 && !feed_is_ahead(client))
			return CLIENT_NOTHING;
		scan->limit = feed_boundary(feed, &client->at);
	}
	return scan_start(scan, feed->hub->loop) ? -ENOMEM : CLIENT_NOTHING;
}

static int on_error(struct client *client, int err)
{
	if (err != -ESTALE)
		return err;
	err = leave_stream(client);
	/* the feed's next round wakes us; until then the scan is as it was */
	if (err == -EAGAIN)
		return CLIENT_NOTHING;
	return err ? err : CLIENT_AGAIN;
}

static int on_end(struct client *client)
{
	return client->feed->status < 0 ? client->feed->status : CLIENT_END;
}

/* The job has come back. */
static int end_job(struct client *client, struct block **blockp)
{
	struct scan *scan = client->scan;
	int event = scan->event;

	scan->done = false;
	if (event < 0)
		return on_error(client, event);
	if (event == CURSOR_HELD) {
		/* woken by what comes next, or when that has taken too long */
		start_tick(client->feed->hub, client);
		return CLIENT_NOTHING;
	}
	take(client, blockp);
	if (scan->let_go)
		scan_let_go(scan);
	if (event == CURSOR_END)
		scan->over = true;
	else if (event == CURSOR_EMPTY)
		scan->dry = true;
	/* the archive has not come after the ring yet: looked at again by the clock */
	if (event == CURSOR_EMPTY && scan->behind && !scan->last && !*blockp) {
		start_tick(client->feed->hub, client);
		return CLIENT_NOTHING;
	}
	return *blockp ? CLIENT_BLOCK : CLIENT_AGAIN;
}

static int scan_next(struct client *client, struct block **blockp)
{
	struct scan *scan = client->scan;

	if (scan->running)
		return CLIENT_NOTHING;
	if (scan->done)
		return end_job(client, blockp);
	if (scan->over)
		return on_end(client);
	if (join(client))
		return CLIENT_AGAIN;
	if (scan->dry) {
		if (scan->last)
			return on_end(client);
		if (!feed_is_ahead(client) && !client->ticked)
			return CLIENT_NOTHING;
		scan->dry = false;
	}
	scan->flush = client->ticked;
	client->ticked = false;
	return begin_job(client);
}

static int window_next(struct client *client, struct block **blockp)
{
	struct feed *feed = client->feed;
	uint64_t end;

	if (client->next == feed->next) {
		if (feed->status > 0)
			return CLIENT_NOTHING;
		return on_end(client);
	}
	*blockp = merge_batches(feed, client->next, (enum format_id)client->format, &end);
	while (client->next < end)
		account(client, feed_batch(feed, client->next++));
	return *blockp ? CLIENT_BLOCK : CLIENT_AGAIN;
}

/* Whether its next batch, if there is one, is there in its format. */
static bool in_window(const struct client *client)
{
	struct feed *feed = client->feed;

	if (client->next < feed->first)
		return false;
	return client->next == feed->next ||
	       (feed_batch(feed, client->next)->formats & 1U << client->format);
}

int client_next(struct client *client, struct block **blockp)
{
	int event;

	*blockp = NULL;
	client->waiting = false;
	do {
		if (!client->scan && !in_window(client)) {
			int err = fall_back(client);

			if (err)
				return err;
		}
		event = client->scan ? scan_next(client, blockp) :
				       window_next(client, blockp);
	} while (event == CLIENT_AGAIN);
	client->waiting = event == CLIENT_NOTHING;
	return event;
}

void client_lag(const struct client *client, uint64_t *records, uint64_t *bytes)
{
	const struct place *head = &client->feed->cursor.at;

	*records = 0;
	*bytes = 0;
	if (head->stream != client->at.stream || head->seq <= client->at.seq)
		return;
	*records = head->seq - client->at.seq;
	if (client->at.pos != PLACE_POS_UNKNOWN)
		*bytes = head->pos - client->at.pos;
}
