// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "out.h"

/* A client has to take a piece in this time, and in less if it says something. */
#define STALL_MS	30000
#define QUIET_MS	1000

/**
 * struct out - A body that is being sent.
 * @link: In shard->outs.
 * @conn: The connection.
 * @wsi: The same, for libwebsockets.
 * @active_ms: When something was last sent.
 * @killed: It is about to be closed.
 * @data: It.
 * @owned: Memory to free.
 * @len: Bytes of it.
 * @at: So many were sent.
 */
struct out {
	struct list link;
	struct conn *conn;
	struct lws *wsi;
	uint64_t active_ms;
	bool killed;
	const char *data;
	char *owned;
	size_t len;
	size_t at;
};

size_t out_room(struct lws *wsi, const struct conn *conn, size_t len)
{
	int credit;

	if (!conn->is_stream)
		return len;
	credit = (int)lws_get_peer_write_allowance(wsi);
	if (credit <= 0)
		return 0;
	if (len > (size_t)credit)
		len = (size_t)credit;
	return len < H2_FRAME_MAX ? len : H2_FRAME_MAX;
}

/* What frames it is written before it, so it is sent from a copy. */
static int send_piece(struct lws *wsi, struct conn *conn)
{
	unsigned char buf[LWS_PRE + H2_FRAME_MAX];
	struct out *out = conn->out;
	size_t len = out->len - out->at;
	bool last;

	if (len > H2_FRAME_MAX)
		len = H2_FRAME_MAX;
	len = out_room(wsi, conn, len);
	if (!len)
		return ANSWER_GOES_ON;
	out->active_ms = uv_now(&conn->shard->loop);
	memcpy(buf + LWS_PRE, out->data + out->at, len);
	out->at += len;
	last = out->at == out->len;
	if (lws_write(wsi, buf + LWS_PRE, len,
		      last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < 0)
		return ANSWER_FAILED;
	if (last)
		return ANSWER_DONE;
	lws_callback_on_writable(wsi);
	return ANSWER_GOES_ON;
}

int out_writable(struct lws *wsi, struct conn *conn)
{
	int answer = send_piece(wsi, conn);

	if (answer != ANSWER_GOES_ON)
		out_free(conn);
	return answer;
}

int out_start(struct lws *wsi, struct conn *conn, const char *data, size_t len, char *owned)
{
	conn->out = malloc(sizeof(*conn->out));
	if (!conn->out) {
		free(owned);
		return ANSWER_FAILED;
	}
	*conn->out = (struct out){
		.conn = conn, .wsi = wsi, .active_ms = uv_now(&conn->shard->loop),
		.data = data, .owned = owned, .len = len,
	};
	list_add_tail(&conn->out->link, &conn->shard->outs);
	lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
	return out_writable(wsi, conn);
}

void out_free(struct conn *conn)
{
	if (!conn->out)
		return;
	list_del(&conn->out->link);
	free(conn->out->owned);
	free(conn->out);
	conn->out = NULL;
}

void out_tick(struct shard *shard)
{
	uint64_t now = uv_now(&shard->loop);
	struct list *pos;

	list_for_each(pos, &shard->outs) {
		struct out *out = list_entry(pos, struct out, link);
		uint64_t quiet = now - out->active_ms;

		if (out->killed || quiet < QUIET_MS ||
		    (quiet < STALL_MS && !conn_speaks(out->wsi, out->conn)))
			continue;
		out->killed = true;
		conn_kill(out->wsi, out->conn);
	}
}
