/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What memlog follow was asked for.
 */
#ifndef MEMLOG_CLI_FOLLOW_H
#define MEMLOG_CLI_FOLLOW_H

#include "filter.h"
#include "format.h"
#include "out.h"

/**
 * struct follow - A reader on its way to standard output.
 * @path: The channel.
 * @options: Where to begin and end, MEMLOG_READ_FOLLOW left out.
 * @live: Go on when all there is was shown.
 * @all: Begin at the oldest record, not at the CLEAR mark.
 * @reverse: The newest first.
 * @wait: Wait for the channel to come into being.
 * @quiet: Only records and losses.
 * @strict: A loss makes the exit status EXIT_LOSS.
 * @max: Records to show at most.
 * @shown: Records shown.
 * @lost_records: Records lost, in all.
 * @lost_bytes: Bytes of text in them.
 * @place: Number of the next record: one more than that of the last.
 * @filter: Which records.
 * @format: How they look.
 * @out: Where they go.
 */
struct follow {
	char path[PATH_MAX];
	struct memlog_reader_options options;
	bool live;
	bool all;
	bool reverse;
	bool wait;
	bool quiet;
	bool strict;
	uint64_t max;
	uint64_t shown;
	uint64_t lost_records;
	uint64_t lost_bytes;
	uint64_t place;
	struct filter filter;
	struct format format;
	struct out out;
};

void follow_parse(struct follow *follow, int argc, char **argv);
void follow_begin(struct follow *follow, struct memlog_reader *reader);
void follow_loss(struct follow *follow, const struct memlog_loss *loss);
bool follow_record(struct follow *follow, const struct memlog_record *rec,
		   const char *text);
void show_backwards(struct follow *follow, struct memlog_reader *reader);

extern const char follow_help[];

#endif /* MEMLOG_CLI_FOLLOW_H */
