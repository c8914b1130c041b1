// SPDX-License-Identifier: GPL-2.0-only
/*
 * What of HTTP/2 comes to libwebsockets: one whole frame at a time, well formed,
 * and not too many of those that cost a client nothing.
 *
 * When libwebsockets 4.1 closes a stream in the middle of a DATA frame, it goes
 * on behind the frame's end, whether it has come or not: beyond what was read,
 * and then it copies a negative length. What comes behind the last DATA frame of
 * a body it takes for more of that. Padding and priority it counts in a way that
 * loses the frame's end; headers that go on in a second frame, which none of 4 KB
 * have to, it forgets if that comes a little later. It answers each SETTINGS, each
 * PING and each piece of a body, from a list of answers that has no limit and is
 * walked for each. It ends the connection for what comes behind an answer, see
 * tls_streams.h. All that needs no token. So frames are looked at as they come
 * from OpenSSL: the program's SSL_read() and SSL_pending() come before the
 * library's for all that is linked with it.
 */
#include <dlfcn.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>

#include "h2_headers.h"
#include "tls.h"

#define PREFACE		24
#define HEADER		H2_HEADER
#define PAYLOAD_MAX	16384
#define RECORD_MAX	16384

#define FLAG_END_STREAM		1U
#define FLAG_END_HEADERS	4U
#define FLAG_PADDED		8U
#define FLAG_PRIORITY		32U

/* A piece of a body that is shorter, and not the last one, is for the answers. */
#define DATA_LEAST	1024

/* So many frames for the answers in so many seconds. */
#define ANSWERED_MAX	1000
#define SECONDS		10

/* So many bytes for nobody in that time: each stream's window is some 300 KB. */
#define DROPPED_MAX	(16U << 20)

/* Of them, this is given back to the connection's window at once. */
#define CREDIT		16384

/**
 * struct frames - An HTTP/2 client's side of a connection.
 * @data: What has come and libwebsockets has not had.
 * @at: Where it begins.
 * @end: Where it ends.
 * @inflater: What its headers refer to.
 * @stream: The last stream that has begun.
 * @begun: The preface was taken.
 * @since: When counting began.
 * @answered: Frames since then that have to be answered.
 * @dropped: Bytes since then that were for nobody.
 * @credit: Bytes for nobody that the window does not have back.
 * @network: The connection, for libwebsockets; NULL as long as it has had no request.
 * @streams: Its streams.
 */
struct frames {
	unsigned char *data;
	size_t at;
	size_t end;
	struct nghttp2_hd_inflater *inflater;
	uint32_t stream;
	bool begun;
	time_t since;
	unsigned int answered;
	size_t dropped;
	size_t credit;
	struct lws *network;
	struct tls_streams streams;
};

enum frame_type {
	FRAME_DATA,
	FRAME_HEADERS,
	FRAME_PRIORITY,
	FRAME_RESET,
	FRAME_SETTINGS,
	FRAME_PROMISE,
	FRAME_PING,
	FRAME_GOAWAY,
	FRAME_WINDOW,
	FRAME_CONTINUATION,
	FRAME_TYPES,
};

/**
 * struct frame_kind - How a frame of a type may be.
 * @flags: Those it can have; libwebsockets heeds some where they mean nothing.
 * @least: Bytes at least.
 * @most: Bytes at most; 0 no such frame may come.
 */
static const struct frame_kind {
	unsigned char flags;
	size_t least;
	size_t most;
} kinds[FRAME_TYPES] = {
	[FRAME_DATA]		= { 0x01, 0, PAYLOAD_MAX },
	[FRAME_HEADERS]		= { 0x25, 1, PAYLOAD_MAX },
	[FRAME_PRIORITY]	= { 0x00, 5, 5 },
	[FRAME_RESET]		= { 0x00, 4, 4 },
	[FRAME_SETTINGS]	= { 0x01, 0, PAYLOAD_MAX },
	[FRAME_PROMISE]		= { 0x00, 1, 0 },
	[FRAME_PING]		= { 0x01, 8, 8 },
	[FRAME_GOAWAY]		= { 0x00, 8, PAYLOAD_MAX },
	[FRAME_WINDOW]		= { 0x00, 4, 4 },
	[FRAME_CONTINUATION]	= { 0x00, 1, 0 },
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int frames_index = -1;

/* The library's SSL_pending(). */
typedef int pending_fn(const SSL *ssl);
static pending_fn *library_pending;

static void free_frames(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl,
			void *argp)
{
	struct frames *frames = ptr;

	if (!frames)
		return;
	h2_headers_free(frames->inflater);
	free(frames->data);
	free(frames);
}

static void set_up(void)
{
	frames_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, free_frames);
	library_pending = (pending_fn *)dlsym(RTLD_NEXT, "SSL_pending");
}

static struct frames *frames_of(SSL *ssl)
{
	struct frames *frames;

	pthread_once(&once, set_up);
	frames = SSL_get_ex_data(ssl, frames_index);
	if (frames)
		return frames;
	frames = calloc(1, sizeof(*frames));
	if (frames && SSL_set_ex_data(ssl, frames_index, frames) != 1) {
		free(frames);
		return NULL;
	}
	return frames;
}

struct tls_streams *tls_streams_of(SSL *ssl)
{
	struct frames *frames = frames_of(ssl);

	return frames ? &frames->streams : NULL;
}

void tls_streams_serve(SSL *ssl, struct lws *network)
{
	struct frames *frames = frames_of(ssl);

	if (frames)
		frames->network = network;
}

/* Takes away the flags that it can't have. */
static bool is_well_formed(unsigned char *head, size_t size)
{
	unsigned int type = head[3], flags = head[4];

	if (type >= FRAME_TYPES) {
		head[4] = 0;
		return size <= PAYLOAD_MAX;
	}
	if (size < kinds[type].least || size > kinds[type].most)
		return false;
	if ((type == FRAME_DATA || type == FRAME_HEADERS) && flags & FLAG_PADDED)
		return false;
	if (type == FRAME_HEADERS && (!(flags & FLAG_END_HEADERS) ||
				      (flags & FLAG_PRIORITY && size <= 5)))
		return false;
	head[4] &= kinds[type].flags;
	return true;
}

static bool is_answered(const unsigned char *head, size_t size)
{
	unsigned int type = head[3], flags = head[4];

	if (type == FRAME_DATA)
		return size < DATA_LEAST && !(flags & FLAG_END_STREAM);
	return type == FRAME_RESET || type == FRAME_SETTINGS || type == FRAME_PING;
}

/* Return: false: that was too much. */
static bool count(struct frames *frames, unsigned int answered, size_t dropped)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	if (now.tv_sec - frames->since >= SECONDS) {
		frames->since = now.tv_sec;
		frames->answered = 0;
		frames->dropped = 0;
	}
	frames->answered += answered;
	frames->dropped += dropped;
	return frames->answered <= ANSWERED_MAX && frames->dropped <= DROPPED_MAX;
}

/* Bytes of the first frame that has come whole. Return: 0 none yet, -1 it may not be. */
static ssize_t first_frame(const struct frames *frames)
{
	size_t len = frames->end - frames->at, size;
	unsigned char *head = frames->data + frames->at;

	if (!frames->begun)
		return len < PREFACE ? 0 : PREFACE;
	if (len < HEADER)
		return 0;
	size = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
	if (!is_well_formed(head, size))
		return -1;
	return HEADER + size > len ? 0 : (ssize_t)(HEADER + size);
}

/* Moves what there is to the beginning, with room for @more behind it, or none. */
static bool make_room(struct frames *frames, size_t more)
{
	size_t len = frames->end - frames->at;
	unsigned char *data = NULL;

	if (len + more) {
		data = malloc(len + more);
		if (!data)
			return false;
		if (len)
			memcpy(data, frames->data + frames->at, len);
	}
	free(frames->data);
	frames->data = data;
	frames->at = 0;
	frames->end = len;
	return true;
}

/* Return: bytes of a frame, 0 if SSL_get_error() says why there is none, or -1. */
static ssize_t wait_for_frame(SSL *ssl, struct frames *frames)
{
	ssize_t size;
	size_t got;

	while (!(size = first_frame(frames))) {
		/* a record, so that nothing of it stays in OpenSSL */
		if (!make_room(frames, RECORD_MAX))
			return -1;
		if (SSL_read_ex(ssl, frames->data + frames->end, RECORD_MAX, &got) <= 0)
			return make_room(frames, 0) ? 0 : -1;
		frames->end += got;
	}
	return size;
}

static void put_header(unsigned char *buf, const unsigned char *head, size_t size,
		       unsigned int flags)
{
	memcpy(buf, head, HEADER);
	buf[0] = (unsigned char)(size >> 16);
	buf[1] = (unsigned char)(size >> 8);
	buf[2] = (unsigned char)size;
	buf[4] = (unsigned char)flags;
}

/* A request, made plain. There is none on a stream that has had one. */
static ssize_t take_headers(struct frames *frames, unsigned char *buf, const unsigned char *head,
			    size_t size)
{
	const size_t before = head[4] & FLAG_PRIORITY ? 5 : 0;
	uint32_t stream = tls_stream_id(head);
	ssize_t len;

	if (!(stream & 1) || stream <= frames->stream)
		return -1;
	frames->stream = stream;
	len = h2_headers_plain(&frames->inflater, head + HEADER + before, size - before,
			       buf + HEADER);
	if (len < 0)
		return -1;
	if (!(head[4] & FLAG_END_STREAM) && !tls_streams_begin(&frames->streams, stream))
		return -1;
	put_header(buf, head, (size_t)len, head[4] & (FLAG_END_STREAM | FLAG_END_HEADERS));
	return HEADER + len;
}

/*
 * Some of a body that nobody waits for. Only the connection's window gets it back:
 * the stream's lets no more than what was under way come.
 */
static ssize_t drop(struct frames *frames, size_t size)
{
	if (!count(frames, 0, size))
		return -1;
	frames->credit += size;
	if (!frames->network || frames->credit < CREDIT)
		return 0;
	/* libwebsockets gives it to the stream, and again to the connection: both are 0 */
	if (lws_h2_update_peer_txcredit(frames->network, 0, (int)(frames->credit / 2)))
		return -1;
	frames->credit %= 2;
	return 0;
}

static ssize_t take_data(struct frames *frames, unsigned char *buf, const unsigned char *frame,
			 size_t size)
{
	uint32_t stream = tls_stream_id(frame);
	bool answered = tls_streams_is_answered(&frames->streams, stream);

	if (frame[4] & FLAG_END_STREAM)
		tls_streams_end(&frames->streams, stream);
	if (answered)
		return drop(frames, size - HEADER);
	memcpy(buf, frame, size);
	return (ssize_t)size;
}

/* What becomes of a frame. Return: bytes of it, 0 nothing, -1 the connection has to end. */
static ssize_t pass_on(struct frames *frames, unsigned char *buf, size_t size)
{
	const unsigned char *frame = frames->data + frames->at;

	if (frames->begun) {
		if (frame[3] == FRAME_HEADERS)
			return take_headers(frames, buf, frame, size - HEADER);
		/* nobody heeds them */
		if (frame[3] == FRAME_PRIORITY || frame[3] >= FRAME_TYPES)
			return 0;
		if (is_answered(frame, size - HEADER) && !count(frames, 1, 0))
			return -1;
		if (frame[3] == FRAME_DATA)
			return take_data(frames, buf, frame, size);
		if (frame[3] == FRAME_RESET)
			tls_streams_end(&frames->streams, tls_stream_id(frame));
	}
	memcpy(buf, frame, size);
	frames->begun = true;
	return (ssize_t)size;
}

/* Return: as SSL_read(), but 0 if SSL_get_error() says why there is nothing. */
static ssize_t read_frame(SSL *ssl, struct frames *frames, unsigned char *buf)
{
	ssize_t size, passed;

	do {
		size = wait_for_frame(ssl, frames);
		if (size <= 0)
			return size;
		passed = pass_on(frames, buf, (size_t)size);
		frames->at += (size_t)size;
		if (frames->at == frames->end && !make_room(frames, 0))
			return -1;
	} while (!passed);
	return passed;
}

__attribute__((visibility("default")))
int SSL_read(SSL *ssl, void *buf, int num)
{
	struct frames *frames;
	ssize_t len = -1;
	size_t got = 0;

	if (num < 0)
		return -1;
	if (!tls_is_h2(ssl))
		return SSL_read_ex(ssl, buf, (size_t)num, &got) > 0 ? (int)got : -1;
	frames = num >= HEADER + PAYLOAD_MAX ? frames_of(ssl) : NULL;
	if (frames)
		len = read_frame(ssl, frames, buf);
	if (len > 0)
		return (int)len;
	/* for SSL_get_error() to see */
	if (len)
		ERR_raise(ERR_LIB_USER, 1);
	return -1;
}

/* Frames that have come are taken before anything else is done. */
__attribute__((visibility("default")))
int SSL_pending(const SSL *ssl)
{
	const struct frames *frames;
	ssize_t size;

	pthread_once(&once, set_up);
	if (!tls_is_h2(ssl))
		return library_pending ? library_pending(ssl) : 0;
	frames = SSL_get_ex_data(ssl, frames_index);
	size = frames ? first_frame(frames) : 0;
	return size ? 1 : 0;
}
