/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who follows what, in all threads: each is asked for its own clients, and the
 * answer is given when all have told.
 */
#ifndef BRIDGE_CENSUS_H
#define BRIDGE_CENSUS_H

#include "conn.h"

/**
 * census_start() - Ask all threads.
 * @wsi: The request.
 * @conn: Its connection.
 * @channels: Of which channels, NULL-terminated; taken, whatever happens.
 *
 * Return: an &enum answer.
 */
int census_start(struct lws *wsi, struct conn *conn, struct channel **channels);

/* Answers once all have told. Return: an &enum answer. */
int census_answer(struct lws *wsi, struct conn *conn);

/* The connection will not wait for that any more. */
void census_leave(struct conn *conn);

#endif /* BRIDGE_CENSUS_H */
