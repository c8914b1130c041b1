/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HTTP/1.1 on the bridge's unix socket, one request a connection: there is
 * neither Python nor curl in the guest.
 */
#ifndef TESTS_HTTP_H
#define TESTS_HTTP_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct http - A request and its answer.
 * @fd: The socket.
 * @status: Of the answer.
 * @raw: What has come and was not looked at.
 * @raw_len: Bytes of it.
 * @body: The answer's body so far, with a NUL behind it.
 * @body_len: Bytes of it; the reader takes away what it has had.
 * @left: Bytes to come, of the chunk or of all.
 * @chunked: It comes in chunks.
 * @whole: The end has come, as HTTP says it.
 */
struct http {
	int fd;
	int status;
	char *raw;
	size_t raw_len;
	char *body;
	size_t body_len;
	size_t left;
	bool chunked;
	bool whole;
};

/* Return: a socket, -1 if nobody listens. */
int http_connect(void);

/*
 * Asks, and reads as far as the answer's headers. @headers are whole lines or
 * NULL. Return: 0, or -1 if none came in time. http_close() in any case.
 */
int http_ask(struct http *http, const char *method, const char *path, const char *headers,
	     const void *body, size_t len);
void http_close(struct http *http);

/* Waits for bytes and adds them to @raw. Return: false at the end, or if none came. */
bool http_fill(struct http *http, int timeout_ms);

/* Takes bytes from the front of @raw. */
void http_consume(struct http *http, size_t len);

/* Waits for more of the body. Return: false at the end, or if nothing came. */
bool http_more(struct http *http, int timeout_ms);

/* All of the body. Return: whether it came to its end. */
bool http_all(struct http *http);

#endif /* TESTS_HTTP_H */
