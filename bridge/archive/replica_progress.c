// SPDX-License-Identifier: GPL-2.0-only
/*
 * How it goes: one line on a terminal while much is still to come, else a line a
 * minute; and series for /metrics.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "../log.h"
#include "modsync_client.h"
#include "replica.h"

#define LINE_MS		60000

/* Fewer records than this behind is as good as none. */
#define BEHIND		1000

/**
 * struct progress - All channels together.
 * @channels: How many.
 * @connected: Of those.
 * @records: Records written.
 * @behind: Records of the days they are in that are not here yet.
 * @days: Days behind, of the one that has most of them.
 */
struct progress {
	unsigned int channels;
	unsigned int connected;
	uint64_t records;
	uint64_t behind;
	int days;
};

static uint64_t records_behind(const struct replica_stats *stats)
{
	uint64_t rows = stat_get(&stats->rows), there = stat_get(&stats->there);

	return stat_get(&stats->connected) && there > rows ? there - rows : 0;
}

static int days_behind(const struct replica_stats *stats)
{
	uint32_t date = (uint32_t)stat_get(&stats->date), newest = (uint32_t)stat_get(&stats->newest);

	if (!stat_get(&stats->connected) || !date || !newest || newest <= date)
		return 0;
	return archive_date_diff(date, newest);
}

static void sum_up(struct replica *replica, struct progress *progress)
{
	struct replica_channel *channel = NULL;

	*progress = (struct progress){ 0 };
	while ((channel = replica_next(replica, channel))) {
		const struct replica_stats *stats = &channel->stats;
		int days = days_behind(stats);

		progress->channels++;
		progress->connected += stat_get(&stats->connected) ? 1 : 0;
		progress->records += stat_get(&stats->records);
		progress->behind += records_behind(stats);
		if (days > progress->days)
			progress->days = days;
	}
}

void replica_progress(struct replica *replica)
{
	static uint64_t last_ms, last_records, line_ms, line_records;
	static bool on_line;
	uint64_t now = replica_clock(), rate;
	struct progress progress;

	if (!line_ms)
		line_ms = now;
	sum_up(replica, &progress);
	rate = last_ms && now > last_ms ? (progress.records - last_records) * 1000 / (now - last_ms) : 0;
	last_ms = now;
	last_records = progress.records;
	if (isatty(STDERR_FILENO) && (progress.days || progress.behind > BEHIND)) {
		fprintf(stderr, "\r%u of %u channels, %" PRIu64 " records/s, %d days and %" PRIu64 " records to go   ",
			progress.connected, progress.channels, rate, progress.days, progress.behind);
		on_line = true;
		return;
	}
	if (on_line)
		fprintf(stderr, "\r%*s\r", 78, "");
	on_line = false;
	if (now - line_ms < LINE_MS)
		return;
	log_error("%u of %u channels connected, %" PRIu64 " records in the last minute, %d days and %" PRIu64 " records behind",
		  progress.connected, progress.channels, progress.records - line_records,
		  progress.days, progress.behind);
	line_ms = now;
	line_records = progress.records;
}

/* How old the newest record here is, while there are others there. */
static uint64_t seconds_behind(const struct replica_stats *stats)
{
	uint64_t row = stat_get(&stats->row_ns) / 1000000000, now = (uint64_t)time(NULL);

	if (!row || now < row || (!records_behind(stats) && !days_behind(stats)))
		return 0;
	return now - row;
}

enum value {
	VALUE_CONNECTED, VALUE_STOPPED, VALUE_CONNECTS, VALUE_RECORDS, VALUE_BYTES,
	VALUE_RECEIVED, VALUE_MISMATCHES, VALUE_REPAIRED, VALUE_LOST_DAYS, VALUE_BEHIND,
	VALUE_DAYS, VALUE_SECONDS, VALUE_ERROR, VALUES,
};

static const struct {
	const char *name;
	const char *type;
	const char *help;
} series[VALUES] = {
	{ "memlog_replica_connected", "gauge", "1 if the channel is connected and what is here was proved." },
	{ "memlog_replica_stopped", "gauge", "1 if it differs from the master's and nothing more is copied." },
	{ "memlog_replica_connects_total", "counter", "Times it was connected." },
	{ "memlog_replica_records_total", "counter", "Records copied." },
	{ "memlog_replica_bytes_total", "counter", "Bytes of them in the files." },
	{ "memlog_replica_received_bytes_total", "counter", "Bytes of them as they came." },
	{ "memlog_replica_mismatches_total", "counter", "Times it differed from the master's." },
	{ "memlog_replica_repaired_days_total", "counter", "Days that were fetched again." },
	{ "memlog_replica_lost_days_total", "counter", "Days whose rest the master had no longer." },
	{ "memlog_replica_behind_records", "gauge", "Records of the day it is in that are not here yet." },
	{ "memlog_replica_behind_days", "gauge", "Days behind the master's newest." },
	{ "memlog_replica_behind_seconds", "gauge", "Age of the newest record here while there are newer ones there." },
	{ "memlog_replica_write_error", "gauge", "What keeps it from writing, as an errno, or 0." },
};

static uint64_t value_of(const struct replica_stats *stats, enum value value)
{
	switch (value) {
	case VALUE_CONNECTED:
		return stat_get(&stats->connected);
	case VALUE_STOPPED:
		return stat_get(&stats->stopped);
	case VALUE_CONNECTS:
		return stat_get(&stats->connects);
	case VALUE_RECORDS:
		return stat_get(&stats->records);
	case VALUE_BYTES:
		return stat_get(&stats->bytes);
	case VALUE_RECEIVED:
		return stat_get(&stats->received);
	case VALUE_MISMATCHES:
		return stat_get(&stats->mismatches);
	case VALUE_REPAIRED:
		return stat_get(&stats->repaired);
	case VALUE_LOST_DAYS:
		return stat_get(&stats->lost_days);
	case VALUE_BEHIND:
		return records_behind(stats);
	case VALUE_DAYS:
		return (uint64_t)days_behind(stats);
	case VALUE_SECONDS:
		return seconds_behind(stats);
	default:
		return stat_get(&stats->error);
	}
}

void replica_metrics(void *arg, FILE *out)
{
	struct replica *replica = arg;
	struct replica_channel *channel;

	for (int i = 0; i < VALUES; i++) {
		fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", series[i].name, series[i].help,
			series[i].name, series[i].type);
		channel = NULL;
		while ((channel = replica_next(replica, channel)))
			fprintf(out, "%s{channel=\"%s\"} %" PRIu64 "\n", series[i].name, channel->name,
				value_of(&channel->stats, (enum value)i));
	}
}
