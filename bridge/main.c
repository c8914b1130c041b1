// SPDX-License-Identifier: GPL-2.0-only
/*
 * memlog-bridge: relays memlog channels to WebSocket clients. Sets up and takes
 * down; see hub.h for what happens in between.
 */
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/modsync.h"
#include "bridge.h"
#include "check.h"
#include "devices.h"
#include "listen.h"
#include "log.h"
#include "privilege.h"
#include "reload.h"
#include "runtime.h"
#include "shard.h"

static struct bridge bridge;
static struct devices devices = { .inotify = -1 };
static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
static uv_signal_t signal_handles[3];

static void stop(void)
{
	runtime_notify("STOPPING=1\nSTATUS=Saying goodbye to clients");
	for (unsigned int i = 0; i < bridge.shard_count; i++)
		shard_stop(bridge.shards[i]);
}

static void on_signal(uv_signal_t *handle, int signum)
{
	if (signum == SIGHUP)
		reload(&bridge);
	else
		stop();
}

static void open_signals(uv_loop_t *loop)
{
	for (int i = 0; i < 3; i++) {
		uv_signal_init(loop, &signal_handles[i]);
		uv_signal_start(&signal_handles[i], on_signal, signals[i]);
	}
}

/* Whoever asks once more, now that it ends anyhow, does not cut it short. */
static void close_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < 3; i++)
		uv_close((uv_handle_t *)&signal_handles[i], NULL);
}

/* @option is NAME=VALUE, which was checked. */
static int add_channel(const char *option, const char *prefix)
{
	const char *value = strchr(option, '=');
	char name[CHANNEL_NAME_MAX + 2] = "", *source;
	int err;

	snprintf(name, sizeof(name), "%.*s", (int)(value - option), option);
	if (asprintf(&source, "%s%s", prefix, value + 1) < 0)
		return EXIT_SYSTEM;
	err = channels_add(&bridge.channels, name, source);
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
static int check_output(void)
{
	struct channel *channel = NULL;
	struct stat out, channel_st;

	while ((channel = channels_next(&bridge.channels, channel))) {
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

static int open_channels(void)
{
	const struct option_list *list = &bridge.options.channels;
	int status = 0;

	for (size_t i = 0; !status && i < list->count; i++)
		status = add_channel(list->values[i], "");
	list = &bridge.options.tails;
	for (size_t i = 0; !status && i < list->count; i++)
		status = add_channel(list->values[i], "tail:");
	return status;
}

/* What is there without being named. The first thread looks after them. */
static int open_devices(void)
{
	if (!bridge.options.no_devices)
		devices_open(&devices, &bridge.channels, &bridge.shards[0]->loop,
			     DEVICES_FOLDER, S_IFCHR);
	if (channels_next(&bridge.channels, NULL))
		return 0;
	log_error("there is no /dev/memlog that can be read: load the module (modprobe memlog), be in its group, or name a channel with --channel");
	return EXIT_SYSTEM;
}

static bool needs_tokens(void)
{
	struct list *pos;

	list_for_each(pos, &bridge.shards[0]->listeners)
		if (!list_entry(pos, struct listener, link)->open)
			return true;
	return bridge.options.token_file;
}

static int open_tokens(void)
{
	struct channel *first = channels_next(&bridge.channels, NULL);
	int err;

	if (!needs_tokens())
		return 0;
	if (bridge.options.token_file)
		err = auth_load(&bridge.auth, bridge.options.token_file);
	else
		err = auth_make(&bridge.auth,
				source_group(&first->source));
	return err ? EXIT_SYSTEM : 0;
}

/* Where to point a browser. */
static void print_addresses(void)
{
	const char *token = auth_made_token(&bridge.auth), *last = "";
	struct list *pos;

	list_for_each(pos, &bridge.shards[0]->listeners) {
		struct listener *listener = list_entry(pos, struct listener, link);

		/* localhost is two of them, and one address */
		if (!strcmp(listener->url, last))
			continue;
		last = listener->url;
		if (!listener->open && token)
			printf("%s#token=%s\n", listener->url, token);
		else
			printf("%s\n", listener->url);
	}
	fflush(stdout);
}

/*
 * A client is a descriptor, and up to three more while it reads the ring itself.
 * lws makes tables for as many as there may be: no more than are needed.
 */
static void set_file_limit(void)
{
	struct rlimit limit;
	rlim_t wanted = 4 * (rlim_t)bridge.options.max_clients + 256;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	if (limit.rlim_max < wanted && !geteuid())
		limit.rlim_max = wanted;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	if (setrlimit(RLIMIT_NOFILE, &limit)) {
		getrlimit(RLIMIT_NOFILE, &limit);
		limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (limit.rlim_cur < wanted)
		log_error("warning: max-clients %u may need %llu open files, and the limit is %llu (LimitNOFILE=, ulimit -n)",
			  bridge.options.max_clients, (unsigned long long)wanted,
			  (unsigned long long)limit.rlim_cur);
}

static int open_shards(void)
{
	int status = 0;

	for (unsigned int i = 0; !status && i < bridge.options.threads; i++) {
		status = shard_open(&bridge.shards[i], &bridge);
		if (!status)
			bridge.shard_count++;
	}
	return status;
}

static int open_listeners(void)
{
	int status = listen_open(bridge.shards[0]);

	for (unsigned int i = 1; !status && i < bridge.shard_count; i++)
		status = listen_join(bridge.shards[i], bridge.shards[0]);
	return status;
}

static int open_limits(void)
{
	int err = limits_init(&bridge.limits, bridge.options.max_clients,
			      bridge.options.max_per_address);

	if (!err)
		return 0;
	log_error("can't make a table of clients: %s", strerror(-err));
	return EXIT_SYSTEM;
}

static int open_all(void)
{
	int status = open_limits();

	if (!status)
		status = open_channels();
	if (!status)
		status = open_shards();
	if (!status)
		status = open_devices();
	if (!status)
		status = check_output();
	if (!status)
		status = open_listeners();
	if (!status)
		status = modsync_open(&bridge);
	if (!status)
		status = open_tokens();
	if (!status)
		status = privilege_drop(bridge.options.user);
	return status;
}

static int run(void)
{
	int status = 0;

	open_signals(&bridge.shards[0]->loop);
	for (unsigned int i = 1; !status && i < bridge.shard_count; i++)
		status = shard_start(bridge.shards[i]);
	if (!status)
		status = modsync_start(&bridge);
	if (status) {
		stop();
	} else {
		print_addresses();
		runtime_notify("READY=1\nSTATUS=Serving");
	}
	shard_run(bridge.shards[0]);
	close_signals();
	return status;
}

static void close_all(void)
{
	modsync_close(&bridge);
	devices_close(&devices);
	for (unsigned int i = bridge.shard_count; i-- > 0;)
		shard_close(bridge.shards[i]);
	channels_uninit(&bridge.channels);
	auth_free(&bridge.auth);
	limits_uninit(&bridge.limits);
	pthread_rwlock_destroy(&bridge.settings);
	options_free(&bridge.options);
}

int main(int argc, char **argv)
{
	int status = options_parse(&bridge.options, argc, argv);

	if (status >= 0)
		return status;
	privilege_init();
	status = check_options(&bridge.options);
	if (status || bridge.options.check_config) {
		options_free(&bridge.options);
		return status;
	}
	signal(SIGPIPE, SIG_IGN);
	/* before there are threads that would all do it */
	json_object_seed(0);
	set_file_limit();
	auth_init(&bridge.auth);
	pthread_rwlock_init(&bridge.settings, NULL);
	channels_init(&bridge.channels);
	status = open_all();
	if (!status)
		status = run();
	close_all();
	return status;
}
