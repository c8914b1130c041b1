// SPDX-License-Identifier: GPL-2.0-only
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "census.h"
#include "route.h"
#include "shard.h"
#include "sink.h"

/* So many are told of by each thread; all are counted. */
#define CLIENTS_TOLD	1000

/**
 * struct census - A request that waits.
 * @refs: How many hold it: the connection, and each errand on its way.
 * @origin: The thread that asks.
 * @conn: Waits for the answer; NULL: it is gone. Only @origin looks here.
 * @wsi: The same, for libwebsockets.
 * @channels: Of which channels, NULL-terminated.
 * @missing: Threads that have not told yet.
 * @clients: What they told.
 * @count: How many clients there are.
 */
struct census {
	unsigned int refs;
	struct shard *origin;
	struct conn *conn;
	struct lws *wsi;
	struct channel **channels;
	unsigned int missing;
	json_t *clients;
	size_t count;
};

/**
 * struct question - What one thread is asked.
 * @errand: Brings it there, and back.
 * @census: For that.
 * @clients: What it told.
 * @count: How many it has.
 */
struct question {
	struct errand errand;
	struct census *census;
	json_t *clients;
	size_t count;
};

static void put_census(struct census *census)
{
	if (__atomic_sub_fetch(&census->refs, 1, __ATOMIC_ACQ_REL))
		return;
	json_decref(census->clients);
	free(census->channels);
	free(census);
}

static json_t *client_json(const struct conn *conn)
{
	const struct client *client = conn->client;
	char since[24], at[40], peer[ADDRESS_SIZE];
	uint64_t records, bytes;

	client_lag(client, &records, &bytes);
	address_format(&conn->address, peer);
	snprintf(since, sizeof(since), "%llu", (unsigned long long)conn->since);
	snprintf(at, sizeof(at), "%016llx:%llu", (unsigned long long)client->at.stream,
		 (unsigned long long)client->at.seq);
	return json_pack("{sI ss ss ss ss ss ss sI sI sI sI sI}", "id", (json_int_t)conn->id,
			 "channel", conn->channel->name, "protocol", conn->sink->protocol,
			 "format", formats[client->format]->name, "peer", peer,
			 "since", since, "at", at,
			 "lag_records", (json_int_t)records, "lag_bytes", (json_int_t)bytes,
			 "lost_records", (json_int_t)client->lost_records,
			 "lost_bytes", (json_int_t)client->lost_bytes,
			 "sent_bytes", (json_int_t)conn->sent_bytes);
}

static bool wanted(struct channel *const *channels, const struct channel *channel)
{
	while (*channels && *channels != channel)
		channels++;
	return *channels;
}

static void count_clients(struct question *question, struct shard *shard)
{
	struct list *pos;

	question->clients = json_array();
	list_for_each(pos, &shard->conns) {
		const struct conn *conn = list_entry(pos, struct conn, link);

		if (!conn->client || !conn->client->feed || !conn->channel ||
		    !wanted(question->census->channels, conn->channel))
			continue;
		if (question->count++ < CLIENTS_TOLD)
			json_array_append_new(question->clients, client_json(conn));
	}
}

static void free_question(struct question *question)
{
	json_decref(question->clients);
	put_census(question->census);
	free(question);
}

/* Back in the thread that asked. */
static void take_answer(struct errand *errand, struct shard *shard)
{
	struct question *question = list_entry(errand, struct question, errand);
	struct census *census = question->census;

	json_array_extend(census->clients, question->clients);
	census->count += question->count;
	if (!--census->missing && census->conn)
		lws_callback_on_writable(census->wsi);
	free_question(question);
}

static void ask_shard(struct errand *errand, struct shard *shard)
{
	struct question *question = list_entry(errand, struct question, errand);

	/* who asked may be gone before us */
	if (shard->stopping) {
		free_question(question);
		return;
	}
	count_clients(question, shard);
	errand->run = take_answer;
	shard_send(question->census->origin, errand);
}

static bool send_question(struct census *census, struct shard *shard)
{
	struct question *question = calloc(1, sizeof(*question));

	if (!question)
		return false;
	question->census = census;
	question->errand.run = ask_shard;
	__atomic_fetch_add(&census->refs, 1, __ATOMIC_RELAXED);
	census->missing++;
	shard_send(shard, &question->errand);
	return true;
}

int census_start(struct lws *wsi, struct conn *conn, struct channel **channels)
{
	struct bridge *bridge = conn->shard->bridge;
	struct census *census = calloc(1, sizeof(*census));

	if (!census) {
		free(channels);
		return ANSWER_FAILED;
	}
	*census = (struct census){
		.refs = 1, .origin = conn->shard, .conn = conn, .wsi = wsi,
		.channels = channels, .clients = json_array(),
	};
	conn->census = census;
	for (unsigned int i = 0; i < bridge->shard_count; i++)
		if (!send_question(census, bridge->shards[i]))
			return ANSWER_FAILED;
	return ANSWER_GOES_ON;
}

int census_answer(struct lws *wsi, struct conn *conn)
{
	struct census *census = conn->census;
	json_t *json;

	if (census->missing)
		return ANSWER_GOES_ON;
	json = json_pack("{sO sI}", "clients", census->clients,
			 "count", (json_int_t)census->count);
	census_leave(conn);
	return api_reply_json(wsi, conn, json);
}

void census_leave(struct conn *conn)
{
	if (!conn->census)
		return;
	conn->census->conn = NULL;
	put_census(conn->census);
	conn->census = NULL;
}
