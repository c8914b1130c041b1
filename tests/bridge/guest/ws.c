// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ws.h"

#define MESSAGE_MAX	(1U << 20)

int ws_open(struct ws *ws, const char *path, const char *protocol)
{
	char headers[512];
	int err;

	snprintf(headers, sizeof(headers),
		 "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
		 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s%s%s",
		 protocol ? "Sec-WebSocket-Protocol: " : "", protocol ? protocol : "",
		 protocol ? "\r\n" : "");
	*ws = (struct ws){ .message = malloc(MESSAGE_MAX + 1) };
	err = http_ask(&ws->http, "GET", path, headers, NULL, 0);
	if (err)
		return -1;
	return ws->http.status == 101 ? 0 : ws->http.status;
}

void ws_close(struct ws *ws)
{
	http_close(&ws->http);
	free(ws->message);
	ws->message = NULL;
}

/* Size of the frame's header; 0 if not all of the frame is there. */
static size_t frame_header(const struct http *http, size_t *payload_len)
{
	const unsigned char *b = (const unsigned char *)http->raw;
	size_t header = 2, len;

	if (http->raw_len < 10 && (http->raw_len < 2 || b[1] >= 126))
		return 0;
	len = b[1];
	if (len == 126) {
		header = 4;
		len = (size_t)b[2] << 8 | b[3];
	} else if (len == 127) {
		header = 10;
		len = (size_t)b[6] << 24 | (size_t)b[7] << 16 | (size_t)b[8] << 8 | b[9];
	}
	*payload_len = len;
	return http->raw_len >= header + len ? header : 0;
}

/* Return: false if the message would be too long. */
static bool add(struct ws *ws, const char *data, size_t len)
{
	if (len > MESSAGE_MAX - ws->len)
		return false;
	memcpy(ws->message + ws->len, data, len);
	ws->len += len;
	ws->message[ws->len] = '\0';
	return true;
}

int ws_next(struct ws *ws, int timeout_ms)
{
	size_t len = 0, header;
	bool final;
	int op;

	do {
		while (!(header = frame_header(&ws->http, &len)))
			if (!http_fill(&ws->http, timeout_ms))
				return -1;
		op = ws->http.raw[0] & 15;
		final = ws->http.raw[0] & 0x80;
		if (op == WS_CLOSE && len >= 2)
			ws->close_code = (unsigned char)ws->http.raw[header] << 8 |
					 (unsigned char)ws->http.raw[header + 1];
		if (op && op < WS_CLOSE) {
			ws->op = op;
			ws->len = 0;
		}
		if (op < WS_CLOSE && !add(ws, ws->http.raw + header, len))
			return -1;
		http_consume(&ws->http, header + len);
	} while (op > WS_CLOSE || !final);
	return op == WS_CLOSE ? op : ws->op;
}
