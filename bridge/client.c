// SPDX-License-Identifier: GPL-2.0-only
/*
 * A client's way: its own cursor from the oldest record on, until it is where a
 * batch of the feed's window begins; from there on it takes the window's. If it
 * falls out of the window, the same once more from where it is.
 *
 * The seam is exact because both sides name a place in the same terms, the
 * number of the next record, and the own cursor stops at the next place where a
 * batch begins, wherever the ring's losses let it get that far.
 */
#include <errno.h>
#include <string.h>

#include "feed.h"
#include "hub.h"

static int own_begin(struct client *client, struct memlog_reader *reader,
		     const struct place *at)
{
	int err = cursor_open(&client->cursor, reader, client->feed->channel->name, at,
			      1U << client->format);

	if (err) {
		memlog_reader_close(reader);
		return err;
	}
	client->cursor.to_the_end = true;
	client->own = true;
	return 0;
}

/* Reads the ring from the oldest record on, or as @flags say. */
static int own_open(struct client *client, unsigned int flags, const struct place *at)
{
	struct source *source = &client->feed->channel->source;
	struct memlog_reader_options options = {
		.size = sizeof(options),
		.flags = MEMLOG_READ_FOLLOW | flags,
		.from_stream = at ? at->stream : 0,
		.from_seq = at ? at->seq : 0,
	};
	struct memlog_reader *reader;
	int err;

	err = source_reader(source, &reader, &options);
	if (err)
		return err;
	err = own_begin(client, reader, at);
	if (!err)
		client->at = client->cursor.at;
	return err;
}

static void own_close(struct client *client)
{
	if (client->own)
		cursor_close(&client->cursor);
	client->own = false;
}

/*
 * The stream has ended: what it still had is lost, and the next one is read from
 * its first record on, whether the ring still has that or not.
 */
static int own_open_next_stream(struct client *client)
{
	const struct place *old = &client->feed->old;
	struct place at = client->at;
	int err;

	/* the feed has not seen it end yet, and will soon know where it did */
	if (client->feed->cursor.at.stream == at.stream && client->feed->status > 0)
		return -EAGAIN;
	/* with whole streams between, nobody knows what was lost: no guess */
	if (old->stream != at.stream)
		return -ESTALE;
	err = own_open(client, MEMLOG_READ_FROM, NULL);
	return err ? err : cursor_tell_ended(&client->cursor, &at, old);
}

/* Its next batch is not in the window: it goes on by itself. */
static int fall_back(struct client *client)
{
	struct place at = client->at;
	int err = own_open(client, MEMLOG_READ_FROM, &at);

	return err == -ESTALE ? own_open_next_stream(client) : err;
}

int client_open(struct client *client, struct hub *hub, struct channel *channel,
		enum format_id format, const struct client_ops *ops)
{
	struct feed *feed;
	int err;

	err = feed_get(&feed, hub, channel);
	if (err)
		return err;
	client->ops = ops;
	client->format = format;
	feed_attach(feed, client);
	err = own_open(client, 0, NULL);
	if (err)
		feed_detach(feed, client);
	return err;
}

void client_close(struct client *client)
{
	if (!client->feed)
		return;
	own_close(client);
	feed_detach(client->feed, client);
}

/* Takes the window's next batch from now on, if this is where one begins. */
static bool join(struct client *client)
{
	uint64_t number = feed_find(client->feed, &client->at);

	if (number == UINT64_MAX || encoder_len(&client->cursor.encoders[client->format]))
		return false;
	own_close(client);
	client->next = number;
	return true;
}

/* What was lost at once can be more than the hub has read so far. */
static bool ahead_of_feed(const struct client *client)
{
	const struct place *head = &client->feed->cursor.from;

	return client->feed->status > 0 && head->stream == client->at.stream &&
	       client->at.seq >= head->seq;
}

static int own_next(struct client *client, struct block **blockp)
{
	struct batch batch;
	int event;

	if (ahead_of_feed(client))
		return CLIENT_NOTHING;
	event = cursor_read(&client->cursor, feed_boundary(client->feed, &client->at),
			    client->feed->status <= 0, &batch);
	if (event < 0)
		return event;
	if (event == CURSOR_HELD)
		return CLIENT_NOTHING;
	client->at = client->cursor.at;
	*blockp = batch.blocks[client->format];
	if (*blockp)
		return CLIENT_BLOCK;
	if (event == CURSOR_END || (event == CURSOR_EMPTY && client->feed->status <= 0))
		return client->feed->status < 0 ? client->feed->status : CLIENT_END;
	return event == CURSOR_EMPTY ? CLIENT_NOTHING : CLIENT_BLOCK;
}

static int shared_next(struct client *client, struct block **blockp)
{
	struct feed *feed = client->feed;
	struct batch *batch;

	if (client->next == feed->next) {
		if (feed->status > 0)
			return CLIENT_NOTHING;
		return feed->status ? feed->status : CLIENT_END;
	}
	batch = feed_batch(feed, client->next++);
	client->at = batch->to;
	if (batch->blocks[client->format])
		*blockp = block_get(batch->blocks[client->format]);
	return CLIENT_BLOCK;
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
	int event, err;

	*blockp = NULL;
	client->waiting = false;
	do {
		if (!client->own && !in_window(client)) {
			err = fall_back(client);
			client->waiting = err == -EAGAIN;
			if (err)
				return client->waiting ? CLIENT_NOTHING : err;
		}
		if (client->own && !join(client))
			event = own_next(client, blockp);
		else
			event = shared_next(client, blockp);
	} while (event == CLIENT_BLOCK && !*blockp);
	client->waiting = event == CLIENT_NOTHING;
	return event;
}

bool client_idle(struct client *client)
{
	client->waiting = !client->own && client->feed->status > 0 &&
			  client->next == client->feed->next;
	return client->waiting;
}
