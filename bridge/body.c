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
 * @refusal: What is answered when all of it was thrown away; NULL: it is wanted.
 */
struct body {
	body_done_fn *done;
	char *data;
	size_t len;
	size_t room;
	size_t total;
	struct reply *refusal;
};

/* Makes conn->body. Return: an &enum answer. */
static int wait_for(struct lws *wsi, struct conn *conn, size_t total)
{
	conn->body = calloc(1, sizeof(*conn->body));
	if (!conn->body)
		return ANSWER_FAILED;
	/* libwebsockets opens a stream's window too late for more than 256 KB */
	if (conn->is_stream && total && lws_h2_update_peer_txcredit(wsi, -1, (int)total))
		return ANSWER_FAILED;
	conn->body->total = total;
	lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, BODY_SECONDS);
	return ANSWER_GOES_ON;
}

int body_start(struct lws *wsi, struct conn *conn, size_t max, body_done_fn *done)
{
	char value[24];
	uint64_t total;
	int answer, len = request_header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, value, sizeof(value));

	if (!len || lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING))
		return request_refuse(wsi, conn, 411, "The body's length has to be given: Content-Length.\n");
	if (len < 0 || strspn(value, "0123456789") != (size_t)len ||
	    memlog_parse_number(value, &total))
		return request_refuse(wsi, conn, HTTP_STATUS_BAD_REQUEST,
				      "Content-Length is no number.\n");
	if (total > max)
		return request_refuse(wsi, conn, 413, "A body of at most %zu bytes, please.\n", max);
	answer = wait_for(wsi, conn, total);
	if (conn->body)
		conn->body->done = done;
	return answer;
}

static void free_refusal(struct reply *refusal)
{
	if (!refusal)
		return;
	free((char *)(uintptr_t)refusal->body);
	free(refusal);
}

int body_discard(struct lws *wsi, struct conn *conn, size_t total, const struct reply *reply)
{
	struct reply *refusal = malloc(sizeof(*refusal));
	char *text = NULL;
	size_t len = reply->len;

	if (!len && reply->body)
		len = strlen(reply->body);
	if (reply->owned)
		text = (char *)(uintptr_t)reply->body;
	else if (len)
		text = malloc(len);
	if (!refusal || (len && !text)) {
		free(text);
		free(refusal);
		return ANSWER_FAILED;
	}
	if (len && !reply->owned)
		memcpy(text, reply->body, len);
	*refusal = *reply;
	refusal->body = text;
	refusal->len = len;
	refusal->owned = true;
	if (wait_for(wsi, conn, total) == ANSWER_FAILED || !conn->body) {
		free_refusal(refusal);
		return ANSWER_FAILED;
	}
	conn->body->refusal = refusal;
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
	if (len > body->total - body->len || (!body->refusal && !make_room(body, len)))
		return ANSWER_FAILED;
	if (len && !body->refusal)
		memcpy(body->data + body->len, data, len);
	body->len += len;
	return ANSWER_GOES_ON;
}

/* What was not wanted is all there. */
static int refuse(struct lws *wsi, struct conn *conn)
{
	struct reply *refusal = conn->body->refusal;
	int answer;

	conn->body->refusal = NULL;
	body_free(conn);
	conn->whole = true;
	answer = request_reply(wsi, conn, refusal);
	free(refusal);
	return answer;
}

int body_end(struct lws *wsi, struct conn *conn)
{
	struct body *body = conn->body;
	int answer;

	if (!body)
		return ANSWER_GOES_ON;
	if (body->len != body->total)
		return ANSWER_FAILED;
	if (body->refusal)
		return refuse(wsi, conn);
	if (!make_room(body, 0))
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
	free_refusal(body->refusal);
	free(body->data);
	free(body);
	conn->body = NULL;
}
