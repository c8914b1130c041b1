/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BRIDGE_SINK_WS_H
#define BRIDGE_SINK_WS_H

#include <stddef.h>

/* What libwebsockets keeps for each client of it. */
extern const size_t sink_ws_session_size;

#endif /* BRIDGE_SINK_WS_H */
