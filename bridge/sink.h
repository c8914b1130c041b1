/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sinks: what brings blocks to clients. A sink is one file and one line in the
 * table of sink.c.
 */
#ifndef BRIDGE_SINK_H
#define BRIDGE_SINK_H

#include "bridge.h"
#include "listen.h"

/**
 * struct sink - A way to follow a channel.
 * @protocol: What its clients are said to speak.
 * @path: They ask for PATH or PATH/CHANNEL, with a WebSocket handshake; NULL:
 *        they come another way.
 * @session_size: Bytes it keeps for each client, of zeros at first.
 * @subprotocol: Which they must name first; NULL: one of a format, or none.
 * @right: What their tokens must be for.
 * @callback: Takes the callbacks of libwebsockets for a client that was let in.
 * @tick: Called once a second; may be NULL.
 * @stop: Begin to say goodbye to all clients; may be NULL.
 */
struct sink {
	const char *protocol;
	const char *path;
	const char *subprotocol;
	enum auth_right right;
	size_t session_size;
	lws_callback_function *callback;
	void (*tick)(struct shard *shard);
	void (*stop)(struct shard *shard);
};

extern const struct sink sink_ws;
extern const struct sink sink_records;
extern const struct sink sink_sse;
extern const struct sink sink_sync;

/**
 * sink_find() - Which sink serves a WebSocket.
 * @path: Path of the request.
 * @subprotocol: The one that was agreed on, or "".
 * @channel: Set to the channel's name in it, "" if there is none.
 *
 * Return: The sink, or NULL.
 */
const struct sink *sink_find(const char *path, const char *subprotocol, const char **channel);

/* Room for a client of any sink. */
size_t sink_session_size(void);

void sink_tick_all(struct shard *shard);
void sink_stop_all(struct shard *shard);

#endif /* BRIDGE_SINK_H */
