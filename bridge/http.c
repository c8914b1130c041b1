// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "assets.h"
#include "http.h"
#include "listen.h"
#include "log.h"
#include "request.h"
#include "sink.h"

/* A request's headers have to be there in so many seconds. */
#define HEADER_SECONDS		10
#define HEADERS_MAX		4096
#define KEEPALIVE_SECONDS	30

/* lws cuts a frame into pieces of this, and copies; no block is longer. */
#define TX_PACKET_SIZE		(1U << 20)

/* The page needs its own two files and its own WebSocket. */
static int reply_asset(struct lws *wsi, const struct asset *asset)
{
	char host[HOST_HEADER_MAX], policy[768];
	struct reply reply = {
		.status = HTTP_STATUS_OK,
		.type = asset->type,
		.body = asset->data,
		.len = asset->len,
		.header = "content-security-policy:",
		.value = policy,
	};

	request_host(wsi, host);
	snprintf(policy, sizeof(policy),
		 "default-src 'none'; script-src 'self'; style-src 'self'; "
		 "connect-src 'self' ws://%s wss://%s; base-uri 'none'; "
		 "form-action 'none'; frame-ancestors 'none'", host, host);
	return request_reply(wsi, &reply);
}

static int reply_ready(struct lws *wsi, struct shard *shard)
{
	struct reply reply = { .status = HTTP_STATUS_OK, .body = "ready\n" };
	struct channel *channel = NULL;

	if (shard->stopping)
		reply = (struct reply){
			.status = HTTP_STATUS_SERVICE_UNAVAILABLE, .body = "stopping\n",
		};
	while ((channel = channels_next(&shard->bridge->channels, channel)))
		if (source_check(&channel->source))
			reply = (struct reply){
				.status = HTTP_STATUS_SERVICE_UNAVAILABLE,
				.body = "a channel can't be read\n",
			};
	return request_reply(wsi, &reply);
}

static int answer(struct lws *wsi, struct conn *conn, const char *path)
{
	static const struct reply not_allowed = {
		.status = HTTP_STATUS_METHOD_NOT_ALLOWED, .body = "GET, please.\n",
		.header = "allow:", .value = "GET",
	};
	static const struct reply alive = {
		.status = HTTP_STATUS_OK, .body = "ok\n",
	};
	static const struct reply upgrade = {
		.status = 426, .body = "This is a WebSocket.\n",
		.header = "upgrade:", .value = "websocket",
	};
	static const struct reply not_found = {
		.status = HTTP_STATUS_NOT_FOUND,
		.body = "There are /, /ws, /ws/CHANNEL, /healthz and /readyz.\n",
	};
	const struct sink *sink;
	const struct asset *asset;
	const char *channel;
	struct reply refused;

	if (!lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI))
		return request_reply(wsi, &not_allowed);
	if (!strcmp(path, "/healthz"))
		return request_reply(wsi, &alive);
	if (!strcmp(path, "/readyz"))
		return reply_ready(wsi, conn->shard);
	if (!request_site(wsi, conn, &refused))
		return request_reply(wsi, &refused);
	asset = asset_find(path);
	if (asset)
		return reply_asset(wsi, asset);
	sink = sink_find(path, &channel);
	if (sink && sink->upgrade)
		return request_reply(wsi, &upgrade);
	return request_reply(wsi, &not_found);
}

/* Whether a handshake may go on; then it is conn->sink's, for conn->channel. */
static bool may_upgrade(struct lws *wsi, struct conn *conn, const char *to,
			struct reply *reply)
{
	static const struct reply not_found = {
		.status = HTTP_STATUS_NOT_FOUND, .body = "There is no such channel.\n",
	};
	char path[sizeof("/ws/") + CHANNEL_NAME_MAX + 1];
	struct channel *channel;
	const struct sink *sink;
	const char *name;

	*reply = not_found;
	if (strcasecmp(to, "websocket")) {
		*reply = (struct reply){
			.status = HTTP_STATUS_BAD_REQUEST,
			.body = "The only upgrade there is is to websocket.\n",
		};
		return false;
	}
	if (lws_hdr_copy(wsi, path, sizeof(path), WSI_TOKEN_GET_URI) <= 0)
		return false;
	sink = sink_find(path, &name);
	if (!sink || !sink->upgrade)
		return false;
	if (!request_site(wsi, conn, reply) || !request_handshake(wsi, reply))
		return false;
	channel = channels_find(&conn->shard->bridge->channels, name);
	if (!request_token(wsi, conn, AUTH_READ, channel ? channel->name : "", reply))
		return false;
	conn->sink = sink;
	conn->channel = channel;
	*reply = not_found;
	return channel;
}

static int confirm_upgrade(struct lws *wsi, struct conn *conn, const char *to)
{
	struct reply reply;

	/* lws 4.1 has answered an upgrade it does not know, and asks nevertheless */
	if (!lws_hdr_total_length(wsi, WSI_TOKEN_UPGRADE))
		return -1;
	if (conn->shard->stopping)
		return -1;
	if (may_upgrade(wsi, conn, to, &reply))
		return 0;
	return request_reply(wsi, &reply) ? -1 : 1;
}

static int http_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user,
			 void *in, size_t len)
{
	struct conn *conn = wsi ? lws_get_opaque_user_data(wsi) : NULL;

	switch (reason) {
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return conn ? confirm_upgrade(wsi, conn, in) : -1;
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		return conn && conn->channel ? 0 : -1;
	case LWS_CALLBACK_HTTP:
		if (!conn || answer(wsi, conn, in) || lws_http_transaction_completed(wsi))
			return -1;
		return 0;
	case LWS_CALLBACK_WSI_DESTROY:
		if (conn)
			conn_free(conn);
		return 0;
	case LWS_CALLBACK_ESTABLISHED:
	case LWS_CALLBACK_SERVER_WRITEABLE:
	case LWS_CALLBACK_RECEIVE:
	case LWS_CALLBACK_RECEIVE_PONG:
	case LWS_CALLBACK_CLOSED:
		if (!conn || !conn->sink)
			return -1;
		return conn->sink->callback(wsi, reason, user, in, len);
	default:
		return 0;
	}
}

/* One protocol a format; HTTP and handshakes that name none go to the first. */
static struct lws_protocols protocols[FORMATS + 1];

static void fill_protocols(void)
{
	int count = 0;

	for (int i = 0; i < FORMATS; i++) {
		if (!formats[i]->subprotocol)
			continue;
		protocols[count++] = (struct lws_protocols){
			.name = formats[i]->subprotocol,
			.callback = http_callback,
			.per_session_data_size = sink_session_size(),
			.rx_buffer_size = 128,
			.tx_packet_size = TX_PACKET_SIZE,
		};
	}
}

static void lws_says(int level, const char *line)
{
	log_error("libwebsockets: %.*s", (int)strcspn(line, "\n"), line);
}

int http_init(struct shard *shard)
{
	void *loops[] = { &shard->loop };
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN_SERVER,
		.protocols = protocols,
		.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
		.foreign_loops = loops,
		.pcontext = &shard->context,
		.gid = (gid_t)-1,
		.uid = (uid_t)-1,
		.server_string = "memlog-bridge",
		.max_http_header_pool = CONNS_MAX,
		.max_http_header_data = HEADERS_MAX,
		.timeout_secs = HEADER_SECONDS,
		.timeout_secs_ah_idle = HEADER_SECONDS,
		.keepalive_timeout = KEEPALIVE_SECONDS,
	};

	fill_protocols();
	lws_set_log_level(LLL_ERR, lws_says);
	shard->context = lws_create_context(&info);
	if (shard->context)
		shard->vhost = lws_create_vhost(shard->context, &info);
	if (!shard->vhost) {
		log_error("libwebsockets does not start; is its libuv plugin installed (Debian: libwebsockets-evlib-uv)?");
		return EXIT_SYSTEM;
	}
	/* what clients do wrong is not for the log */
	if (!log_is_verbose())
		lws_set_log_level(0, lws_says);
	return 0;
}

void http_uninit(struct shard *shard)
{
	if (shard->context)
		lws_context_destroy(shard->context);
}
