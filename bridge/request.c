// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "access.h"
#include "forwarded.h"
#include "request.h"

int request_header(struct lws *wsi, enum lws_token_indexes token, char *value, size_t size)
{
	int len = lws_hdr_copy(wsi, value, (int)size, token);

	/* a value with a NUL in it is not what it seems to be */
	return len > 0 && strlen(value) != (size_t)len ? -1 : len;
}

/* libwebsockets keeps unknown headers of HTTP/1 only. */
int request_header_named(struct lws *wsi, const char *name, char *value, size_t size)
{
	int name_len = (int)strlen(name), len = lws_hdr_custom_length(wsi, name, name_len);

	value[0] = '\0';
	if (len <= 0)
		return 0;
	len = lws_hdr_custom_copy(wsi, value, (int)size, name, name_len);
	return len > 0 && strlen(value) != (size_t)len ? -1 : len;
}

/* Whether it came on a stream of HTTP/2: elsewhere, the names with a colon are noise. */
static bool is_stream(struct lws *wsi)
{
	return lws_get_network_wsi(wsi) != wsi;
}

void request_host(struct lws *wsi, char host[HOST_HEADER_MAX])
{
	int len = 0;

	if (is_stream(wsi))
		len = request_header(wsi, WSI_TOKEN_HTTP_COLON_AUTHORITY, host, HOST_HEADER_MAX);
	if (!len)
		len = request_header(wsi, WSI_TOKEN_HOST, host, HOST_HEADER_MAX);
	if (len <= 0)
		host[0] = '\0';
	/* two of them are none */
	if (strchr(host, ','))
		host[0] = '\0';
}

enum method request_method(struct lws *wsi)
{
	char method[16];

	if (is_stream(wsi)) {
		request_header(wsi, WSI_TOKEN_HTTP_COLON_METHOD, method, sizeof(method));
		if (!strcmp(method, "GET"))
			return METHOD_GET;
		if (!strcmp(method, "HEAD"))
			return METHOD_HEAD;
		if (!strcmp(method, "POST"))
			return METHOD_POST;
		return strcmp(method, "DELETE") ? METHOD_OTHER : METHOD_DELETE;
	}
	if (lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI))
		return METHOD_GET;
	if (lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI))
		return METHOD_HEAD;
	if (lws_hdr_total_length(wsi, WSI_TOKEN_POST_URI))
		return METHOD_POST;
	return lws_hdr_total_length(wsi, WSI_TOKEN_DELETE_URI) ? METHOD_DELETE : METHOD_OTHER;
}

bool request_path(struct lws *wsi, char path[PATH_MAX_LEN])
{
	static const enum lws_token_indexes tokens[] = {
		WSI_TOKEN_HTTP_COLON_PATH, WSI_TOKEN_GET_URI, WSI_TOKEN_POST_URI,
		WSI_TOKEN_HEAD_URI, WSI_TOKEN_DELETE_URI, WSI_TOKEN_PUT_URI,
		WSI_TOKEN_PATCH_URI, WSI_TOKEN_OPTIONS_URI,
	};
	int len = 0;

	path[0] = '\0';
	for (size_t i = is_stream(wsi) ? 0 : 1; !len && i < sizeof(tokens) / sizeof(tokens[0]); i++)
		len = request_header(wsi, tokens[i], path, PATH_MAX_LEN);
	if (len <= 0 || path[0] != '/')
		return false;
	for (const char *p = path; *p; p++)
		if (*p <= ' ' || *p > '~')
			return false;
	return true;
}

/*
 * Whom our proxy speaks for. There is one header that says it, since most proxies
 * set one alone, and pass on what a client says in another.
 */
bool request_peer(struct lws *wsi, struct conn *conn, struct reply *reply)
{
	struct bridge *bridge = conn->shard->bridge;
	char value[HEADERS_MAX];
	struct address address;
	bool found = false;
	int len;

	if (!conn->proxied)
		return true;
	len = request_header(wsi, WSI_TOKEN_X_FORWARDED_FOR, value, sizeof(value));
	if (len < 0) {
		*reply = (struct reply){
			.status = HTTP_STATUS_BAD_REQUEST, .close = true,
			.body = "X-Forwarded-For is no list of addresses.\n",
		};
		return false;
	}
	if (len) {
		pthread_rwlock_rdlock(&bridge->settings);
		found = forwarded_for(&bridge->options, value, &address);
		pthread_rwlock_unlock(&bridge->settings);
	}
	if (!found || conn_speaks_for(conn, &address))
		return true;
	*reply = (struct reply){
		.status = HTTP_STATUS_SERVICE_UNAVAILABLE, .body = "too many connections\n",
		.header = "retry-after:", .value = "10", .close = true,
	};
	return false;
}

/* With a cookie a browser may act for somebody who does not know. */
static bool fetch_ok(struct lws *wsi, bool own_origin)
{
	char site[32];
	int len = request_header_named(wsi, "sec-fetch-site:", site, sizeof(site));

	if (!len || own_origin || !lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_COOKIE))
		return true;
	return len > 0 && (!strcmp(site, "same-origin") || !strcmp(site, "none"));
}

bool request_site(struct lws *wsi, struct conn *conn, struct reply *reply)
{
	struct bridge *bridge = conn->shard->bridge;
	char host[HOST_HEADER_MAX], origin[HOST_HEADER_MAX + 8];
	bool host_ok, origin_ok;
	int len;

	request_host(wsi, host);
	len = request_header(wsi, WSI_TOKEN_ORIGIN, origin, sizeof(origin));
	pthread_rwlock_rdlock(&bridge->settings);
	host_ok = access_host(&bridge->options, host);
	origin_ok = !len || (len > 0 && access_origin(&bridge->options, origin, host));
	pthread_rwlock_unlock(&bridge->settings);
	if (!host_ok) {
		*reply = (struct reply){
			.status = HTTP_STATUS_FORBIDDEN,
			.body = "This host goes by localhost, its IP addresses, and the names given with --name.\n",
		};
		return false;
	}
	if (origin_ok && fetch_ok(wsi, len > 0))
		return true;
	*reply = (struct reply){
		.status = HTTP_STATUS_FORBIDDEN,
		.body = "This web site may not connect here; --origin lets it.\n",
	};
	return false;
}

int request_refuse(struct lws *wsi, struct conn *conn, unsigned int status, const char *fmt, ...)
{
	struct reply reply = { .status = status };
	char text[QUERY_WHY_SIZE + 64];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	reply.body = strdup(text);
	reply.owned = true;
	return reply.body ? request_reply(wsi, conn, &reply) : ANSWER_FAILED;
}
