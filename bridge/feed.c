// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "feed.h"
#include "log.h"
#include "scan.h"

/* How long the rest of a line that was written in pieces is waited for. */
#define HOLD_MS		10

/*
 * Batches to read in one round, before they are sent. To send costs by the frame
 * and by the client, so under load a round should bring more than one; what it
 * brings in all bounds how long the round takes.
 */
#define ROUND_BATCHES	4

/*
 * Clients that together take so long are served in one round; but not in more
 * rounds than that, since each reads batches, and the window has room for so many.
 */
#define SLICE_NS	1000000
#define SLICES_MAX	8

static void want_read(struct feed *feed)
{
	struct hub *hub = feed->hub;

	if (feed->polling)
		uv_poll_stop(&feed->poll);
	feed->polling = false;
	if (list_empty(&feed->ready_link))
		list_add_tail(&feed->ready_link, &hub->ready);
	pace_want(&hub->pace);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	want_read(poll->data);
}

static void on_hold(uv_timer_t *timer)
{
	struct feed *feed = timer->data;

	feed->flush = true;
	want_read(feed);
}

static void watch(struct feed *feed)
{
	feed->polling = true;
	uv_poll_start(&feed->poll, UV_READABLE, on_poll);
}

static void on_close(uv_handle_t *handle)
{
	struct feed *feed = handle->data;

	if (!--feed->handles) {
		cursor_close(&feed->cursor);
		free(feed);
	}
}

static void feed_close(struct feed *feed)
{
	list_del(&feed->link);
	for (; feed->first < feed->next; feed->first++)
		batch_free(feed_batch(feed, feed->first));
	merge_forget(feed);
	list_del(&feed->ready_link);
	uv_close((uv_handle_t *)&feed->poll, on_close);
	uv_close((uv_handle_t *)&feed->hold, on_close);
}

static int init_handles(struct feed *feed, struct memlog_reader *reader)
{
	uv_loop_t *loop = feed->hub->loop;
	int err, fd;

	fd = memlog_fd(reader);
	if (fd < 0)
		return fd;
	err = uv_poll_init(loop, &feed->poll, fd);
	if (err)
		return err;
	uv_timer_init(loop, &feed->hold);
	feed->poll.data = feed;
	feed->hold.data = feed;
	feed->handles = 2;
	return 0;
}

static int feed_open(struct feed **feedp, struct hub *hub, struct channel *channel)
{
	struct memlog_reader_options options = {
		.size = sizeof(options),
		.flags = MEMLOG_READ_FOLLOW | MEMLOG_READ_TAIL,
	};
	struct memlog_reader *reader;
	struct feed *feed;
	int err;

	err = source_reader(&channel->source, &reader, &options);
	if (err)
		return err;
	feed = calloc(1, sizeof(*feed));
	if (!feed) {
		err = -ENOMEM;
		goto err_close_reader;
	}
	feed->hub = hub;
	feed->channel = channel;
	feed->status = 1;
	feed->slice = UINT_MAX;
	list_init(&feed->ready_link);
	list_init(&feed->clients);
	err = cursor_open(&feed->cursor, reader, channel->name, NULL, 0);
	feed->cursor.to_the_end = true;
	feed->cursor.leaps = channel->archive && !source_is_archive(&channel->source);
	if (!err)
		err = init_handles(feed, reader);
	if (err)
		goto err_free;
	list_add_tail(&feed->link, &hub->feeds);
	*feedp = feed;
	return 0;

err_free:
	free(feed);
err_close_reader:
	memlog_reader_close(reader);
	return err;
}

int feed_get(struct feed **feedp, struct hub *hub, struct channel *channel)
{
	struct list *pos;

	list_for_each(pos, &hub->feeds) {
		*feedp = list_entry(pos, struct feed, link);
		if ((*feedp)->channel == channel)
			return 0;
	}
	return feed_open(feedp, hub, channel);
}

void feed_attach(struct feed *feed, struct client *client)
{
	bool idle = list_empty(&feed->clients);

	list_add_tail(&client->link, &feed->clients);
	feed->count++;
	client->feed = feed;
	counter_add(&feed->channel->clients, 1);
	if (client_is_plain(client))
		feed->users[client->format]++;
	if (idle && feed->status > 0)
		want_read(feed);
}

void feed_detach(struct feed *feed, struct client *client)
{
	list_del(&client->link);
	feed->count--;
	if (feed->owed > feed->count)
		feed->owed = feed->count;
	client->feed = NULL;
	counter_add(&feed->channel->clients, -1UL);
	if (client_is_plain(client))
		feed->users[client->format]--;
	if (list_empty(&feed->clients))
		feed_close(feed);
}

static void drop_oldest(struct feed *feed)
{
	struct batch *batch = feed_batch(feed, feed->first++);

	feed->bytes -= batch_bytes(batch);
	batch_free(batch);
}

static void publish(struct feed *feed, struct batch *batch)
{
	if (batch_empty(batch))
		return;
	if (feed->next - feed->first == WINDOW_BATCHES)
		drop_oldest(feed);
	*feed_batch(feed, feed->next++) = *batch;
	feed->bytes += batch_bytes(batch);
	while (feed->bytes > WINDOW_BYTES && feed->next - feed->first > 1)
		drop_oldest(feed);
}

/* Who was woken goes behind the others. */
static void wake(struct feed *feed, unsigned int count)
{
	while (count--) {
		struct list *first = feed->clients.next;
		struct client *client = list_entry(first, struct client, link);

		list_del(first);
		list_add_tail(first, &feed->clients);
		if (!client->waiting)
			continue;
		client->waiting = false;
		client->ops->wake(client);
	}
}

/* About how many bytes wait in the window for who is next. */
static size_t backlog(struct feed *feed)
{
	struct client *client = list_entry(feed->clients.next, struct client, link);

	if (client->scan || feed->next == feed->first || client->next < feed->first)
		return 0;
	return feed->bytes * (feed->next - client->next) / (feed->next - feed->first);
}

/*
 * Where all of them take long, they are served in slices: what is read in between
 * goes to the next ones, who would else have waited for all the others, and the
 * loop is free in between. The time of a record is then that of one turn of all
 * and not also that of its own round.
 */
static void wake_slice(struct feed *feed, bool more)
{
	/* slices gain nothing where frames are full, or nearly */
	bool all = more || feed->owed <= feed->slice || backlog(feed) > BATCH_BYTES / 2;
	unsigned int count = all ? feed->owed : feed->slice;
	uint64_t began = pace_clock(), all_ns;

	if (!count)
		return;
	feed->owed -= count;
	wake(feed, count);
	all_ns = (pace_clock() - began) * feed->count / count;
	if (all_ns < 2 * SLICE_NS)
		feed->slice = UINT_MAX;
	else
		feed->slice = (unsigned int)(feed->count * (uint64_t)SLICE_NS / all_ns) + 1;
	if (feed->slice < feed->count / SLICES_MAX)
		feed->slice = feed->count / SLICES_MAX;
}

/* The next client begins a new feed, if the channel comes back. */
static void feed_end(struct feed *feed, int status)
{
	feed->status = status;
	list_del(&feed->link);
	if (status < 0)
		log_error("channel %s: can't read any further: %s",
			  feed->channel->name, strerror(-status));
	else
		log_info("channel %s has ended", feed->channel->name);
}

/* A batch is encoded in the same formats from beginning to end. */
static void choose_formats(struct feed *feed)
{
	unsigned int mask = 0;

	if (cursor_in_batch(&feed->cursor))
		return;
	for (int i = 0; i < FORMATS; i++)
		mask |= feed->users[i] ? 1U << i : 0;
	if (mask != feed->cursor.formats)
		cursor_set_formats(&feed->cursor, mask);
}

/* For clients that come back and name the old stream. */
static void remember_end(struct feed *feed, const struct place *end)
{
	struct past past = { .stream = end->stream, .seq = end->seq, .pos = end->pos };

	channel_add_past(feed->channel, &past);
}

static bool wants_more(int event)
{
	return event == CURSOR_FULL || event == CURSOR_STREAM || event == CURSOR_GAP;
}

/*
 * What was lost before it could be read may be in the archive: a batch without a
 * format, in which clients fall out of the window and look there.
 */
static void publish_hole(struct feed *feed, const struct place *from)
{
	struct batch hole = {
		.from = *from, .to = feed->cursor.at, .events = 1,
	};

	publish(feed, &hole);
}

/* Reads one batch into the window. Return: an event of cursor_read(). */
static int read_batch(struct feed *feed)
{
	struct batch batch;
	int event;

	choose_formats(feed);
	event = cursor_read(&feed->cursor, CURSOR_NO_LIMIT, feed->flush, &batch);
	feed->flush = false;
	if (event == CURSOR_HELD) {
		if (!uv_is_active((uv_handle_t *)&feed->hold))
			uv_timer_start(&feed->hold, on_hold, HOLD_MS, 0);
		return event;
	}
	uv_timer_stop(&feed->hold);
	if (event < 0) {
		feed_end(feed, event);
		return event;
	}
	if (batch.ended.stream)
		remember_end(feed, &batch.ended);
	publish(feed, &batch);
	if (event == CURSOR_GAP)
		publish_hole(feed, &batch.to);
	if (event == CURSOR_END)
		feed_end(feed, 0);
	return event;
}

/* Looks whether the device was resized; the feed's own reader has seen that. */
static void let_go(struct feed *feed)
{
	struct memlog_info info;
	struct list *pos;

	if (memlog_reader_info(feed->cursor.reader, &info) ||
	    info.generation == feed->generation)
		return;
	feed->generation = info.generation;
	list_for_each(pos, &feed->clients) {
		struct client *client = list_entry(pos, struct client, link);

		if (client->scan)
			scan_let_go(client->scan);
	}
}

/* How old the first record of batch @number is, now that clients have it. */
static void measure(struct feed *feed, uint64_t number)
{
	struct metrics *metrics = feed->hub->metrics;
	struct timespec ts;
	uint64_t now;

	if (!metrics || number < feed->first || number >= feed->next ||
	    !feed_batch(feed, number)->time_ns)
		return;
	clock_gettime(CLOCK_REALTIME, &ts);
	now = (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
	/* clocks step */
	if (now > feed_batch(feed, number)->time_ns)
		metrics_observe(&metrics->delivery, now - feed_batch(feed, number)->time_ns);
}

bool feed_pump(struct feed *feed)
{
	uint64_t first = feed->next;
	int event = CURSOR_FULL;
	bool more;

	if (feed->status <= 0) {
		wake_slice(feed, false);
		if (feed->owed)
			want_read(feed);
		return false;
	}
	for (int n = 0; n < ROUND_BATCHES && wants_more(event); n++)
		event = read_batch(feed);
	more = feed->status > 0 && wants_more(event);
	if (feed->next != first || feed->status <= 0)
		feed->owed = feed->count;
	wake_slice(feed, more);
	measure(feed, first);
	if (more || feed->owed)
		want_read(feed);
	else if (feed->status > 0)
		watch(feed);
	if (event == CURSOR_EMPTY)
		let_go(feed);
	return more;
}

/* What is of the stream there is now comes last, and in order. */
static uint64_t first_not_before(struct feed *feed, const struct place *at)
{
	uint64_t low = feed->first, high = feed->next;

	while (low < high) {
		uint64_t mid = low + (high - low) / 2;
		const struct place *from = &feed_batch(feed, mid)->from;

		if (from->stream != at->stream || from->seq < at->seq)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

uint64_t feed_find(struct feed *feed, const struct place *at, enum format_id format)
{
	uint64_t n = feed->first;

	if (at->stream == feed->cursor.at.stream)
		n = first_not_before(feed, at);
	else
		while (n < feed->next && !place_equal(at, &feed_batch(feed, n)->from))
			n++;
	/* behind the end of a channel, who was not told of it has to see it himself */
	if (n == feed->next)
		return feed->status > 0 && place_equal(at, &feed->cursor.from) ? n : UINT64_MAX;
	if (!place_equal(at, &feed_batch(feed, n)->from) ||
	    !(feed_batch(feed, n)->formats & 1U << format))
		return UINT64_MAX;
	return n;
}

uint64_t feed_boundary(struct feed *feed, const struct place *at)
{
	const struct place *head = &feed->cursor.from;

	for (uint64_t n = feed->first; n < feed->next; n++) {
		const struct place *from = &feed_batch(feed, n)->from;

		if (from->stream == at->stream && from->seq > at->seq)
			return from->seq;
	}
	if (head->stream == at->stream && head->seq > at->seq)
		return head->seq;
	return CURSOR_NO_LIMIT;
}
