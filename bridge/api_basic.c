// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page and its files, and what supervisors ask.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assets.h"
#include "route.h"

int api_reply_json(struct lws *wsi, struct conn *conn, void *json)
{
	struct reply reply = {
		.status = HTTP_STATUS_OK, .type = "application/json", .owned = true,
	};

	reply.body = json ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	return reply.body ? request_reply(wsi, conn, &reply) : ANSWER_FAILED;
}

/* The page needs its own files, its worker and its own WebSocket. */
static void make_policy(struct lws *wsi, char *policy, size_t size)
{
	char host[HOST_HEADER_MAX];

	request_host(wsi, host);
	snprintf(policy, size,
		 "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; "
		 "img-src 'self'; connect-src 'self' ws://%s wss://%s; base-uri 'none'; "
		 "form-action 'none'; frame-ancestors 'none'", host, host);
}

static uint64_t hash(const char *data, size_t len)
{
	uint64_t n = 0xcbf29ce484222325;

	for (size_t i = 0; i < len; i++)
		n = (n ^ (unsigned char)data[i]) * 0x100000001b3;
	return n;
}

/* Whether the browser has it already. */
static bool has(struct lws *wsi, const char *etag)
{
	char value[256];

	return request_header(wsi, WSI_TOKEN_HTTP_IF_NONE_MATCH, value, sizeof(value)) > 0 &&
	       strstr(value, etag);
}

static bool takes_gzip(struct lws *wsi)
{
	char value[256], *save, *coding;

	if (request_header(wsi, WSI_TOKEN_HTTP_ACCEPT_ENCODING, value, sizeof(value)) <= 0)
		return false;
	for (coding = strtok_r(value, ", \t", &save); coding; coding = strtok_r(NULL, ", \t", &save))
		if (!strcmp(coding, "gzip") ||
		    (!strncmp(coding, "gzip;q=", 7) && strspn(coding + 7, "0.") < strlen(coding + 7)))
			return true;
	return false;
}

int api_asset(struct lws *wsi, struct conn *conn, const struct request *request)
{
	const struct asset *asset = asset_find(request->path);
	char policy[1024], etag[24];
	struct reply reply = {
		.status = HTTP_STATUS_OK,
		.type = asset->type,
		.body = asset->data,
		.len = asset->len,
		.policy = policy,
		.cache = "no-cache",
		.etag = etag,
		.header = "vary:",
		.value = "accept-encoding",
	};

	if (takes_gzip(wsi)) {
		reply.body = asset->gzip;
		reply.len = asset->gzip_len;
		reply.encoding = "gzip";
	}
	make_policy(wsi, policy, sizeof(policy));
	snprintf(etag, sizeof(etag), "\"%016llx\"",
		 (unsigned long long)hash(reply.body, reply.len));
	if (has(wsi, etag)) {
		reply.status = HTTP_STATUS_NOT_MODIFIED;
		reply.body = NULL;
		reply.len = 0;
		reply.encoding = NULL;
	}
	return request_reply(wsi, conn, &reply);
}

int api_health(struct lws *wsi, struct conn *conn, const struct request *request)
{
	static const struct reply alive = { .status = HTTP_STATUS_OK, .body = "ok\n" };

	return request_reply(wsi, conn, &alive);
}

int api_ready(struct lws *wsi, struct conn *conn, const struct request *request)
{
	struct reply reply = { .status = HTTP_STATUS_OK, .body = "ready\n" };
	struct channel *channel = NULL;

	if (conn->shard->stopping)
		reply = (struct reply){
			.status = HTTP_STATUS_SERVICE_UNAVAILABLE, .body = "stopping\n",
		};
	while ((channel = channels_next(&conn->shard->bridge->channels, channel)))
		if (source_check(&channel->source))
			reply = (struct reply){
				.status = HTTP_STATUS_SERVICE_UNAVAILABLE,
				.body = "a channel can't be read\n",
			};
	return request_reply(wsi, conn, &reply);
}
