/* SPDX-License-Identifier: GPL-2.0-only */
/* The token of a request: by header, cookie or subprotocol. */
#ifndef BRIDGE_TOKEN_H
#define BRIDGE_TOKEN_H

#include "request.h"

/**
 * token_allows() - Check the token.
 * @wsi: The request.
 * @conn: Its connection.
 * @right: What for.
 * @channel: For which channel; "": for all there are.
 * @reply: Filled in if it is refused; and a token that nobody has is counted.
 *         NULL: only asked.
 *
 * Return: true if it may pass.
 */
bool token_allows(struct lws *wsi, struct conn *conn, enum auth_right right,
		  const char *channel, struct reply *reply);

/* Whether it comes with a token that gives it anything at all, or needs none. */
bool token_known(struct lws *wsi, struct conn *conn, struct reply *reply);

#endif /* BRIDGE_TOKEN_H */
