// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "sink.h"

static const struct sink *const sinks[] = {
	&sink_sync,
	&sink_ws,
	&sink_records,
	&sink_sse,
};

#define SINKS	(sizeof(sinks) / sizeof(sinks[0]))

const struct sink *sink_find(const char *path, const char *subprotocol, const char **channel)
{
	for (size_t i = 0; i < SINKS; i++) {
		size_t len = sinks[i]->path ? strlen(sinks[i]->path) : 0;

		if (!len || strncmp(path, sinks[i]->path, len))
			continue;
		if (sinks[i]->subprotocol && strcmp(sinks[i]->subprotocol, subprotocol))
			continue;
		*channel = path + len;
		if (!path[len])
			return sinks[i];
		if (path[len] == '/' && path[len + 1]) {
			++*channel;
			return sinks[i];
		}
	}
	return NULL;
}

size_t sink_session_size(void)
{
	size_t size = 0;

	for (size_t i = 0; i < SINKS; i++)
		if (sinks[i]->session_size > size)
			size = sinks[i]->session_size;
	return size;
}

void sink_tick_all(struct shard *shard)
{
	for (size_t i = 0; i < SINKS; i++)
		if (sinks[i]->tick)
			sinks[i]->tick(shard);
}

void sink_stop_all(struct shard *shard)
{
	for (size_t i = 0; i < SINKS; i++)
		if (sinks[i]->stop)
			sinks[i]->stop(shard);
}
