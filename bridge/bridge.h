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
#include <uv.h>

#include "auth.h"
#include "channel.h"
#include "hub.h"
#include "list.h"
#include "options.h"

/**
 * struct shard - What one thread has.
 * @bridge: The program.
 * @loop: All of it runs here.
 * @hub: What its clients follow.
 * @context: libwebsockets, NULL once it is gone.
 * @vhost: Its one virtual host; the listeners are ours.
 * @listeners: List of struct listener.
 * @conns: List of struct conn.
 * @conn_count: How many.
 * @sessions: List of struct ws_session, in the order in which they are to be
 *            looked at.
 * @tick: Has them looked at, once a second.
 * @stop: Tells the loop to stop.
 * @stop_timer: Looks whether all clients are gone then.
 * @stop_ms: When that has taken too long.
 * @stopping: No one new is let in.
 * @started: It has a thread of its own,
 * @thread: which is this.
 */
struct shard {
	struct bridge *bridge;
	uv_loop_t loop;
	struct hub hub;
	struct lws_context *context;
	struct lws_vhost *vhost;
	struct list listeners;
	struct list conns;
	unsigned int conn_count;
	struct list sessions;
	uv_timer_t tick;
	uv_async_t stop;
	uv_timer_t stop_timer;
	uint64_t stop_ms;
	bool stopping;
	bool started;
	pthread_t thread;
};

/* Most threads. */
#define SHARDS_MAX	64

/**
 * struct bridge - The program.
 * @options: The command line.
 * @channels: What is served.
 * @auth: The tokens.
 * @shards: Its threads; the first one is the main thread.
 * @shard_count: How many.
 */
struct bridge {
	struct options options;
	struct channels channels;
	struct auth auth;
	struct shard *shards[SHARDS_MAX];
	unsigned int shard_count;
};

#endif /* BRIDGE_H */
