// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include <strings.h>

#include "body.h"
#include "census.h"
#include "http.h"
#include "linger.h"
#include "log.h"
#include "route.h"
#include "sink.h"
#include "stream.h"
#include "tls.h"
#include "write_job.h"

/* A request's headers have to be there in so many seconds. */
#define HEADER_SECONDS		10
#define KEEPALIVE_SECONDS	30

/* Requests whose headers are being read at once; others wait. */
#define HEADERS_AT_ONCE		1024

/*
 * Room to read a whole TLS record: what is left of one in OpenSSL is forgotten
 * at times, on libuv, until the client sends more, which it may never do.
 */
#define READ_SIZE		(17 * 1024)

/* lws cuts a frame into pieces of this, and copies; no block is longer. */
#define TX_PACKET_SIZE		(1U << 20)

/* What libwebsockets is told: 0 go on, -1 end the connection, or the stream. */
static int conclude(struct lws *wsi, struct conn *conn, int answer)
{
	bool closes = conn->closes;

	if (answer == ANSWER_GOES_ON)
		return 0;
	if (closes && !conn->is_stream)
		linger_start(wsi, conn);
	if (answer == ANSWER_FAILED)
		return -1;
	metrics_observe(&conn->shard->bridge->metrics.request, uv_hrtime() - conn->began);
	stream_free(conn);
	conn->channel = NULL;
	conn->sink = NULL;
	/* of a stream, no more is wanted, not even by libwebsockets to throw it away */
	if (closes || conn->is_stream)
		return -1;
	return lws_http_transaction_completed(wsi) ? -1 : 0;
}

static int on_request(struct lws *wsi)
{
	struct conn *conn = conn_of(wsi);

	if (!conn)
		return -1;
	conn->began = uv_hrtime();
	conn->done = false;
	conn->whole = false;
	conn->closes = false;
	return conclude(wsi, conn, route_request(wsi, conn));
}

static int on_http_writable(struct lws *wsi, struct conn *conn)
{
	if (conn->out)
		return conclude(wsi, conn, out_writable(wsi, conn));
	if (conn->stream)
		return conclude(wsi, conn, stream_writable(wsi, conn));
	if (conn->job)
		return conclude(wsi, conn, write_job_answer(wsi, conn));
	if (conn->census)
		return conclude(wsi, conn, census_answer(wsi, conn));
	return 0;
}

static int on_body(struct lws *wsi, struct conn *conn, const void *data, size_t len)
{
	return body_add(wsi, conn, data, len) == ANSWER_FAILED ? -1 : 0;
}

static int confirm_upgrade(struct lws *wsi, const char *to)
{
	static const struct reply only_websocket = {
		.status = HTTP_STATUS_BAD_REQUEST,
		.body = "The only upgrade there is is to websocket.\n",
	};
	struct conn *conn = conn_of(wsi);
	struct reply reply;

	/* lws 4.1 has answered an upgrade it does not know, and asks nevertheless */
	if (!conn || !lws_hdr_total_length(wsi, WSI_TOKEN_UPGRADE) || conn->shard->stopping)
		return -1;
	if (strcasecmp(to, "websocket"))
		reply = only_websocket;
	else if (route_handshake(wsi, conn, &reply))
		return 0;
	/* the connection ends with it */
	return request_reply(wsi, conn, &reply) == ANSWER_FAILED ? -1 : 1;
}

/* Streams of HTTP/2 are told from here that they carry a WebSocket. */
static int confirm_protocol(struct lws *wsi)
{
	struct conn *conn = conn_of(wsi);

	return conn && conn->channel && conn->sink && conn->sink->path ? 0 : -1;
}

static void forget_conn(struct lws *wsi)
{
	struct conn *conn = lws_get_opaque_user_data(wsi);

	if (!conn)
		return;
	lws_set_opaque_user_data(wsi, NULL);
	conn_free(conn);
}

static int http_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user,
			 void *in, size_t len)
{
	struct conn *conn = wsi ? lws_get_opaque_user_data(wsi) : NULL;
	struct shard *shard;

	switch (reason) {
	case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS:
		shard = lws_context_user(lws_get_context(wsi));
		return tls_set_context(shard, user);
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return confirm_upgrade(wsi, in);
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		return confirm_protocol(wsi);
	case LWS_CALLBACK_HTTP:
		return on_request(wsi);
	case LWS_CALLBACK_HTTP_BODY:
		return conn ? on_body(wsi, conn, in, len) : -1;
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		return conn ? conclude(wsi, conn, body_end(wsi, conn)) : -1;
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return conn ? on_http_writable(wsi, conn) : -1;
	case LWS_CALLBACK_CLOSED_HTTP:
		if (conn)
			stream_free(conn);
		return 0;
	case LWS_CALLBACK_WSI_DESTROY:
		forget_conn(wsi);
		return 0;
	case LWS_CALLBACK_ESTABLISHED:
	case LWS_CALLBACK_SERVER_WRITEABLE:
	case LWS_CALLBACK_RECEIVE:
	case LWS_CALLBACK_RECEIVE_PONG:
	case LWS_CALLBACK_CLOSED:
		if (!conn || !conn->sink || !conn->sink->callback)
			return -1;
		return conn->sink->callback(wsi, reason, user, in, len);
	default:
		return 0;
	}
}

/*
 * One protocol a format, and that of replicas; HTTP and handshakes that name none go
 * to the first.
 */
static struct lws_protocols protocols[FORMATS + 2];

static void add_protocol(struct lws_protocols *protocol, const char *name)
{
	*protocol = (struct lws_protocols){
		.name = name,
		.callback = http_callback,
		.per_session_data_size = sink_session_size(),
		.rx_buffer_size = 128,
		.tx_packet_size = TX_PACKET_SIZE,
	};
}

static void fill_protocols(void)
{
	int count = 0;

	for (int i = 0; i < FORMATS; i++)
		if (formats[i]->subprotocol)
			add_protocol(&protocols[count++], formats[i]->subprotocol);
	add_protocol(&protocols[count], sink_sync.subprotocol);
}

static void lws_says(int level, const char *line)
{
	log_error("libwebsockets: %.*s", (int)strcspn(line, "\n"), line);
}

/*
 * lws has a default that it counts from each pong, in a list that is walked for
 * every change: 20,000 clients took a quarter of a processor. Ours are looked after
 * by their sinks.
 */
static const lws_retry_bo_t no_validity;

int http_init(struct shard *shard)
{
	const struct options *options = &shard->bridge->options;
	void *loops[] = { &shard->loop };
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN_SERVER,
		.protocols = protocols,
		.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
			   LWS_SERVER_OPTION_VALIDATE_UTF8,
		.foreign_loops = loops,
		.pcontext = &shard->context,
		.gid = (gid_t)-1,
		.uid = (uid_t)-1,
		.server_string = "memlog-bridge",
		.max_http_header_pool = HEADERS_AT_ONCE,
		.max_http_header_data = HEADERS_MAX,
		.pt_serv_buf_size = READ_SIZE,
		.retry_and_idle_policy = &no_validity,
		.timeout_secs = HEADER_SECONDS,
		.timeout_secs_ah_idle = HEADER_SECONDS,
		.keepalive_timeout = KEEPALIVE_SECONDS,
		.user = shard,
	};

	fill_protocols();
	tls_fill(options, &info);
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
