// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is served, and to whom.
 */
#include <jansson.h>
#include <stdio.h>

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

static json_t *channel_json(struct channel *channel)
{
	struct memlog_info info = { 0 };
	char stream[17];
	int err = source_info(&channel->source, &info);

	if (err)
		return json_pack("{ss ss sn si}", "name", channel->name, "type",
				 type_of(&channel->source), "stream", "clients",
				 (int)counter_get(&channel->clients));
	snprintf(stream, sizeof(stream), "%016llx", (unsigned long long)info.stream);
	return json_pack("{ss ss ss sI sI sI sI sI sI}", "name", channel->name,
			 "type", type_of(&channel->source), "stream", stream,
			 "oldest", (json_int_t)info.oldest_seq,
			 "next", (json_int_t)info.next_seq,
			 "bytes", (json_int_t)(info.next_pos - info.oldest_pos),
			 "size", (json_int_t)info.text_size,
			 "records", (json_int_t)(info.next_seq - info.oldest_seq),
			 "clients", (json_int_t)counter_get(&channel->clients));
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
		if (token_allows(wsi, conn, AUTH_READ, channel->name, NULL))
			json_array_append_new(array, channel_json(channel));
	return api_reply_json(wsi, conn, json_pack("{so}", "channels", array));
}
