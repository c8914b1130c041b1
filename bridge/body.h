/* SPDX-License-Identifier: GPL-2.0-only */
/* The body of a request, until all of it is there. */
#ifndef BRIDGE_BODY_H
#define BRIDGE_BODY_H

#include "conn.h"

/* Answers a request when its body is there. Return: an &enum answer. */
typedef int body_done_fn(struct lws *wsi, struct conn *conn, char *data, size_t len);

/**
 * body_start() - Wait for a body.
 * @wsi: The request.
 * @conn: Its connection.
 * @max: Most bytes it may have.
 * @done: What is called then; @data has a NUL behind it, which does not count.
 *
 * Return: an &enum answer: what is wrong with it was answered.
 */
int body_start(struct lws *wsi, struct conn *conn, size_t max, body_done_fn *done);

/* Some of it has come. Return: an &enum answer. */
int body_add(struct lws *wsi, struct conn *conn, const void *data, size_t len);

/* All of it has. Return: an &enum answer. */
int body_end(struct lws *wsi, struct conn *conn);

void body_free(struct conn *conn);

#endif /* BRIDGE_BODY_H */
