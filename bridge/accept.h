/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BRIDGE_ACCEPT_H
#define BRIDGE_ACCEPT_H

#include "listen.h"

/*
 * Takes one connection in, or turns it away. Return: 0; -EAGAIN there is none;
 * another negative errno value when accept(2) should be left alone for a while.
 */
int accept_one(struct listener *listener);

#endif /* BRIDGE_ACCEPT_H */
