/* SPDX-License-Identifier: GPL-2.0-only */
/* What the process may do: no more than it needs. */
#ifndef BRIDGE_PRIVILEGE_H
#define BRIDGE_PRIVILEGE_H

/* At the very start: file modes, and no core files, which would hold tokens. */
void privilege_init(void);

/* Whether @user is one. Says what is wrong, returns an exit status. */
int privilege_check(const char *user);

/*
 * When all is open, before the first client: become @user, if not NULL, and give
 * up all that is left. Says what is wrong, returns an exit status.
 */
int privilege_drop(const char *user);

#endif /* BRIDGE_PRIVILEGE_H */
