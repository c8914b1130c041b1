// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is served, and to whom.
 */
#include <jansson.h>
#include <stdio.h>

#include "archive/archiver.h"
#include "route.h"
#include "token.h"

static const char *type_of(const struct source *source)
{
	if (source->type == &source_embedded)
		return "embedded";
	if (source_is_archive(source))
		return "archive";
	if (source->ring)
		return "tail";
	return source_is_device(source) ? "device" : "ring";
}

/* Where its archive is, NULL if this process writes none. */
static json_t *archive_json(struct channel *channel)
{
	const struct archiver_stats *stats;
	uint64_t stream, seq;
	char name[17];

	if (!channel->archiver)
		return NULL;
	stats = archiver_stats(channel->archiver);
	archiver_place(channel->archiver, &stream, &seq);
	snprintf(name, sizeof(name), "%016llx", (unsigned long long)stream);
	return json_pack("{sb ss sI sI}", "writing", (int)metrics_get(&stats->writing),
			 "stream", name, "next", (json_int_t)seq,
			 "days", (json_int_t)metrics_get(&stats->days));
}

static json_t *channel_json(struct channel *channel)
{
	struct memlog_info info = { 0 };
	char stream[17];
	int err = source_info(&channel->source, &info);

	if (err)
		return json_pack("{ss ss sn si sb so*}", "name", channel->name, "type",
				 type_of(&channel->source), "stream", "clients",
				 (int)counter_get(&channel->clients),
				 "sync", channel->archive != NULL,
				 "archive", archive_json(channel));
	snprintf(stream, sizeof(stream), "%016llx", (unsigned long long)info.stream);
	return json_pack("{ss ss ss sI sI sI sI sI sI sb so*}", "name", channel->name,
			 "type", type_of(&channel->source), "stream", stream,
			 "oldest", (json_int_t)info.oldest_seq,
			 "next", (json_int_t)info.next_seq,
			 "bytes", (json_int_t)(info.next_pos - info.oldest_pos),
			 "size", (json_int_t)info.text_size,
			 "records", (json_int_t)(info.next_seq - info.oldest_seq),
			 "clients", (json_int_t)counter_get(&channel->clients),
			 "sync", channel->archive != NULL,
			 "archive", archive_json(channel));
}

int api_channels(struct lws *wsi, struct conn *conn, const struct request *request)
{
	struct channel *channel = NULL;
	json_t *array;
	struct reply refused;

	if (!token_known(wsi, conn, &refused))
		return request_reply(wsi, conn, &refused);
	array = json_array();
	while ((channel = channels_next(&conn->shard->bridge->channels, channel)))
		if (token_allows(wsi, conn, AUTH_READ, channel->name, NULL) ||
		    token_allows(wsi, conn, AUTH_SYNC, channel->name, NULL))
			json_array_append_new(array, channel_json(channel));
	return api_reply_json(wsi, conn, json_pack("{so}", "channels", array));
}
