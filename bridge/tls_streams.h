/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The streams of an HTTP/2 connection whose bodies are on their way, and those that
 * were answered before all of it had come.
 *
 * libwebsockets 4.1 ends the connection when something comes for a stream that it
 * has answered and forgotten. The client is still sending then, so the answer is
 * destroyed on its way. Such a stream is reset here, which tells the client to stop,
 * and what was under way does not get to libwebsockets.
 */
#ifndef BRIDGE_TLS_STREAMS_H
#define BRIDGE_TLS_STREAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define H2_HEADER	9
#define H2_RESET_SIZE	(H2_HEADER + 4)

/* More than the streams that libwebsockets lets a client have at once: 24. */
#define H2_BODIES	32

/**
 * struct tls_streams - The streams of a connection.
 * @bodies: Those whose bodies are on their way; 0 a free place.
 * @answered: The last ones that were answered before all of it had come.
 * @answered_at: Where in @answered the next one goes.
 * @resets: Frames that have to be sent for them.
 * @resets_len: Bytes of these.
 * @head: The header of the frame that is being sent, as far as it has been.
 * @head_len: Bytes of that.
 * @left: Bytes of its payload that are still to be sent.
 */
struct tls_streams {
	uint32_t bodies[H2_BODIES];
	uint32_t answered[H2_BODIES];
	unsigned int answered_at;
	unsigned char resets[8 * H2_RESET_SIZE];
	size_t resets_len;
	unsigned char head[H2_HEADER];
	size_t head_len;
	size_t left;
};

/* The number of the stream in a frame's header. */
uint32_t tls_stream_id(const unsigned char *head);

/* A request came that has a body. Return: false: there are too many. */
bool tls_streams_begin(struct tls_streams *streams, uint32_t stream);

/* The client has said all, or has reset it. */
void tls_streams_end(struct tls_streams *streams, uint32_t stream);

/* Whether what comes for it is for nobody any more. */
bool tls_streams_is_answered(const struct tls_streams *streams, uint32_t stream);

/* So much was sent to the client. Return: true if that was whole frames. */
bool tls_streams_sent(struct tls_streams *streams, const unsigned char *buf, size_t len);

#endif /* BRIDGE_TLS_STREAMS_H */
