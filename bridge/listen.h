/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Listeners and connections. The bridge accepts by itself and hands the sockets
 * to libwebsockets, so that a connection knows which listener it came through,
 * whatever its Host header says, and is counted before anything is read from it.
 */
#ifndef BRIDGE_LISTEN_H
#define BRIDGE_LISTEN_H

#include "bridge.h"

struct sink;

/* Most connections in all, and from one address, IPv6 network or local user. */
#define CONNS_MAX		1024
#define CONNS_PER_PEER_MAX	256

/**
 * struct listener - A socket that is listened on.
 * @link: In shard->listeners.
 * @shard: Whose it is.
 * @poll: Watches it.
 * @pause: Ends the pause after accept(2) ran out of something.
 * @handles: Loop handles not closed yet.
 * @fd: The socket.
 * @open: No token is needed: --listen-insecure, or a unix socket.
 * @url: How to reach it; the path of a unix socket.
 * @path: Unix socket: its path, to remove; else NULL.
 */
struct listener {
	struct list link;
	struct shard *shard;
	uv_poll_t poll;
	uv_timer_t pause;
	int handles;
	int fd;
	bool open;
	char *url;
	char *path;
};

/**
 * struct peer - Who a connection is counted for.
 * @kind: Address family.
 * @addr: Address, of IPv6 the first 64 bits; of a unix socket the user id.
 */
struct peer {
	int kind;
	unsigned char addr[8];
};

/**
 * struct conn - A connection, from accept to its end.
 * @link: In shard->conns.
 * @shard: Whose it is.
 * @peer: Who it is counted for.
 * @open: As that of the listener.
 * @sink: What serves it, when it follows a channel.
 * @channel: The channel it was allowed.
 * @query: What it wants of it; NULL: all.
 */
struct conn {
	struct list link;
	struct shard *shard;
	struct peer peer;
	bool open;
	const struct sink *sink;
	struct channel *channel;
	struct query *query;
};

/* Opens all listeners of the options; says what is wrong, returns an exit status. */
int listen_open(struct shard *shard);
void listen_close(struct shard *shard);

/* The last of a connection. */
void conn_free(struct conn *conn);

#endif /* BRIDGE_LISTEN_H */
