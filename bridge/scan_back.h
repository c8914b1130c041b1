/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The last N records that a filter lets pass, of a channel with an archive: that
 * may be long, so it is looked at backwards, a stretch at a time, each twice as long
 * as the one before. Counting first and finding then takes no memory, however many
 * are wanted.
 */
#ifndef BRIDGE_SCAN_BACK_H
#define BRIDGE_SCAN_BACK_H

#include "channel.h"
#include "cursor.h"
#include "filter.h"

/**
 * struct scan_back - A search.
 * @channel: Where.
 * @options: What was asked for.
 * @filter: What counts.
 * @want: How many are wanted.
 * @reader: Reads a stretch; NULL: the next one is to be opened.
 * @reach: The stretch begins so many records before the end.
 * @begin: Where it begins.
 * @limit: Where it ends: the one before began there. Of stream 0: at the end.
 * @oldest: Where all begins that may count.
 * @end: Where the first stretch ended.
 * @hits: The oldest stretch in which something counts; of stream 0: none.
 * @count: How many count in this stretch.
 * @total: How many do in those before.
 * @finding: It is known in which stretch they begin, at @hits;
 * @skip: so many that count come before.
 * @deadline_ns: Stop there, and go on in another call.
 */
struct scan_back {
	struct channel *channel;
	struct memlog_reader_options options;
	const struct filter *filter;
	uint64_t want;
	struct memlog_reader *reader;
	uint64_t reach;
	struct place begin;
	struct place limit;
	struct place oldest;
	struct place end;
	struct place hits;
	uint64_t count;
	uint64_t total;
	bool finding;
	uint64_t skip;
	uint64_t deadline_ns;
};

/* Begins to search @channel for the last @want records of those @options name. */
int scan_back_open(struct scan_back **backp, struct channel *channel,
		   const struct memlog_reader_options *options,
		   const struct filter *filter, uint64_t want);
void scan_back_close(struct scan_back *back);

/* Return: 1 @at is where they begin, 0 call again, or a negative errno value. */
int scan_back_step(struct scan_back *back, struct place *at);

#endif /* BRIDGE_SCAN_BACK_H */
