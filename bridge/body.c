// SPDX-License-Identifier: GPL-2.0-only
#include <memlog.h>
#include <stdlib.h>
#include <string.h>

#include "body.h"
#include "request.h"

/* All of a body has to come within so many seconds. */
#define BODY_SECONDS	30

/* Memory is taken as the body comes, not as it is announced. */
#define BODY_FIRST	4096

/**
 * struct body - A body.
 * @done: Gets it.
 * @data: What there is of it.
 * @len: Bytes of that.
 * @room: Bytes that fit.
 * @total: Bytes it will have.
 */
struct body {
	body_done_fn *done;
	char *data;
	size_t len;
	size_t room;
	size_t total;
};

int body_start(struct lws *wsi, struct conn *conn, size_t max, body_done_fn *done)
{
	char value[24];
	uint64_t total;
	int len = request_header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, value, sizeof(value));

	if (!len || lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING))
		return request_refuse(wsi, conn, 411, "The body's length has to be given: Content-Length.\n");
	if (len < 0 || strspn(value, "0123456789") != (size_t)len ||
	    memlog_parse_number(value, &total))
		return request_refuse(wsi, conn, HTTP_STATUS_BAD_REQUEST,
				      "Content-Length is no number.\n");
	if (total > max)
		return request_refuse(wsi, conn, 413, "A body of at most %zu bytes, please.\n", max);
	conn->body = calloc(1, sizeof(*conn->body));
	if (!conn->body)
		return ANSWER_FAILED;
	/* libwebsockets opens a stream's window too late for more than 256 KB */
	if (conn->is_stream && total && lws_h2_update_peer_txcredit(wsi, -1, (int)total))
		return ANSWER_FAILED;
	conn->body->done = done;
	conn->body->total = total;
	lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, BODY_SECONDS);
	return ANSWER_GOES_ON;
}

static bool make_room(struct body *body, size_t len)
{
	size_t room = body->room ? body->room : BODY_FIRST;
	char *data;

	while (room < body->len + len + 1)
		room *= 2;
	if (room == body->room)
		return true;
	data = realloc(body->data, room);
	if (!data)
		return false;
	body->data = data;
	body->room = room;
	return true;
}

int body_add(struct lws *wsi, struct conn *conn, const void *data, size_t len)
{
	struct body *body = conn->body;

	/* of a request that was answered already */
	if (!body)
		return ANSWER_GOES_ON;
	/* libwebsockets gives every piece some time, and so all of them any */
	if (uv_hrtime() - conn->began > BODY_SECONDS * 1000000000ULL)
		return ANSWER_FAILED;
	if (len > body->total - body->len || !make_room(body, len))
		return ANSWER_FAILED;
	if (len)
		memcpy(body->data + body->len, data, len);
	body->len += len;
	return ANSWER_GOES_ON;
}

int body_end(struct lws *wsi, struct conn *conn)
{
	struct body *body = conn->body;
	int answer;

	if (!body)
		return ANSWER_GOES_ON;
	if (body->len != body->total || !make_room(body, 0))
		return ANSWER_FAILED;
	body->data[body->len] = '\0';
	conn->whole = true;
	answer = body->done(wsi, conn, body->data, body->len);
	body_free(conn);
	return answer;
}

void body_free(struct conn *conn)
{
	struct body *body = conn->body;

	if (!body)
		return;
	if (body->data)
		explicit_bzero(body->data, body->room);
	free(body->data);
	free(body);
	conn->body = NULL;
}
