/* SPDX-License-Identifier: GPL-2.0-only */
/* Sends the body of an answer, as fast as the client takes it. */
#ifndef BRIDGE_OUT_H
#define BRIDGE_OUT_H

#include "conn.h"

/* Longest HTTP/2 frame that every client takes. */
#define H2_FRAME_MAX	16384

/* What a callback of an HTTP request comes to. */
enum answer {
	ANSWER_FAILED = -1,
	ANSWER_DONE,
	ANSWER_GOES_ON,
};

/**
 * out_start() - Begin to send a body; the headers are sent.
 * @wsi: The request.
 * @conn: Its connection.
 * @data: The body.
 * @len: Bytes of it.
 * @owned: Memory it is in, to be freed when it is sent; NULL: it stays.
 *
 * Return: an &enum answer.
 */
int out_start(struct lws *wsi, struct conn *conn, const char *data, size_t len, char *owned);

/* The client can take more. */
int out_writable(struct lws *wsi, struct conn *conn);

void out_free(struct conn *conn);

/* Once a second: those that take nothing are given up. */
void out_tick(struct shard *shard);

/* How much of @len bytes the client may be sent at once now, maybe none. */
size_t out_room(struct lws *wsi, const struct conn *conn, size_t len);

#endif /* BRIDGE_OUT_H */
