// SPDX-License-Identifier: GPL-2.0-only
/*
 * memlog-bridge: relays memlog channels to WebSocket clients. Which channels: see
 * program.c for the rest of setting up, and hub.h for what happens then.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/archives.h"
#include "devices.h"
#include "log.h"
#include "program.h"
#include "shard.h"

static struct devices devices = { .inotify = -1 };

/* @option is NAME=VALUE, which was checked. */
static int add_channel(struct bridge *bridge, const char *option, const char *prefix)
{
	const char *value = strchr(option, '=');
	char name[CHANNEL_NAME_MAX + 2] = "", *source;
	int err;

	snprintf(name, sizeof(name), "%.*s", (int)(value - option), option);
	if (asprintf(&source, "%s%s", prefix, value + 1) < 0)
		return EXIT_SYSTEM;
	err = channels_add(&bridge->channels, name, source);
	free(source);
	if (err == -ENOMEM)
		log_error("out of memory");
	if (err)
		return err == -EINVAL ? EXIT_USAGE : EXIT_SYSTEM;
	return 0;
}

/*
 * What we write must not come back to us as records, and the address with the
 * token is for who starts us only.
 */
static int check_output(struct bridge *bridge)
{
	struct channel *channel = NULL;
	struct stat out, channel_st;

	while ((channel = channels_next(&bridge->channels, channel))) {
		const char *path = channel->source.path;

		if (!path || stat(path, &channel_st))
			continue;
		for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
			if (fstat(fd, &out) || out.st_dev != channel_st.st_dev ||
			    out.st_ino != channel_st.st_ino)
				continue;
			log_error("standard output or error is %s, which is served here; send it elsewhere",
				  path);
			return EXIT_USAGE;
		}
	}
	return 0;
}

static int open_channels(struct bridge *bridge)
{
	const struct option_list *list = &bridge->options.channels;
	int status = 0;

	archives_init(&bridge->archives, &bridge->options);
	bridge->channels.archives = &bridge->archives;
	for (size_t i = 0; !status && i < list->count; i++)
		status = add_channel(bridge, list->values[i], "");
	list = &bridge->options.tails;
	for (size_t i = 0; !status && i < list->count; i++)
		status = add_channel(bridge, list->values[i], "tail:");
	return status;
}

/* What is there without being named. The first thread looks after them. */
static int open_devices(struct bridge *bridge)
{
	if (!bridge->options.no_devices)
		devices_open(&devices, &bridge->channels, &bridge->shards[0]->loop,
			     DEVICES_FOLDER, S_IFCHR);
	if (channels_next(&bridge->channels, NULL))
		return 0;
	log_error("there is no /dev/memlog that can be read: load the module (modprobe memlog), be in its group, or name a channel with --channel");
	return EXIT_SYSTEM;
}

static int join(struct bridge *bridge)
{
	int status = open_devices(bridge);

	if (!status)
		status = check_output(bridge);
	if (!status)
		status = archives_make(&bridge->archives, &bridge->channels,
				       bridge->options.user);
	return status;
}

static int start(struct bridge *bridge)
{
	return archives_start(&bridge->archives, &bridge->channels);
}

static void finish(struct bridge *bridge)
{
	archives_stop(&bridge->archives, &bridge->channels);
}

static void close_devices(struct bridge *bridge)
{
	devices_close(&devices);
}

int main(int argc, char **argv)
{
	static const struct program program = {
		.open = open_channels,
		.join = join,
		.start = start,
		.stop = close_devices,
		.finish = finish,
	};

	return program_run(&program, argc, argv);
}
