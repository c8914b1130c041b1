/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BRIDGE_RELOAD_H
#define BRIDGE_RELOAD_H

#include "bridge.h"

/* Reads file, tokens and certificate again; what is wrong stays what it was. */
void reload(struct bridge *bridge);

#endif /* BRIDGE_RELOAD_H */
