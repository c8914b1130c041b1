/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BRIDGE_ARCHIVER_PRIVATE_H
#define BRIDGE_ARCHIVER_PRIVATE_H

#include <pthread.h>

#include "archiver.h"
#include "../channel.h"

#define NSEC_PER_SEC	1000000000ULL

/* Gaps that are remembered for those who ask late. */
#define GAPS		256

/* Cgroups of a batch whose paths are looked for, and a day's that have been. */
#define CGROUPS_NEW	64
#define CGROUPS_SEEN	1024

/**
 * struct archiver_at - A place in a channel.
 * @stream: The stream.
 * @seq: Number of the next record.
 * @pos: Bytes of text before it, if @pos_known.
 * @pos_known: That is known.
 */
struct archiver_at {
	uint64_t stream;
	uint64_t seq;
	uint64_t pos;
	bool pos_known;
};

/**
 * struct archiver_gap - Records that were lost before they could be archived.
 * @stream: Their stream.
 * @from: The first.
 * @to: The last.
 */
struct archiver_gap {
	uint64_t stream;
	uint64_t from;
	uint64_t to;
};

/**
 * struct archiver_cgroups - What is known of a day's cgroups.
 * @date: The day.
 * @seen: Ids that were looked for, each at its hash.
 * @fresh: Ids in the batch that were not.
 * @count: How many.
 * @walk_ns: When all may be walked through again.
 */
struct archiver_cgroups {
	uint32_t date;
	uint64_t seen[CGROUPS_SEEN];
	uint64_t fresh[CGROUPS_NEW];
	unsigned int count;
	uint64_t walk_ns;
};

/**
 * struct archiver - An archiver.
 * @channel: What it archives.
 * @settings: How.
 * @writer: The archive; NULL: it could not be opened.
 * @reader: Reads the channel; NULL: not open.
 * @at: What is in the archive or the batch ends here.
 * @time_ns: Time of the last record.
 * @event: What memlog_next() gave and is still to be put into the batch, 0 nothing.
 * @rec: The record of MEMLOG_RECORD.
 * @text: Its text.
 * @loss: A loss that waits for the record behind it, whose day is its own, if
 *        @lost.
 * @lost: There is one.
 * @behind: The ring was seen to end before the archive of the same stream does.
 * @cgroups: For the file cgroups.
 * @said: The last thing wrong with the channel, 0 nothing.
 * @tick_ns: When to look after the archive again.
 * @expire_ns: When to remove days again.
 * @stop_fd: eventfd that ends the thread's wait.
 * @stop: The thread is to end.
 * @thread: Does all this, and @stats.
 * @stats: How it goes.
 * @lock: Held for what is below.
 * @done: What is committed ends here.
 * @waiters: List of struct archiver_waiter.
 * @gaps: The last ones, number n in slot n % GAPS.
 * @gap_count: How many there were.
 * @ended: No waiter may come any more.
 */
struct archiver {
	struct channel *channel;
	const struct archives *settings;
	struct archive_writer *writer;
	struct memlog_reader *reader;
	struct archiver_at at;
	uint64_t time_ns;
	int event;
	const struct memlog_record *rec;
	const char *text;
	struct memlog_loss loss;
	bool lost;
	bool behind;
	struct archiver_cgroups cgroups;
	int said;
	uint64_t tick_ns;
	uint64_t expire_ns;
	int stop_fd;
	bool stop;
	pthread_t thread;
	struct archiver_stats stats;
	pthread_mutex_t lock;
	struct archiver_at done;
	struct list waiters;
	struct archiver_gap gaps[GAPS];
	unsigned int gap_count;
	bool ended;
};

/* archiver_take.c: from the channel into the batch. */

/* Opens the channel where the archive ends; the batch is empty. 0 or -errno. */
int archiver_open_reader(struct archiver *archiver);
void archiver_close_reader(struct archiver *archiver);

/**
 * enum archiver_taken - Why archiver_take() stopped.
 * @TAKEN_ALL: There is nothing more now.
 * @TAKEN_FULL: The batch is to be committed first.
 * @TAKEN_END: The channel has ended.
 */
enum archiver_taken {
	TAKEN_ALL,
	TAKEN_FULL,
	TAKEN_END,
};

/* Takes what is there. Return: an &enum archiver_taken, or -errno of the channel. */
int archiver_take(struct archiver *archiver);

/* archiver_wait.c: those who wait. */
void archiver_init_waiters(struct archiver *archiver);
/* What is before @at is committed. */
void archiver_committed(struct archiver *archiver);
/* The stream has ended, and all of it is in the batch or the archive. */
void archiver_left_stream(struct archiver *archiver, uint64_t stream);
void archiver_had_gap(struct archiver *archiver, const struct archiver_gap *gap);
/* Nothing can be written, for this reason. */
void archiver_fail_waiters(struct archiver *archiver, int err, bool ended);

/* archiver_cgroups.c: the file cgroups. */
void archiver_saw_cgroup(struct archiver *archiver, uint64_t id);
/* After a commit. */
void archiver_add_cgroups(struct archiver *archiver);

#endif /* BRIDGE_ARCHIVER_PRIVATE_H */
