// SPDX-License-Identifier: GPL-2.0-only
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "body.h"
#include "census.h"
#include "conn.h"
#include "forwarded.h"
#include "out.h"
#include "sink.h"
#include "stream.h"
#include "tls.h"
#include "write_job.h"

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

struct conn *conn_new(struct shard *shard, const struct address *address)
{
	struct bridge *bridge = shard->bridge;
	struct conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return NULL;
	pthread_rwlock_rdlock(&bridge->settings);
	conn->proxied = forwarded_trusts(&bridge->options, address);
	pthread_rwlock_unlock(&bridge->settings);
	conn->peer = limit_enter(&bridge->limits, address, conn->proxied);
	if (!conn->peer) {
		free(conn);
		return NULL;
	}
	conn->shard = shard;
	conn->address = *address;
	conn->id = __atomic_add_fetch(&bridge->conn_ids, 1, __ATOMIC_RELAXED);
	conn->since = now_ns();
	list_add_tail(&conn->link, &shard->conns);
	shard->conn_count++;
	return conn;
}

struct conn *conn_of(struct lws *wsi)
{
	struct conn *conn = lws_get_opaque_user_data(wsi), *parent;
	struct lws *network;

	if (conn)
		return conn;
	network = lws_get_network_wsi(wsi);
	parent = network && network != wsi ? lws_get_opaque_user_data(network) : NULL;
	if (!parent)
		return NULL;
	conn = conn_new(parent->shard, &parent->address);
	if (!conn)
		return NULL;
	conn->open = parent->open;
	conn->tls = parent->tls;
	conn->is_stream = true;
	lws_set_opaque_user_data(wsi, conn);
	if (conn->tls)
		tls_streams_serve(lws_get_ssl(network), network);
	return conn;
}

bool conn_speaks_for(struct conn *conn, const struct address *address)
{
	struct peer *peer = limit_move(&conn->shard->bridge->limits, conn->peer, address);

	if (!peer)
		return false;
	conn->peer = peer;
	conn->address = *address;
	return true;
}

bool conn_speaks(struct lws *wsi, const struct conn *conn)
{
	struct pollfd pollfd = { .events = POLLIN | POLLRDHUP };

	if (conn->is_stream)
		return false;
	pollfd.fd = lws_get_socket_fd(wsi);
	return poll(&pollfd, 1, 0) > 0;
}

/*
 * libwebsockets has no way to reset a single stream of HTTP/2; without that it
 * would seem to go on for ever.
 */
void conn_kill(struct lws *wsi, struct conn *conn)
{
	lws_set_timeout(lws_get_network_wsi(wsi), PENDING_TIMEOUT_WS_PONG_CHECK_GET_PONG,
			LWS_TO_KILL_ASYNC);
	/* lws looks at its timers behind events of its own only */
	lws_cancel_service(conn->shard->context);
}

void conn_free(struct conn *conn)
{
	stream_free(conn);
	out_free(conn);
	body_free(conn);
	write_job_leave(conn);
	census_leave(conn);
	query_put(conn->query);
	list_del(&conn->link);
	conn->shard->conn_count--;
	limit_leave(&conn->shard->bridge->limits, conn->peer);
	free(conn);
}
