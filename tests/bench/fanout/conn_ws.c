// SPDX-License-Identifier: GPL-2.0-only
/*
 * RFC 6455, from the client's side.
 */
#include <endian.h>
#include <string.h>
#include <sys/socket.h>

#include "conn.h"

enum { WS_CONTINUED, WS_TEXT, WS_BINARY, WS_CLOSE = 8, WS_PING, WS_PONG };

/* The masking key is 0: nobody between here and a loopback server is to be fooled. */
int ws_say(struct conn *conn, unsigned int opcode, const void *data, size_t len)
{
	unsigned char frame[6 + 125] = { (unsigned char)(0x80 | opcode),
					 (unsigned char)(0x80 | len) };

	if (len > 125)
		return -1;
	memcpy(frame + 6, data, len);
	return send(conn->fd, frame, 6 + len, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

static int on_control(struct conn *conn, unsigned int opcode, const unsigned char *data, size_t len)
{
	if (opcode == WS_PING)
		return ws_say(conn, WS_PONG, data, len);
	if (opcode == WS_PONG)
		return 0;
	if (opcode != WS_CLOSE)
		wrong("a frame with opcode %u", opcode);
	else if (len < 2)
		wrong("the server closes");
	else
		wrong("the server closes: %u %.*s", data[0] << 8 | data[1], (int)len - 2, data + 2);
	return -1;
}

static void end_message(struct conn *conn)
{
	if (conn->carry_len && conn->target->decoder->whole)
		wrong("a message ends in the middle of a record");
	conn->carry_len = 0;
	conn->opcode = 0;
}

static int begin_data(struct conn *conn, unsigned int opcode, bool fin, uint64_t len)
{
	if (opcode > WS_BINARY || (opcode == WS_CONTINUED) != (conn->opcode != 0)) {
		wrong("a frame with opcode %u where none may be", opcode);
		return -1;
	}
	if (opcode)
		conn->opcode = (uint8_t)opcode;
	conn->fin = fin;
	conn->left = len;
	if (!len && fin)
		end_message(conn);
	return 0;
}

/* Return: bytes of the frame's header, and of a control frame all; 0: not there yet. */
static int take_head(struct conn *conn, const unsigned char *head, size_t len, size_t *size)
{
	uint64_t payload;
	uint16_t len16;

	*size = 0;
	if (len < 2)
		return 0;
	payload = head[1] & 127;
	if ((head[0] & 0x70) || (head[1] & 0x80) || ((head[0] & 8) && payload > 125)) {
		wrong("a frame that begins %02x %02x", head[0], head[1]);
		return -1;
	}
	if (head[0] & 8) {
		if (len < 2 + payload)
			return 0;
		*size = 2 + (size_t)payload;
		return on_control(conn, head[0] & 15, head + 2, (size_t)payload);
	}
	if (payload == 126) {
		if (len < 4)
			return 0;
		memcpy(&len16, head + 2, sizeof(len16));
		payload = be16toh(len16);
		*size = 4;
	} else if (payload == 127) {
		if (len < 10)
			return 0;
		memcpy(&payload, head + 2, sizeof(payload));
		payload = be64toh(payload);
		*size = 10;
	} else {
		*size = 2;
	}
	return begin_data(conn, head[0] & 15, head[0] & 0x80, payload);
}

/* Return: bytes of @buf taken; -1 the server is wrong. */
static ssize_t feed_head(struct conn *conn, const char *buf, size_t len)
{
	size_t before = conn->head_len, more, size;

	if (!before) {
		if (take_head(conn, (const unsigned char *)buf, len, &size))
			return -1;
		if (size)
			return (ssize_t)size;
	}
	more = len < HEAD_SIZE - before ? len : HEAD_SIZE - before;
	memcpy(conn->head + before, buf, more);
	if (take_head(conn, conn->head, before + more, &size))
		return -1;
	conn->head_len = size ? 0 : (uint8_t)(before + more);
	return (ssize_t)(size ? size - before : more);
}

int ws_feed(struct conn *conn, const char *buf, size_t len, uint64_t now)
{
	const struct decoder *decoder = conn->target->decoder;
	size_t at = 0, take;
	ssize_t head;

	while (at < len) {
		if (!conn->left) {
			head = feed_head(conn, buf + at, len - at);
			if (head < 0)
				return -1;
			at += (size_t)head;
			continue;
		}
		take = len - at < conn->left ? len - at : (size_t)conn->left;
		if (conn->opcode == WS_BINARY && !decoder->binary) {
			wrong("a binary message");
			return -1;
		}
		conn_payload(conn, conn->opcode == WS_BINARY ? decoder->binary : decoder->text,
			     buf + at, take, now);
		at += take;
		conn->left -= take;
		if (!conn->left && conn->fin)
			end_message(conn);
	}
	return 0;
}
