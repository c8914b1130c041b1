/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ways to hand a record to another process that memlog is compared with,
 * all of them by write(2) and read(2).
 */
#ifndef TESTS_BENCH_PEER_H
#define TESTS_BENCH_PEER_H

#include <sys/types.h>

#include "bench.h"

struct channel;

/**
 * struct peer - One of them.
 * @name: As the tables call it.
 * @open: Make ch->wr and ch->rd; O_NONBLOCK or 0.
 * @reader: One reader more: a file descriptor.
 * @drain: Read up to so many records from ch->rd; how many it got.
 * @ring: memlog: size of the ring.
 * @max_len: Longest record it takes, 0: no limit.
 * @copies: Each reader gets each record; else they share them.
 * @messages: One read gives one record.
 * @batch_only: Differs from the one before only in @drain.
 */
struct peer {
	const char *name;
	void (*open)(struct channel *ch, int flags);
	int (*reader)(const struct channel *ch, int flags);
	unsigned int (*drain)(struct channel *ch, unsigned int n);
	size_t ring;
	size_t max_len;
	bool copies;
	bool messages;
	bool batch_only;
};

/**
 * struct channel - One of them, open, with records of one length.
 * @peer: Which.
 * @wr: Its writing end.
 * @rd: Its reading end, -1 if it has none.
 * @len: Bytes of a record.
 * @batch: Records that fit it, and one read.
 * @text: The record, a line.
 * @written: Records written.
 * @delivered: Records read.
 */
struct channel {
	const struct peer *peer;
	int wr;
	int rd;
	size_t len;
	unsigned int batch;
	char text[4096];
	uint64_t written;
	uint64_t delivered;
};

extern const struct peer peer_null;
extern const struct peer peer_memlog;		/* ring of the default size */
extern const struct peer peer_memlog_large;	/* 1 MB */
extern const struct peer peer_pipe;
extern const struct peer peer_fifo;
extern const struct peer peer_datagram;
extern const struct peer peer_datagram_many;	/* recvmmsg(2) */
extern const struct peer peer_kmsg;

/* All of them, NULL at the end; in a quick run those that bounds name. */
const struct peer *const *peers(void);
void peers_init(void);

bool channel_takes(const struct peer *peer, size_t len);
void channel_open(struct channel *ch, const struct peer *peer, size_t len, int flags);
void channel_close(struct channel *ch);
void channel_write(struct channel *ch);
unsigned int channel_drain(struct channel *ch, unsigned int n);
double channel_delivered(const struct channel *ch);

/* A cost_fn each, on a channel: writes, which someone reads when it is full. */
uint64_t channel_time_writes(void *arg, unsigned int ops);
/* The same, and reading them counts. */
uint64_t channel_time_batches(void *arg, unsigned int ops);
/* How many of them make a repetition. */
unsigned int channel_ops(const struct channel *ch);

#endif /* TESTS_BENCH_PEER_H */
