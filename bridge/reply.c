// SPDX-License-Identifier: GPL-2.0-only
/*
 * Answers: the headers they all have, and a body.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "request.h"

/* What is left of a request's body is read and thrown away up to this. */
#define DISCARD_MAX	(2U << 20)

static const struct {
	const char *name;
	const char *value;
} always[] = {
	{ "x-content-type-options:", "nosniff" },
	{ "referrer-policy:", "no-referrer" },
	{ "cross-origin-opener-policy:", "same-origin" },
	{ "cross-origin-resource-policy:", "same-origin" },
	{ "x-frame-options:", "DENY" },
	{ "permissions-policy:",
	  "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), payment=(), usb=()" },
};

static int add(struct lws *wsi, const char *name, const char *value, unsigned char **p,
	       unsigned char *end)
{
	return lws_add_http_header_by_name(wsi, (const unsigned char *)name,
					   (const unsigned char *)value,
					   (int)strlen(value), p, end);
}

static int add_if(struct lws *wsi, const char *name, const char *value, unsigned char **p,
		  unsigned char *end)
{
	return value ? add(wsi, name, value, p, end) : 0;
}

int request_headers(struct lws *wsi, struct conn *conn, const struct reply *reply,
		    unsigned char **p, unsigned char *end)
{
	unsigned int class = reply->status / 100 - 1;

	if (class < 5)
		metrics_count(&conn->shard->bridge->metrics.responses[class], 1);
	if (lws_add_http_header_status(wsi, reply->status, p, end))
		return -1;
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		if (add(wsi, always[i].name, always[i].value, p, end))
			return -1;
	if (conn->tls && add(wsi, "strict-transport-security:", "max-age=31536000", p, end))
		return -1;
	if (add(wsi, "content-security-policy:",
		reply->policy ? reply->policy : "default-src 'none'; frame-ancestors 'none'",
		p, end) ||
	    add(wsi, "cache-control:", reply->cache ? reply->cache : "no-store", p, end) ||
	    add_if(wsi, "etag:", reply->etag, p, end) ||
	    add_if(wsi, "content-encoding:", reply->encoding, p, end) ||
	    add_if(wsi, reply->header, reply->value, p, end))
		return -1;
	if (reply->status == HTTP_STATUS_NO_CONTENT || reply->status == HTTP_STATUS_NOT_MODIFIED)
		return 0;
	return add(wsi, "content-type:", reply->type ? reply->type : "text/plain; charset=utf-8",
		   p, end);
}

/* What else it still wants to say is not worth waiting for. */
static bool body_too_long(struct lws *wsi)
{
	char value[24];
	int len = request_header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, value, sizeof(value));

	return lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) ||
	       len < 0 || (len > 0 && (strspn(value, "0123456789") != (size_t)len ||
				       strtoull(value, NULL, 10) > DISCARD_MAX));
}

static int write_headers(struct lws *wsi, struct conn *conn, const struct reply *reply,
			 size_t len, bool close, bool empty)
{
	unsigned char buf[LWS_PRE + 3072], *start = buf + LWS_PRE, *p = start;
	unsigned char *end = buf + sizeof(buf) - 1;
	bool handshake = lws_hdr_total_length(wsi, WSI_TOKEN_UPGRADE);
	int flags = LWS_WRITE_HTTP_HEADERS;

	if (request_headers(wsi, conn, reply, &p, end) ||
	    (close && !conn->is_stream && add(wsi, "connection:", "close", &p, end)) ||
	    (reply->status != HTTP_STATUS_NO_CONTENT &&
	     reply->status != HTTP_STATUS_NOT_MODIFIED &&
	     lws_add_http_header_content_length(wsi, len, &p, end)) ||
	    lws_finalize_http_header(wsi, &p, end))
		return -1;
	/* lws does not look at the version before it has asked about the upgrade */
	if (handshake && !memcmp(start, "HTTP/1.0", 8))
		start[7] = '1';
	if (empty)
		flags |= LWS_WRITE_H2_STREAM_END;
	return lws_write(wsi, start, (size_t)(p - start), (enum lws_write_protocol)flags) < 0 ?
	       -1 : 0;
}

int request_reply(struct lws *wsi, struct conn *conn, const struct reply *reply)
{
	size_t len = reply->len;
	char *owned = reply->owned ? (char *)(uintptr_t)reply->body : NULL;
	bool close = reply->close || lws_hdr_total_length(wsi, WSI_TOKEN_UPGRADE) ||
		     (!conn->whole && body_too_long(wsi));
	bool empty;

	if (!len && reply->body)
		len = strlen(reply->body);
	empty = !len || request_method(wsi) == METHOD_HEAD;
	conn->done = true;
	conn->closes = close;
	if (write_headers(wsi, conn, reply, len, close, empty)) {
		free(owned);
		return ANSWER_FAILED;
	}
	if (empty) {
		free(owned);
		return close ? ANSWER_FAILED : ANSWER_DONE;
	}
	return out_start(wsi, conn, reply->body, len, owned);
}
