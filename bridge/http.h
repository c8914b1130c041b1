/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The HTTP side: requests that are answered at once, and the door to the sinks.
 */
#ifndef BRIDGE_HTTP_H
#define BRIDGE_HTTP_H

#include "bridge.h"

/* Sets up libwebsockets on the loop; says what is wrong, returns an exit status. */
int http_init(struct shard *shard);

/* Begins to take it down; shard->context is NULL once the loop has done it. */
void http_uninit(struct shard *shard);

#endif /* BRIDGE_HTTP_H */
