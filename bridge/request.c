// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include <strings.h>

#include "access.h"
#include "format.h"
#include "request.h"

#define COOKIE		"memlog_token"
#define SUBPROTOCOL	"memlog.token."

/* libwebsockets reads the list of subprotocols into so many bytes. */
#define SUBPROTOCOLS_MAX	126
#define SUBPROTOCOL_MAX		62

static int add_header(struct lws *wsi, const char *name, const char *value,
		      unsigned char **p, unsigned char *end)
{
	return lws_add_http_header_by_name(wsi, (const unsigned char *)name,
					   (const unsigned char *)value,
					   (int)strlen(value), p, end);
}

int request_reply(struct lws *wsi, const struct reply *reply)
{
	unsigned char buf[LWS_PRE + 1536], *start = buf + LWS_PRE, *p = start;
	unsigned char *end = buf + sizeof(buf) - 1;
	size_t len = reply->len ? reply->len : strlen(reply->body);

	bool handshake = lws_hdr_total_length(wsi, WSI_TOKEN_UPGRADE);

	if (lws_add_http_header_status(wsi, reply->status, &p, end) ||
	    add_header(wsi, "content-type:",
		       reply->type ? reply->type : "text/plain; charset=utf-8", &p, end) ||
	    add_header(wsi, "cache-control:", "no-store", &p, end) ||
	    add_header(wsi, "x-content-type-options:", "nosniff", &p, end) ||
	    add_header(wsi, "referrer-policy:", "no-referrer", &p, end) ||
	    (reply->header && add_header(wsi, reply->header, reply->value, &p, end)) ||
	    (handshake && add_header(wsi, "connection:", "close", &p, end)) ||
	    lws_add_http_header_content_length(wsi, len, &p, end) ||
	    lws_finalize_http_header(wsi, &p, end))
		return -1;
	/* lws does not look at the version before it has asked about the upgrade */
	if (handshake && !memcmp(start, "HTTP/1.0", 8))
		start[7] = '1';
	if (lws_write(wsi, start, (size_t)(p - start), LWS_WRITE_HTTP_HEADERS) < 0)
		return -1;
	return lws_write(wsi, (unsigned char *)(uintptr_t)reply->body, len,
			 LWS_WRITE_HTTP_FINAL) < 0 ? -1 : 0;
}

void request_host(struct lws *wsi, char host[HOST_HEADER_MAX])
{
	if (lws_hdr_copy(wsi, host, HOST_HEADER_MAX, WSI_TOKEN_HOST) < 0)
		host[0] = '\0';
}

bool request_site(struct lws *wsi, struct conn *conn, struct reply *reply)
{
	const struct options *options = &conn->shard->bridge->options;
	char host[HOST_HEADER_MAX], origin[HOST_HEADER_MAX + 8];
	int len;

	request_host(wsi, host);
	if (!access_host(options, host)) {
		*reply = (struct reply){
			.status = HTTP_STATUS_FORBIDDEN,
			.body = "This host goes by localhost, its IP addresses, and the names given with --name.\n",
		};
		return false;
	}
	len = lws_hdr_copy(wsi, origin, sizeof(origin), WSI_TOKEN_ORIGIN);
	if (!len || (len > 0 && access_origin(options, origin, host)))
		return true;
	*reply = (struct reply){
		.status = HTTP_STATUS_FORBIDDEN,
		.body = "This web site may not connect here; --origin lets it.\n",
	};
	return false;
}

struct ask {
	const struct auth *auth;
	enum auth_right right;
	const char *channel;
};

static bool allows(const struct ask *ask, const char *token, size_t len)
{
	return auth_allows(ask->auth, token, len, ask->right, ask->channel);
}

static bool by_header(struct lws *wsi, const struct ask *ask)
{
	char value[TOKEN_MAX + 16];
	int len = lws_hdr_copy(wsi, value, sizeof(value), WSI_TOKEN_HTTP_AUTHORIZATION);

	return len > 7 && !strncasecmp(value, "Bearer ", 7) &&
	       allows(ask, value + 7, (size_t)len - 7);
}

static bool by_cookie(struct lws *wsi, const struct ask *ask)
{
	char cookies[2048], *save, *cookie;
	size_t len = strlen(COOKIE "=");

	if (lws_hdr_copy(wsi, cookies, sizeof(cookies), WSI_TOKEN_HTTP_COOKIE) <= 0)
		return false;
	for (cookie = strtok_r(cookies, "; ", &save); cookie;
	     cookie = strtok_r(NULL, "; ", &save)) {
		if (!strncmp(cookie, COOKIE "=", len) &&
		    allows(ask, cookie + len, strlen(cookie + len)))
			return true;
	}
	return false;
}

static bool by_subprotocol(struct lws *wsi, const struct ask *ask)
{
	char list[SUBPROTOCOLS_MAX + 2], token[TOKEN_MAX], *save, *name;
	size_t prefix = strlen(SUBPROTOCOL);

	if (lws_hdr_copy(wsi, list, sizeof(list), WSI_TOKEN_PROTOCOL) <= 0)
		return false;
	for (name = strtok_r(list, ", \t", &save); name;
	     name = strtok_r(NULL, ", \t", &save)) {
		ssize_t len = -1;

		if (!strncmp(name, SUBPROTOCOL, prefix))
			len = auth_decode(token, name + prefix, strlen(name + prefix));
		if (len > 0 && allows(ask, token, (size_t)len))
			return true;
	}
	return false;
}

bool request_token(struct lws *wsi, struct conn *conn, enum auth_right right,
		   const char *channel, struct reply *reply)
{
	struct ask ask = {
		.auth = &conn->shard->bridge->auth, .right = right, .channel = channel,
	};

	if (conn->open || by_header(wsi, &ask) || by_cookie(wsi, &ask) ||
	    by_subprotocol(wsi, &ask))
		return true;
	*reply = (struct reply){
		.status = HTTP_STATUS_UNAUTHORIZED,
		.body = "A token is needed: Authorization: Bearer TOKEN, the cookie memlog_token, or the subprotocol memlog.token.BASE64URL.\n",
		.header = "www-authenticate:",
		.value = "Bearer realm=\"memlog\"",
	};
	return false;
}

static bool is_format(const char *name)
{
	for (int i = 0; i < FORMATS; i++)
		if (formats[i]->subprotocol && !strcmp(name, formats[i]->subprotocol))
			return true;
	return false;
}

/* libwebsockets gives up at a name that is too long, unless it has found one. */
static bool subprotocols_ok(char *list)
{
	char *save, *name;

	for (name = strtok_r(list, ", \t", &save); name;
	     name = strtok_r(NULL, ", \t", &save)) {
		if (is_format(name))
			return true;
		if (strlen(name) > SUBPROTOCOL_MAX)
			return false;
	}
	return false;
}

bool request_handshake(struct lws *wsi, struct reply *reply)
{
	char list[SUBPROTOCOLS_MAX + 2];
	int len = lws_hdr_copy(wsi, list, sizeof(list), WSI_TOKEN_PROTOCOL);

	if (!lws_hdr_total_length(wsi, WSI_TOKEN_KEY) ||
	    !lws_hdr_total_length(wsi, WSI_TOKEN_CONNECTION)) {
		*reply = (struct reply){
			.status = HTTP_STATUS_BAD_REQUEST,
			.body = "This is no WebSocket handshake.\n",
		};
		return false;
	}
	if (!len || (len > 0 && subprotocols_ok(list)))
		return true;
	*reply = (struct reply){
		.status = HTTP_STATUS_BAD_REQUEST,
		.body = "Subprotocols are memlog.text, which comes first, and memlog.token.BASE64URL; 126 bytes in all. None is memlog.text too.\n",
	};
	return false;
}
