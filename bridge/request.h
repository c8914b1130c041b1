/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A request: who asks for what, and the answer.
 */
#ifndef BRIDGE_REQUEST_H
#define BRIDGE_REQUEST_H

#include "conn.h"
#include "out.h"

/* All headers of a request together. */
#define HEADERS_MAX	4096

#define HOST_HEADER_MAX	256
#define PATH_MAX_LEN	256

enum method {
	METHOD_GET	= 1 << 0,
	METHOD_HEAD	= 1 << 1,
	METHOD_POST	= 1 << 2,
	METHOD_DELETE	= 1 << 3,
	METHOD_OTHER	= 1 << 4,
};

/**
 * struct reply - An answer.
 * @status: HTTP status.
 * @type: Its content type; NULL for plain text.
 * @body: What it says; NULL: nothing.
 * @len: Bytes of it; 0: it is a string.
 * @owned: @body is in memory of malloc(), which is taken.
 * @close: The connection ends with it.
 * @header: One more header's name with a colon, or NULL.
 * @value: That header's value.
 * @policy: Value of the Content-Security-Policy header; NULL: nothing may.
 * @cache: Value of the Cache-Control header; NULL: no-store.
 * @etag: Value of the ETag header, or NULL.
 * @encoding: Value of the Content-Encoding header, or NULL.
 */
struct reply {
	unsigned int status;
	const char *type;
	const char *body;
	size_t len;
	bool owned;
	bool close;
	const char *header;
	const char *value;
	const char *policy;
	const char *cache;
	const char *etag;
	const char *encoding;
};

/* Answers. Return: an &enum answer. */
int request_reply(struct lws *wsi, struct conn *conn, const struct reply *reply);

/* The same, with a line of text of one's own. */
int request_refuse(struct lws *wsi, struct conn *conn, unsigned int status, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* The headers that all answers have, those of @reply, and the status. */
int request_headers(struct lws *wsi, struct conn *conn, const struct reply *reply,
		    unsigned char **p, unsigned char *end);

enum method request_method(struct lws *wsi);

/* The path, decoded. Return: false if it is too long, or not all printable ASCII. */
bool request_path(struct lws *wsi, char path[PATH_MAX_LEN]);

/* A header that libwebsockets knows, or not: its length, 0 it is not there, -1 too long. */
int request_header(struct lws *wsi, enum lws_token_indexes token, char *value, size_t size);
int request_header_named(struct lws *wsi, const char *name, char *value, size_t size);

/* The Host header; "" if there is none, or one that is too long. */
void request_host(struct lws *wsi, char host[HOST_HEADER_MAX]);

/**
 * request_peer() - Find out for whom a proxy of ours asks.
 * @wsi: The request.
 * @conn: Its connection.
 * @reply: Filled in if that one has too many connections.
 *
 * Return: true if it may pass.
 */
bool request_peer(struct lws *wsi, struct conn *conn, struct reply *reply);

/* The same for the Host and Origin headers, and Sec-Fetch-Site. */
bool request_site(struct lws *wsi, struct conn *conn, struct reply *reply);

/* The same for what libwebsockets would refuse without a word. */
bool request_handshake(struct lws *wsi, struct reply *reply);

/* The subprotocol that libwebsockets will agree on, "" if none was named. */
const char *request_subprotocol(struct lws *wsi);

/**
 * request_query() - Read the query string.
 * @wsi: The request.
 * @query: Gets the parameters.
 * @without: Name of one that is left out, or NULL.
 * @why: Set to what is wrong with one.
 *
 * Return: 0, -EINVAL, or -ENOMEM.
 */
int request_query(struct lws *wsi, struct query *query, const char *without,
		  char why[QUERY_WHY_SIZE]);

/* Whether there is a query string. */
bool request_has_query(struct lws *wsi);

#endif /* BRIDGE_REQUEST_H */
