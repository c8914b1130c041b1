// SPDX-License-Identifier: GPL-2.0-only
/*
 * memlog-replica: copies archives from another host and serves them, with all the
 * bridge has for that.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../log.h"
#include "../program.h"
#include "modsync_client.h"
#include "modsync_frame.h"
#include "replica.h"

/* Days before today that are asked for at first, unless that is said. */
#define MODSYNC_HISTORY_DAYS	30

static struct replica replica = { .options = { .history = -1 } };

static int open_folder(struct bridge *bridge)
{
	const char *dir = replica.options.dir;
	struct stat st;

	replica.bridge = bridge;
	if (mkdir(dir, 0750) && errno != EEXIST) {
		log_error("can't make the folder %s: %s", dir, strerror(errno));
		return EXIT_SYSTEM;
	}
	if (stat(dir, &st) || !S_ISDIR(st.st_mode)) {
		log_error("--dir %s: expected a folder", dir);
		return EXIT_USAGE;
	}
	/* channels are served by full paths */
	replica.options.dir = realpath(dir, NULL);
	if (!replica.options.dir) {
		log_error("can't open the folder %s: %s", dir, strerror(errno));
		return EXIT_SYSTEM;
	}
	bridge->more_metrics = replica_metrics;
	bridge->more_arg = &replica;
	return 0;
}

static void say_modsync(void *arg, const char *text)
{
	log_error("%s: %s", replica.options.url, text);
}

/* The server does not say which days it has, so each one is asked for. */
static unsigned int modsync_history(const struct replica_options *options)
{
	unsigned int days = MODSYNC_HISTORY_DAYS;

	if (options->history >= 0)
		days = options->history < MODSYNC_HISTORY_MAX ? (unsigned int)options->history :
								MODSYNC_HISTORY_MAX;
	return options->keep_days && days > options->keep_days ? options->keep_days : days;
}

/* One channel, whose days are in the folder itself. */
static int start_modsync(struct bridge *bridge)
{
	const struct replica_options *options = &replica.options;
	const char *name = options->channel_count ? options->channels[0] : "memlog";
	char host[MODSYNC_HOST_SIZE], port[MODSYNC_PORT_SIZE];
	struct modsync_client_options client = {
		.host = host, .port = port, .dir = options->dir,
		.flag = options->modsync_flag ? options->modsync_flag : MODSYNC_FLAG,
		.history_days = modsync_history(options),
		.keep_days = options->keep_days, .max_bytes = options->max_bytes,
		.sync = options->sync, .local = true, .gid = (gid_t)-1, .say = say_modsync,
	};

	if (!modsync_address(options->url, host, port))
		return EXIT_USAGE;
	if (modsync_client_start(&replica.modsync, &client))
		return EXIT_SYSTEM;
	return channels_add(&bridge->channels, name, options->dir) ? EXIT_SYSTEM : 0;
}

static int start(struct bridge *bridge)
{
	return replica.options.modsync ? start_modsync(bridge) : replica_start(&replica);
}

static void stop(struct bridge *bridge)
{
	if (replica.modsync)
		modsync_client_stop(replica.modsync);
	replica_stop(&replica);
}

int main(int argc, char **argv)
{
	static const struct program program = {
		.open = open_folder,
		.start = start,
		.stop = stop,
		.silent = true,
	};
	char **serve_argv;
	int serve_argc, status;

	log_set_name("memlog-replica");
	status = replica_options_parse(&replica.options, argc, argv, &serve_argc, &serve_argv);
	if (status < 0)
		status = program_run(&program, serve_argc, serve_argv);
	for (int i = 0; i < serve_argc; i++)
		free(serve_argv[i]);
	free(serve_argv);
	return status || !replica.failed ? status : 1;
}
