/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which request goes where. An endpoint is one line in the table of route.c.
 */
#ifndef BRIDGE_ROUTE_H
#define BRIDGE_ROUTE_H

#include "request.h"

/**
 * struct request - A request that may come in.
 * @method: How it is asked.
 * @path: What for.
 * @channel: Name of the channel in that, "" if there is none.
 */
struct request {
	enum method method;
	char path[PATH_MAX_LEN];
	char channel[CHANNEL_NAME_MAX + 1];
};

#define NO_SUCH_CHANNEL	"There is no such channel; GET /api/v1/channels names those there are.\n"

/* Answers a request without a handshake. Return: an &enum answer. */
int route_request(struct lws *wsi, struct conn *conn);

/* Whether a WebSocket handshake may go on; then all of @conn is set for its sink. */
bool route_handshake(struct lws *wsi, struct conn *conn, struct reply *reply);

/* The endpoints. Each answers a request that was let in; returns an &enum answer. */
int api_asset(struct lws *wsi, struct conn *conn, const struct request *request);
int api_health(struct lws *wsi, struct conn *conn, const struct request *request);
int api_ready(struct lws *wsi, struct conn *conn, const struct request *request);
int api_metrics(struct lws *wsi, struct conn *conn, const struct request *request);
int api_channels(struct lws *wsi, struct conn *conn, const struct request *request);
int api_clients(struct lws *wsi, struct conn *conn, const struct request *request);
int api_session(struct lws *wsi, struct conn *conn, const struct request *request);
int api_session_end(struct lws *wsi, struct conn *conn, const struct request *request);
int api_records(struct lws *wsi, struct conn *conn, const struct request *request);
int api_write(struct lws *wsi, struct conn *conn, const struct request *request);
int api_sse(struct lws *wsi, struct conn *conn, const struct request *request);

/* Answers with JSON; takes @json. */
int api_reply_json(struct lws *wsi, struct conn *conn, void *json);

#endif /* BRIDGE_ROUTE_H */
