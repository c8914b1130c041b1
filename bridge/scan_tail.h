/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The last N records that a filter lets pass: to find where they begin, all that
 * the ring has is looked at once, from the oldest on.
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
 * @places: Where the last of those were, number n in slot n % @room.
 * @room: How many fit; grows up to @want.
 * @want: How many are wanted.
 * @found: How many there were.
 * @deadline_ns: Stop there, and go on in another call.
 */
struct scan_tail {
	struct memlog_reader *reader;
	const struct filter *filter;
	struct place *places;
	size_t room;
	size_t want;
	uint64_t found;
	uint64_t deadline_ns;
};

/* Begins to search @channel for the last @want records of those @options name. */
int scan_tail_open(struct scan_tail **tailp, struct channel *channel,
		   const struct memlog_reader_options *options,
		   const struct filter *filter, size_t want);
void scan_tail_close(struct scan_tail *tail);

/* Return: 1 @at is where they begin, 0 call again, or a negative errno value. */
int scan_tail_step(struct scan_tail *tail, struct place *at);

#endif /* BRIDGE_SCAN_TAIL_H */
