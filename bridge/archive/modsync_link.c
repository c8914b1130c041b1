// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "modsync_link.h"

#define CONNECT_MS	10000

/* A server that does not take or acknowledge a heartbeat for so long is gone. */
#define UNACKED_MS	30000

/* Return: 1 @fd is ready, 0 it is not, -ECANCELED, -errno. */
static int wait_for(const struct modsync_link *link, int fd, short events, unsigned int ms)
{
	struct pollfd fds[] = {
		{ .fd = link->stopfd, .events = POLLIN },
		{ .fd = fd, .events = events },
	};
	int n = poll(fds, 2, (int)ms);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (fds[0].revents)
		return -ECANCELED;
	return fds[1].revents ? 1 : 0;
}

bool modsync_link_wait(const struct modsync_link *link, unsigned int ms)
{
	return wait_for(link, -1, 0, ms) == -ECANCELED;
}

static void set_socket(int fd)
{
	unsigned int unacked_ms = UNACKED_MS;
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacked_ms, sizeof(unacked_ms));
}

/* Return: 0 or -errno. */
static int connect_to(struct modsync_link *link, const struct addrinfo *ai)
{
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(int);
	int err;

	if (fd < 0)
		return -errno;
	err = connect(fd, ai->ai_addr, ai->ai_addrlen) ? -errno : 0;
	if (err == -EINPROGRESS) {
		err = wait_for(link, fd, POLLOUT, CONNECT_MS);
		if (!err)
			err = -ETIMEDOUT;
		else if (err > 0 && !getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len))
			err = -err;
	}
	if (err) {
		close(fd);
		return err;
	}
	set_socket(fd);
	link->fd = fd;
	return 0;
}

int modsync_link_open(struct modsync_link *link, const char *host, const char *port,
		      const char **why)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *all;
	int err = getaddrinfo(host, port, &hints, &all);

	link->fd = -1;
	if (err) {
		*why = gai_strerror(err);
		return -EHOSTUNREACH;
	}
	for (const struct addrinfo *ai = all; ai; ai = ai->ai_next) {
		err = connect_to(link, ai);
		if (!err || err == -ECANCELED)
			break;
	}
	freeaddrinfo(all);
	if (err)
		*why = strerror(-err);
	return err;
}

void modsync_link_close(struct modsync_link *link)
{
	if (link->fd >= 0)
		close(link->fd);
	link->fd = -1;
}

int modsync_link_send(struct modsync_link *link, uint32_t type, const void *content, size_t len)
{
	uint8_t frame[MODSYNC_HEAD_SIZE + 2 * MODSYNC_MESSAGE_MAX];
	size_t size = modsync_frame_make(frame, sizeof(frame), link->flag, type, false, content,
					 len);
	ssize_t n;
	int err;

	for (size_t at = 0; at < size; at += n > 0 ? (size_t)n : 0) {
		/* In a segment of its own: the server takes its header with one read(2). */
		n = send(link->fd, frame + at, size - at, MSG_NOSIGNAL | MSG_EOR);
		if (n >= 0 || errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -errno;
		err = wait_for(link, link->fd, POLLOUT, UNACKED_MS);
		if (err <= 0)
			return err ? err : -ETIMEDOUT;
	}
	return 0;
}

ssize_t modsync_link_receive(struct modsync_link *link, void *buf, size_t size, unsigned int ms)
{
	int ready = wait_for(link, link->fd, POLLIN, ms);
	ssize_t n;

	if (ready <= 0)
		return ready ? ready : -EAGAIN;
	n = recv(link->fd, buf, size, MSG_DONTWAIT);
	if (n > 0)
		return n;
	if (!n)
		return -ECONNRESET;
	return errno == EINTR ? -EAGAIN : -errno;
}
