// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "accept.h"
#include "log.h"

/* A client is asked to take more only when less than this waits to be sent. */
#define UNSENT_MAX	65536

/* Who is at the other end, as far as limits go. */
static void peer_of(struct peer *peer, int fd, const struct sockaddr_storage *ss)
{
	const struct sockaddr_in6 *in6 = (const void *)ss;
	struct ucred cred = { 0 };
	socklen_t len = sizeof(cred);

	*peer = (struct peer){ .kind = ss->ss_family };
	if (ss->ss_family == AF_INET) {
		memcpy(peer->addr, &((const struct sockaddr_in *)ss)->sin_addr, 4);
	} else if (ss->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
		peer->kind = AF_INET;
		memcpy(peer->addr, &in6->sin6_addr.s6_addr[12], 4);
	} else if (ss->ss_family == AF_INET6) {
		memcpy(peer->addr, &in6->sin6_addr, 8);
	} else {
		peer->kind = AF_UNIX;
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len);
		memcpy(peer->addr, &cred.uid, sizeof(cred.uid));
	}
}

/*
 * What a client has not taken yet waits in the ring, where newer records can
 * push it out, and not in kernel memory: beyond what is on its way there is
 * little room.
 */
static void set_socket(int fd, const struct peer *peer)
{
	int one = 1, unsent = UNSENT_MAX;

	if (peer->kind == AF_UNIX)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
}

static bool too_many(struct shard *shard, const struct peer *peer)
{
	unsigned int same = 0;
	struct list *pos;

	if (shard->conn_count >= CONNS_MAX)
		return true;
	list_for_each(pos, &shard->conns)
		same += !memcmp(&list_entry(pos, struct conn, link)->peer, peer,
				sizeof(*peer));
	return same >= CONNS_PER_PEER_MAX;
}

/* Said once in a while: whoever connects too often would fill our log too. */
static void turn_away(int fd)
{
	static const char answer[] =
		"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\n"
		"Content-Type: text/plain\r\nContent-Length: 21\r\n"
		"Connection: close\r\n\r\ntoo many connections\n";
	static uint64_t said;
	uint64_t now = uv_hrtime();

	if (!said || now - said > 60000000000) {
		log_error("too many connections: at most %d in all and %d from one address",
			  CONNS_MAX, CONNS_PER_PEER_MAX);
		said = now;
	}
	if (write(fd, answer, sizeof(answer) - 1) < 0)
		log_info("turned away without an answer");
	close(fd);
}

/* Hands the socket to libwebsockets, which closes it in any case. */
static void adopt(struct listener *listener, int fd, const struct peer *peer)
{
	struct shard *shard = listener->shard;
	struct conn *conn = calloc(1, sizeof(*conn));
	lws_adopt_desc_t desc = {
		.vh = shard->vhost,
		.type = LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP | LWS_ADOPT_ALLOW_SSL,
		.fd = { .sockfd = fd },
		.opaque = conn,
	};

	if (!conn) {
		close(fd);
		return;
	}
	conn->shard = shard;
	conn->peer = *peer;
	conn->open = listener->open;
	list_add_tail(&conn->link, &shard->conns);
	shard->conn_count++;
	/* freed when libwebsockets frees its part, also if this fails */
	lws_adopt_descriptor_vhost_via_info(&desc);
}

void conn_free(struct conn *conn)
{
	list_del(&conn->link);
	query_put(conn->query);
	conn->shard->conn_count--;
	free(conn);
}

int accept_one(struct listener *listener)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);
	struct peer peer;
	int fd;

	fd = accept4(listener->fd, (struct sockaddr *)&ss, &len,
		     SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return errno == ECONNABORTED || errno == EINTR ? 0 : -errno;
	peer_of(&peer, fd, &ss);
	if (listener->shard->stopping || too_many(listener->shard, &peer)) {
		turn_away(fd);
		return 0;
	}
	set_socket(fd, &peer);
	adopt(listener, fd, &peer);
	return 0;
}
