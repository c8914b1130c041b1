// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <errno.h>
#include <libwebsockets.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../auth.h"
#include "replica.h"

#define TICK_US		250000

/* A master that is silent so long is asked whether it is there, or is not. */
#define PING_MS		15000
#define GONE_MS		30000

/* To connect, and for the answer of a request. */
#define CONNECT_MS	15000

#define READ_SIZE	65536

/* Descriptors it may have; lws makes no tables for all there could be then. */
#define FD_LIMIT	16

/**
 * struct connection - A connection.
 * @from: Where to.
 * @ops: What for; NULL: a request of HTTP.
 * @arg: For those.
 * @why: What is to be said about its end.
 * @context: libwebsockets.
 * @wsi: The connection, NULL: it is gone.
 * @tick: Calls back.
 * @buf: What comes, as far as it has.
 * @len: Bytes of it.
 * @room: Bytes it may have.
 * @max: Most to believe.
 * @began_ms: When it began.
 * @heard_ms: When something came.
 * @pinged_ms: When it was asked whether it is there.
 * @result: What to return; 0: go on.
 * @up: It is connected.
 * @whole: All of the answer is there.
 * @ping: To be sent.
 * @token: What the master wants to know.
 */
struct connection {
	const struct replica_from *from;
	const struct link_ops *ops;
	void *arg;
	char *why;
	struct lws_context *context;
	struct lws *wsi;
	lws_sorted_usec_list_t tick;
	uint8_t *buf;
	size_t len;
	size_t room;
	size_t max;
	uint64_t began_ms;
	uint64_t heard_ms;
	uint64_t pinged_ms;
	int result;
	bool up;
	bool whole;
	bool ping;
	char token[TOKEN_MAX + 1];
};

static void say(struct connection *conn, const char *why)
{
	if (!conn->why[0])
		snprintf(conn->why, LINK_WHY_SIZE, "%s", why);
}

static int end(struct connection *conn, int result)
{
	if (!conn->result)
		conn->result = result;
	return -1;
}

/*
 * Before anything is said: whether the other end is who it should be. lws can't
 * compare addresses, and is told not to compare at all.
 */
static bool peer_ok(struct connection *conn, struct lws *wsi)
{
	unsigned char addr[sizeof(struct in6_addr)];
	SSL *ssl = lws_get_ssl(wsi);
	X509 *cert = ssl ? SSL_get_peer_certificate(ssl) : NULL;
	const char *host = conn->from->host;
	bool ok = cert && SSL_get_verify_result(ssl) == X509_V_OK;

	if (ok && (inet_pton(AF_INET, host, addr) == 1 || inet_pton(AF_INET6, host, addr) == 1))
		ok = X509_check_ip_asc(cert, host, 0) == 1;
	else if (ok)
		ok = X509_check_host(cert, host, 0, 0, NULL) == 1;
	X509_free(cert);
	if (!ok)
		say(conn, "its certificate is not for this host name, or not trusted (--tls-ca)");
	return ok;
}

static int add_headers(struct connection *conn, struct lws *wsi, unsigned char **p, size_t len)
{
	char value[TOKEN_MAX + 8];
	int err;

	if (conn->from->tls && !peer_ok(conn, wsi))
		return end(conn, LINK_CLOSED);
	if (!conn->token[0])
		return 0;
	snprintf(value, sizeof(value), "Bearer %s", conn->token);
	err = lws_add_http_header_by_token(wsi, WSI_TOKEN_HTTP_AUTHORIZATION,
					   (unsigned char *)value, (int)strlen(value), p, *p + len);
	explicit_bzero(value, sizeof(value));
	return err ? end(conn, LINK_CLOSED) : 0;
}

static int add_bytes(struct connection *conn, const void *bytes, size_t len)
{
	size_t need = conn->len + len + 1;

	if (need > conn->max) {
		say(conn, "it sends more than it may");
		return end(conn, LINK_CLOSED);
	}
	if (need > conn->room) {
		size_t room = need > 2 * conn->room ? need : 2 * conn->room;
		uint8_t *buf = realloc(conn->buf, room);

		if (!buf)
			return end(conn, -ENOMEM);
		conn->buf = buf;
		conn->room = room;
	}
	memcpy(conn->buf + conn->len, bytes, len);
	conn->len += len;
	return 0;
}

/* A long message's memory is not kept. */
static void empty(struct connection *conn)
{
	conn->len = 0;
	if (conn->room <= 2 * SYNC_RAW_MAX)
		return;
	free(conn->buf);
	conn->buf = NULL;
	conn->room = 0;
}

static int on_receive(struct connection *conn, struct lws *wsi, const void *in, size_t len)
{
	int result;

	conn->heard_ms = replica_clock();
	if (!lws_frame_is_binary(wsi)) {
		say(conn, "it does not speak memlog.sync");
		return end(conn, LINK_CLOSED);
	}
	if (add_bytes(conn, in, len))
		return -1;
	if (lws_remaining_packet_payload(wsi) || !lws_is_final_fragment(wsi))
		return 0;
	result = conn->ops->message(conn->arg, conn->buf, conn->len);
	empty(conn);
	if (result)
		return end(conn, result);
	lws_callback_on_writable(wsi);
	return 0;
}

static int on_writable(struct connection *conn, struct lws *wsi)
{
	unsigned char frame[LWS_PRE + SYNC_ASK_SIZE] = { 0 };
	int result;

	if (conn->ping) {
		conn->ping = false;
		lws_callback_on_writable(wsi);
		/* lws tells of an answer only if there is something in it */
		return lws_write(wsi, frame + LWS_PRE, 1, LWS_WRITE_PING) < 0 ? -1 : 0;
	}
	result = conn->ops->next(conn->arg, frame + LWS_PRE);
	if (!result)
		return 0;
	if (result != 1)
		return end(conn, result);
	lws_callback_on_writable(wsi);
	return lws_write(wsi, frame + LWS_PRE, SYNC_ASK_SIZE, LWS_WRITE_BINARY) < 0 ? -1 : 0;
}

/* "1008", and what the master says. */
static void on_close_frame(struct connection *conn, const unsigned char *in, size_t len)
{
	char text[128] = "";

	if (len < 2)
		return;
	for (size_t i = 2; i < len && i < sizeof(text); i++)
		text[i - 2] = in[i] >= ' ' && in[i] <= '~' ? (char)in[i] : '?';
	if (!conn->why[0])
		snprintf(conn->why, LINK_WHY_SIZE, "it closed: %s (%u)", text,
			 (unsigned int)in[0] << 8 | in[1]);
}

/* What lws says of TLS are numbers. */
static void say_tls(struct connection *conn, struct lws *wsi)
{
	SSL *ssl = wsi ? lws_get_ssl(wsi) : NULL;
	long verified = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;
	char text[200];

	if (verified == X509_V_OK) {
		say(conn, "can't connect: no TLS comes about; does it speak TLS there (--tls-cert), or is this ws://?");
		return;
	}
	snprintf(text, sizeof(text), "can't connect: its certificate is not trusted: %s; --tls-ca names what is",
		 X509_verify_cert_error_string(verified));
	say(conn, text);
}

static void on_failed(struct connection *conn, struct lws *wsi, const char *in, size_t len)
{
	unsigned int status = wsi ? lws_http_client_http_response(wsi) : 0;
	char text[160];

	if (status == 401 && !conn->token[0])
		say(conn, "it wants a token (401): see --token-file");
	else if (status == 401)
		say(conn, "its token does not let us copy this (401): a line \"sync TOKEN\" in the master's token file does");
	else if (status == 404)
		say(conn, "it has no such channel, or no archive of it (404): see its --archive");
	else if (status == 403)
		say(conn, "it does not go by this name (403): see its --name");
	else if (in && memmem(in, len, "SSL", 3))
		say_tls(conn, wsi);
	snprintf(text, sizeof(text), "can't connect: %.*s", (int)(in ? len : 0), in ? in : "");
	say(conn, text);
	conn->wsi = NULL;
	end(conn, LINK_CLOSED);
}

/* An answer of HTTP, by pieces of a buffer of ours. */
static int read_body(struct lws *wsi)
{
	char buf[LWS_PRE + 4096], *at = buf + LWS_PRE;
	int len = 4096;

	return lws_http_client_read(wsi, &at, &len) < 0 ? -1 : 0;
}

static int on_answered(struct connection *conn, struct lws *wsi)
{
	unsigned int status = lws_http_client_http_response(wsi);
	char text[64];

	conn->up = true;
	if (status == 200)
		return 0;
	snprintf(text, sizeof(text), "it answers %u%s", status,
		 status != 401 ? "" : conn->token[0] ? ": the token is not known there" :
		 ": it wants a token, see --token-file");
	say(conn, text);
	return end(conn, LINK_CLOSED);
}

static int callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		    size_t len)
{
	struct connection *conn = wsi ? lws_get_opaque_user_data(wsi) : NULL;

	if (!conn)
		return 0;
	switch (reason) {
	case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
		return add_headers(conn, wsi, in, len);
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
		conn->up = true;
		conn->heard_ms = replica_clock();
		return 0;
	case LWS_CALLBACK_CLIENT_RECEIVE:
		return conn->result ? -1 : on_receive(conn, wsi, in, len);
	case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
		conn->heard_ms = replica_clock();
		return 0;
	case LWS_CALLBACK_CLIENT_WRITEABLE:
		return conn->result || !conn->ops ? -1 : on_writable(conn, wsi);
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		on_close_frame(conn, in, len);
		return 0;
	case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
		on_failed(conn, wsi, in, len);
		return 0;
	case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
		return conn->ops ? 0 : on_answered(conn, wsi);
	case LWS_CALLBACK_RECEIVE_CLIENT_HTTP:
		return read_body(wsi);
	case LWS_CALLBACK_RECEIVE_CLIENT_HTTP_READ:
		return add_bytes(conn, in, len);
	case LWS_CALLBACK_COMPLETED_CLIENT_HTTP:
		conn->whole = true;
		return -1;
	case LWS_CALLBACK_CLIENT_CLOSED:
	case LWS_CALLBACK_CLOSED_CLIENT_HTTP:
		conn->wsi = NULL;
		end(conn, LINK_CLOSED);
		return 0;
	default:
		return 0;
	}
}

static void on_tick(lws_sorted_usec_list_t *tick)
{
	struct connection *conn = lws_container_of(tick, struct connection, tick);
	uint64_t now = replica_clock();
	int result = conn->ops ? conn->ops->tick(conn->arg) : *(const bool *)conn->arg;

	lws_sul_schedule(conn->context, 0, tick, on_tick, TICK_US);
	if (result) {
		end(conn, result);
	} else if ((!conn->up || !conn->ops) && now - conn->began_ms > CONNECT_MS) {
		say(conn, "it does not answer");
		end(conn, LINK_CLOSED);
	} else if (conn->up && now - conn->heard_ms > GONE_MS) {
		say(conn, "it is silent");
		end(conn, LINK_CLOSED);
	} else if (conn->up && conn->wsi && conn->ops && now - conn->heard_ms > PING_MS &&
		   now - conn->pinged_ms > PING_MS) {
		conn->pinged_ms = now;
		conn->ping = true;
		lws_callback_on_writable(conn->wsi);
	} else if (conn->up && conn->wsi && conn->ops) {
		lws_callback_on_writable(conn->wsi);
	}
}

static const struct lws_protocols protocols[] = {
	{ .name = SYNC_PROTOCOL, .callback = callback, .rx_buffer_size = READ_SIZE },
	{ 0 }
};

static const lws_retry_bo_t no_validity;

/*
 * With each context that sets OpenSSL up, lws numbers anew what it keeps with TLS
 * connections, and no longer finds it for those that other threads are making: they
 * fail. So one context does it, for all.
 */
static struct lws_context *create_context(struct lws_context_creation_info info)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static bool is_set_up;
	struct lws_context *context;

	pthread_mutex_lock(&lock);
	if (is_set_up)
		info.options &= ~(uint64_t)LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
	context = lws_create_context(&info);
	is_set_up = is_set_up ||
		    (context && info.options & LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT);
	pthread_mutex_unlock(&lock);
	return context;
}

static int open_context(struct connection *conn)
{
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN,
		.protocols = protocols,
		.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
			   (conn->from->tls ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0) |
			   (conn->from->ca ? LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS : 0),
		.gid = (gid_t)-1,
		.uid = (uid_t)-1,
		.fd_limit_per_thread = FD_LIMIT,
		.pt_serv_buf_size = READ_SIZE,
		.retry_and_idle_policy = &no_validity,
		.client_ssl_ca_filepath = conn->from->tls ? conn->from->ca : NULL,
	};

	conn->context = create_context(info);
	if (!conn->context || !lws_create_vhost(conn->context, &info)) {
		say(conn, conn->from->ca ? "can't set up a connection; is --tls-ca a file of certificates?" :
					   "can't set up a connection");
		return LINK_CLOSED;
	}
	return 0;
}

static int run(struct connection *conn, const char *path)
{
	char host[LINK_HOST_SIZE + 2];
	bool v6 = strchr(conn->from->host, ':');
	struct lws_client_connect_info info = {
		.address = conn->from->host,
		.port = (int)conn->from->port,
		.path = path,
		.host = host,
		.protocol = conn->ops ? SYNC_PROTOCOL : NULL,
		.method = conn->ops ? NULL : "GET",
		.alpn = "http/1.1",
		.ssl_connection = conn->from->tls ?
				  LCCSCF_USE_SSL | LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK : 0,
		.opaque_user_data = conn,
		.pwsi = &conn->wsi,
		.ietf_version_or_minus_one = -1,
	};

	snprintf(host, sizeof(host), v6 ? "[%s]" : "%s", conn->from->host);
	if (open_context(conn))
		return LINK_CLOSED;
	info.context = conn->context;
	info.local_protocol_name = SYNC_PROTOCOL;
	conn->began_ms = replica_clock();
	conn->heard_ms = conn->began_ms;
	lws_sul_schedule(conn->context, 0, &conn->tick, on_tick, TICK_US);
	if (!lws_client_connect_via_info(&info))
		end(conn, LINK_CLOSED);
	while (!conn->result && lws_service(conn->context, 0) >= 0)
		;
	return conn->result ? conn->result : LINK_CLOSED;
}

static int connect_to(struct connection *conn, const char *path)
{
	int err, result = LINK_CLOSED;

	conn->why[0] = '\0';
	err = replica_token(conn->from->token_file, conn->token, sizeof(conn->token), conn->why);
	if (!err)
		result = run(conn, path);
	if (conn->context) {
		lws_sul_schedule(conn->context, 0, &conn->tick, NULL, LWS_SET_TIMER_USEC_CANCEL);
		lws_context_destroy(conn->context);
	}
	explicit_bzero(conn->token, sizeof(conn->token));
	return result;
}

int replica_link_run(const struct replica_from *from, const char *channel,
		     const struct link_ops *ops, void *arg, char why[LINK_WHY_SIZE])
{
	struct connection conn = {
		.from = from, .ops = ops, .arg = arg, .why = why, .max = SYNC_MESSAGE_MAX,
	};
	char path[SYNC_NAME_MAX + 8];
	int result;

	snprintf(path, sizeof(path), "/ws/%s", channel);
	result = connect_to(&conn, path);
	free(conn.buf);
	return result;
}

int replica_link_get(const struct replica_from *from, const char *path, char **text, size_t max,
		     const bool *stop, char why[LINK_WHY_SIZE])
{
	struct connection conn = {
		.from = from, .arg = (void *)stop, .why = why, .max = max,
	};

	connect_to(&conn, path);
	if (!conn.whole || !conn.len) {
		free(conn.buf);
		return LINK_CLOSED;
	}
	conn.buf[conn.len] = '\0';
	*text = (char *)conn.buf;
	return 0;
}
