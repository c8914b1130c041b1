// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "assets.h"
#include "log.h"
#include "route.h"
#include "sink.h"
#include "token.h"

typedef int route_fn(struct lws *wsi, struct conn *conn, const struct request *request);

/**
 * struct route - An endpoint.
 * @path: Its path; a "*" is the name of a channel.
 * @method: How it is asked.
 * @open: Whoever reaches us may, whatever Host and Origin say.
 * @query: It takes a query string.
 * @answer: Does it.
 */
struct route {
	const char *path;
	enum method method;
	bool open;
	bool query;
	route_fn *answer;
};

static int need_upgrade(struct lws *wsi, struct conn *conn, const struct request *request)
{
	struct reply reply = { .status = 426, .body = "This is a WebSocket; without one there are /sse/CHANNEL and /api/v1/channels/CHANNEL/records?follow=1.\n" };

	/* HTTP/2 knows no such header */
	if (!conn->is_stream) {
		reply.header = "upgrade:";
		reply.value = "websocket";
	}
	return request_reply(wsi, conn, &reply);
}

static const struct route routes[] = {
	{ "/healthz", METHOD_GET, .open = true, .answer = api_health },
	{ "/readyz", METHOD_GET, .open = true, .answer = api_ready },
	{ "/metrics", METHOD_GET, .answer = api_metrics },
	{ "/ws", METHOD_GET, .query = true, .answer = need_upgrade },
	{ "/ws/*", METHOD_GET, .query = true, .answer = need_upgrade },
	{ "/sse", METHOD_GET, .query = true, .answer = api_sse },
	{ "/sse/*", METHOD_GET, .query = true, .answer = api_sse },
	{ "/api/v1/channels", METHOD_GET, .answer = api_channels },
	{ "/api/v1/channels/*/records", METHOD_GET, .query = true, .answer = api_records },
	{ "/api/v1/channels/*/records", METHOD_POST, .answer = api_write },
	{ "/api/v1/clients", METHOD_GET, .answer = api_clients },
	{ "/api/v1/session", METHOD_POST, .answer = api_session },
	{ "/api/v1/session", METHOD_DELETE, .answer = api_session_end },
};

#define ROUTES	(sizeof(routes) / sizeof(routes[0]))

static const struct route asset_route = { "/", METHOD_GET, .query = true, .answer = api_asset };

static bool path_matches(const char *pattern, const char *path,
			 char channel[CHANNEL_NAME_MAX + 1])
{
	size_t before = strcspn(pattern, "*"), len;

	channel[0] = '\0';
	if (!pattern[before])
		return !strcmp(pattern, path);
	if (strncmp(pattern, path, before))
		return false;
	len = strcspn(path + before, "/");
	if (!len || len > CHANNEL_NAME_MAX || strcmp(pattern + before + 1, path + before + len))
		return false;
	memcpy(channel, path + before, len);
	channel[len] = '\0';
	return true;
}

/* Fills in the channel. @allowed: the methods of all that have this path. */
static const struct route *find(struct request *request, unsigned int *allowed)
{
	const struct route *found = NULL;
	enum method method = request->method == METHOD_HEAD ? METHOD_GET : request->method;
	char channel[CHANNEL_NAME_MAX + 1];

	*allowed = 0;
	for (size_t i = 0; i < ROUTES; i++) {
		if (!path_matches(routes[i].path, request->path, channel))
			continue;
		*allowed |= routes[i].method;
		strcpy(request->channel, channel);
		if (routes[i].method == method)
			found = &routes[i];
	}
	if (!*allowed && asset_find(request->path)) {
		*allowed = METHOD_GET;
		request->channel[0] = '\0';
		found = method == METHOD_GET ? &asset_route : NULL;
	}
	return found;
}

static int not_allowed(struct lws *wsi, struct conn *conn, unsigned int allowed)
{
	char allow[32] = "";
	struct reply reply = {
		.status = HTTP_STATUS_METHOD_NOT_ALLOWED,
		.body = "There is no such method here; the Allow header names those there are.\n",
		.header = "allow:", .value = allow,
	};

	snprintf(allow, sizeof(allow), "%s%s%s", allowed & METHOD_GET ? "GET, HEAD, " : "",
		 allowed & METHOD_POST ? "POST, " : "",
		 allowed & METHOD_DELETE ? "DELETE, " : "");
	allow[strlen(allow) - 2] = '\0';
	return request_reply(wsi, conn, &reply);
}

int route_request(struct lws *wsi, struct conn *conn)
{
	static const struct reply not_found = {
		.status = HTTP_STATUS_NOT_FOUND,
		.body = "There are /, /ws, /ws/CHANNEL, /sse, /sse/CHANNEL, /api/v1/channels, /api/v1/channels/CHANNEL/records, /api/v1/clients, /api/v1/session, /metrics, /healthz and /readyz.\n",
	};
	struct request request = { .method = request_method(wsi) };
	const struct route *route;
	struct reply refused;
	unsigned int allowed;

	if (!request_peer(wsi, conn, &refused))
		return request_reply(wsi, conn, &refused);
	if (!request_path(wsi, request.path))
		return request_reply(wsi, conn, &not_found);
	route = find(&request, &allowed);
	if (!(route && route->open) && !request_site(wsi, conn, &refused))
		return request_reply(wsi, conn, &refused);
	if (!allowed)
		return request_reply(wsi, conn, &not_found);
	if (!route)
		return not_allowed(wsi, conn, allowed);
	if (!route->query && request_has_query(wsi))
		return request_refuse(wsi, conn, HTTP_STATUS_BAD_REQUEST,
				      "%s takes no query string.\n", request.path);
	return route->answer(wsi, conn, &request);
}

static bool no_channel(struct reply *reply)
{
	*reply = (struct reply){
		.status = HTTP_STATUS_NOT_FOUND, .body = NO_SUCH_CHANNEL,
	};
	return false;
}

/* The reason has to live until it is sent, which is at once. */
static bool handshake_query(struct lws *wsi, struct conn *conn, struct reply *reply)
{
	static __thread char why[QUERY_WHY_SIZE + 1];
	int err;

	query_put(conn->query);
	conn->query = query_new(true, FORMAT_TEXT);
	err = conn->query ? request_query(wsi, conn->query, NULL, why) : -1;
	if (!err)
		return true;
	*reply = (struct reply){ .status = HTTP_STATUS_SERVICE_UNAVAILABLE, .body = "no memory\n" };
	if (conn->query && why[0]) {
		strcat(why, "\n");
		*reply = (struct reply){ .status = HTTP_STATUS_BAD_REQUEST, .body = why };
	}
	return false;
}

/* A replica gets all there is, or nothing. */
static bool handshake_sync(struct lws *wsi, const struct channel *channel, struct reply *reply)
{
	if (channel->archive && !request_has_query(wsi))
		return true;
	*reply = (struct reply){
		.status = HTTP_STATUS_NOT_FOUND,
		.body = "This channel has no archive; --archive gives it one.\n",
	};
	if (channel->archive)
		*reply = (struct reply){
			.status = HTTP_STATUS_BAD_REQUEST,
			.body = "memlog.sync takes no query string.\n",
		};
	return false;
}

bool route_handshake(struct lws *wsi, struct conn *conn, struct reply *reply)
{
	struct request request = { .method = request_method(wsi) };
	struct channel *channel;
	const struct sink *sink;
	const char *name;

	if (!request_peer(wsi, conn, reply))
		return false;
	if (request.method != METHOD_GET || !request_path(wsi, request.path))
		return no_channel(reply);
	sink = sink_find(request.path, request_subprotocol(wsi), &name);
	if (!sink)
		return no_channel(reply);
	if (!request_site(wsi, conn, reply) || !request_handshake(wsi, reply))
		return false;
	channel = channels_find(&conn->shard->bridge->channels, name);
	if (!token_allows(wsi, conn, sink->right, channel ? channel->name : "", reply))
		return false;
	if (!channel)
		return no_channel(reply);
	if (sink == &sink_sync ? !handshake_sync(wsi, channel, reply) :
				 !handshake_query(wsi, conn, reply))
		return false;
	conn->sink = sink;
	conn->channel = channel;
	return true;
}
