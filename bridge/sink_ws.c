// SPDX-License-Identifier: GPL-2.0-only
/*
 * WebSocket clients: a frame is a block. They may say "ping" and nothing else.
 *
 * What comes is sent the moment the hub has it, to one client after another. Only
 * when the kernel does not take all of a frame is libwebsockets asked to call
 * back: it has kept the rest, and calls when that is gone. A long frame goes out
 * in fragments, so that this rest is small, and one frame is all that a slow
 * client holds.
 *
 * WebSockets inside of HTTP/2 have flow control of their own, and are asked each
 * time.
 */
#include <errno.h>
#include <string.h>

#include "log.h"
#include "sink.h"

_Static_assert(LWS_PRE <= BLOCK_HEADROOM, "a frame's header fits before a block");

/* Longest frame a client may send; what "ping" needs is less. */
#define FRAME_MAX	4096

/* Longest piece of a frame to send at once. */
#define PIECE_MAX	32768

/* Sent to one client before others have their turn. */
#define TURN_MAX	(8 * PIECE_MAX)

/* Pings not answered yet, because the client does not read. */
#define PONGS_MAX	16

static const char ping[] = { 'p', 'i', 'n', 'g' };

/**
 * struct ws_session - A client.
 * @client: Its place in the channel.
 * @link: In shard->sessions, which is in the order of @due_ms.
 * @conn: Its connection.
 * @wsi: The same, for libwebsockets.
 * @chain: Blocks that are being sent; NULL: none are.
 * @block: The one of them.
 * @why: What to say when it is closed.
 * @due_ms: When to ask whether it is there, or to give it up.
 * @sent: Bytes of @block that are gone.
 * @status: Close with it; 0: stay.
 * @pongs: Pings to be answered.
 * @got: Bytes of "ping" that have come.
 * @direct: It can be written to without asking.
 * @asked: libwebsockets will call back when a frame can be sent.
 * @pinged: It was asked whether it is there.
 * @leaving: The reason for its end was said, or it is dead.
 */
struct ws_session {
	struct client client;
	struct list link;
	struct conn *conn;
	struct lws *wsi;
	struct block *chain;
	struct block *block;
	const char *why;
	uint64_t due_ms;
	uint32_t sent;
	uint16_t status;
	uint8_t pongs;
	uint8_t got : 3;
	bool direct : 1;
	bool asked : 1;
	bool pinged : 1;
	bool leaving : 1;
};

static struct shard *shard_of(const struct ws_session *session)
{
	return session->conn->shard;
}

static void ask(struct ws_session *session)
{
	if (session->asked)
		return;
	session->asked = true;
	lws_callback_on_writable(session->wsi);
}

/*
 * Closes it, but not in here: what calls us may go on with it. What the timeout
 * is called decides whether a close frame is sent and its answer waited for.
 */
static void end_soon(struct ws_session *session, bool dead)
{
	session->leaving = true;
	lws_set_timeout(session->wsi, dead ? PENDING_TIMEOUT_WS_PONG_CHECK_GET_PONG :
					     PENDING_TIMEOUT_HTTP_KEEPALIVE_IDLE,
			LWS_TO_KILL_ASYNC);
	/* lws looks at its timers behind events of its own only */
	lws_cancel_service(shard_of(session)->context);
}

static void close_with(struct ws_session *session, int status, const char *why)
{
	if (session->status)
		return;
	session->status = (uint16_t)status;
	session->why = why;
	ask(session);
}

/*
 * Not by the callback's return value: lws 4.1 on libuv, as Debian builds it,
 * then closes twice, and the second time without the frame that says why.
 */
static void say_goodbye(struct ws_session *session)
{
	unsigned char why[125];
	size_t len = strlen(session->why);

	memcpy(why, session->why, len);
	lws_close_reason(session->wsi, (enum lws_close_status)session->status, why, len);
	end_soon(session, false);
}

/* Heard from it, or it was asked: the next look is half a timeout from now. */
static void set_due(struct ws_session *session)
{
	struct shard *shard = shard_of(session);

	session->due_ms = uv_now(&shard->loop) + shard->bridge->options.idle_timeout * 500;
	list_del(&session->link);
	list_add_tail(&session->link, &shard->sessions);
}

static void heard(struct ws_session *session)
{
	session->pinged = false;
	set_due(session);
}

/* Return: false when the connection is dead. */
static bool write_bytes(struct ws_session *session, unsigned char *bytes, size_t len,
			int how)
{
	if (lws_write(session->wsi, bytes, len, (enum lws_write_protocol)how) >= 0)
		return true;
	if (!session->leaving)
		end_soon(session, true);
	return false;
}

static bool send_pong(struct ws_session *session)
{
	unsigned char frame[LWS_PRE + 4];

	memcpy(frame + LWS_PRE, "pong", 4);
	session->pongs--;
	return write_bytes(session, frame + LWS_PRE, 4, LWS_WRITE_TEXT);
}

/*
 * A block is one for all clients, and the header of a frame is put before the
 * bytes: inside of a block, over bytes that others have yet to get.
 */
static bool send_piece(struct ws_session *session)
{
	struct block *block = session->block;
	unsigned char *bytes = (unsigned char *)block_bytes(block) + session->sent;
	size_t len = block->len - session->sent;
	unsigned char saved[LWS_PRE];
	int how = block->binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT;
	bool alive;

	if (session->sent)
		how = LWS_WRITE_CONTINUATION;
	if (len > PIECE_MAX) {
		len = PIECE_MAX;
		how |= LWS_WRITE_NO_FIN;
	}
	memcpy(saved, bytes - LWS_PRE, LWS_PRE);
	alive = write_bytes(session, bytes, len, how);
	memcpy(bytes - LWS_PRE, saved, LWS_PRE);
	session->sent += (uint32_t)len;
	session->conn->sent_bytes += len;
	counter_add(&session->conn->channel->sent_bytes, len);
	if (session->sent < block->len)
		return alive;
	session->sent = 0;
	session->block = block->next;
	if (!session->block) {
		block_put(session->chain);
		session->chain = NULL;
	}
	return alive;
}

/* Return: whether there is something to send. */
static bool get_next(struct ws_session *session)
{
	int event = client_next(&session->client, &session->chain);

	session->block = session->chain;
	session->sent = 0;
	if (event == CLIENT_BLOCK)
		return true;
	if (event == CLIENT_END)
		close_with(session, LWS_CLOSE_STATUS_NORMAL, "this is the end");
	else if (event == -ERANGE)
		close_with(session, LWS_CLOSE_STATUS_POLICY_VIOLATION,
			   "from: that record is not written yet");
	else if (event < 0)
		close_with(session, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION,
			   "the channel can't be read any further");
	return false;
}

/* Sends what there is, until the kernel takes no more or others have a turn. */
static void send_some(struct ws_session *session)
{
	size_t turn = 0;

	while (!session->leaving && !session->asked) {
		if (session->sent == 0 && session->status) {
			say_goodbye(session);
			return;
		}
		if (session->sent == 0 && session->pongs) {
			if (!send_pong(session))
				return;
		} else if (session->chain || get_next(session)) {
			turn += session->block->len - session->sent;
			if (!send_piece(session))
				return;
		} else {
			return;
		}
		if (!session->direct || turn >= TURN_MAX || lws_partial_buffered(session->wsi))
			ask(session);
	}
}

static void on_wake(struct client *client)
{
	struct ws_session *session = list_entry(client, struct ws_session, client);

	if (session->direct)
		send_some(session);
	else
		ask(session);
}

static const struct client_ops ws_client_ops = {
	.wake = on_wake,
};

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
	session->direct = lws_get_network_wsi(wsi) == wsi;
	list_init(&session->link);
	set_due(session);
	err = client_open(&session->client, &conn->shard->hub, conn->channel,
			  format_of(wsi), conn->query, &ws_client_ops);
	query_put(conn->query);
	conn->query = NULL;
	if (err) {
		log_error("channel %s: can't be read: %s", conn->channel->name,
			  strerror(-err));
		close_with(session, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION,
			   "the channel can't be read");
		return 0;
	}
	conn->client = &session->client;
	log_info("a client follows %s", conn->channel->name);
	ask(session);
	return 0;
}

static void on_writable(struct ws_session *session)
{
	uint64_t began = pace_clock();

	session->asked = false;
	send_some(session);
	hub_spent(&shard_of(session)->hub, pace_clock() - began);
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
	session->got = (uint8_t)(session->got + len) & 7;
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
	session->conn->client = NULL;
	client_close(&session->client);
	block_put(session->chain);
	session->chain = NULL;
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
		on_writable(session);
		return 0;
	case LWS_CALLBACK_RECEIVE:
		heard(session);
		if (!session->status)
			on_receive(session, in, len);
		return 0;
	case LWS_CALLBACK_RECEIVE_PONG:
		heard(session);
		return 0;
	case LWS_CALLBACK_CLOSED:
		on_closed(session);
		return 0;
	default:
		return 0;
	}
}

/*
 * By a list of our own, since lws keeps its timers in one that is walked for each
 * change. One timeout for all makes the order of the list that of time.
 */
static void ws_tick(struct shard *shard)
{
	uint64_t now = uv_now(&shard->loop);
	/* lws tells of an answer only if there is something in it */
	unsigned char frame[LWS_PRE + 1] = { 0 };

	while (!list_empty(&shard->sessions)) {
		struct ws_session *session = list_entry(shard->sessions.next,
							struct ws_session, link);

		if (session->due_ms > now)
			break;
		set_due(session);
		if (session->leaving)
			continue;
		if (session->pinged) {
			log_info("a client of %s does not answer", session->conn->channel->name);
			end_soon(session, true);
			continue;
		}
		session->pinged = true;
		write_bytes(session, frame + LWS_PRE, 1, LWS_WRITE_PING);
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
	.protocol = "ws",
	.path = "/ws",
	.right = AUTH_READ,
	.session_size = sizeof(struct ws_session),
	.callback = ws_callback,
	.tick = ws_tick,
	.stop = ws_stop,
};
