/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hub: the clients of one thread, and what they follow.
 *
 * A channel that somebody follows has a feed: one cursor that reads along with
 * the ring, and a window of the last batches it read. A client is a place in
 * that window, and costs nothing else: no queue, nothing that grows when it is
 * slow. One that has fallen out of the window, or wants what was before it, or
 * only some of the records, has a scan, which reads the ring for it alone, on a
 * worker, until it is in the window again; what the ring no longer has is told
 * as lost, exactly.
 *
 * The hub knows nothing of sockets: a sink asks for blocks when it can send, and
 * is told when there is more.
 */
#ifndef BRIDGE_HUB_H
#define BRIDGE_HUB_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "channel.h"
#include "cursor.h"
#include "list.h"
#include "metrics.h"
#include "pace.h"
#include "query.h"

/* What a feed's window holds at most: batches, a power of two, and bytes. */
#define WINDOW_BATCHES		256
#define WINDOW_BYTES		(2U << 20)

/**
 * struct hub - What one thread's clients follow.
 * @loop: Where it runs.
 * @metrics: Where measures go; may be NULL.
 * @feeds: List of struct feed.
 * @ready: Feeds to be read in the next round.
 * @pace: When that is.
 * @waiters: List of struct client that the clock has to wake.
 * @tick: Does.
 */
struct hub {
	uv_loop_t *loop;
	struct metrics *metrics;
	struct list feeds;
	struct list ready;
	struct pace pace;
	struct list waiters;
	uv_timer_t tick;
};

struct client;

/**
 * struct client_ops - What the hub asks of a sink.
 * @wake: There is something for client_next(), which said CLIENT_NOTHING last.
 *        Called once for each time it said so. It may call client_next(), but
 *        not client_close() of any client.
 */
struct client_ops {
	void (*wake)(struct client *client);
};

/**
 * struct client - One follower of a channel. The memory is the sink's.
 * @link: In feed->clients.
 * @feed: What it follows; NULL if it is not open.
 * @ops: Its sink.
 * @query: What it wants; NULL: all, from the oldest record on.
 * @scan: Reads for it alone; NULL while it takes what the feed has.
 * @tick_link: In hub->waiters.
 * @next: Number of its next batch in the feed's window, without a scan.
 * @at: Where it is.
 * @lost_records: What it was told as lost.
 * @lost_bytes: The same in bytes.
 * @format: What it gets.
 * @waiting: It was told that there is nothing, and waits to be woken.
 * @ticked: The clock has woken it.
 * @greeted: It got what its format begins a stream with.
 */
struct client {
	struct list link;
	struct feed *feed;
	const struct client_ops *ops;
	struct query *query;
	struct scan *scan;
	struct list tick_link;
	uint64_t next;
	struct place at;
	uint64_t lost_records;
	uint64_t lost_bytes;
	uint8_t format;
	bool waiting;
	bool ticked;
	bool greeted;
};

/**
 * enum client_event - What client_next() found.
 *
 * @CLIENT_NOTHING: Nothing now; the client will be woken.
 * @CLIENT_BLOCK: Blocks to send.
 * @CLIENT_END: The query's end, or the channel's, and all of it was given.
 */
enum client_event {
	CLIENT_NOTHING,
	CLIENT_BLOCK,
	CLIENT_END,
};

int hub_init(struct hub *hub, uv_loop_t *loop);

/* No client may be left. The loop must run once more before @hub is freed. */
void hub_uninit(struct hub *hub);

/* A sink worked for so long on what the hub gave it, outside of client_ops.wake. */
void hub_spent(struct hub *hub, uint64_t ns);

/**
 * client_open() - Follow a channel.
 * @client: The client, of zeros.
 * @hub: Of this thread.
 * @channel: The channel.
 * @format: How records are written for it.
 * @query: Which it wants; a reference is taken. NULL: all, from the oldest on.
 * @ops: Whom to wake.
 *
 * Return: 0, or why the channel can't be read.
 */
int client_open(struct client *client, struct hub *hub, struct channel *channel,
		enum format_id format, struct query *query,
		const struct client_ops *ops);

/* Harmless for one that is not open, any more. */
void client_close(struct client *client);

/**
 * client_next() - Get the next blocks to send.
 * @client: The client.
 * @blockp: Set to the first of them for CLIENT_BLOCK: each block, along
 *          block->next, is a frame of its own. block_put() of the first one,
 *          which stands for all, is the caller's.
 *
 * Return: an &enum client_event, or a negative errno value: -ERANGE the record
 * the query wants to begin with is not written yet; else the channel can't be
 * read any further.
 */
int client_next(struct client *client, struct block **blockp);

/* Whether it wants what every follower of the channel wants, from some place on. */
bool client_is_plain(const struct client *client);

/* How far it is behind what the hub has read, in records and bytes of text. */
void client_lag(const struct client *client, uint64_t *records, uint64_t *bytes);

#endif /* BRIDGE_HUB_H */
