/* SPDX-License-Identifier: GPL-2.0-only */
/* The bridge's server for go-modsynclog's clients, as the options say. */
#ifndef BRIDGE_MODSYNC_H
#define BRIDGE_MODSYNC_H

#include "../bridge.h"

/*
 * Listens, once the channels are there and before privileges are dropped. Says what
 * is wrong itself, returns an exit status.
 */
int modsync_open(struct bridge *bridge);
int modsync_start(struct bridge *bridge);
void modsync_close(struct bridge *bridge);

#endif /* BRIDGE_MODSYNC_H */
