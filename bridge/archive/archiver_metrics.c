// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>

#include "../channel.h"
#include "../metrics_text.h"
#include "archiver.h"
#include "archiver_metrics.h"

/* What the channel has and the archive has not yet. */
static uint64_t lag(struct channel *channel)
{
	struct memlog_info info = { 0 };
	uint64_t stream, seq;

	archiver_place(channel->archiver, &stream, &seq);
	if (source_info(&channel->source, &info))
		return 0;
	if (stream != info.stream)
		return info.next_seq;
	return info.next_seq > seq ? info.next_seq - seq : 0;
}

static uint64_t seconds(uint64_t ns)
{
	return ns / 1000000000;
}

enum value {
	VALUE_WRITING,
	VALUE_RECORDS,
	VALUE_BYTES,
	VALUE_LAG,
	VALUE_GAPS,
	VALUE_GAP_RECORDS,
	VALUE_GAP_BYTES,
	VALUE_ERRORS,
	VALUE_DAYS,
	VALUE_COMMIT_TIME,
	VALUES,
};

static const struct {
	const char *name;
	const char *type;
	const char *help;
} names[VALUES] = {
	{ "memlog_archive_writing", "gauge", "1 if the archive can be written." },
	{ "memlog_archive_records_total", "counter", "Records archived." },
	{ "memlog_archive_bytes_total", "counter", "Bytes of text in them." },
	{ "memlog_archive_lag_records", "gauge", "Records that are not archived yet." },
	{ "memlog_archive_gaps_total", "counter", "Gaps archived: what the ring lost before." },
	{ "memlog_archive_gap_records_total", "counter", "Records lost in them." },
	{ "memlog_archive_gap_bytes_total", "counter", "Bytes of text in those." },
	{ "memlog_archive_errors_total", "counter", "How often writing or reading failed." },
	{ "memlog_archive_days", "gauge", "Days in the archive." },
	{ "memlog_archive_last_commit_timestamp_seconds", "gauge", "When it was last written." },
};

static uint64_t value_of(struct channel *channel, enum value value)
{
	const struct archiver_stats *stats = archiver_stats(channel->archiver);

	switch (value) {
	case VALUE_WRITING:
		return metrics_get(&stats->writing);
	case VALUE_RECORDS:
		return metrics_get(&stats->records);
	case VALUE_BYTES:
		return metrics_get(&stats->bytes);
	case VALUE_LAG:
		return lag(channel);
	case VALUE_GAPS:
		return metrics_get(&stats->gaps);
	case VALUE_GAP_RECORDS:
		return metrics_get(&stats->gap_records);
	case VALUE_GAP_BYTES:
		return metrics_get(&stats->gap_bytes);
	case VALUE_ERRORS:
		return metrics_get(&stats->errors);
	case VALUE_DAYS:
		return metrics_get(&stats->days);
	default:
		return seconds(metrics_get(&stats->commit_ns));
	}
}

static struct channel *next_archived(struct channels *channels, struct channel *channel)
{
	do
		channel = channels_next(channels, channel);
	while (channel && !channel->archiver);
	return channel;
}

void archiver_metrics(FILE *out, struct channels *channels)
{
	struct channel *first = next_archived(channels, NULL);

	if (!first)
		return;
	for (enum value value = 0; value < VALUES; value++) {
		metrics_head(out, names[value].name, names[value].type, names[value].help);
		for (struct channel *c = first; c; c = next_archived(channels, c))
			fprintf(out, "%s{channel=\"%s\"} %" PRIu64 "\n", names[value].name,
				c->name, value_of(c, value));
	}
	metrics_head(out, "memlog_archive_commit_seconds", "histogram",
		     "How long it took to write a batch.");
	for (struct channel *c = first; c; c = next_archived(channels, c))
		metrics_buckets(out, "memlog_archive_commit_seconds", c->name,
				&archiver_stats(c->archiver)->commit);
}
