// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <jansson.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "archive/modsync.h"
#include "check.h"
#include "listen.h"
#include "log.h"
#include "privilege.h"
#include "program.h"
#include "reload.h"
#include "runtime.h"
#include "shard.h"

static struct bridge bridge;
static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
static uv_signal_t signal_handles[3];

static void say_stop(void)
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
		say_stop();
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
				first ? source_group(&first->source) : (gid_t)-1);
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

/* What glibc has once given back as a whole it would keep for good from then on. */
#define WHOLE_BYTES	(128 << 10)

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

static int open_all(const struct program *program)
{
	int status = open_limits();

	bridge.silent = program->silent;
	if (!status)
		status = program->open(&bridge);
	if (!status)
		status = open_shards();
	if (!status && program->join)
		status = program->join(&bridge);
	if (!status)
		status = open_listeners();
	if (!status)
		status = modsync_open(&bridge);
	if (!status)
		status = open_tokens();
	if (!status)
		status = privilege_drop(bridge.options.user);
	if (!status && program->start)
		status = program->start(&bridge);
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
		say_stop();
	} else {
		print_addresses();
		runtime_notify("READY=1\nSTATUS=Serving");
	}
	shard_run(bridge.shards[0]);
	close_signals();
	return status;
}

static void close_all(const struct program *program)
{
	modsync_close(&bridge);
	if (program->stop)
		program->stop(&bridge);
	for (unsigned int i = bridge.shard_count; i-- > 0;)
		shard_close(bridge.shards[i]);
	if (program->finish)
		program->finish(&bridge);
	channels_uninit(&bridge.channels);
	auth_free(&bridge.auth);
	limits_uninit(&bridge.limits);
	pthread_rwlock_destroy(&bridge.settings);
	options_free(&bridge.options);
}

int program_run(const struct program *program, int argc, char **argv)
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
	mallopt(M_MMAP_THRESHOLD, WHOLE_BYTES);
	/* before there are threads that would all do it */
	json_object_seed(0);
	set_file_limit();
	auth_init(&bridge.auth);
	pthread_rwlock_init(&bridge.settings, NULL);
	channels_init(&bridge.channels);
	status = open_all(program);
	if (!status)
		status = run();
	close_all(program);
	return status;
}
