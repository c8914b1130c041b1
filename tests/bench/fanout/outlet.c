// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memlog.h>

#include "outlet.h"
#include "payload.h"

static struct memlog_embedded *ring;
static char request[512];
static int request_len;
static int fd = -1;

static int ring_open(const char *path, uint64_t size, uint64_t *first)
{
	struct memlog_embedded_options options = { .size = sizeof(options), .text_size = size };
	struct memlog_info info = { 0 };
	int err = memlog_embedded_open(&ring, path, &options);

	if (err)
		return err;
	memlog_embedded_info(ring, &info);
	*first = info.next_seq;
	return 0;
}

static int ring_put(const char *text)
{
	ssize_t n = memlog_embedded_write(ring, NULL, text, PAYLOAD_SIZE, NULL);

	return n < 0 ? (int)n : 0;
}

static void ring_close(void)
{
	memlog_embedded_close(ring);
}

static int put_all(const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int file_open(const char *path, uint64_t size, uint64_t *first)
{
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	*first = (uint64_t)lseek(fd, 0, SEEK_END) / PAYLOAD_SIZE;
	return 0;
}

static int file_put(const char *text)
{
	return put_all(text, PAYLOAD_SIZE);
}

static void fd_close(void)
{
	close(fd);
}

/* What systemd-journal-remote reads. */
static int export_open(const char *path, uint64_t size, uint64_t *first)
{
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd < 0 ? -errno : 0;
}

static int export_put(const char *text)
{
	struct timespec now;
	char entry[512];
	int len;

	clock_gettime(CLOCK_REALTIME, &now);
	len = snprintf(entry, sizeof(entry),
		       "__REALTIME_TIMESTAMP=%lld\n_BOOT_ID=%032d\nPRIORITY=5\nMESSAGE=%.*s\n\n",
		       (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000, 1,
		       PAYLOAD_SIZE - 1, text);
	return put_all(entry, (size_t)len);
}

/* A POST for each record, on one connection, without waiting for the answers. */
static int post_open(const char *where, uint64_t size, uint64_t *first)
{
	struct sockaddr_in server = { .sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const char *path = strchr(where, '/');
	int yes = 1;

	if (!path)
		return -EINVAL;
	server.sin_port = htons((uint16_t)atoi(where));
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&server, sizeof(server)))
		return -errno;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	request_len = snprintf(request, sizeof(request) - PAYLOAD_SIZE,
			       "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n",
			       path, PAYLOAD_SIZE);
	return request_len >= (int)sizeof(request) - PAYLOAD_SIZE ? -ENAMETOOLONG : 0;
}

static int post_put(const char *text)
{
	char answers[16384];
	ssize_t n;

	memcpy(request + request_len, text, PAYLOAD_SIZE);
	do {
		n = recv(fd, answers, sizeof(answers), MSG_DONTWAIT);
		if (!n)
			return -ECONNRESET;
	} while (n == sizeof(answers));
	return put_all(request, (size_t)request_len + PAYLOAD_SIZE);
}

/* Not before the server has answered all: it may drop what a client that left sent. */
static void post_close(void)
{
	char answers[16384];
	struct timeval wait = { .tv_usec = 500000 };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	while (recv(fd, answers, sizeof(answers), 0) > 0)
		;
	close(fd);
}

const struct outlet outlets[] = {
	{ "ring", ring_open, ring_put, ring_close },
	{ "file", file_open, file_put, fd_close },
	{ "post", post_open, post_put, post_close },
	{ "export", export_open, export_put, fd_close },
	{ NULL, NULL, NULL, NULL },
};

const struct outlet *outlet_find(const char *name)
{
	for (const struct outlet *o = outlets; o->name; o++)
		if (!strcmp(o->name, name))
			return o;
	return NULL;
}
