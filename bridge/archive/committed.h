/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How far an archive that this process writes is committed, told by the thread
 * that writes to those that send it on. What stands in the files may be further:
 * with --sync=batch it is not on the disk yet.
 */
#ifndef BRIDGE_COMMITTED_H
#define BRIDGE_COMMITTED_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "../list.h"

/**
 * struct committed - How far.
 * @lock: Held for the others.
 * @known: Somebody here writes it, and has told; else there is nothing to go by.
 * @date: The newest day.
 * @rows: Rows in it.
 * @finished: It is finished.
 * @watches: List of struct committed_watch.
 */
struct committed {
	pthread_mutex_t lock;
	bool known;
	uint32_t date;
	uint64_t rows;
	bool finished;
	struct list watches;
};

/**
 * struct committed_watch - Somebody who wants to know.
 * @link: In committed->watches.
 * @wake: Called by the thread that writes, under the lock: it does no more than to
 *        wake another.
 */
struct committed_watch {
	struct list link;
	void (*wake)(struct committed_watch *watch);
};

void committed_init(struct committed *committed);
void committed_uninit(struct committed *committed);

/* Behind each commit and finish, and once the archive is open. */
void committed_set(struct committed *committed, uint32_t date, uint64_t rows, bool finished);

bool committed_known(struct committed *committed);

/* Rows of @date that are committed, of the @rows that are there; 0 in a later day. */
uint64_t committed_rows(struct committed *committed, uint32_t date, uint64_t rows,
			bool *finished);

void committed_watch(struct committed *committed, struct committed_watch *watch);
void committed_unwatch(struct committed *committed, struct committed_watch *watch);

#endif /* BRIDGE_COMMITTED_H */
