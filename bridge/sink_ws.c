// SPDX-License-Identifier: GPL-2.0-only
/*
 * WebSocket clients: a frame is a block. They may say "ping" and nothing else.
 *
 * libwebsockets calls back when a client can take a frame; it is asked for that
 * only when it was not yet. What the kernel does not take of a frame at once, it
 * keeps, and calls back when that is gone: one frame is all a slow client holds.
 */
#include <errno.h>
#include <string.h>

#include "log.h"
#include "sink.h"

_Static_assert(LWS_PRE <= BLOCK_HEADROOM, "a frame's header fits before a block");

/* Longest frame a client may send; what "ping" needs is less. */
#define FRAME_MAX	4096

/* Pings not answered yet, because the client does not read. */
#define PONGS_MAX	16

static const char ping[] = { 'p', 'i', 'n', 'g' };

/**
 * struct ws_session - A client.
 * @client: Its place in the channel.
 * @link: In shard->sessions.
 * @conn: Its connection.
 * @wsi: The same, for libwebsockets.
 * @asked: It will call back when a frame can be sent.
 * @pongs: Pings to be answered.
 * @got: Bytes of "ping" that have come.
 * @status: Close with it; 0: stay.
 * @why: What to say then.
 * @leaving: It is said.
 */
struct ws_session {
	struct client client;
	struct list link;
	struct conn *conn;
	struct lws *wsi;
	bool asked;
	unsigned int pongs;
	unsigned int got;
	enum lws_close_status status;
	const char *why;
	bool leaving;
};

static void ask(struct ws_session *session)
{
	if (session->asked)
		return;
	session->asked = true;
	lws_callback_on_writable(session->wsi);
}

static void on_wake(struct client *client)
{
	ask(list_entry(client, struct ws_session, client));
}

static const struct client_ops ws_client_ops = {
	.wake = on_wake,
};

static void close_with(struct ws_session *session, int status, const char *why)
{
	if (session->status)
		return;
	session->status = (enum lws_close_status)status;
	session->why = why;
	ask(session);
}

/* The subprotocol libwebsockets agreed on is the format's. */
static enum format_id format_of(struct lws *wsi)
{
	const char *name = lws_get_protocol(wsi)->name;

	for (int i = 0; i < FORMATS; i++)
		if (formats[i]->subprotocol && !strcmp(formats[i]->subprotocol, name))
			return (enum format_id)i;
	return FORMAT_TEXT;
}

static int on_established(struct ws_session *session, struct lws *wsi, struct conn *conn)
{
	int err;

	memset(session, 0, sizeof(*session));
	session->wsi = wsi;
	session->conn = conn;
	list_add_tail(&session->link, &conn->shard->sessions);
	err = client_open(&session->client, &conn->shard->hub, conn->channel,
			  format_of(wsi), &ws_client_ops);
	if (err) {
		log_error("channel %s: can't be read: %s", conn->channel->name,
			  strerror(-err));
		close_with(session, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION,
			   "the channel can't be read");
		return 0;
	}
	log_info("a client follows %s", conn->channel->name);
	ask(session);
	return 0;
}

/*
 * Not by the callback's return value: lws 4.1 on libuv, as Debian builds it,
 * then closes twice, and the second time without the frame that says why. What
 * the timeout is called decides whether that frame is sent.
 */
static int say_goodbye(struct ws_session *session)
{
	unsigned char why[125];
	size_t len = strlen(session->why);

	if (session->leaving)
		return 0;
	session->leaving = true;
	memcpy(why, session->why, len);
	lws_close_reason(session->wsi, session->status, why, len);
	lws_set_timeout(session->wsi, PENDING_TIMEOUT_HTTP_KEEPALIVE_IDLE,
			LWS_TO_KILL_ASYNC);
	return 0;
}

static int send_pong(struct ws_session *session)
{
	unsigned char frame[LWS_PRE + 4];

	memcpy(frame + LWS_PRE, "pong", 4);
	session->pongs--;
	ask(session);
	return lws_write(session->wsi, frame + LWS_PRE, 4, LWS_WRITE_TEXT) < 0 ? -1 : 0;
}

static int send_block(struct ws_session *session, struct block *chain)
{
	int n = 0;

	for (struct block *block = chain; block && n >= 0; block = block->next)
		n = lws_write(session->wsi, (unsigned char *)block_bytes(block), block->len,
			      block->binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT);
	block_put(chain);
	if (n < 0)
		return -1;
	if (!client_idle(&session->client))
		ask(session);
	return 0;
}

static int send_next(struct ws_session *session)
{
	struct block *block;
	int event = client_next(&session->client, &block);

	if (event == CLIENT_BLOCK)
		return send_block(session, block);
	if (event == CLIENT_END)
		close_with(session, LWS_CLOSE_STATUS_NORMAL, "the channel has ended");
	else if (event < 0)
		close_with(session, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION,
			   "the channel can't be read any further");
	return 0;
}

static int on_writable(struct ws_session *session)
{
	uint64_t began;
	int ret;

	session->asked = false;
	if (session->status)
		return say_goodbye(session);
	if (session->pongs)
		return send_pong(session);
	if (!session->client.feed)
		return 0;
	began = uv_hrtime();
	ret = send_next(session);
	hub_spent(&session->conn->shard->hub, uv_hrtime() - began);
	return ret;
}

/* A message may come in pieces, and a piece in parts. */
static void on_receive(struct ws_session *session, const char *in, size_t len)
{
	size_t left = lws_remaining_packet_payload(session->wsi);

	if (len + left > FRAME_MAX) {
		close_with(session, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE,
			   "frames of at most 4096 bytes, please");
		return;
	}
	if (lws_frame_is_binary(session->wsi) || session->got + len + left > sizeof(ping) ||
	    memcmp(ping + session->got, in, len) || session->pongs == PONGS_MAX) {
		close_with(session, LWS_CLOSE_STATUS_POLICY_VIOLATION,
			   "\"ping\" is all a client may say");
		return;
	}
	session->got += (unsigned int)len;
	if (left || !lws_is_final_fragment(session->wsi))
		return;
	if (session->got != sizeof(ping)) {
		close_with(session, LWS_CLOSE_STATUS_POLICY_VIOLATION,
			   "\"ping\" is all a client may say");
		return;
	}
	session->got = 0;
	session->pongs++;
	ask(session);
}

/* lws says so of a handshake that fails half way, too. */
static void on_closed(struct ws_session *session)
{
	if (!session || !session->conn)
		return;
	log_info("a client of %s is gone", session->conn->channel->name);
	client_close(&session->client);
	list_del(&session->link);
	session->wsi = NULL;
}

static int ws_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user,
		       void *in, size_t len)
{
	struct ws_session *session = user;
	struct conn *conn = lws_get_opaque_user_data(wsi);

	switch (reason) {
	case LWS_CALLBACK_ESTABLISHED:
		return on_established(session, wsi, conn);
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return on_writable(session);
	case LWS_CALLBACK_RECEIVE:
		if (!session->status)
			on_receive(session, in, len);
		return 0;
	case LWS_CALLBACK_CLOSED:
		on_closed(session);
		return 0;
	default:
		return 0;
	}
}

static void ws_stop(struct shard *shard)
{
	struct list *pos;

	list_for_each(pos, &shard->sessions)
		close_with(list_entry(pos, struct ws_session, link),
			   LWS_CLOSE_STATUS_GOINGAWAY, "the bridge stops");
}

const struct sink sink_ws = {
	.path = "/ws",
	.upgrade = true,
	.session_size = sizeof(struct ws_session),
	.callback = ws_callback,
	.stop = ws_stop,
};
