/* SPDX-License-Identifier: GPL-2.0-only */
/* What the process may do: no more than it needs. */
#ifndef BRIDGE_PRIVILEGE_H
#define BRIDGE_PRIVILEGE_H

#include <stdbool.h>
#include <sys/types.h>

/* At the very start: file modes, and no core files, which would hold tokens. */
void privilege_init(void);

/* Whether @user is one. Says what is wrong, returns an exit status. */
int privilege_check(const char *user);

/* The ids of @user; those that are not his are left as they are. As above. */
int privilege_ids(const char *user, uid_t *uid, gid_t *gid);

/*
 * Root stays a member of this group, or its @user becomes one: it will write files
 * that are to belong to it. Of others it does nothing. Before privilege_drop().
 */
void privilege_keep_group(gid_t gid);

/* Whether files can be given to that group. */
bool privilege_has_group(gid_t gid);

/*
 * When all is open, before the first client: become @user, if not NULL, and give
 * up all that is left. Says what is wrong, returns an exit status.
 */
int privilege_drop(const char *user);

#endif /* BRIDGE_PRIVILEGE_H */
