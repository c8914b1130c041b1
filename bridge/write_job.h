/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BRIDGE_WRITE_JOB_H
#define BRIDGE_WRITE_JOB_H

#include "conn.h"

struct shard;

/* Answers a POST of records once they are written. Return: an &enum answer. */
int write_job_answer(struct lws *wsi, struct conn *conn);

/* The connection will not wait for that any more. */
void write_job_leave(struct conn *conn);

/* Once a second: who waits for the archive does not wait forever. */
void write_job_tick(struct shard *shard);

#endif /* BRIDGE_WRITE_JOB_H */
