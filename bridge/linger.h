/* SPDX-License-Identifier: GPL-2.0-only */
/* Connections of HTTP/1 that end with an answer while their client still sends. */
#ifndef BRIDGE_LINGER_H
#define BRIDGE_LINGER_H

#include "conn.h"

/**
 * linger_start() - Let the client of @wsi have its answer.
 * @wsi: The connection, about to be closed by libwebsockets.
 * @conn: The same.
 *
 * A socket that is closed with something unread resets the connection, and what the
 * client has not read of the answer is gone. So another descriptor of it is kept for
 * a while: it sends no more, and what comes is read and dropped.
 */
void linger_start(struct lws *wsi, struct conn *conn);

/* Closes them all. */
void linger_stop(struct shard *shard);

#endif /* BRIDGE_LINGER_H */
