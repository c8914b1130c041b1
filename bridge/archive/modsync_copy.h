/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The archive that a go-modsynclog server's days are copied to: which day and row
 * come next, and what may be written there. Knows nothing of sockets.
 */
#ifndef BRIDGE_MODSYNC_COPY_H
#define BRIDGE_MODSYNC_COPY_H

#include "modsync_client.h"
#include "modsync_frame.h"

/**
 * struct modsync_copy - How far it is.
 * @options: What to copy.
 * @writer: The archive.
 * @dirfd: Its folder.
 * @date: The day.
 * @next: Number of its next row.
 * @offset: Where in its data file that will be.
 * @batched_bytes: Bytes of the texts of what is not committed yet.
 * @again: It was asked for more than once: rows that are here may come again.
 * @differs: The server says other places for its rows than ours, and that was said.
 * @tidied_s: When days were removed last, in seconds.
 * @synced_s: When the archive was synced last.
 * @stats: For others; @rows and what follows of it.
 * @error: What is wrong with what came, in words.
 */
struct modsync_copy {
	const struct modsync_client_options *options;
	struct archive_writer *writer;
	int dirfd;
	uint32_t date;
	uint64_t next;
	uint64_t offset;
	uint64_t batched_bytes;
	bool again;
	bool differs;
	uint64_t tidied_s;
	uint64_t synced_s;
	struct modsync_client_stats stats;
	char error[192];
};

/* As modsync_client_start() says. @options stays the caller's. */
int modsync_copy_open(struct modsync_copy *copy, const struct modsync_client_options *options);

/* Drops what is not committed. */
void modsync_copy_close(struct modsync_copy *copy);

/* The client's own day. */
uint32_t modsync_copy_today(const struct modsync_copy *copy);

/* Where the copy is by what is in the archive: after a mishap there. 0 or -errno. */
int modsync_copy_resume(struct modsync_copy *copy);

/**
 * modsync_copy_row() - A row came.
 *
 * Return: 0; -ENOBUFS commit first, then again; -EBADMSG it is not what was asked
 * for, see @error; -ENOMEM; -errno.
 */
int modsync_copy_row(struct modsync_copy *copy, const struct modsync_row *row, const char *text);

/* Forgets what is not committed. */
void modsync_copy_drop(struct modsync_copy *copy);

/* As archive_commit(); -ESTALE the archive was meddled with: modsync_copy_resume(). */
int modsync_copy_commit(struct modsync_copy *copy);

/**
 * modsync_copy_finish() - The day is complete: the next one is copied from now on.
 *
 * All rows must be committed. Return: 0 or -errno, and it can be tried again.
 */
int modsync_copy_finish(struct modsync_copy *copy);

/* What has to be done from time to time: syncing, and removing old days. */
void modsync_copy_tick(struct modsync_copy *copy);

void modsync_copy_say(const struct modsync_copy *copy, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* BRIDGE_MODSYNC_COPY_H */
