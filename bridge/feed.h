/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BRIDGE_FEED_H
#define BRIDGE_FEED_H

#include "hub.h"
#include "merge.h"

/**
 * struct feed - What the clients of a channel follow.
 * @link: In hub->feeds, while new clients may follow it.
 * @hub: Whose it is.
 * @channel: The channel.
 * @cursor: Reads along with the ring; cursor.at is the head.
 * @poll: Watches the reader, while @polling.
 * @hold: Ends the wait for the rest of a line, while a batch is held.
 * @ready_link: In hub->ready, when there may be something to read.
 * @clients: List of struct client, those first whose turn is next.
 * @count: How many.
 * @owed: Those at the front have not been woken since something was read.
 * @slice: So many are woken in a round.
 * @users: How many of them take the window's batches, in each format.
 * @window: Batch number n is in slot n % WINDOW_BATCHES.
 * @first: Number of the oldest batch in the window.
 * @next: Number the next batch will get.
 * @bytes: Bytes of all blocks in the window.
 * @merged: Batches of it as one, for each format.
 * @status: 1 while it runs, then 0 for the end of the channel or a negative
 *          errno value, and it is no longer the channel's.
 * @generation: Of the ring, when its clients' scans last had to let go of it.
 * @polling: @poll is active.
 * @flush: The rest of a line did not come in time.
 * @handles: Loop handles not closed yet.
 */
struct feed {
	struct list link;
	struct hub *hub;
	struct channel *channel;
	struct cursor cursor;
	uv_poll_t poll;
	uv_timer_t hold;
	struct list ready_link;
	struct list clients;
	unsigned int count;
	unsigned int owed;
	unsigned int slice;
	unsigned int users[FORMATS];
	struct batch window[WINDOW_BATCHES];
	uint64_t first;
	uint64_t next;
	size_t bytes;
	struct merged merged[FORMATS];
	int status;
	uint32_t generation;
	bool polling;
	bool flush;
	int handles;
};

/* Finds the feed of a channel, or begins to read at its end. */
int feed_get(struct feed **feedp, struct hub *hub, struct channel *channel);

/* Clients come and go; the feed goes with the last one. */
void feed_attach(struct feed *feed, struct client *client);
void feed_detach(struct feed *feed, struct client *client);

/*
 * Reads what there is into the window, up to a limit, and wakes those whose turn it
 * is of who waits for it. Return: whether there is more to read.
 */
bool feed_pump(struct feed *feed);

static inline struct batch *feed_batch(struct feed *feed, uint64_t number)
{
	return &feed->window[number % WINDOW_BATCHES];
}

/* Number of the batch that begins at @at, feed->next for the head; ~0 if none does
 * that has @format. */
uint64_t feed_find(struct feed *feed, const struct place *at, enum format_id format);

/* First place behind @at, in its stream, where a batch begins; CURSOR_NO_LIMIT. */
uint64_t feed_boundary(struct feed *feed, const struct place *at);

#endif /* BRIDGE_FEED_H */
