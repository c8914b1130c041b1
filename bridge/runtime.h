/* SPDX-License-Identifier: GPL-2.0-only */
/* What the service manager gives, and wants to be told. */
#ifndef BRIDGE_RUNTIME_H
#define BRIDGE_RUNTIME_H

/* The first folder of $RUNTIME_DIRECTORY, NULL if it is not set. */
const char *runtime_dir(void);

/* Where the token goes if it is not: a folder of root's, or in the user's own. */
const char *runtime_default(void);

/* sd_notify(3), if $NOTIFY_SOCKET is set: "READY=1" and the like. */
void runtime_notify(const char *state);

#endif /* BRIDGE_RUNTIME_H */
