// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sessions of the page: its token goes into a cookie that no script can read.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "body.h"
#include "route.h"
#include "token.h"

#define BODY_MAX	4096

/* A form of another site can send this neither. */
static bool is_json(struct lws *wsi)
{
	char type[64];

	if (request_header(wsi, WSI_TOKEN_HTTP_CONTENT_TYPE, type, sizeof(type)) <= 0)
		return false;
	type[strcspn(type, "; \t")] = '\0';
	return !strcasecmp(type, "application/json");
}

static int reply_cookie(struct lws *wsi, struct conn *conn, const char *token)
{
	char cookie[TOKEN_MAX + 128];
	struct reply reply = {
		.status = HTTP_STATUS_NO_CONTENT, .header = "set-cookie:", .value = cookie,
	};
	int answer;

	snprintf(cookie, sizeof(cookie), "memlog_token=%s; HttpOnly; SameSite=Strict; Path=/%s%s",
		 token, conn->tls ? "; Secure" : "", token[0] ? "" : "; Max-Age=0");
	answer = request_reply(wsi, conn, &reply);
	explicit_bzero(cookie, sizeof(cookie));
	return answer;
}

static int wrong(struct lws *wsi, struct conn *conn)
{
	struct reply reply = {
		.status = HTTP_STATUS_UNAUTHORIZED, .body = "Nobody has this token.\n",
		.header = "www-authenticate:", .value = "Bearer realm=\"memlog\"",
	};

	if (!limit_wrong(&conn->shard->bridge->limits, conn->peer))
		reply = (struct reply){
			.status = 429, .close = true, .header = "retry-after:", .value = "3",
			.body = "Too many wrong tokens; a right one is let in at any time.\n",
		};
	return request_reply(wsi, conn, &reply);
}

static int on_body(struct lws *wsi, struct conn *conn, char *data, size_t len)
{
	json_t *json;
	const char *token;
	size_t size;
	int answer;

	if (!len)
		return request_refuse(wsi, conn, HTTP_STATUS_BAD_REQUEST,
				      "Expected {\"token\":\"...\"}.\n");
	json = json_loadb(data, len, JSON_REJECT_DUPLICATES, NULL);
	token = json_string_value(json_object_get(json, "token"));
	size = json_string_length(json_object_get(json, "token"));
	if (!token || json_object_size(json) != 1)
		answer = request_refuse(wsi, conn, HTTP_STATUS_BAD_REQUEST,
					"Expected {\"token\":\"...\"}.\n");
	else if (auth_known(&conn->shard->bridge->auth, token, size))
		answer = reply_cookie(wsi, conn, token);
	else
		answer = wrong(wsi, conn);
	json_decref(json);
	return answer;
}

/* The token in the Authorization header, if there is no body. */
static int by_header(struct lws *wsi, struct conn *conn)
{
	char value[TOKEN_MAX + 16];
	int len = request_header(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, value, sizeof(value));
	int answer;

	if (len > 7 && !strncasecmp(value, "Bearer ", 7) &&
	    auth_known(&conn->shard->bridge->auth, value + 7, (size_t)len - 7))
		answer = reply_cookie(wsi, conn, value + 7);
	else
		answer = wrong(wsi, conn);
	explicit_bzero(value, sizeof(value));
	return answer;
}

int api_session(struct lws *wsi, struct conn *conn, const struct request *request)
{
	if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_AUTHORIZATION))
		return by_header(wsi, conn);
	if (!is_json(wsi))
		return request_refuse(wsi, conn, HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE,
				      "Content-Type: application/json, please.\n");
	return body_start(wsi, conn, BODY_MAX, on_body);
}

int api_session_end(struct lws *wsi, struct conn *conn, const struct request *request)
{
	return reply_cookie(wsi, conn, "");
}
