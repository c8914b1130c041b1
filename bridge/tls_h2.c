// SPDX-License-Identifier: GPL-2.0-only
/*
 * No WebSockets inside of HTTP/2, and no larger tables than all begin with.
 *
 * libwebsockets 4.1 offers them (RFC 8441), and a browser takes the offer when it
 * has loaded the page over HTTP/2. But it then sends without regard to the
 * stream's window, which ends the connection for all its streams as soon as the
 * browser is a little slow. Without the offer the browser opens a connection of
 * its own for a WebSocket, over HTTP/1.1, where all is well.
 *
 * The offer is a setting that libwebsockets has no option for, like the size of
 * the table that a client's headers may refer to, 64 KB for each of them. So the first frame
 * that it sends, its settings, is changed on its way to OpenSSL: the program's
 * SSL_write() comes before the library's for all that is linked with it. There, what
 * tls_streams.h wants to say is said, too: libwebsockets can't reset a stream.
 */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "tls.h"

#define FRAME_HEADER		9
#define FRAME_SETTINGS		4
#define SETTING_SIZE		6
#define SETTING_TABLE		1
#define SETTING_CONNECT		8
#define FRAME_MAX		256

/* What everybody begins with, and tls_frames.c stays with: 4096. */
static const unsigned char table_size[4] = { 0, 0, 16, 0 };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int begun_index;

static void make_index(void)
{
	begun_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

/* The first bytes of a connection are a frame's beginning; later ones may be any. */
static bool is_first(SSL *ssl)
{
	static char begun;

	pthread_once(&once, make_index);
	if (SSL_get_ex_data(ssl, begun_index))
		return false;
	SSL_set_ex_data(ssl, begun_index, &begun);
	return true;
}

/* Whether @buf is a frame of settings, not the answer to some. */
static bool is_settings(const unsigned char *buf, size_t len)
{
	size_t size;

	if (len <= FRAME_HEADER || len > FRAME_MAX || buf[3] != FRAME_SETTINGS || buf[4])
		return false;
	size = (size_t)buf[0] << 16 | (size_t)buf[1] << 8 | buf[2];
	return size == len - FRAME_HEADER && !(size % SETTING_SIZE);
}

static void change(unsigned char *frame, size_t len)
{
	for (size_t at = FRAME_HEADER; at + SETTING_SIZE <= len; at += SETTING_SIZE) {
		if (!frame[at] && frame[at + 1] == SETTING_CONNECT)
			memset(frame + at + 2, 0, 4);
		if (!frame[at] && frame[at + 1] == SETTING_TABLE)
			memcpy(frame + at + 2, table_size, 4);
	}
}

/* Return: false if SSL_get_error() says why not; the same has to be tried again first. */
static bool send_resets(SSL *ssl, struct tls_streams *streams)
{
	size_t written;

	if (!streams->resets_len)
		return true;
	if (SSL_write_ex(ssl, streams->resets, streams->resets_len, &written) <= 0)
		return false;
	streams->resets_len = 0;
	return true;
}

/* OpenSSL takes all of it or nothing. */
static int write_frames(SSL *ssl, const void *buf, size_t len)
{
	struct tls_streams *streams = tls_streams_of(ssl);
	unsigned char frame[FRAME_MAX];
	size_t written = 0;

	if (streams && !send_resets(ssl, streams))
		return -1;
	if (is_first(ssl) && is_settings(buf, len)) {
		memcpy(frame, buf, len);
		change(frame, len);
		buf = frame;
	}
	if (SSL_write_ex(ssl, buf, len, &written) <= 0)
		return -1;
	/* if it does not get through, there is another time */
	if (streams && tls_streams_sent(streams, buf, written) && !send_resets(ssl, streams))
		ERR_clear_error();
	return (int)written;
}

__attribute__((visibility("default")))
int SSL_write(SSL *ssl, const void *buf, int num)
{
	size_t written = 0;

	if (num < 0)
		return -1;
	if (tls_is_h2(ssl))
		return write_frames(ssl, buf, (size_t)num);
	return SSL_write_ex(ssl, buf, (size_t)num, &written) > 0 ? (int)written : -1;
}
