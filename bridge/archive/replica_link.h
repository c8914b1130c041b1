/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A connection to the master, from its beginning to its end: a WebSocket, or one
 * request of HTTP. It has libwebsockets to itself, in the thread that calls.
 */
#ifndef BRIDGE_REPLICA_LINK_H
#define BRIDGE_REPLICA_LINK_H

#include <stdbool.h>

#include "sync_wire.h"

#define LINK_HOST_SIZE	256

/**
 * struct replica_from - Where to connect.
 * @host: Name or address, without brackets.
 * @port: Its port.
 * @tls: Over TLS.
 * @ca: File of certificates that are trusted; NULL: the system's.
 * @token_file: The token is in there; NULL: there is none.
 */
struct replica_from {
	char host[LINK_HOST_SIZE];
	unsigned int port;
	bool tls;
	const char *ca;
	const char *token_file;
};

/**
 * struct link_ops - What is done with a connection. None may be NULL.
 * @message: A message came. Return: 0; or nonzero: end, and that is returned.
 * @next: There may be something to say. Return: 1 @ask is to be sent; 0 there is
 *        nothing; else: end, and that is returned.
 * @tick: Four times a second. Nonzero: end.
 */
struct link_ops {
	int (*message)(void *arg, const uint8_t *bytes, size_t len);
	int (*next)(void *arg, uint8_t ask[SYNC_ASK_SIZE]);
	int (*tick)(void *arg);
};

/* What replica_link_run() returns besides. */
#define LINK_CLOSED	(-1000)

#define LINK_WHY_SIZE	256

/**
 * replica_link_run() - Connect to a channel, and stay as long as that is good.
 * @from: Where.
 * @channel: Its name.
 * @ops: What to do.
 * @arg: For those.
 * @why: What is to be said about the end, "" nothing.
 *
 * Return: LINK_CLOSED the connection failed or was closed; or what @ops returned.
 */
int replica_link_run(const struct replica_from *from, const char *channel,
		     const struct link_ops *ops, void *arg, char why[LINK_WHY_SIZE]);

/**
 * replica_link_get() - Ask for something by HTTP.
 * @path: What.
 * @text: Set to what is answered, with a NUL; free(3) is the caller's.
 * @max: Longest answer to believe.
 * @stop: Set when to give up.
 *
 * Return: 0, or LINK_CLOSED.
 */
int replica_link_get(const struct replica_from *from, const char *path, char **text, size_t max,
		     const bool *stop, char why[LINK_WHY_SIZE]);

/* Takes ws://HOST[:PORT] or wss://... apart. Return: false: it is none. */
bool replica_from_parse(struct replica_from *from, const char *url);

/* The token for the master, empty if @file is NULL. Return: 0 or -errno, with @why. */
int replica_token(const char *file, char *token, size_t size, char why[LINK_WHY_SIZE]);

#endif /* BRIDGE_REPLICA_LINK_H */
