/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BRIDGE_H
#define BRIDGE_H

#include <libwebsockets.h>
#include <uv.h>

#include "auth.h"
#include "hub.h"
#include "list.h"
#include "options.h"

/**
 * struct bridge - The program.
 * @loop: All of it runs here.
 * @options: The command line.
 * @hub: The channels.
 * @auth: The tokens.
 * @context: libwebsockets, NULL once it is gone.
 * @vhost: Its one virtual host; the listeners are ours.
 * @listeners: List of struct listener.
 * @conns: List of struct conn.
 * @conn_count: How many.
 * @sessions: List of struct ws_session.
 * @stopping: No one new is let in.
 */
struct bridge {
	uv_loop_t loop;
	struct options options;
	struct hub hub;
	struct auth auth;
	struct lws_context *context;
	struct lws_vhost *vhost;
	struct list listeners;
	struct list conns;
	unsigned int conn_count;
	struct list sessions;
	bool stopping;
};

#endif /* BRIDGE_H */
