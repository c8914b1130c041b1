// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "out.h"

/* A client has to take a piece within so many seconds. */
#define STALL_SECONDS	30

/**
 * struct out - A body that is being sent.
 * @data: It.
 * @owned: Memory to free.
 * @len: Bytes of it.
 * @at: So many were sent.
 */
struct out {
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
	else
		lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, STALL_SECONDS);
	return answer;
}

int out_start(struct lws *wsi, struct conn *conn, const char *data, size_t len, char *owned)
{
	conn->out = malloc(sizeof(*conn->out));
	if (!conn->out) {
		free(owned);
		return ANSWER_FAILED;
	}
	*conn->out = (struct out){ .data = data, .owned = owned, .len = len };
	return out_writable(wsi, conn);
}

void out_free(struct conn *conn)
{
	if (!conn->out)
		return;
	free(conn->out->owned);
	free(conn->out);
	conn->out = NULL;
}
