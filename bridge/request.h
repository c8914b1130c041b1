/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A request: who asks for what, and the answer.
 */
#ifndef BRIDGE_REQUEST_H
#define BRIDGE_REQUEST_H

#include "bridge.h"
#include "listen.h"

#define HOST_HEADER_MAX	256

/**
 * struct reply - An answer.
 * @status: HTTP status.
 * @type: Its content type; NULL for plain text.
 * @body: What it says.
 * @len: Bytes of it; 0: it is a string.
 * @header: One more header's name with a colon, or NULL.
 * @value: That header's value.
 */
struct reply {
	unsigned int status;
	const char *type;
	const char *body;
	size_t len;
	const char *header;
	const char *value;
};

/* Return: 0, or -1 when the connection has to be closed. */
int request_reply(struct lws *wsi, const struct reply *reply);

/* The Host header; "" if there is none, or one that is too long. */
void request_host(struct lws *wsi, char host[HOST_HEADER_MAX]);

/**
 * request_site() - Check the Host and Origin headers.
 * @wsi: The request.
 * @conn: Its connection.
 * @reply: Filled in if they are refused.
 *
 * Return: true if they may pass.
 */
bool request_site(struct lws *wsi, struct conn *conn, struct reply *reply);

/* The same for the token, by header, cookie or subprotocol. */
bool request_token(struct lws *wsi, struct conn *conn, enum auth_right right,
		   const char *channel, struct reply *reply);

/* The same for what libwebsockets would refuse without a word. */
bool request_handshake(struct lws *wsi, struct reply *reply);

#endif /* BRIDGE_REQUEST_H */
