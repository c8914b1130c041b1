/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A connection of the load client: WebSocket (RFC 6455), or an HTTP response
 * that goes on, without a library and without copying what is whole.
 */
#ifndef FANOUT_CONN_H
#define FANOUT_CONN_H

#include <netinet/in.h>

#include "decode.h"

/* Longest unit that may be cut in two by the network. */
#define CARRY_SIZE	8192

/* A frame's header, and the payload of a control frame. */
#define HEAD_SIZE	(14 + 125)

enum conn_state { CONN_CONNECTING, CONN_SHAKING, CONN_OPEN, CONN_CLOSED };

/**
 * struct target - What all connections are to do.
 * @server: Where to connect to.
 * @path: What to ask for, with its query.
 * @decoder: Format of what comes.
 * @http: Plain HTTP, and this as Accept; NULL: WebSocket.
 * @say: Text message to say once connected, NULL: none.
 * @per_address: Connections from one address, 127.0.0.2 being the first.
 * @receive_buffer: SO_RCVBUF, 0: the system's.
 */
struct target {
	struct sockaddr_in server;
	const char *path;
	const struct decoder *decoder;
	const char *http;
	const char *say;
	unsigned int per_address;
	int receive_buffer;
};

/**
 * struct conn - A connection.
 * @target: What it is to do.
 * @track: Its account.
 * @left: Bytes to come of the frame, or chunk.
 * @carry: Bytes of a unit that has not come whole, or of a response's head.
 * @carry_len: How many.
 * @fd: Its socket.
 * @state: How far it is.
 * @opcode: Of the message: 1 text, 2 binary.
 * @fin: This frame is the last of its message.
 * @chunked: HTTP: in chunks.
 * @head_len: Bytes in @head.
 * @head: Of a frame, or the line before a chunk, that has not come whole.
 */
struct conn {
	const struct target *target;
	struct track track;
	uint64_t left;
	char *carry;
	uint32_t carry_len;
	int fd;
	enum conn_state state;
	uint8_t opcode;
	bool fin;
	bool chunked;
	uint8_t head_len;
	unsigned char head[HEAD_SIZE];
};

/**
 * conn_open() - Begin to connect.
 * @conn: The connection, zeros.
 * @target: What it is to do; must stay.
 * @number: Which one it is; chooses its source address.
 *
 * Return: 0, or -errno.
 */
int conn_open(struct conn *conn, const struct target *target, unsigned int number);

/* The socket is connected, or could not be. Return: 0, or -errno. */
int conn_connected(struct conn *conn);

/**
 * conn_feed() - Bytes have come.
 * @conn: The connection.
 * @buf: They.
 * @len: How many.
 * @now: When.
 *
 * Return: 0; -1 the server has refused, or closed, and wrong() knows why.
 */
int conn_feed(struct conn *conn, const char *buf, size_t len, uint64_t now);

void conn_close(struct conn *conn);

/* Parts of conn.c: what one protocol makes of bytes. */
int http_head(struct conn *conn, const char *buf, size_t len, uint64_t now);
int http_body(struct conn *conn, const char *buf, size_t len, uint64_t now);
int ws_feed(struct conn *conn, const char *buf, size_t len, uint64_t now);
int ws_say(struct conn *conn, unsigned int opcode, const void *data, size_t len);
void conn_payload(struct conn *conn, decode_fn *decode, const char *data, size_t len,
		  uint64_t now);

#endif /* FANOUT_CONN_H */
