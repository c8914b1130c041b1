/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The last N records that a filter lets pass: to find where they begin, all that
 * the ring has is looked at once, from the oldest on. What is remembered is a bit
 * for a record, however many are wanted.
 */
#ifndef BRIDGE_SCAN_TAIL_H
#define BRIDGE_SCAN_TAIL_H

#include "channel.h"
#include "cursor.h"
#include "filter.h"

/**
 * struct scan_tail - A search.
 * @reader: Reads the ring up to what was its end when the search began.
 * @filter: What counts.
 * @want: How many are wanted.
 * @first: Number of the first record that was looked at.
 * @bits: A bit for each record from @first on: whether it counts.
 * @words: How many of them.
 * @deadline_ns: Stop there, and go on in another call.
 */
struct scan_tail {
	struct memlog_reader *reader;
	const struct filter *filter;
	uint64_t want;
	uint64_t first;
	uint64_t *bits;
	size_t words;
	uint64_t deadline_ns;
};

/* Begins to search @channel for the last @want records of those @options name. */
int scan_tail_open(struct scan_tail **tailp, struct channel *channel,
		   const struct memlog_reader_options *options,
		   const struct filter *filter, uint64_t want);
void scan_tail_close(struct scan_tail *tail);

/* Return: 1 @at is where they begin, 0 call again, or a negative errno value. */
int scan_tail_step(struct scan_tail *tail, struct place *at);

#endif /* BRIDGE_SCAN_TAIL_H */
