/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A ring that this process writes.
 */
#ifndef MEMLOG_EMBEDDED_H
#define MEMLOG_EMBEDDED_H

#include "memlog.h"
#include "ring.h"
#include "ringfile.h"

/**
 * struct memlog_waiter - A reader in the writer's own process.
 * @fd: eventfd that is written to wake it.
 * @armed: It wants to be woken.
 * @next: The next one of the ring.
 */
struct memlog_waiter {
	int fd;
	u32 armed;
	struct memlog_waiter *next;
};

/**
 * struct memlog_embedded - The writers' side of a ring file.
 * @ring: Its writers; all below but @path, @comm and @armed is under ring.lock.
 * @map: The file as it is mapped; @ring.buf is its buffer.
 * @fd: The file, locked.
 * @path: Its path, NULL for a memfd.
 * @mode: File mode of the file and those that replace it.
 * @finished: The stream was ended.
 * @armed: One of @waiters is armed.
 * @waiters: Readers of this process that may sleep.
 * @comm: Name of records that have no other.
 */
struct memlog_embedded {
	struct memlog_ring ring;
	struct memlog_map map;
	int fd;
	char *path;
	mode_t mode;
	bool finished;
	u32 armed;
	struct memlog_waiter *waiters;
	char comm[MEMLOG_COMM_LEN] __attribute__((aligned(8)));
};

/* embedded.c, for readers */
void memlog_embedded_add_waiter(struct memlog_embedded *ring,
				struct memlog_waiter *waiter);
void memlog_embedded_del_waiter(struct memlog_embedded *ring,
				struct memlog_waiter *waiter);
void memlog_embedded_arm(struct memlog_embedded *ring, struct memlog_waiter *waiter);

/* embedded.c, for embedded_file.c */
void memlog_embedded_wake(struct memlog_embedded *ring);

/* embedded_file.c */
int memlog_embedded_file_open(struct memlog_embedded *ring, u32 flags,
			      const struct memlog_geometry *geo);
void memlog_embedded_file_close(struct memlog_embedded *ring);

#endif /* MEMLOG_EMBEDDED_H */
