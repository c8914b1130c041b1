/* SPDX-License-Identifier: GPL-2.0-only */
/* A WebSocket on the bridge's unix socket, that listens only. */
#ifndef TESTS_WS_H
#define TESTS_WS_H

#include "http.h"

#define WS_TEXT		1
#define WS_BINARY	2
#define WS_CLOSE	8

/**
 * struct ws - A WebSocket.
 * @http: Its connection.
 * @message: The last message.
 * @len: Bytes of it.
 * @op: What it was.
 * @close_code: Of the close frame, 0 before it.
 */
struct ws {
	struct http http;
	char *message;
	size_t len;
	int op;
	int close_code;
};

/* @protocol may be NULL. Return: 0, or the status of a refusal, -1 for none. */
int ws_open(struct ws *ws, const char *path, const char *protocol);
void ws_close(struct ws *ws);

/* The next message, from all of its frames. Return: its opcode, -1 if none came. */
int ws_next(struct ws *ws, int timeout_ms);

#endif /* TESTS_WS_H */
