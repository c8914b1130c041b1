/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hub: the clients of one thread, and what they follow.
 *
 * A channel that somebody follows has a feed: one cursor that reads along with
 * the ring, and a window of the last batches it read. A client is a place in
 * that window, and costs nothing else: no queue, nothing that grows when it is
 * slow. One that has fallen out of the window, or wants what was before it,
 * reads the ring with a cursor of its own until it is in the window again; what
 * the ring no longer has is told as lost, exactly.
 *
 * All of it runs on one loop. The hub knows nothing of sockets: a sink asks for
 * blocks when it can send, and is told when there is more.
 */
#ifndef BRIDGE_HUB_H
#define BRIDGE_HUB_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "channel.h"
#include "cursor.h"
#include "list.h"
#include "pace.h"

struct client;

/* What a feed's window holds at most: batches, a power of two, and bytes. */
#define WINDOW_BATCHES		256
#define WINDOW_BYTES		(2U << 20)

/**
 * struct hub - What one thread's clients follow.
 * @loop: Where it runs.
 * @feeds: List of struct feed.
 * @ready: Feeds to be read in the next round.
 * @pace: When that is.
 */
struct hub {
	uv_loop_t *loop;
	struct list feeds;
	struct list ready;
	struct pace pace;
};

/**
 * struct client_ops - What the hub asks of a sink.
 * @wake: There is something for client_next(), which said CLIENT_NOTHING last.
 *        Called once for each time it said so; must not call into the hub.
 */
struct client_ops {
	void (*wake)(struct client *client);
};

/**
 * struct client - One follower of a channel. The memory is the sink's.
 * @link: In feed->clients.
 * @feed: What it follows; NULL if it is not open.
 * @ops: Its sink.
 * @format: What it gets.
 * @waiting: It was told that there is nothing, and waits to be woken.
 * @own: It reads the ring itself, with @cursor.
 * @next: Else: number of its next batch in the feed's window.
 * @at: Where it is.
 * @cursor: Its own reading.
 */
struct client {
	struct list link;
	struct feed *feed;
	const struct client_ops *ops;
	enum format_id format;
	bool waiting;
	bool own;
	uint64_t next;
	struct place at;
	struct cursor cursor;
};

/**
 * enum client_event - What client_next() found.
 *
 * @CLIENT_NOTHING: Nothing now; the client will be woken.
 * @CLIENT_BLOCK: A block to send.
 * @CLIENT_END: The channel has ended, and all of it was given.
 */
enum client_event {
	CLIENT_NOTHING,
	CLIENT_BLOCK,
	CLIENT_END,
};

int hub_init(struct hub *hub, uv_loop_t *loop);

/* No client may be left. The loop must run once more before @hub is freed. */
void hub_uninit(struct hub *hub);

/* A sink worked for so long on what the hub gave it. */
void hub_spent(struct hub *hub, uint64_t ns);

/**
 * client_open() - Follow a channel from its oldest record on.
 * @client: The client, of zeros.
 * @hub: Of this thread.
 * @channel: The channel.
 * @format: How.
 * @ops: Whom to wake.
 *
 * Return: 0, or why the channel can't be read.
 */
int client_open(struct client *client, struct hub *hub, struct channel *channel,
		enum format_id format, const struct client_ops *ops);
void client_close(struct client *client);

/**
 * client_next() - Get the next block to send.
 * @client: The client.
 * @blockp: Set to it for CLIENT_BLOCK; block_put() is the caller's.
 *
 * Return: an &enum client_event, or a negative errno value: the channel can't be
 * read any further.
 */
int client_next(struct client *client, struct block **blockp);

/* Whether client_next() would say CLIENT_NOTHING now. If so, it is waiting. */
bool client_idle(struct client *client);

#endif /* BRIDGE_HUB_H */
