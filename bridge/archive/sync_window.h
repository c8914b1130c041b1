/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a replica was sent and has not acknowledged: so many bytes of rows, and so
 * many messages, may be on their way.
 */
#ifndef BRIDGE_SYNC_WINDOW_H
#define BRIDGE_SYNC_WINDOW_H

#include "sync_feed.h"

#define UNACKED_BYTES		(8U << 20)
#define UNACKED_MESSAGES	256

/**
 * struct sync_sent - A message that waits for its ACK.
 * @date: The place behind it.
 * @rows: Likewise.
 * @raw: Bytes of rows in it.
 * @finish: It is a FINISH.
 */
struct sync_sent {
	uint32_t date;
	uint64_t rows;
	uint32_t raw;
	bool finish;
};

/**
 * struct sync_window - Messages on their way, a ring.
 * @sent: They.
 * @first: The oldest.
 * @count: How many.
 * @bytes: Bytes of rows in them.
 */
struct sync_window {
	struct sync_sent sent[UNACKED_MESSAGES];
	unsigned int first;
	unsigned int count;
	size_t bytes;
};

static inline bool sync_window_full(const struct sync_window *window)
{
	return window->bytes >= UNACKED_BYTES || window->count == UNACKED_MESSAGES;
}

/* It is not full. A message that wants no ACK is passed over. */
void sync_window_add(struct sync_window *window, const struct sync_out *out);

/*
 * Everything up to the place of an ACK is there. Return: NULL, or what is wrong: a
 * place that was not sent.
 */
const char *sync_window_ack(struct sync_window *window, const struct sync_ask *ask);

#endif /* BRIDGE_SYNC_WINDOW_H */
