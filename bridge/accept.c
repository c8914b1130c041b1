// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "accept.h"
#include "log.h"

/* A client is asked to take more only when less than this waits to be sent. */
#define UNSENT_MAX	65536

/*
 * What a client has not taken yet waits in the ring, where newer records can
 * push it out, and not in kernel memory: beyond what is on its way there is
 * little room. One that is gone without a word is found by what it does not
 * acknowledge, or by the kernel's probes while there is nothing to send.
 */
static void set_socket(int fd, unsigned int idle)
{
	int one = 1, unsent = UNSENT_MAX, seconds = (int)idle / 2, probes = 3;
	int between = seconds / 3 > 0 ? seconds / 3 : 1;
	unsigned int unacked_ms = idle * 1000;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof(seconds));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &between, sizeof(between));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacked_ms, sizeof(unacked_ms));
}

/* In the clear, which a TLS client will not read: it sees the end. */
static void turn_away(int fd, bool tls)
{
	static const char answer[] =
		"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\n"
		"Content-Type: text/plain\r\nContent-Length: 21\r\n"
		"Connection: close\r\n\r\ntoo many connections\n";

	if (!tls && send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_info("turned away without an answer");
	close(fd);
}

/* Hands the socket to libwebsockets, which closes it in any case. */
static void adopt(struct listener *listener, int fd, struct conn *conn)
{
	lws_adopt_desc_t desc = {
		.vh = listener->shard->vhost,
		.type = LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP,
		.fd = { .sockfd = fd },
		.opaque = conn,
	};

	if (listener->tls)
		desc.type |= LWS_ADOPT_ALLOW_SSL;
	conn->open = listener->open;
	conn->tls = listener->tls;
	/* freed when libwebsockets frees its part, also if this fails */
	lws_adopt_descriptor_vhost_via_info(&desc);
}

int accept_one(struct listener *listener)
{
	struct shard *shard = listener->shard;
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);
	struct address address;
	struct conn *conn;
	int fd;

	fd = accept4(listener->fd, (struct sockaddr *)&ss, &len,
		     SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return errno == ECONNABORTED || errno == EINTR ? 0 : -errno;
	address_of_peer(&address, fd, &ss);
	conn = shard->stopping ? NULL : conn_new(shard, &address);
	if (!conn) {
		turn_away(fd, listener->tls);
		return 0;
	}
	if (address.kind != AF_UNIX)
		set_socket(fd, shard->bridge->options.idle_timeout);
	adopt(listener, fd, conn);
	return 0;
}
