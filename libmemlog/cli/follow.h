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
 * @channel: The channel as given with -c, else NULL.
 * @path: Its path.
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
	const char *channel;
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

/* follow_options.c: what stands behind the options is left to the caller. */
void follow_parse(struct follow *follow, int argc, char **argv);
/* Sees to it that a ring file others may write to can't kill us. */
void follow_distrust(struct follow *follow);

/* Begin, show one channel or archive after another, and end with a status. */
void follow_init(struct follow *follow);
void follow_start(struct follow *follow);
void follow_channel(struct follow *follow);
int follow_finish(struct follow *follow);

/* An archive, or a channel with its archive. */
bool follow_is_archive(const struct follow *follow);
void follow_begin(struct follow *follow, struct memlog_reader *reader);
void follow_loss(struct follow *follow, const struct memlog_loss *loss);
bool follow_record(struct follow *follow, const struct memlog_record *rec,
		   const char *text);
void show_backwards(struct follow *follow, struct memlog_reader *reader);

extern const char follow_help[];

#endif /* MEMLOG_CLI_FOLLOW_H */
