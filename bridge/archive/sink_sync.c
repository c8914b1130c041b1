// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replicas: WebSocket clients that are sent an archive; see SYNC.md. What they are
 * sent is made by workers (sync_feed.h), one piece of work after another, while the
 * loop sends what was made before.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../log.h"
#include "../sink.h"
#include "sync_window.h"

_Static_assert(LWS_PRE <= SYNC_HEADROOM, "a frame's header fits before a message");

/* Longest piece of a message to send at once. */
#define PIECE_MAX	32768

/* An ACK, which waits for a disk, may take so much for each second of --idle-timeout. */
#define ACK_IDLE_MS	5000

/* Made and not sent yet. */
#define MADE_MAX	2

/**
 * struct sync_link - A replica.
 * @link: In shard->replicas.
 * @shard: Whose it is.
 * @channel: What it is sent.
 * @conn: Its connection, NULL: it is gone.
 * @wsi: The same, for libwebsockets.
 * @feed: Makes what it is sent.
 * @work: A worker has the feed.
 * @result: What the feed said last.
 * @fresh: What it made last.
 * @made: Messages to be sent.
 * @made_count: How many.
 * @sent: Bytes of the first of them that are gone.
 * @window: Messages without an ACK.
 * @got: Its message, as far as it has come.
 * @got_len: Bytes of it.
 * @watch: Told by who writes the archive.
 * @wake: Brings that to this thread.
 * @poll: Watches the feed's descriptor, where there is one.
 * @handles: Of the loop, not closed yet.
 * @due_ms: As of struct ws_session.
 * @ack_due_ms: Until when something of the window is to be acknowledged.
 * @status: Likewise.
 * @why: Likewise.
 * @asked: libwebsockets will call back when something can be sent.
 * @pinged: It was asked whether it is there.
 * @leaving: The reason for its end was said, or it is dead.
 * @working: @work is under way.
 * @waiting: The feed waits for rows, or for a question.
 * @woken: There may be rows, since the work began.
 */
struct sync_link {
	struct list link;
	struct shard *shard;
	struct channel *channel;
	struct conn *conn;
	struct lws *wsi;
	struct sync_feed *feed;
	uv_work_t work;
	int result;
	struct sync_out *fresh;
	struct sync_out *made[MADE_MAX];
	unsigned int made_count;
	size_t sent;
	struct sync_window window;
	uint8_t got[SYNC_ASK_SIZE];
	size_t got_len;
	struct committed_watch watch;
	uv_async_t wake;
	uv_poll_t poll;
	int handles;
	uint64_t due_ms;
	uint64_t ack_due_ms;
	int status;
	const char *why;
	bool asked;
	bool pinged;
	bool leaving;
	bool working;
	bool waiting;
	bool woken;
};

/* What libwebsockets keeps for a client. */
struct sync_session {
	struct sync_link *link;
};

static void go_on(struct sync_link *link);

static void ask_writable(struct sync_link *link)
{
	if (link->asked || !link->wsi)
		return;
	link->asked = true;
	lws_callback_on_writable(link->wsi);
}

static void close_with(struct sync_link *link, int status, const char *why)
{
	if (link->status)
		return;
	link->status = status;
	link->why = why;
	ask_writable(link);
}

/* As in sink_ws.c: not in here, since what calls us may go on with it. */
static void end_soon(struct sync_link *link, bool dead)
{
	link->leaving = true;
	lws_set_timeout(link->wsi, dead ? PENDING_TIMEOUT_WS_PONG_CHECK_GET_PONG :
					  PENDING_TIMEOUT_HTTP_KEEPALIVE_IDLE,
			LWS_TO_KILL_ASYNC);
	lws_cancel_service(link->shard->context);
}

/* A day that is sent is not removed: it must not be held for ever. */
static void set_ack_due(struct sync_link *link)
{
	link->ack_due_ms = uv_now(&link->shard->loop) +
			   link->shard->bridge->options.idle_timeout * ACK_IDLE_MS;
}

static void set_due(struct sync_link *link)
{
	link->due_ms = uv_now(&link->shard->loop) +
		       link->shard->bridge->options.idle_timeout * 500;
}

static void free_link(struct sync_link *link)
{
	if (link->handles || link->working)
		return;
	sync_feed_close(link->feed);
	for (unsigned int i = 0; i < link->made_count; i++)
		free(link->made[i]);
	free(link->fresh);
	free(link);
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct sync_link *link = handle->data;

	link->handles--;
	free_link(link);
}

static void run_work(uv_work_t *work)
{
	struct sync_link *link = work->data;

	link->result = sync_feed_work(link->feed, &link->fresh);
}

/* A message goes to the window when it is made: the client may have it by then. */
static void take_fresh(struct sync_link *link)
{
	if (!link->window.count)
		set_ack_due(link);
	link->made[link->made_count++] = link->fresh;
	sync_window_add(&link->window, link->fresh);
	link->fresh = NULL;
}

static void say_failed(struct sync_link *link)
{
	if (link->result == -ESTALE) {
		close_with(link, 1013, "the day is another one now; prove it again");
		return;
	}
	log_error("channel %s: its archive can't be sent to a replica: %s, in day %u",
		  link->channel->name, link->result == -EBADMSG ?
		  "damaged (memlog archive verify tells where)" : strerror(-link->result),
		  sync_feed_date(link->feed));
	close_with(link, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION,
		   link->result == -EBADMSG ? "the archive is damaged" : "the archive can't be read");
}

static void end_work(uv_work_t *work, int status)
{
	struct sync_link *link = work->data;

	link->working = false;
	link->shard->jobs--;
	if (!link->wsi) {
		free_link(link);
		return;
	}
	if (link->result < 0)
		say_failed(link);
	link->waiting = link->result <= 0 && !link->woken;
	if (link->fresh) {
		take_fresh(link);
		ask_writable(link);
	}
	go_on(link);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct sync_link *link = poll->data;

	uv_poll_stop(poll);
	if (!link->working)
		sync_feed_notified(link->feed);
	link->waiting = false;
	link->woken = true;
	go_on(link);
}

/* Gives the feed to a worker, if there is something to do and room for it. */
static void go_on(struct sync_link *link)
{
	if (!link->wsi || link->working || link->status || link->leaving)
		return;
	if (link->waiting && sync_feed_notify_fd(link->feed) >= 0)
		uv_poll_start(&link->poll, UV_READABLE, on_poll);
	if (link->waiting || link->made_count == MADE_MAX || sync_window_full(&link->window) ||
	    !sync_feed_busy(link->feed)) {
		/* who is slow, or has all, must not hold what others need */
		sync_feed_rest(link->feed);
		return;
	}
	link->woken = false;
	if (uv_queue_work(&link->shard->loop, &link->work, run_work, end_work)) {
		close_with(link, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION, "no memory");
		return;
	}
	link->working = true;
	link->shard->jobs++;
}

static void on_wake(uv_async_t *async)
{
	struct sync_link *link = async->data;

	link->woken = true;
	link->waiting = false;
	go_on(link);
}

/* In the thread that writes. */
static void on_committed(struct committed_watch *watch)
{
	uv_async_send(&list_entry(watch, struct sync_link, watch)->wake);
}

static void open_handles(struct sync_link *link)
{
	uv_loop_t *loop = &link->shard->loop;
	int fd = sync_feed_notify_fd(link->feed);

	link->work.data = link;
	link->wake.data = link;
	link->poll.data = link;
	if (fd >= 0) {
		uv_poll_init(loop, &link->poll, fd);
		link->handles++;
	}
	uv_async_init(loop, &link->wake, on_wake);
	link->handles++;
	link->watch.wake = on_committed;
	committed_watch(&link->channel->committed, &link->watch);
}

static int on_established(struct sync_session *session, struct lws *wsi, struct conn *conn)
{
	struct sync_link *link;
	int err;

	session->link = NULL;
	if (conn->sink != &sink_sync || strcmp(lws_get_protocol(wsi)->name, SYNC_PROTOCOL))
		return -1;
	link = calloc(1, sizeof(*link));
	if (!link)
		return -1;
	err = sync_feed_open(&link->feed, conn->channel->archive, conn->channel->name,
			     &conn->channel->committed);
	if (err) {
		log_error("channel %s: can't open its archive %s for a replica: %s",
			  conn->channel->name, conn->channel->archive, strerror(-err));
		free(link);
		return -1;
	}
	link->shard = conn->shard;
	link->channel = conn->channel;
	link->conn = conn;
	link->wsi = wsi;
	session->link = link;
	list_add_tail(&link->link, &conn->shard->replicas);
	open_handles(link);
	set_due(link);
	log_info("a replica copies %s", conn->channel->name);
	go_on(link);
	return 0;
}

/* lws says so of a handshake that fails half way, too. */
static void on_closed(struct sync_session *session)
{
	struct sync_link *link = session ? session->link : NULL;

	if (!link)
		return;
	session->link = NULL;
	log_info("a replica of %s is gone", link->channel->name);
	list_del(&link->link);
	link->wsi = NULL;
	link->conn = NULL;
	committed_unwatch(&link->channel->committed, &link->watch);
	if (sync_feed_notify_fd(link->feed) >= 0)
		uv_close((uv_handle_t *)&link->poll, on_handle_closed);
	uv_close((uv_handle_t *)&link->wake, on_handle_closed);
}

static bool send_piece(struct sync_link *link)
{
	struct sync_out *out = link->made[0];
	size_t len = out->size - link->sent;
	int how = link->sent ? LWS_WRITE_CONTINUATION : LWS_WRITE_BINARY;

	if (len > PIECE_MAX) {
		len = PIECE_MAX;
		how |= LWS_WRITE_NO_FIN;
	}
	if (lws_write(link->wsi, out->bytes + SYNC_HEADROOM + link->sent, len,
		      (enum lws_write_protocol)how) < 0) {
		end_soon(link, true);
		return false;
	}
	link->sent += len;
	link->conn->sent_bytes += len;
	if (link->sent < out->size)
		return true;
	link->sent = 0;
	link->made_count--;
	memmove(link->made, link->made + 1, link->made_count * sizeof(link->made[0]));
	free(out);
	return true;
}

/* Not by the callback's return value: see sink_ws.c. */
static void say_goodbye(struct sync_link *link)
{
	unsigned char why[125];
	size_t len = strlen(link->why);

	memcpy(why, link->why, len);
	lws_close_reason(link->wsi, (enum lws_close_status)link->status, why, len);
	end_soon(link, false);
}

static void on_writable(struct sync_link *link)
{
	link->asked = false;
	if (link->leaving)
		return;
	if (link->status && !link->sent) {
		say_goodbye(link);
		return;
	}
	while (link->made_count && !lws_partial_buffered(link->wsi))
		if (!send_piece(link))
			return;
	if (link->made_count || link->status)
		ask_writable(link);
	go_on(link);
}

static void take_message(struct sync_link *link)
{
	struct sync_ask ask;
	const char *why = sync_ask_get(link->got, link->got_len, &ask);

	link->got_len = 0;
	if (!why && ask.type == SYNC_ACK) {
		why = sync_window_ack(&link->window, &ask);
		set_ack_due(link);
	} else if (!why && (link->working || link->made_count)) {
		/* the answer before is not out: it can't have been waited for */
		why = "one question at a time";
	} else if (!why) {
		why = sync_feed_ask(link->feed, &ask);
		link->waiting = false;
	}
	if (why)
		close_with(link, LWS_CLOSE_STATUS_POLICY_VIOLATION, why);
	else
		go_on(link);
}

/* A message may come in pieces, and a piece in parts. */
static void on_receive(struct sync_link *link, const uint8_t *in, size_t len)
{
	size_t left = lws_remaining_packet_payload(link->wsi);

	if (!lws_frame_is_binary(link->wsi) || link->got_len + len + left > SYNC_ASK_SIZE) {
		close_with(link, LWS_CLOSE_STATUS_POLICY_VIOLATION,
			   "messages of memlog.sync have 16 bytes");
		return;
	}
	memcpy(link->got + link->got_len, in, len);
	link->got_len += len;
	if (!left && lws_is_final_fragment(link->wsi))
		take_message(link);
}

static int sync_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user,
			 void *in, size_t len)
{
	struct sync_session *session = user;
	struct sync_link *link = session ? session->link : NULL;

	if (reason == LWS_CALLBACK_ESTABLISHED)
		return on_established(session, wsi, lws_get_opaque_user_data(wsi));
	if (!link)
		return 0;
	switch (reason) {
	case LWS_CALLBACK_SERVER_WRITEABLE:
		on_writable(link);
		return 0;
	case LWS_CALLBACK_RECEIVE:
	case LWS_CALLBACK_RECEIVE_PONG:
		link->pinged = false;
		set_due(link);
		if (reason == LWS_CALLBACK_RECEIVE && !link->status)
			on_receive(link, in, len);
		return 0;
	case LWS_CALLBACK_CLOSED:
		on_closed(session);
		return 0;
	default:
		return 0;
	}
}

static void sync_tick(struct shard *shard)
{
	uint64_t now = uv_now(&shard->loop);
	/* lws tells of an answer only if there is something in it */
	unsigned char frame[LWS_PRE + 1] = { 0 };
	struct list *pos, *next;

	list_for_each_safe(pos, next, &shard->replicas) {
		struct sync_link *link = list_entry(pos, struct sync_link, link);

		if (link->window.count && link->ack_due_ms < now)
			close_with(link, LWS_CLOSE_STATUS_POLICY_VIOLATION,
				   "nothing was acknowledged for too long");
		if (link->due_ms > now || link->leaving)
			continue;
		set_due(link);
		if (link->pinged) {
			log_info("a replica of %s does not answer", link->channel->name);
			end_soon(link, true);
			continue;
		}
		link->pinged = true;
		/* inside of a message a ping has its place as well */
		if (lws_write(link->wsi, frame + LWS_PRE, 1, LWS_WRITE_PING) < 0)
			end_soon(link, true);
	}
}

static void sync_stop(struct shard *shard)
{
	struct list *pos;

	list_for_each(pos, &shard->replicas)
		close_with(list_entry(pos, struct sync_link, link),
			   LWS_CLOSE_STATUS_GOINGAWAY, "the bridge stops");
}

const struct sink sink_sync = {
	.protocol = "sync",
	.path = "/ws",
	.subprotocol = SYNC_PROTOCOL,
	.right = AUTH_SYNC,
	.session_size = sizeof(struct sync_session),
	.callback = sync_callback,
	.tick = sync_tick,
	.stop = sync_stop,
};
