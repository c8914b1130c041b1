// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conn.h"

/* More than a unit of the formats, so that a cut one is looked at twice at most. */
#define CARRY_STEP	512

/* Many connections need more ports than one pair of addresses has. */
static int bind_source(int fd, const struct target *target, unsigned int number)
{
	unsigned int address = INADDR_LOOPBACK + 1 + number / target->per_address;
	struct sockaddr_in source = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(address) };
	int yes = 1;

	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof(yes));
	return bind(fd, (struct sockaddr *)&source, sizeof(source)) ? -errno : 0;
}

int conn_open(struct conn *conn, const struct target *target, unsigned int number)
{
	int err, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	conn->target = target;
	conn->fd = fd;
	if (target->receive_buffer)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &target->receive_buffer,
			   sizeof(target->receive_buffer));
	err = bind_source(fd, target, number);
	if (!err && connect(fd, (const struct sockaddr *)&target->server,
			    sizeof(target->server)) && errno != EINPROGRESS)
		err = -errno;
	if (err)
		close(fd);
	return err;
}

int conn_connected(struct conn *conn)
{
	const struct target *target = conn->target;
	char request[1024], more[256];
	int len, err = 0;
	socklen_t size = sizeof(err);

	if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &err, &size) || err)
		return -(err ? err : errno);
	if (target->http)
		snprintf(more, sizeof(more), "Accept: %s\r\n", target->http);
	else
		snprintf(more, sizeof(more),
			 "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
			 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s%s%s",
			 target->decoder->protocol ? "Sec-WebSocket-Protocol: " : "",
			 target->decoder->protocol ?: "", target->decoder->protocol ? "\r\n" : "");
	len = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: localhost:%u\r\n%s\r\n",
		       target->path, ntohs(target->server.sin_port), more);
	if (len >= (int)sizeof(request))
		return -E2BIG;
	conn->state = CONN_SHAKING;
	return send(conn->fd, request, (size_t)len, MSG_NOSIGNAL) == len ? 0 : -EIO;
}

static bool need_carry(struct conn *conn)
{
	if (!conn->carry)
		conn->carry = malloc(CARRY_SIZE);
	if (!conn->carry)
		wrong("no memory");
	return conn->carry;
}

/* What was cut, with what follows it. Return: bytes of @data taken. */
static size_t mend(struct conn *conn, decode_fn *decode, const char *data, size_t len, uint64_t now)
{
	size_t at = 0, more, all, used;

	while (conn->carry_len && at < len) {
		more = len - at < CARRY_STEP ? len - at : CARRY_STEP;
		if (more > CARRY_SIZE - conn->carry_len)
			more = CARRY_SIZE - conn->carry_len;
		if (!more) {
			wrong("a unit of more than %d bytes", CARRY_SIZE);
			conn->carry_len = 0;
			return len;
		}
		memcpy(conn->carry + conn->carry_len, data + at, more);
		all = conn->carry_len + more;
		used = decode(&conn->track, conn->carry, all, now);
		if (used >= conn->carry_len) {
			at += used - conn->carry_len;
			conn->carry_len = 0;
		} else {
			memmove(conn->carry, conn->carry + used, all - used);
			conn->carry_len = (uint32_t)(all - used);
			at += more;
		}
	}
	return at;
}

void conn_payload(struct conn *conn, decode_fn *decode, const char *data, size_t len, uint64_t now)
{
	size_t at = mend(conn, decode, data, len, now);

	if (at == len)
		return;
	at += decode(&conn->track, data + at, len - at, now);
	if (at == len)
		return;
	if (len - at > CARRY_SIZE) {
		wrong("a unit of more than %d bytes", CARRY_SIZE);
	} else if (need_carry(conn)) {
		memcpy(conn->carry, data + at, len - at);
		conn->carry_len = (uint32_t)(len - at);
	}
}

int conn_feed(struct conn *conn, const char *buf, size_t len, uint64_t now)
{
	if (conn->state == CONN_SHAKING) {
		if (!need_carry(conn))
			return -1;
		return http_head(conn, buf, len, now);
	}
	return conn->target->http ? http_body(conn, buf, len, now) : ws_feed(conn, buf, len, now);
}

void conn_close(struct conn *conn)
{
	if (conn->state != CONN_CLOSED)
		close(conn->fd);
	conn->state = CONN_CLOSED;
	free(conn->carry);
	conn->carry = NULL;
	conn->carry_len = 0;
}
