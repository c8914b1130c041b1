/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a replica is sent: its questions, and the messages that answer them, one
 * piece of work after another. It reads files, sums and compresses, so it runs on
 * a worker; it knows nothing of connections.
 */
#ifndef BRIDGE_SYNC_FEED_H
#define BRIDGE_SYNC_FEED_H

#include "committed.h"
#include "sync_wire.h"

/* A message has so much room before it, for what frames it. */
#define SYNC_HEADROOM	32

/**
 * struct sync_out - A message to be sent.
 * @size: Bytes of it.
 * @date: ROWS, FINISH: the place behind it; else 0.
 * @rows: Likewise.
 * @finish: It is a FINISH.
 * @raw: ROWS: bytes of rows in it.
 * @bytes: Headroom, and the message.
 */
struct sync_out {
	size_t size;
	uint32_t date;
	uint64_t rows;
	bool finish;
	uint32_t raw;
	uint8_t bytes[];
};

struct sync_feed;

/**
 * sync_feed_open() - Begin.
 * @feedp: Set to it.
 * @dir: The archive's folder.
 * @name: The channel's name, for HELLO.
 * @committed: How far the archive is, if this process writes it.
 *
 * Return: 0; -ENOMEM; or what open(2) gave.
 */
int sync_feed_open(struct sync_feed **feedp, const char *dir, const char *name,
		   struct committed *committed);
void sync_feed_close(struct sync_feed *feed);

/* Gives up the memory that work needs, which makes it anew. */
void sync_feed_rest(struct sync_feed *feed);

/* A question, any but ACK. Return: NULL, or why it is out of turn. */
const char *sync_feed_ask(struct sync_feed *feed, const struct sync_ask *ask);

/* Something is to be said that waits for nothing but work. */
bool sync_feed_busy(const struct sync_feed *feed);

/**
 * sync_feed_work() - Do a piece of work, of some megabytes at most.
 * @out: Set to a message to be sent, free(3) is the caller's; NULL: there is none.
 *
 * Return: 1 there may be more at once; 0 wait until there are more rows or another
 * question; -ESTALE the day was taken away; -EBADMSG it is damaged; -errno.
 */
int sync_feed_work(struct sync_feed *feed, struct sync_out **out);

/*
 * Readable when there may be more rows; -1 if @committed alone tells. To be looked at, and
 * taken notice of, while no work is done.
 */
int sync_feed_notify_fd(const struct sync_feed *feed);
void sync_feed_notified(struct sync_feed *feed);

/* The day that it looks at, 0: none. */
uint32_t sync_feed_date(const struct sync_feed *feed);

#endif /* BRIDGE_SYNC_FEED_H */
