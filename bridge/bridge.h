/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The program and its threads. Each thread is a shard: it has a loop, a hub,
 * libwebsockets and listeners of its own, and what it does for its clients it
 * does alone. Shared are the channels, the tokens, the options, limits and
 * counters.
 */
#ifndef BRIDGE_H
#define BRIDGE_H

#include <libwebsockets.h>
#include <pthread.h>
#include <stdio.h>
#include <uv.h>

#include "archive/archives.h"
#include "auth.h"
#include "channel.h"
#include "hub.h"
#include "limit.h"
#include "list.h"
#include "metrics.h"
#include "options.h"

/**
 * struct shard - What one thread has.
 * @bridge: The program.
 * @loop: All of it runs here.
 * @hub: What its clients follow.
 * @context: libwebsockets, NULL once it is gone.
 * @vhost: Its one virtual host; the listeners are ours.
 * @ssl_ctx: OpenSSL's part of that, NULL without TLS.
 * @listeners: List of struct listener.
 * @conns: List of struct conn.
 * @conn_count: How many.
 * @sessions: List of struct ws_session, in the order in which they are to be
 *            looked at.
 * @replicas: List of struct sync_link.
 * @streams: List of struct stream.
 * @outs: List of struct out.
 * @lingers: List of struct lingerer, the oldest first.
 * @linger_count: How many.
 * @jobs: What workers do for its clients.
 * @tick: Has them looked at, once a second.
 * @stop: Tells the loop to stop.
 * @stop_timer: Looks whether all clients are gone then.
 * @stop_ms: When that has taken too long.
 * @stopping: No one new is let in.
 * @errand: Tells the loop that there are errands.
 * @errand_lock: Held for @errands.
 * @errands: List of struct errand.
 * @started: It has a thread of its own,
 * @thread: which is this.
 */
struct shard {
	struct bridge *bridge;
	uv_loop_t loop;
	struct hub hub;
	struct lws_context *context;
	struct lws_vhost *vhost;
	void *ssl_ctx;
	struct list listeners;
	struct list conns;
	unsigned int conn_count;
	struct list sessions;
	struct list replicas;
	struct list streams;
	struct list outs;
	struct list lingers;
	unsigned int linger_count;
	unsigned int jobs;
	uv_timer_t tick;
	uv_async_t stop;
	uv_timer_t stop_timer;
	uint64_t stop_ms;
	bool stopping;
	uv_async_t errand;
	pthread_mutex_t errand_lock;
	struct list errands;
	bool started;
	pthread_t thread;
};

/**
 * struct bridge - The program.
 * @options: The command line and the file.
 * @settings: Held to read those of @options that SIGHUP can change.
 * @archives: What is archived.
 * @channels: What is served.
 * @auth: The tokens.
 * @limits: Who may come.
 * @metrics: How it goes.
 * @more_metrics: Adds to what /metrics tells, with @more_arg; or NULL.
 * @more_arg: For that.
 * @silent: It need not listen anywhere.
 * @conn_ids: Number of the newest connection.
 * @modsync: Serves an archive to go-modsynclog's clients, or NULL.
 * @shards: Its threads; the first one is the main thread.
 * @shard_count: How many.
 */
struct bridge {
	struct options options;
	pthread_rwlock_t settings;
	struct archives archives;
	struct channels channels;
	struct auth auth;
	struct limits limits;
	struct metrics metrics;
	void (*more_metrics)(void *arg, FILE *out);
	void *more_arg;
	bool silent;
	uint64_t conn_ids;
	struct modsync_server *modsync;
	struct shard *shards[THREADS_MAX];
	unsigned int shard_count;
};

#endif /* BRIDGE_H */
