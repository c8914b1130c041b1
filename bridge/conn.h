/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections, from accept to their end. A stream of an HTTP/2 connection is one
 * too, and counts as one.
 */
#ifndef BRIDGE_CONN_H
#define BRIDGE_CONN_H

#include "address.h"
#include "bridge.h"

struct body;
struct census;
struct out;
struct sink;
struct stream;
struct write_job;

/**
 * struct conn - A connection.
 * @link: In shard->conns.
 * @shard: Whose it is.
 * @peer: Who it is counted for.
 * @address: Who is at the other end, as far as that is known.
 * @sink: What serves it, when it follows a channel.
 * @channel: The channel it was allowed.
 * @query: What of it, until a sink takes it.
 * @client: Its place in the channel, when it has one.
 * @stream: Its answer, if that is a stream of records.
 * @out: What is still to be sent of an answer, else NULL.
 * @body: The body of its request that is being read, else NULL.
 * @job: What it asked for that a worker does, else NULL.
 * @census: What it asked all threads, else NULL.
 * @id: Its number.
 * @since: When it came, in nanoseconds since 1970.
 * @began: When its request came, by the clock of uv_hrtime().
 * @sent_bytes: Bytes of records sent to it.
 * @open: As that of the listener.
 * @tls: Likewise.
 * @proxied: It comes from a proxy that we trust.
 * @is_stream: It is a stream of an HTTP/2 connection.
 * @done: Its request was answered.
 * @whole: All of its request has come.
 * @closes: The connection ends with that.
 */
struct conn {
	struct list link;
	struct shard *shard;
	struct peer *peer;
	struct address address;
	const struct sink *sink;
	struct channel *channel;
	struct query *query;
	struct client *client;
	struct stream *stream;
	struct out *out;
	struct body *body;
	struct write_job *job;
	struct census *census;
	uint64_t id;
	uint64_t since;
	uint64_t began;
	uint64_t sent_bytes;
	bool open;
	bool tls;
	bool proxied;
	bool is_stream;
	bool done;
	bool whole;
	bool closes;
};

/* Counts a new connection from @address. NULL: it has to be turned away. */
struct conn *conn_new(struct shard *shard, const struct address *address);

/*
 * The connection of @wsi, made for a stream that has none yet. NULL: there is
 * none any more, or the stream has to be turned away.
 */
struct conn *conn_of(struct lws *wsi);

/* It speaks for @address. Return: false: that one has too many. */
bool conn_speaks_for(struct conn *conn, const struct address *address);

/*
 * Whether the client of @wsi, to whom an answer is under way, has closed its side
 * or says something. libwebsockets reads nothing then, and the loop would be told
 * of it again and again.
 */
bool conn_speaks(struct lws *wsi, const struct conn *conn);

/* Closes the connection, but not in here: what calls us may go on with it. */
void conn_kill(struct lws *wsi, struct conn *conn);

/* The last of a connection. */
void conn_free(struct conn *conn);

#endif /* BRIDGE_CONN_H */
