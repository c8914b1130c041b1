// SPDX-License-Identifier: GPL-2.0-only
/*
 * memlog-bridge: relays memlog channels to WebSocket clients. Sets up and takes
 * down; see hub.h for what happens in between.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bridge.h"
#include "http.h"
#include "listen.h"
#include "log.h"
#include "runtime.h"
#include "sink.h"

#define DEFAULT_DEVICE	"/dev/memlog"

/* Clients have so long to take their farewell. */
#define STOP_MS		2000
#define STOP_LOOK_MS	10

static struct bridge bridge;
static struct shard shard = { .bridge = &bridge };
static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
static uv_signal_t signal_handles[3];
static uv_timer_t stop_timer;
static uint64_t stop_time;

static void on_stop_timer(uv_timer_t *timer)
{
	if (list_empty(&shard.sessions) || uv_now(&shard.loop) >= stop_time)
		uv_stop(&shard.loop);
}

static void stop(void)
{
	if (shard.stopping)
		return;
	shard.stopping = true;
	runtime_notify("STOPPING=1");
	listen_close(&shard);
	sink_stop_all(&shard);
	stop_time = uv_now(&shard.loop) + STOP_MS;
	uv_timer_start(&stop_timer, on_stop_timer, 0, STOP_LOOK_MS);
}

static void reload(void)
{
	if (!bridge.auth.path)
		return;
	if (auth_load(&bridge.auth, NULL))
		log_error("the tokens stay what they were");
	else
		log_info("tokens read from %s", bridge.auth.path);
}

static void on_signal(uv_signal_t *handle, int signum)
{
	if (signum == SIGHUP)
		reload();
	else
		stop();
}

static int open_loop(void)
{
	int err = uv_loop_init(&shard.loop);

	if (err) {
		log_error("can't make an event loop: %s", uv_strerror(err));
		return EXIT_SYSTEM;
	}
	channels_init(&bridge.channels);
	list_init(&shard.listeners);
	list_init(&shard.conns);
	list_init(&shard.sessions);
	for (int i = 0; i < 3; i++) {
		uv_signal_init(&shard.loop, &signal_handles[i]);
		uv_signal_start(&signal_handles[i], on_signal, signals[i]);
	}
	uv_timer_init(&shard.loop, &stop_timer);
	return 0;
}

static void close_loop(void)
{
	for (int i = 0; i < 3; i++)
		uv_close((uv_handle_t *)&signal_handles[i], NULL);
	uv_close((uv_handle_t *)&stop_timer, NULL);
	uv_run(&shard.loop, UV_RUN_DEFAULT);
	uv_loop_close(&shard.loop);
}

static int add_channel(const char *option)
{
	const char *value = strchr(option, '=');
	char name[CHANNEL_NAME_MAX + 2] = "";
	int err;

	if (!value) {
		log_error("--channel %s: expected NAME=/dev/memlog-NAME, NAME=/path/of/ring or NAME=embedded:SIZE",
			  option);
		return EXIT_USAGE;
	}
	snprintf(name, sizeof(name), "%.*s", (int)(value - option), option);
	err = channels_add(&bridge.channels, name, value + 1);
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

static int open_hub(void)
{
	const struct option_list *list = &bridge.options.channels;
	int err = hub_init(&shard.hub, &shard.loop);
	int status = 0;

	if (err) {
		log_error("can't make a timer: %s", strerror(-err));
		return EXIT_SYSTEM;
	}
	for (size_t i = 0; !status && i < list->count; i++)
		status = add_channel(list->values[i]);
	if (list->count)
		return status;
	if (access(DEFAULT_DEVICE, F_OK)) {
		log_error("there is no %s: load the module (modprobe memlog), or name a channel with --channel",
			  DEFAULT_DEVICE);
		return EXIT_SYSTEM;
	}
	return add_channel("memlog=" DEFAULT_DEVICE);
}

static bool needs_tokens(void)
{
	struct list *pos;

	list_for_each(pos, &shard.listeners)
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

	list_for_each(pos, &shard.listeners) {
		struct listener *listener = list_entry(pos, struct listener, link);

		/* localhost is two of them, and one address */
		if (!strcmp(listener->url, last))
			continue;
		last = listener->url;
		if (listener->path)
			printf("unix:%s\n", listener->path);
		else if (!listener->open && token)
			printf("%s#token=%s\n", listener->url, token);
		else
			printf("%s\n", listener->url);
	}
	fflush(stdout);
}

/* lws makes tables for as many as there may be: no more than are needed. */
static void set_file_limit(void)
{
	struct rlimit limit;
	rlim_t wanted = 4 * CONNS_MAX;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == wanted)
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int open_all(void)
{
	int status = open_hub();

	if (!status)
		status = check_output();
	if (!status)
		status = http_init(&shard);
	if (!status)
		status = listen_open(&shard);
	if (!status)
		status = open_tokens();
	return status;
}

/* What was closed is gone when the loop has gone round. */
static void settle(void)
{
	for (int i = 0; i < 10; i++)
		uv_run(&shard.loop, UV_RUN_NOWAIT);
}

/*
 * Each part closes on the loop. libwebsockets wants to be told again after each
 * step of that, on a loop it did not make.
 */
static void close_all(void)
{
	listen_close(&shard);
	for (int i = 0; shard.context && i < 4; i++) {
		http_uninit(&shard);
		settle();
	}
	settle();
	hub_uninit(&shard.hub);
	channels_uninit(&bridge.channels);
	auth_free(&bridge.auth);
}

int main(int argc, char **argv)
{
	int status = options_parse(&bridge.options, argc, argv);

	if (status >= 0)
		return status;
	signal(SIGPIPE, SIG_IGN);
	set_file_limit();
	status = open_loop();
	if (status)
		return status;
	status = open_all();
	if (!status) {
		print_addresses();
		runtime_notify("READY=1");
		uv_run(&shard.loop, UV_RUN_DEFAULT);
	}
	close_all();
	close_loop();
	options_free(&bridge.options);
	return status;
}
