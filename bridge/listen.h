/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Listeners. The bridge accepts by itself and hands the sockets to
 * libwebsockets, so that a connection knows which listener it came through,
 * whatever its Host header says, and is counted before anything is read from it.
 */
#ifndef BRIDGE_LISTEN_H
#define BRIDGE_LISTEN_H

#include "bridge.h"
#include "conn.h"

/**
 * struct listener - A socket that is listened on.
 * @link: In shard->listeners.
 * @shard: Whose it is.
 * @poll: Watches it.
 * @pause: Ends the pause after accept(2) ran out of something.
 * @handles: Loop handles not closed yet.
 * @fd: The socket.
 * @open: No token is needed: --listen-insecure, or a unix socket.
 * @tls: It speaks TLS.
 * @url: How to reach it.
 * @path: Unix socket of ours: its path, to remove; else NULL.
 */
struct listener {
	struct list link;
	struct shard *shard;
	uv_poll_t poll;
	uv_timer_t pause;
	int handles;
	int fd;
	bool open;
	bool tls;
	char *url;
	char *path;
};

/* Opens all listeners of the options; says what is wrong, returns an exit status. */
int listen_open(struct shard *shard);

/* The same ones for one more thread: @first has opened them. */
int listen_join(struct shard *shard, const struct shard *first);

/**
 * listen_add() - Begin to listen.
 * @shard: Whose it will be.
 * @listener: Its fd, open, tls, url and path; the last two may be NULL for lack
 *            of memory. All of that is taken, whether this succeeds or not.
 *
 * Return: 0, or -ENOMEM.
 */
int listen_add(struct shard *shard, const struct listener *listener);

void listen_close(struct shard *shard);

/* Return: a listening TCP socket, or a negative errno value. */
int listen_socket(const struct sockaddr *sa, socklen_t len, bool shared);

/* What a person can do about it, to be put behind the words for @err. */
const char *listen_advice(int err);

/* How a browser reaches the TCP socket @fd; NULL if there is no memory. */
char *listen_url(int fd, bool tls);

#endif /* BRIDGE_LISTEN_H */
