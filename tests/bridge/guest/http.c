// SPDX-License-Identifier: GPL-2.0-only
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "http.h"
#include "served.h"

#define RAW_MAX		(1U << 20)
#define BODY_MAX	(8U << 20)
#define PATIENCE_MS	30000

int http_connect(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX, .sun_path = SERVED_SOCKET };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	close(fd);
	return -1;
}

bool http_fill(struct http *http, int timeout_ms)
{
	struct pollfd poll_fd = { .fd = http->fd, .events = POLLIN };
	ssize_t n;

	if (poll(&poll_fd, 1, timeout_ms) <= 0)
		return false;
	n = read(http->fd, http->raw + http->raw_len, RAW_MAX - http->raw_len);
	if (n > 0)
		http->raw_len += (size_t)n;
	return n > 0;
}

void http_consume(struct http *http, size_t len)
{
	http->raw_len -= len;
	memmove(http->raw, http->raw + len, http->raw_len);
}

static int send_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n <= 0)
			return -1;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static int send_request(struct http *http, const char *method, const char *path,
			const char *headers, const void *body, size_t len)
{
	char head[2048], length[64] = "";
	int n;

	if (body)
		snprintf(length, sizeof(length), "Content-Length: %zu\r\n", len);
	n = snprintf(head, sizeof(head), "%s %s HTTP/1.1\r\nHost: localhost\r\n%s%s\r\n",
		     method, path, length, headers ? headers : "");
	if (n >= (int)sizeof(head) || send_all(http->fd, head, (size_t)n))
		return -1;
	return body ? send_all(http->fd, body, len) : 0;
}

/* Reads the headers; @raw has a NUL where they end. */
static void read_head(struct http *http, char *head)
{
	static const char length[] = "\ncontent-length:";
	const char *at = strcasestr(head, length);

	http->status = strncmp(head, "HTTP/1.1 ", 9) ? -1 : atoi(head + 9);
	http->chunked = strcasestr(head, "\ntransfer-encoding: chunked");
	if (at)
		http->left = strtoul(at + sizeof(length) - 1, NULL, 10);
	http->whole = at && !http->left;
}

int http_ask(struct http *http, const char *method, const char *path, const char *headers,
	     const void *body, size_t len)
{
	char *end;

	*http = (struct http){ .fd = http_connect() };
	http->raw = malloc(RAW_MAX);
	http->body = calloc(1, BODY_MAX + 1);
	if (http->fd < 0 || !http->raw || !http->body)
		return -1;
	/* an answer may come before all is sent, and then that fails */
	send_request(http, method, path, headers, body, len);
	while (!(end = memmem(http->raw, http->raw_len, "\r\n\r\n", 4)))
		if (!http_fill(http, PATIENCE_MS))
			return -1;
	*end = '\0';
	read_head(http, http->raw);
	http_consume(http, (size_t)(end - http->raw) + 4);
	return http->status < 0 ? -1 : 0;
}

void http_close(struct http *http)
{
	if (http->fd >= 0)
		close(http->fd);
	free(http->raw);
	free(http->body);
	*http = (struct http){ .fd = -1 };
}

/* Moves what belongs to the body there. */
static void take(struct http *http)
{
	size_t len = http->raw_len < http->left ? http->raw_len : http->left;

	if (len > BODY_MAX - http->body_len)
		len = BODY_MAX - http->body_len;
	memcpy(http->body + http->body_len, http->raw, len);
	http->body_len += len;
	http->body[http->body_len] = '\0';
	http->left -= len;
	http_consume(http, len);
	if (!http->left && !http->chunked)
		http->whole = true;
}

/* Takes a chunk's head. Return: false if it is not all there. */
static bool next_chunk(struct http *http)
{
	char *end;

	/* the end of the one before */
	if (http->raw_len >= 2 && !memcmp(http->raw, "\r\n", 2))
		http_consume(http, 2);
	end = memmem(http->raw, http->raw_len, "\r\n", 2);
	if (!end)
		return false;
	http->left = strtoul(http->raw, NULL, 16);
	http->whole = !http->left;
	http_consume(http, (size_t)(end - http->raw) + 2);
	return true;
}

bool http_more(struct http *http, int timeout_ms)
{
	size_t before = http->body_len;

	while (!http->whole) {
		if (http->left)
			take(http);
		if (http->body_len > before)
			return true;
		if (http->whole || (http->chunked && !http->left && next_chunk(http)))
			continue;
		if (!http_fill(http, timeout_ms))
			return false;
	}
	return false;
}

bool http_all(struct http *http)
{
	while (http_more(http, PATIENCE_MS))
		;
	return http->whole;
}
