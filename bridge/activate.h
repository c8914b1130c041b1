/* SPDX-License-Identifier: GPL-2.0-only */
/* Sockets the service manager has opened for us, as sd_listen_fds(3) says. */
#ifndef BRIDGE_ACTIVATE_H
#define BRIDGE_ACTIVATE_H

#include "bridge.h"

/* Whether any were given to this process. */
bool activate_given(void);

/*
 * Listens on them: a TCP socket as --listen, a unix socket as --listen unix:PATH
 * does. Says what is wrong, returns an exit status.
 */
int activate_open(struct shard *shard);

#endif /* BRIDGE_ACTIVATE_H */
