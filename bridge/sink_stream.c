// SPDX-License-Identifier: GPL-2.0-only
/*
 * HTTP clients: the answer is a stream of blocks, for as long as it goes on.
 *
 * Over HTTP/1.1 it is chunked, and only a stream that has come to its end has a
 * last chunk; over HTTP/2 only that one ends with END_STREAM. A stream that was
 * cut looks like what it is.
 *
 * The headers wait for the first block, or for a second: what is wrong with the
 * place to begin with is known only then, and is told by the status.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "sink.h"
#include "stream.h"

/* Longest piece to send at once. */
#define PIECE_MAX	32768

/* What is put before a piece: a chunk's length and a comma. */
#define PREFIX_MAX	24

_Static_assert(LWS_PRE + PREFIX_MAX <= BLOCK_HEADROOM, "it fits before a block");

/* Sent to one client before others have their turn. */
#define TURN_MAX	65536

/* A proxy or a NAT forgets a connection on which nothing happens. */
#define KEEP_ALIVE_MS	15000
#define HEADERS_MS	1000

/* One to whom nothing was sent for so long has nothing to say either. */
#define QUIET_MS	1000

static const char *const types[FORMATS] = {
	[FORMAT_TEXT] = "text/plain; charset=utf-8",
	[FORMAT_JSON] = "application/json",
	[FORMAT_BINARY] = "application/octet-stream",
	[FORMAT_NDJSON] = "application/x-ndjson",
	[FORMAT_SSE] = "text/event-stream; charset=utf-8",
};

/**
 * struct stream - A client.
 * @client: Its place in the channel.
 * @link: In shard->streams.
 * @conn: Its connection.
 * @wsi: The same, for libwebsockets.
 * @chain: Blocks that are being sent; NULL: none are.
 * @block: The one of them.
 * @at: So many bytes of it are gone.
 * @end: Where it ends.
 * @active_ms: When something was last sent.
 * @prefix: What stands before the next piece, 0 for nothing.
 * @chunked: It is HTTP/1.1.
 * @headers: They are sent.
 * @hurry: They go now, whether there is a block or not.
 * @keep_alive: It is time to say something.
 * @asked: libwebsockets will call back when it can be sent to.
 * @killed: It is about to be closed.
 */
struct stream {
	struct client client;
	struct list link;
	struct conn *conn;
	struct lws *wsi;
	struct block *chain;
	struct block *block;
	size_t at;
	size_t end;
	uint64_t active_ms;
	char prefix;
	bool chunked;
	bool headers;
	bool hurry;
	bool keep_alive;
	bool asked;
	bool killed;
};

static void ask(struct stream *stream)
{
	if (stream->asked || stream->killed)
		return;
	stream->asked = true;
	lws_callback_on_writable(stream->wsi);
}

static void on_wake(struct client *client)
{
	ask(list_entry(client, struct stream, client));
}

static const struct client_ops stream_client_ops = {
	.wake = on_wake,
};

static uint64_t now_ms(const struct stream *stream)
{
	return uv_now(&stream->conn->shard->loop);
}

static void kill_soon(struct stream *stream)
{
	if (stream->killed)
		return;
	stream->killed = true;
	conn_kill(stream->wsi, stream->conn);
}

static bool is_array(const struct stream *stream)
{
	return stream->client.format == FORMAT_JSON;
}

static int send_headers(struct stream *stream, bool alone)
{
	unsigned char buf[LWS_PRE + 3072], *start = buf + LWS_PRE, *p = start;
	unsigned char *end = buf + sizeof(buf) - 1;
	struct reply reply = { .status = HTTP_STATUS_OK, .type = types[stream->client.format] };
	struct conn *conn = stream->conn;
	int how = LWS_WRITE_HTTP_HEADERS;

	if (stream->client.format == FORMAT_SSE) {
		reply.header = "x-accel-buffering:";
		reply.value = "no";
	}
	if (request_headers(stream->wsi, conn, &reply, &p, end))
		return -1;
	stream->chunked = !conn->is_stream && memcmp(start, "HTTP/1.0", 8);
	if (stream->chunked &&
	    lws_add_http_header_by_name(stream->wsi, (const unsigned char *)"transfer-encoding:",
					(const unsigned char *)"chunked", 7, &p, end))
		return -1;
	if (lws_finalize_http_header(stream->wsi, &p, end))
		return -1;
	if (alone)
		how |= LWS_WRITE_H2_STREAM_END;
	stream->headers = true;
	conn->done = true;
	return lws_write(stream->wsi, start, (size_t)(p - start),
			 (enum lws_write_protocol)how) < 0 ? -1 : 0;
}

/* Puts @prefix and a chunk's frame around @len bytes, and sends them. */
static int send_framed(struct stream *stream, char *bytes, size_t len, char prefix, bool final)
{
	char saved[PREFIX_MAX + LWS_PRE], behind[8], *p = bytes;
	char frame[PREFIX_MAX];
	size_t more = len + (prefix ? 1 : 0);
	int n = 0, tail = 0;

	memcpy(saved, bytes - sizeof(saved), sizeof(saved));
	if (prefix)
		*--p = prefix;
	if (stream->chunked) {
		n = snprintf(frame, sizeof(frame), "%zx\r\n", more);
		p -= n;
		memcpy(p, frame, (size_t)n);
		tail = final ? 7 : 2;
		memcpy(behind, bytes + len, (size_t)tail);
		memcpy(bytes + len, "\r\n0\r\n\r\n", (size_t)tail);
	}
	n = lws_write(stream->wsi, (unsigned char *)p, (size_t)n + more + (size_t)tail,
		      final ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP);
	memcpy(bytes - sizeof(saved), saved, sizeof(saved));
	if (stream->chunked)
		memcpy(bytes + len, behind, (size_t)tail);
	stream->active_ms = now_ms(stream);
	return n < 0 ? -1 : 0;
}

/* Text of our own. */
static int send_text(struct stream *stream, const char *text, bool final)
{
	char buf[LWS_PRE + PREFIX_MAX + 64] = "", *at = buf + LWS_PRE + PREFIX_MAX;
	size_t len = strlen(text);

	memcpy(at, text, len);
	return send_framed(stream, at, len, '\0', final);
}

/* Return: ANSWER_GOES_ON even if nothing can be sent now; then we are called back. */
static int send_piece(struct stream *stream)
{
	size_t len = stream->end - stream->at, extra = stream->prefix ? 1 : 0;
	char *bytes = block_bytes(stream->block) + stream->at;

	if (len > PIECE_MAX)
		len = PIECE_MAX;
	len = out_room(stream->wsi, stream->conn, len + extra);
	if (len <= extra)
		return 0;
	len -= extra;
	if (send_framed(stream, bytes, len, stream->prefix, false))
		return -1;
	stream->prefix = '\0';
	stream->at += len;
	stream->conn->sent_bytes += len;
	counter_add(&stream->conn->channel->sent_bytes, len);
	return (int)len;
}

/* An array among the blocks is taken out of its brackets: they are all one. */
static void begin_block(struct stream *stream, struct block *block, bool first)
{
	stream->block = block;
	stream->at = 0;
	stream->end = block->len;
	if (!is_array(stream))
		return;
	if (block->len >= 2 && block_bytes(block)[0] == '[') {
		stream->at = 1;
		stream->end--;
	}
	stream->prefix = first ? '[' : ',';
}

static int finish(struct stream *stream)
{
	if (!stream->headers && send_headers(stream, false))
		return ANSWER_FAILED;
	if (is_array(stream)) {
		if (send_text(stream, stream->conn->sent_bytes ? "]\n" : "[]\n", true))
			return ANSWER_FAILED;
	} else if (stream->chunked) {
		unsigned char last[LWS_PRE + 5];

		memcpy(last + LWS_PRE, "0\r\n\r\n", 5);
		if (lws_write(stream->wsi, last + LWS_PRE, 5, LWS_WRITE_HTTP_FINAL) < 0)
			return ANSWER_FAILED;
	} else if (stream->conn->is_stream) {
		unsigned char none[LWS_PRE + 1];

		if (lws_write(stream->wsi, none + LWS_PRE, 0, LWS_WRITE_HTTP_FINAL) < 0)
			return ANSWER_FAILED;
	}
	/* HTTP/1.0 knows an end by the connection's only */
	return stream->chunked || stream->conn->is_stream ? ANSWER_DONE : ANSWER_FAILED;
}

static int refuse(struct stream *stream, int err)
{
	struct lws *wsi = stream->wsi;
	struct conn *conn = stream->conn;

	if (stream->headers) {
		kill_soon(stream);
		return ANSWER_GOES_ON;
	}
	client_close(&stream->client);
	if (err == -ERANGE)
		return request_refuse(wsi, conn, HTTP_STATUS_BAD_REQUEST,
				      "from: that record is not written yet.\n");
	log_info("channel %s: can't be read: %s", conn->channel->name, strerror(-err));
	return request_refuse(wsi, conn, HTTP_STATUS_SERVICE_UNAVAILABLE,
			      "The channel can't be read.\n");
}

static int prologue(struct stream *stream)
{
	if (send_headers(stream, false))
		return -1;
	if (stream->client.format == FORMAT_SSE)
		return send_text(stream, "retry: 1000\n\n", false);
	return 0;
}

/* The next block. Return: 1 there is one; 0 not now; else as stream_writable() + 2. */
static int get_block(struct stream *stream, int *answer)
{
	bool first = !stream->conn->sent_bytes;
	int event;

	if (stream->chain) {
		begin_block(stream, stream->block->next, false);
		return 1;
	}
	event = client_next(&stream->client, &stream->chain);
	*answer = ANSWER_GOES_ON;
	if (event == CLIENT_NOTHING)
		return 0;
	if (event == CLIENT_END) {
		*answer = finish(stream);
		return 0;
	}
	if (event < 0) {
		*answer = refuse(stream, event);
		return 0;
	}
	begin_block(stream, stream->chain, first);
	return 1;
}

static void drop_block(struct stream *stream)
{
	if (stream->block->next)
		return;
	block_put(stream->chain);
	stream->chain = NULL;
	stream->block = NULL;
}

static int say_alive(struct stream *stream)
{
	stream->keep_alive = false;
	if (stream->chain || stream->client.format != FORMAT_SSE ||
	    out_room(stream->wsi, stream->conn, 3) < 3)
		return 0;
	return send_text(stream, ":\n\n", false);
}

/* Sends blocks until the client takes no more, or others have their turn. */
static int send_blocks(struct stream *stream)
{
	int answer = ANSWER_GOES_ON, n;
	size_t turn = 0;

	while (turn < TURN_MAX && !lws_partial_buffered(lws_get_network_wsi(stream->wsi))) {
		if (!stream->block || stream->at == stream->end) {
			if (stream->block)
				drop_block(stream);
			if (!get_block(stream, &answer))
				return answer;
		}
		if (!stream->headers && prologue(stream))
			return ANSWER_FAILED;
		n = send_piece(stream);
		if (n < 0)
			return ANSWER_FAILED;
		if (!n)
			return ANSWER_GOES_ON;
		turn += (size_t)n;
	}
	ask(stream);
	return ANSWER_GOES_ON;
}

int stream_writable(struct lws *wsi, struct conn *conn)
{
	struct stream *stream = conn->stream;
	uint64_t began = pace_clock();
	int answer = ANSWER_GOES_ON;

	stream->asked = false;
	if (stream->killed)
		return ANSWER_GOES_ON;
	if (stream->headers && stream->keep_alive && say_alive(stream))
		return ANSWER_FAILED;
	answer = send_blocks(stream);
	if (answer == ANSWER_GOES_ON && !stream->headers && stream->hurry &&
	    conn->stream->client.feed && prologue(stream))
		answer = ANSWER_FAILED;
	hub_spent(&conn->shard->hub, pace_clock() - began);
	return answer;
}

int stream_start(struct lws *wsi, struct conn *conn, const struct sink *sink)
{
	struct stream *stream = calloc(1, sizeof(*stream));
	int err;

	if (!stream)
		return ANSWER_FAILED;
	stream->conn = conn;
	stream->wsi = wsi;
	stream->active_ms = now_ms(stream);
	list_add_tail(&stream->link, &conn->shard->streams);
	conn->stream = stream;
	conn->sink = sink;
	conn->sent_bytes = 0;
	stream->client.format = (uint8_t)conn->query->format;
	if (request_method(wsi) == METHOD_HEAD)
		return send_headers(stream, true) ? ANSWER_FAILED : ANSWER_DONE;
	err = client_open(&stream->client, &conn->shard->hub, conn->channel,
			  conn->query->format, conn->query, &stream_client_ops);
	if (err)
		return refuse(stream, err);
	conn->client = &stream->client;
	log_info("an HTTP client reads %s", conn->channel->name);
	/* no timeout, and the request's headers are not needed any more */
	if (conn->is_stream) {
		lws_http_mark_sse(wsi);
	} else {
		lws_http_headers_detach(wsi);
		lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
	}
	ask(stream);
	return ANSWER_GOES_ON;
}

void stream_free(struct conn *conn)
{
	struct stream *stream = conn->stream;

	if (!stream)
		return;
	conn->stream = NULL;
	conn->client = NULL;
	client_close(&stream->client);
	block_put(stream->chain);
	list_del(&stream->link);
	free(stream);
}

static void look_after(struct stream *stream)
{
	uint64_t quiet = now_ms(stream) - stream->active_ms;

	if (stream->killed)
		return;
	if (quiet >= QUIET_MS && conn_speaks(stream->wsi, stream->conn)) {
		kill_soon(stream);
	} else if (stream->chain && quiet > (uint64_t)stream->conn->shard->bridge->options.idle_timeout * 1000) {
		log_info("an HTTP client of %s takes nothing", stream->conn->channel->name);
		kill_soon(stream);
	} else if (!stream->headers && quiet >= HEADERS_MS) {
		stream->hurry = true;
		ask(stream);
	} else if (quiet >= KEEP_ALIVE_MS && stream->client.format == FORMAT_SSE) {
		stream->keep_alive = true;
		ask(stream);
	}
}

static void stream_tick(struct shard *shard)
{
	struct list *pos;

	list_for_each(pos, &shard->streams)
		look_after(list_entry(pos, struct stream, link));
}

static void stream_stop(struct shard *shard)
{
	struct list *pos;

	list_for_each(pos, &shard->streams)
		kill_soon(list_entry(pos, struct stream, link));
}

const struct sink sink_records = {
	.protocol = "http",
	.tick = stream_tick,
	.stop = stream_stop,
};

const struct sink sink_sse = {
	.protocol = "sse",
};
