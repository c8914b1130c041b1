// SPDX-License-Identifier: GPL-2.0-only
/*
 * /metrics, in the text format of Prometheus. A channel has series, a client
 * has none: there can be any number of those.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "archive/archiver_metrics.h"
#include "metrics_text.h"
#include "route.h"
#include "token.h"

static void bridge_metrics(FILE *out, struct bridge *bridge)
{
	struct metrics *m = &bridge->metrics;

	metrics_head(out, "memlog_bridge_build_info", "gauge", "The version that runs.");
	fprintf(out, "memlog_bridge_build_info{version=\"%s\"} 1\n", BRIDGE_VERSION);
	metrics_one(out, "memlog_bridge_clients", "gauge", "Connections and HTTP/2 streams there are.",
	    limits_clients(&bridge->limits));
	metrics_one(out, "memlog_bridge_max_clients", "gauge", "How many there may be.",
	    bridge->limits.max_clients);
	metrics_one(out, "memlog_bridge_connections_total", "counter",
	    "Connections and HTTP/2 streams let in.", metrics_get(&bridge->conn_ids));
	metrics_one(out, "memlog_bridge_refused_connections_total", "counter",
	    "Those turned away, being too many.", metrics_get(&bridge->limits.refused));
	metrics_one(out, "memlog_bridge_wrong_tokens_total", "counter", "Tokens that nobody has.",
	    metrics_get(&bridge->limits.wrong));
	metrics_head(out, "memlog_bridge_http_responses_total", "counter", "Answers, by class of status.");
	for (int i = 0; i < 5; i++)
		fprintf(out, "memlog_bridge_http_responses_total{class=\"%dxx\"} %" PRIu64 "\n",
			i + 1, metrics_get(&m->responses[i]));
	metrics_histogram(out, "memlog_bridge_delivery_seconds",
		  "From a record's time to when its batch is given to clients.", &m->delivery);
	metrics_histogram(out, "memlog_bridge_round_seconds",
		  "One round of reading, encoding and giving out.", &m->round);
	metrics_histogram(out, "memlog_bridge_request_seconds",
		  "From a request to its answer, without streams of records.", &m->request);
}

enum value {
	VALUE_READABLE,
	VALUE_CLIENTS,
	VALUE_SENT_RECORDS,
	VALUE_SENT_BYTES,
	VALUE_LOST_RECORDS,
	VALUE_LOST_BYTES,
	VALUE_WRITTEN_RECORDS,
	VALUE_WRITTEN_BYTES,
	VALUE_KEPT_RECORDS,
	VALUE_KEPT_BYTES,
	VALUE_SIZE_BYTES,
	VALUES,
};

static const struct {
	const char *name;
	const char *type;
	const char *help;
} channel_metrics[VALUES] = {
	{ "memlog_channel_readable", "gauge", "1 if the channel can be read." },
	{ "memlog_channel_clients", "gauge", "Clients that follow it." },
	{ "memlog_channel_sent_records_total", "counter", "Records given to clients." },
	{ "memlog_channel_sent_bytes_total", "counter", "Bytes of them, as encoded." },
	{ "memlog_channel_lost_records_total", "counter", "Records clients were told as lost." },
	{ "memlog_channel_lost_bytes_total", "counter", "Bytes of text in them." },
	{ "memlog_channel_written_records_total", "counter", "Records ever written." },
	{ "memlog_channel_written_bytes_total", "counter", "Bytes of text in them." },
	{ "memlog_channel_kept_records", "gauge", "Records the ring holds." },
	{ "memlog_channel_kept_bytes", "gauge", "Bytes of text in them." },
	{ "memlog_channel_size_bytes", "gauge", "Most bytes of text it holds." },
};

static void channel_values(struct channel *channel, uint64_t values[VALUES])
{
	struct memlog_info info = { 0 };

	values[VALUE_READABLE] = !source_info(&channel->source, &info);
	values[VALUE_CLIENTS] = counter_get(&channel->clients);
	values[VALUE_SENT_RECORDS] = counter_get(&channel->sent_records);
	values[VALUE_SENT_BYTES] = counter_get(&channel->sent_bytes);
	values[VALUE_LOST_RECORDS] = counter_get(&channel->lost_records);
	values[VALUE_LOST_BYTES] = counter_get(&channel->lost_bytes);
	values[VALUE_WRITTEN_RECORDS] = info.next_seq;
	values[VALUE_WRITTEN_BYTES] = info.next_pos;
	values[VALUE_KEPT_RECORDS] = info.next_seq - info.oldest_seq;
	values[VALUE_KEPT_BYTES] = info.next_pos - info.oldest_pos;
	values[VALUE_SIZE_BYTES] = info.text_size;
}

/* All of one name together, as the format wants it. */
static void channels_metrics(FILE *out, struct channels *channels)
{
	struct channel *channel = NULL;
	uint64_t (*values)[VALUES];
	size_t count = 0, n;

	while ((channel = channels_next(channels, channel)))
		count++;
	values = calloc(count, sizeof(*values));
	if (!values)
		return;
	for (n = 0; n < count && (channel = channels_next(channels, channel)); n++)
		channel_values(channel, values[n]);
	for (int value = 0; value < VALUES; value++) {
		metrics_head(out, channel_metrics[value].name, channel_metrics[value].type,
		     channel_metrics[value].help);
		channel = NULL;
		for (n = 0; n < count && (channel = channels_next(channels, channel)); n++)
			fprintf(out, "%s{channel=\"%s\"} %" PRIu64 "\n",
				channel_metrics[value].name, channel->name, values[n][value]);
	}
	free(values);
}

static void process_metrics(FILE *out)
{
	unsigned long size = 0, resident = 0;
	struct rusage usage;
	FILE *statm = fopen("/proc/self/statm", "re");

	if (statm) {
		if (fscanf(statm, "%lu %lu", &size, &resident) != 2)
			resident = 0;
		fclose(statm);
	}
	metrics_one(out, "process_resident_memory_bytes", "gauge", "Memory in use.",
	    (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE));
	getrusage(RUSAGE_SELF, &usage);
	metrics_head(out, "process_cpu_seconds_total", "counter", "Processor time used.");
	fprintf(out, "process_cpu_seconds_total %.6f\n",
		(double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
}

int api_metrics(struct lws *wsi, struct conn *conn, const struct request *request)
{
	struct bridge *bridge = conn->shard->bridge;
	struct reply reply = {
		.status = HTTP_STATUS_OK, .type = "text/plain; version=0.0.4; charset=utf-8",
		.owned = true,
	};
	struct reply refused;
	char *text = NULL;
	size_t len = 0;
	FILE *out;

	if (!token_allows(wsi, conn, AUTH_READ, "", &refused))
		return request_reply(wsi, conn, &refused);
	out = open_memstream(&text, &len);
	if (!out)
		return ANSWER_FAILED;
	bridge_metrics(out, bridge);
	channels_metrics(out, &bridge->channels);
	archiver_metrics(out, &bridge->channels);
	if (bridge->more_metrics)
		bridge->more_metrics(bridge->more_arg, out);
	process_metrics(out);
	if (fclose(out)) {
		free(text);
		return ANSWER_FAILED;
	}
	reply.body = text;
	reply.len = len;
	return request_reply(wsi, conn, &reply);
}
