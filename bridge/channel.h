/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Channels: the names that clients ask for, and where their records come from.
 * One table for all threads; a channel, once there, stays until the end.
 */
#ifndef BRIDGE_CHANNEL_H
#define BRIDGE_CHANNEL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "archive/committed.h"
#include "source.h"

struct archiver;
struct archives;
#define CHANNEL_NAME_MAX	63

/* Streams of a channel that have ended and whose ends are remembered. */
#define CHANNEL_PAST		8

/**
 * struct past - The end of a stream.
 * @stream: Which.
 * @seq: Number its next record would have had.
 * @pos: The same in bytes of text.
 */
struct past {
	uint64_t stream;
	uint64_t seq;
	uint64_t pos;
};

/**
 * struct channel - A named ring.
 * @next: The next one in the table; read with channels_next().
 * @name: Its name.
 * @source: Where its records come from.
 * @archive: Folder of its archive, also where that is its source; NULL: it has none.
 *           Set before the channel is in the table.
 * @archiver: Writes that; NULL: nobody, or another program. Set likewise, or before
 *            there are other threads.
 * @committed: How far that is committed, if this process writes it.
 * @lock: Held for @past and @past_count.
 * @past: The last streams that ended here, number n in slot n % CHANNEL_PAST.
 * @past_count: How many ended in all.
 * @clients: Followers, in all threads.
 * @sent_records: Records given to clients, counted once for each.
 * @sent_bytes: Bytes given to clients, as encoded.
 * @lost_records: Records that clients were told as lost, counted likewise.
 * @lost_bytes: The same in bytes of text, where that is known.
 */
struct channel {
	struct channel *next;
	char name[CHANNEL_NAME_MAX + 1];
	struct source source;
	char *archive;
	struct archiver *archiver;
	struct committed committed;
	pthread_mutex_t lock;
	struct past past[CHANNEL_PAST];
	unsigned int past_count;
	uint64_t clients;
	uint64_t sent_records;
	uint64_t sent_bytes;
	uint64_t lost_records;
	uint64_t lost_bytes;
};

/**
 * struct channels - The table.
 * @first: List of struct channel, in the order they were added.
 * @archives: Which of them are archived; NULL: none.
 * @lock: Held to add one.
 */
struct channels {
	struct channel *first;
	struct archives *archives;
	pthread_mutex_t lock;
};

void channels_init(struct channels *channels);

/* No reader of a channel may be left. */
void channels_uninit(struct channels *channels);

/* Adds a channel; says what is wrong itself. -EINVAL is the user's mistake. */
int channels_add(struct channels *channels, const char *name, const char *value);

/*
 * Opens a reader of the channel: of its ring and, where that has no longer what is
 * asked for, of its archive. Reads the disk: not for a loop.
 */
int channel_reader(struct channel *channel, struct memlog_reader **readerp,
		   const struct memlog_reader_options *options);

/* The channel behind @channel, the first one for NULL; NULL at the end. */
struct channel *channels_next(const struct channels *channels,
			      const struct channel *channel);

/* A channel by name; "" is the one named memlog, else the only one. */
struct channel *channels_find(const struct channels *channels, const char *name);

/* Whether @name can be a channel's. */
bool channel_name_ok(const char *name);

/* Remembers the end of a stream. */
void channel_add_past(struct channel *channel, const struct past *past);

/* The end of @stream, if it is known. */
bool channel_find_past(struct channel *channel, uint64_t stream, struct past *past);

/* Counters of all threads: added to and read without a lock. */
static inline void counter_add(uint64_t *counter, uint64_t n)
{
	__atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
}

static inline uint64_t counter_get(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

#endif /* BRIDGE_CHANNEL_H */
