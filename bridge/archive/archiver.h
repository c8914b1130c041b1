/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An archiver: a thread that reads along with a channel and writes what it reads
 * to the channel's archive. It takes what is there and commits it at once, so
 * that batches grow by themselves while the disk works.
 *
 * A disk that is full or fails holds up nobody else: the ring goes on without
 * the archive, it is said once and tried again every second, and what the ring
 * has lost meanwhile is a gap in the archive.
 */
#ifndef BRIDGE_ARCHIVER_H
#define BRIDGE_ARCHIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "archives.h"
#include "../list.h"
#include "../metrics.h"

struct archiver;
struct channel;

/**
 * struct archiver_stats - How it goes; read without a lock.
 * @records: Records archived since it began.
 * @bytes: Bytes of text in them.
 * @gaps: Gaps archived: records the ring lost before.
 * @gap_records: Records in those.
 * @gap_bytes: Bytes of text in those, as far as that is known.
 * @errors: How often something failed.
 * @writing: 1: all is well.
 * @days: Days in the archive.
 * @commit_ns: CLOCK_REALTIME of the last commit.
 * @commit: How long commits took.
 */
struct archiver_stats {
	uint64_t records;
	uint64_t bytes;
	uint64_t gaps;
	uint64_t gap_records;
	uint64_t gap_bytes;
	uint64_t errors;
	uint64_t writing;
	uint64_t days;
	uint64_t commit_ns;
	struct histogram commit;
};

/**
 * struct archiver_waiter - Somebody who wants to know when records are archived.
 * @link: The archiver's.
 * @stream: Their stream.
 * @first: Number of the first of them.
 * @last: Number of the last.
 * @read: All of them were read, and go with the next commit. The archiver's.
 * @err: 0; -EOVERFLOW some were lost before they could be archived; -ESHUTDOWN the
 *       archiver ends; or what keeps it from writing, which it goes on trying.
 * @done: Called once, when @err is known; by the archiver's thread, or by
 *        archiver_watch() itself.
 */
struct archiver_waiter {
	struct list link;
	uint64_t stream;
	uint64_t first;
	uint64_t last;
	bool read;
	int err;
	void (*done)(struct archiver_waiter *waiter);
};

/**
 * archiver_open() - Begin to archive a channel.
 * @archiverp: Set to it.
 * @channel: The channel, whose source is open; must stay until archiver_close().
 * @settings: How.
 * @strict: An archive that can't be written now is an error; else tried again.
 *
 * Says what is wrong. Return: 0 or a negative errno value.
 */
int archiver_open(struct archiver **archiverp, struct channel *channel,
		  const struct archives *settings, bool strict);

/* Asks it to archive what the ring has, for five seconds at most, and end. */
void archiver_stop(struct archiver *archiver);

/* Waits for that. Both are harmless for NULL. */
void archiver_close(struct archiver *archiver);

const struct archiver_stats *archiver_stats(const struct archiver *archiver);

/* Where the archive ends: what is before record @seq of @stream is committed. */
void archiver_place(struct archiver *archiver, uint64_t *stream, uint64_t *seq);

/* Has waiter->done called when the records it names are archived, or can't be. */
void archiver_watch(struct archiver *archiver, struct archiver_waiter *waiter);

/* Whether it still waited; then it is not called any more. */
bool archiver_unwatch(struct archiver *archiver, struct archiver_waiter *waiter);

/**
 * archiver_wait() - Wait until records are archived, as --sync promises.
 * @channel: Their channel.
 * @stream: Their stream.
 * @first: Number of the first.
 * @last: Number of the last.
 * @timeout_ms: Longest time to wait.
 *
 * Not for a thread with a loop.
 *
 * Return: 0, at once if the channel has no archiver; -ETIMEDOUT; or waiter->err.
 */
int archiver_wait(struct channel *channel, uint64_t stream, uint64_t first,
		  uint64_t last, unsigned int timeout_ms);

#endif /* BRIDGE_ARCHIVER_H */
