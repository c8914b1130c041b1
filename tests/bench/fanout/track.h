/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What one client was given, was told as lost, and was not told: together, what
 * was written.
 */
#ifndef FANOUT_TRACK_H
#define FANOUT_TRACK_H

#include <stdbool.h>
#include <stdint.h>

#include "histogram.h"

/**
 * struct track - A client's account.
 * @first: Number of the first record it was given.
 * @next: One more than the last one's.
 * @delivered: Records.
 * @lost: Records it was told it has missed.
 * @lost_early: Those among them told before the first one came.
 * @told: Those among them told since the last record.
 * @missing: Records it should have had, and was told nothing of.
 */
struct track {
	uint64_t first;
	uint64_t next;
	uint64_t delivered;
	uint64_t lost;
	uint64_t lost_early;
	uint64_t told;
	uint64_t missing;
};

/**
 * struct totals - All clients' account.
 * @latency: From the write to the client's having read it.
 * @delivered: Records.
 * @lost: Records told as lost.
 * @missing: Records neither delivered nor told as lost.
 * @late: Records that were still to come when nobody waited any longer.
 * @wrong: Things that must not be: twice the same, loss told that was none,
 *         bytes that are no record.
 * @first_wrong: The first of those.
 */
struct totals {
	struct histogram latency;
	uint64_t delivered;
	uint64_t lost;
	uint64_t missing;
	uint64_t late;
	uint64_t wrong;
	char first_wrong[200];
};

extern struct totals totals;

void wrong(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/**
 * track_record() - A record came.
 * @track: Whose.
 * @seq: Its number.
 * @latency: What it took, in nanoseconds.
 */
void track_record(struct track *track, uint64_t seq, uint64_t latency);

/**
 * track_lost() - A loss was told.
 * @track: Whose.
 * @records: How many.
 * @bytes: Of text in them; UINT64_MAX: not said.
 */
void track_lost(struct track *track, uint64_t records, uint64_t bytes);

/* Whether everything up to record @last is accounted for. */
bool track_complete(const struct track *track, uint64_t last);

/**
 * track_close() - The end.
 * @track: Whose.
 * @first: Number of the first record written while it was there.
 * @last: Of the last one.
 * @flowing: Records were still coming: those behind the last one are late, not
 *           missing.
 */
void track_close(struct track *track, uint64_t first, uint64_t last, bool flowing);

#endif /* FANOUT_TRACK_H */
