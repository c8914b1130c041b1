// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who follows what, and how far behind.
 */
#include <jansson.h>
#include <stdio.h>

#include "route.h"
#include "sink.h"
#include "token.h"

/* So many are told of; all are counted. */
#define CLIENTS_TOLD	1000

static json_t *client_json(const struct conn *conn, const struct memlog_info *info)
{
	const struct client *client = conn->client;
	char since[24], at[40], peer[ADDRESS_SIZE];
	uint64_t records = 0, bytes = 0;

	if (client->at.stream == info->stream && client->at.seq < info->next_seq) {
		records = info->next_seq - client->at.seq;
		bytes = info->next_pos - client->at.pos;
	}
	address_format(&conn->address, peer);
	snprintf(since, sizeof(since), "%llu", (unsigned long long)conn->since);
	snprintf(at, sizeof(at), "%016llx:%llu", (unsigned long long)client->at.stream,
		 (unsigned long long)client->at.seq);
	return json_pack("{sI ss ss ss ss ss ss sI sI sI}", "id", (json_int_t)conn->id,
			 "channel", conn->channel->name, "protocol", conn->sink->protocol,
			 "format", formats[client->format]->name, "peer", peer,
			 "since", since, "at", at,
			 "lag_records", (json_int_t)records, "lag_bytes", (json_int_t)bytes,
			 "sent_bytes", (json_int_t)conn->sent_bytes);
}

/* Those of one channel. Return: how many there are. */
static size_t add_channel(json_t *array, struct shard *shard, struct channel *channel)
{
	struct memlog_info info = { 0 };
	struct list *pos;
	size_t count = 0;

	if (!counter_get(&channel->clients))
		return 0;
	if (source_info(&channel->source, &info))
		info.stream = 0;
	list_for_each(pos, &shard->conns) {
		const struct conn *conn = list_entry(pos, struct conn, link);

		if (conn->channel != channel || !conn->client || !conn->client->feed)
			continue;
		count++;
		if (json_array_size(array) < CLIENTS_TOLD)
			json_array_append_new(array, client_json(conn, &info));
	}
	return count;
}

int api_clients(struct lws *wsi, struct conn *conn, const struct request *request)
{
	struct channel *channel = NULL;
	struct reply refused;
	size_t count = 0;
	json_t *array;

	if (!token_known(wsi, conn, &refused))
		return request_reply(wsi, conn, &refused);
	array = json_array();
	while ((channel = channels_next(&conn->shard->bridge->channels, channel)))
		if (token_allows(wsi, conn, AUTH_READ, channel->name, NULL))
			count += add_channel(array, conn->shard, channel);
	return api_reply_json(wsi, conn, json_pack("{so sI}", "clients", array,
						   "count", (json_int_t)count));
}
