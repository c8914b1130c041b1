// SPDX-License-Identifier: GPL-2.0-only
/*
 * The head of a response, and a body that does not end.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conn.h"

/* What RFC 6455 answers to its own sample key. */
#define WS_ACCEPT	"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

static int refused(const char *head)
{
	wrong("the server answers: %.*s", (int)strcspn(head, "\r\n"), head);
	return -1;
}

static int judge_head(struct conn *conn, const char *head)
{
	const struct target *target = conn->target;

	if (target->http) {
		conn->chunked = strcasestr(head, "\r\nTransfer-Encoding: chunked");
		return strncmp(head, "HTTP/1.1 200", 12) ? refused(head) : 0;
	}
	if (strncmp(head, "HTTP/1.1 101", 12))
		return refused(head);
	if (!strstr(head, WS_ACCEPT)) {
		wrong("the server's Sec-WebSocket-Accept does not fit");
		return -1;
	}
	if (target->decoder->protocol && !strstr(head, target->decoder->protocol)) {
		wrong("the server does not speak %s", target->decoder->protocol);
		return -1;
	}
	return 0;
}

int http_head(struct conn *conn, const char *buf, size_t len, uint64_t now)
{
	size_t room = CARRY_SIZE - 1 - conn->carry_len, more = len < room ? len : room;
	size_t before = conn->carry_len, size;
	const char *end;
	int ret;

	memcpy(conn->carry + before, buf, more);
	conn->carry[before + more] = '\0';
	end = strstr(conn->carry, "\r\n\r\n");
	if (!end) {
		conn->carry_len += (uint32_t)more;
		if (more == len)
			return 0;
		wrong("a response's head of more than %d bytes", CARRY_SIZE);
		return -1;
	}
	size = (size_t)(end + 4 - conn->carry);
	ret = judge_head(conn, conn->carry);
	conn->carry_len = 0;
	free(conn->carry);
	conn->carry = NULL;
	if (ret)
		return ret;
	conn->state = CONN_OPEN;
	if (conn->target->say)
		ws_say(conn, 1, conn->target->say, strlen(conn->target->say));
	return conn_feed(conn, buf + (size - before), len - (size - before), now);
}

/* The line before a chunk says its bytes; those before a line end, that is 2. */
static size_t chunk_line(struct conn *conn, const char *buf, size_t len)
{
	size_t at = 0;

	while (at < len) {
		char c = buf[at++];

		if (c == '\n' && conn->head_len) {
			conn->head[conn->head_len] = '\0';
			conn->left = strtoull((char *)conn->head, NULL, 16);
			conn->head_len = 0;
			break;
		}
		if (c != '\n' && c != '\r' && conn->head_len < 20)
			conn->head[conn->head_len++] = (unsigned char)c;
	}
	return at;
}

int http_body(struct conn *conn, const char *buf, size_t len, uint64_t now)
{
	size_t at = 0, take;

	if (!conn->chunked) {
		conn_payload(conn, conn->target->decoder->text, buf, len, now);
		return 0;
	}
	while (at < len) {
		if (!conn->left) {
			at += chunk_line(conn, buf + at, len - at);
			continue;
		}
		take = len - at < conn->left ? len - at : (size_t)conn->left;
		conn_payload(conn, conn->target->decoder->text, buf + at, take, now);
		conn->left -= take;
		at += take;
	}
	return 0;
}
