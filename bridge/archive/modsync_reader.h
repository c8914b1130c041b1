/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Takes a stream of go-modsynclog frames apart as its bytes come, however they are
 * cut: messages whole, rows one at a time. Memory is bounded by one row, whatever
 * a frame says of its size.
 */
#ifndef BRIDGE_MODSYNC_READER_H
#define BRIDGE_MODSYNC_READER_H

#include "modsync_frame.h"

struct modsync_reader;

/**
 * struct modsync_handler - Where what was read goes. A nonzero return ends it, and is
 * what modsync_reader_feed() returns.
 * @message: A whole message, @len at most MODSYNC_MESSAGE_MAX.
 * @row: A row of MODSYNC_ROWS, and row->len bytes of text. NULL: rows are for others,
 *       and such a frame is a message.
 * @rows_end: The frame with the rows before is at its end, and was sound.
 */
struct modsync_handler {
	int (*message)(void *arg, uint32_t type, const char *content, size_t len);
	int (*row)(void *arg, const struct modsync_row *row, const char *text);
	int (*rows_end)(void *arg);
};

/* Return: a reader, or NULL for lack of memory. @handler stays the caller's. */
struct modsync_reader *modsync_reader_new(uint32_t flag, const struct modsync_handler *handler,
					  void *arg);
void modsync_reader_free(struct modsync_reader *reader);

/**
 * modsync_reader_feed() - The next bytes.
 *
 * Return: 0; -EPROTO, -EBADMSG, -EMSGSIZE they are no frames, see
 * modsync_reader_error(); -ENOMEM; or what the handler gave. No more may be fed then.
 */
int modsync_reader_feed(struct modsync_reader *reader, const void *data, size_t len);

/* Is it inside a frame? */
bool modsync_reader_busy(const struct modsync_reader *reader);

/* What was wrong with the frame, in words; "" while nothing is. */
const char *modsync_reader_error(const struct modsync_reader *reader);

#endif /* BRIDGE_MODSYNC_READER_H */
