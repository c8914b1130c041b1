// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "../log.h"
#include "modsync.h"
#include "modsync_server.h"

/* The channel memlog if that is archived, else the only one that is. */
static struct channel *find_default(const struct channels *channels)
{
	struct channel *channel = NULL, *only = NULL;
	unsigned int count = 0;

	while ((channel = channels_next(channels, channel))) {
		if (!channel->archive)
			continue;
		if (!strcmp(channel->name, "memlog"))
			return channel;
		only = channel;
		count++;
	}
	if (count == 1)
		return only;
	log_error(count ? "modsync-listen-insecure: %u channels are archived; name one with --modsync-channel" :
		  "modsync-listen-insecure: no channel is archived; give --archive NAME=DIR", count);
	return NULL;
}

static struct channel *find_channel(const struct bridge *bridge)
{
	const char *name = bridge->options.modsync_channel;
	struct channel *channel;

	if (!name)
		return find_default(&bridge->channels);
	channel = channels_find(&bridge->channels, name);
	if (channel && channel->archive)
		return channel;
	log_error(channel ? "modsync-channel %s: it is not archived; give --archive %s=DIR" :
		  "modsync-channel %s: there is no such channel", name, name);
	return NULL;
}

int modsync_open(struct bridge *bridge)
{
	struct modsync_server_options options = {
		.listen = &bridge->options.modsync_listen,
		.flag = bridge->options.modsync_flag,
		.local = bridge->options.archive_zone &&
			 !strcmp(bridge->options.archive_zone, "local"),
	};
	struct channel *channel;

	if (!options.listen->count)
		return 0;
	channel = find_channel(bridge);
	if (!channel)
		return EXIT_USAGE;
	options.dir = channel->archive;
	return modsync_server_open(&bridge->modsync, &options);
}

int modsync_start(struct bridge *bridge)
{
	return bridge->modsync ? modsync_server_start(bridge->modsync) : 0;
}

void modsync_close(struct bridge *bridge)
{
	modsync_server_close(bridge->modsync);
	bridge->modsync = NULL;
}
