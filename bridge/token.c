// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include <strings.h>

#include "archive/sync_wire.h"
#include "format.h"
#include "token.h"

#define COOKIE		"memlog_token"
#define SUBPROTOCOL	"memlog.token."

/* libwebsockets reads the list of subprotocols into so many bytes. */
#define SUBPROTOCOLS_MAX	126
#define SUBPROTOCOL_MAX		62

/**
 * struct ask - What is asked of the tokens of a request.
 * @auth: Those there are.
 * @right: What for; AUTH_RIGHTS: anything.
 * @channel: For which channel.
 * @allowed: One of them allows it.
 * @known: One of them is one of ours.
 * @given: There was one.
 */
struct ask {
	struct auth *auth;
	enum auth_right right;
	const char *channel;
	bool allowed;
	bool known;
	bool given;
};

static void consider(struct ask *ask, const char *token, size_t len)
{
	ask->given = true;
	if (auth_known(ask->auth, token, len))
		ask->known = true;
	if (ask->right == AUTH_RIGHTS)
		ask->allowed = ask->known;
	else if (auth_allows(ask->auth, token, len, ask->right, ask->channel))
		ask->allowed = true;
}

static void by_header(struct lws *wsi, struct ask *ask)
{
	char value[TOKEN_MAX + 16];
	int len = request_header(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, value, sizeof(value));

	if (len < 0)
		ask->given = true;
	else if (len > 7 && !strncasecmp(value, "Bearer ", 7))
		consider(ask, value + 7, (size_t)len - 7);
	explicit_bzero(value, sizeof(value));
}

static void by_cookie(struct lws *wsi, struct ask *ask)
{
	char cookies[2048], *save, *cookie;
	size_t len = strlen(COOKIE "=");

	if (request_header(wsi, WSI_TOKEN_HTTP_COOKIE, cookies, sizeof(cookies)) > 0)
		for (cookie = strtok_r(cookies, "; ", &save); cookie;
		     cookie = strtok_r(NULL, "; ", &save))
			if (!strncmp(cookie, COOKIE "=", len))
				consider(ask, cookie + len, strlen(cookie + len));
	explicit_bzero(cookies, sizeof(cookies));
}

static void by_subprotocol(struct lws *wsi, struct ask *ask)
{
	char list[SUBPROTOCOLS_MAX + 2], token[TOKEN_MAX], *save, *name;
	size_t prefix = strlen(SUBPROTOCOL);

	if (request_header(wsi, WSI_TOKEN_PROTOCOL, list, sizeof(list)) <= 0)
		return;
	for (name = strtok_r(list, ", \t", &save); name;
	     name = strtok_r(NULL, ", \t", &save)) {
		ssize_t len;

		if (strncmp(name, SUBPROTOCOL, prefix))
			continue;
		len = auth_decode(token, name + prefix, strlen(name + prefix));
		consider(ask, token, len > 0 ? (size_t)len : 0);
	}
	explicit_bzero(list, sizeof(list));
	explicit_bzero(token, sizeof(token));
}

/* What whoever holds a token may know about it. */
static const char *why_not(const struct ask *ask)
{
	if (ask->known && ask->right == AUTH_WRITE)
		return "This token does not let you write here; a line \"write TOKEN\" in the token file does.\n";
	if (ask->known && ask->right == AUTH_SYNC)
		return "This token does not let you copy this; a line \"sync TOKEN\" in the token file does.\n";
	if (ask->known)
		return "This token does not let you read this; a line \"read TOKEN\" in the token file does.\n";
	if (ask->given)
		return "This token is not known here.\n";
	return "A token is needed: Authorization: Bearer TOKEN, the cookie memlog_token, or the subprotocol memlog.token.BASE64URL.\n";
}

static void refuse(struct conn *conn, const struct ask *ask, struct reply *reply)
{
	*reply = (struct reply){
		.status = HTTP_STATUS_UNAUTHORIZED,
		.body = why_not(ask),
		.header = "www-authenticate:",
		.value = "Bearer realm=\"memlog\"",
	};
	if (!ask->given || ask->known || limit_wrong(&conn->shard->bridge->limits, conn->peer))
		return;
	*reply = (struct reply){
		.status = 429, .body = "Too many wrong tokens; a right one is let in at any time.\n",
		.header = "retry-after:", .value = "3", .close = true,
	};
}

static bool check(struct lws *wsi, struct conn *conn, struct ask *ask, struct reply *reply)
{
	if (conn->open)
		return true;
	ask->auth = &conn->shard->bridge->auth;
	by_header(wsi, ask);
	by_cookie(wsi, ask);
	by_subprotocol(wsi, ask);
	if (!ask->allowed && reply)
		refuse(conn, ask, reply);
	return ask->allowed;
}

bool token_allows(struct lws *wsi, struct conn *conn, enum auth_right right,
		  const char *channel, struct reply *reply)
{
	struct ask ask = { .right = right, .channel = channel };

	return check(wsi, conn, &ask, reply);
}

bool token_known(struct lws *wsi, struct conn *conn, struct reply *reply)
{
	struct ask ask = { .right = AUTH_RIGHTS, .channel = "" };

	return check(wsi, conn, &ask, reply);
}

/* The subprotocol of that name, or NULL. */
static const char *known_subprotocol(const char *name)
{
	for (int i = 0; i < FORMATS; i++)
		if (formats[i]->subprotocol && !strcmp(name, formats[i]->subprotocol))
			return formats[i]->subprotocol;
	return strcmp(name, SYNC_PROTOCOL) ? NULL : SYNC_PROTOCOL;
}

/* libwebsockets gives up at a name that is too long, unless it has found one. */
static bool subprotocols_ok(char *list)
{
	char *save, *name;

	for (name = strtok_r(list, ", \t", &save); name;
	     name = strtok_r(NULL, ", \t", &save)) {
		if (known_subprotocol(name))
			return true;
		if (strlen(name) > SUBPROTOCOL_MAX)
			return false;
	}
	return false;
}

const char *request_subprotocol(struct lws *wsi)
{
	char list[SUBPROTOCOLS_MAX + 2], *save, *name;
	const char *known = NULL;

	if (request_header(wsi, WSI_TOKEN_PROTOCOL, list, sizeof(list)) <= 0)
		return "";
	for (name = strtok_r(list, ", \t", &save); name && !known;
	     name = strtok_r(NULL, ", \t", &save))
		known = known_subprotocol(name);
	explicit_bzero(list, sizeof(list));
	return known ? known : "";
}

/* 16 bytes in base64. */
static bool key_ok(struct lws *wsi)
{
	char key[32];
	int len = request_header(wsi, WSI_TOKEN_KEY, key, sizeof(key));

	return len == 24 && key[22] == '=' && key[23] == '=' &&
	       strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") == 22;
}

static bool version_ok(struct lws *wsi)
{
	char version[8];

	return request_header(wsi, WSI_TOKEN_VERSION, version, sizeof(version)) > 0 &&
	       !strcmp(version, "13");
}

/* HTTP/1.0 has no upgrades. */
static bool http_ok(struct lws *wsi)
{
	char http[16];

	return request_header(wsi, WSI_TOKEN_HTTP, http, sizeof(http)) > 0 &&
	       !strcmp(http, "HTTP/1.1");
}

bool request_handshake(struct lws *wsi, struct reply *reply)
{
	char list[SUBPROTOCOLS_MAX + 2];
	int len = request_header(wsi, WSI_TOKEN_PROTOCOL, list, sizeof(list));

	if (!http_ok(wsi) || !key_ok(wsi) ||
	    !lws_hdr_total_length(wsi, WSI_TOKEN_CONNECTION)) {
		*reply = (struct reply){
			.status = HTTP_STATUS_BAD_REQUEST,
			.body = "This is no WebSocket handshake.\n",
		};
		return false;
	}
	if (!version_ok(wsi)) {
		*reply = (struct reply){
			.status = 426,
			.body = "WebSockets of version 13 are spoken here.\n",
			.header = "sec-websocket-version:",
			.value = "13",
		};
		return false;
	}
	if (!len || (len > 0 && subprotocols_ok(list)))
		return true;
	*reply = (struct reply){
		.status = HTTP_STATUS_BAD_REQUEST,
		.body = "Subprotocols are memlog.text, memlog.json, memlog.binary or memlog.sync, which comes first, and memlog.token.BASE64URL; 126 bytes in all. None is memlog.text too.\n",
	};
	return false;
}
