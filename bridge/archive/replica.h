/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memlog-replica: archives that are copied from another host, and served here. Each
 * channel has a thread, which is all that writes its archive; see SYNC.md for what
 * it says and hears.
 */
#ifndef BRIDGE_REPLICA_H
#define BRIDGE_REPLICA_H

#include <archive/writer.h>
#include <pthread.h>
#include <stdio.h>

#include "../bridge.h"
#include "committed.h"
#include "replica_link.h"

/**
 * struct replica_options - What the command line says besides the bridge's options.
 * @from: Where it all comes from.
 * @url: The same, as given.
 * @dir: Folder of the channels' folders.
 * @channels: Names; none: all that may be copied.
 * @history: Days to get at first, before the newest; -1: all.
 * @keep_days: As of archive_expire().
 * @max_bytes: Likewise, for a channel.
 * @repair: Get days again that differ.
 * @sync: As of struct archive_options.
 * @modsync: It comes from a go-modsynclog server.
 * @modsync_flag: As of struct modsync_client_options, 0: the default.
 */
struct replica_options {
	struct replica_from from;
	const char *url;
	const char *dir;
	const char *channels[256];
	size_t channel_count;
	long history;
	unsigned int keep_days;
	uint64_t max_bytes;
	bool repair;
	enum archive_sync sync;
	bool modsync;
	uint32_t modsync_flag;
};

/**
 * struct replica_stats - How it goes; read by others without a lock.
 * @connected: 1: it is, and all was proved.
 * @stopped: 1: it differs, and nothing is done about that.
 * @connects: Times it was connected.
 * @records: Rows written.
 * @bytes: Bytes of them as they came, decompressed.
 * @received: The same, as sent.
 * @mismatches: Times it differed.
 * @repaired: Days that were got again.
 * @lost_days: Days whose rest the master had no longer.
 * @date: The day it is in.
 * @rows: Rows of it here.
 * @there: Rows of it there.
 * @newest: Newest day there.
 * @row_ns: Time of the newest row here.
 * @committed: Commits since the archive was opened.
 * @error: What keeps it from writing, or 0.
 */
struct replica_stats {
	uint64_t connected;
	uint64_t stopped;
	uint64_t connects;
	uint64_t records;
	uint64_t bytes;
	uint64_t received;
	uint64_t mismatches;
	uint64_t repaired;
	uint64_t lost_days;
	uint64_t date;
	uint64_t rows;
	uint64_t there;
	uint64_t newest;
	uint64_t row_ns;
	uint64_t committed;
	uint64_t error;
};

static inline void stat_set(uint64_t *stat, uint64_t value)
{
	__atomic_store_n(stat, value, __ATOMIC_RELAXED);
}

static inline uint64_t stat_get(const uint64_t *stat)
{
	return __atomic_load_n(stat, __ATOMIC_RELAXED);
}

/**
 * struct replica_channel - A channel that is copied.
 * @next: The next one.
 * @replica: The program.
 * @name: Its name, which was checked.
 * @dir: Folder of its archive.
 * @thread: Does all of it, and writes all below.
 * @writer: The archive; NULL: not open.
 * @committed: How far that is, of the channel as it is served; NULL: not yet.
 * @said: The last thing that was wrong, so that it is said once.
 * @expire_ms: When to remove days again.
 * @sync_ms: When to sync again.
 * @backoff_ms: How long to wait before the next attempt.
 * @stats: How it goes.
 */
struct replica_channel {
	struct replica_channel *next;
	struct replica *replica;
	char name[SYNC_NAME_MAX + 1];
	char *dir;
	pthread_t thread;
	struct archive_writer *writer;
	struct committed *committed;
	char said[256];
	uint64_t expire_ms;
	uint64_t sync_ms;
	uint64_t backoff_ms;
	struct replica_stats stats;
};

/**
 * struct replica - The program.
 * @options: The command line.
 * @bridge: Serves what it has.
 * @channels: List of struct replica_channel; one thread adds.
 * @thread: Finds channels, and says how it goes.
 * @started: It runs.
 * @stop: All threads are to end.
 * @failed: No channel is left that could be copied.
 * @modsync: Copies from a go-modsynclog server, in place of all that.
 */
struct replica {
	struct replica_options options;
	struct bridge *bridge;
	struct replica_channel *channels;
	pthread_t thread;
	bool started;
	bool stop;
	bool failed;
	struct modsync_client *modsync;
};

static inline bool replica_stopping(const struct replica *replica)
{
	return __atomic_load_n(&replica->stop, __ATOMIC_RELAXED);
}

static inline struct replica_channel *replica_next(struct replica *replica,
						   struct replica_channel *channel)
{
	return __atomic_load_n(channel ? &channel->next : &replica->channels,
			       __ATOMIC_ACQUIRE);
}

/* Milliseconds of a clock that is not set. */
uint64_t replica_clock(void);

/* Waits, or ends early because all is to end. */
void replica_sleep(const struct replica *replica, uint64_t ms);

/* replica_options.c: -1 go on with @serve_argv; else the exit status. */
int replica_options_parse(struct replica_options *options, int argc, char **argv,
			  int *serve_argc, char ***serve_argv);

/* replica_list.c: begins to copy; and the thread that finds what. Exit statuses. */
int replica_start(struct replica *replica);
void replica_stop(struct replica *replica);

/* replica_channel.c: the thread of a channel. */
int replica_channel_start(struct replica *replica, const char *name);
void replica_channel_join(struct replica_channel *channel);

/* Says what is wrong with a channel, unless that was said last. */
void replica_say(struct replica_channel *channel, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Opens and closes the archive. 0 or -errno, which was said. */
int replica_open_writer(struct replica_channel *channel);
void replica_close_writer(struct replica_channel *channel);

/* Tells those who are sent the archive how far it is. Return: further than before? */
bool replica_tell(struct replica_channel *channel);

/* Removes days that are too many, from time to time. */
void replica_expire(struct replica_channel *channel, bool now);

/*
 * replica_differ.c: finds and names the first record of @date that differs. Return:
 * false: there is none, or it can't be found out now.
 */
bool replica_differ(struct replica_channel *channel, uint32_t date);

/* replica_repair.c: gets @date again. 0, or -errno and it was said. */
int replica_repair(struct replica_channel *channel, uint32_t date);
/*
 * Takes up, or away, what a repair has left that was killed; only who writes the
 * archive may. Return: whether there was something.
 */
bool replica_mend(struct replica_channel *channel);

/* replica_progress.c: called once a second; and /metrics. */
void replica_progress(struct replica *replica);
void replica_metrics(void *arg, FILE *out);

#endif /* BRIDGE_REPLICA_H */
