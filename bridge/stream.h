/* SPDX-License-Identifier: GPL-2.0-only */
/* Answers that are a stream of records. */
#ifndef BRIDGE_STREAM_H
#define BRIDGE_STREAM_H

#include "request.h"

/**
 * stream_start() - Answer with the records of a channel.
 * @wsi: The request.
 * @conn: Its connection; its channel and query say which.
 * @sink: What serves it.
 *
 * Return: an &enum answer.
 */
int stream_start(struct lws *wsi, struct conn *conn, const struct sink *sink);

/* The client can take more. Return: an &enum answer. */
int stream_writable(struct lws *wsi, struct conn *conn);

/* Harmless where there is none. */
void stream_free(struct conn *conn);

#endif /* BRIDGE_STREAM_H */
