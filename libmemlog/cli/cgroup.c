// SPDX-License-Identifier: GPL-2.0-only
/*
 * A cgroup's id is the inode number of its folder, so its name is found by a walk
 * through all of them: once for each id, and remembered, since the cgroup may go
 * and its records stay.
 */
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cgroup.h"
#include "cli.h"

#define ROOT	"/sys/fs/cgroup"

/* A table of this size is dropped when it is full: ids are never used again. */
#define NAMES	4096

struct name {
	uint64_t id;
	char *name;		/* "" if it is not to be found */
};

static struct name names[NAMES];
static size_t used;

static struct name *slot(uint64_t id)
{
	size_t i = (id * 0x9e3779b97f4a7c15ULL) >> 52;

	while (names[i].name && names[i].id != id)
		i = (i + 1) % NAMES;
	return &names[i];
}

void cgroup_forget(void)
{
	for (size_t i = 0; i < NAMES; i++)
		free(names[i].name);
	memset(names, 0, sizeof(names));
	used = 0;
}

/* The last part of its path; "" for the root and for one that is gone. */
static char *look_up(uint64_t id)
{
	static char root[] = ROOT;
	char *paths[] = { root, NULL };
	char *name = NULL;
	FTSENT *entry;
	FTS *fts;

	fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	while (fts && (entry = fts_read(fts))) {
		if (entry->fts_info != FTS_D || entry->fts_statp->st_ino != id)
			continue;
		name = strdup(entry->fts_level ? entry->fts_name : "");
		break;
	}
	if (fts)
		fts_close(fts);
	return name ? name : strdup("");
}

/* Return: the name, "" if it is not known; valid until the next call. */
const char *cgroup_name(uint64_t id)
{
	struct name *found;

	if (!id)
		return "";
	found = slot(id);
	if (!found->name) {
		if (used == NAMES / 2) {
			cgroup_forget();
			found = slot(id);
		}
		found->name = look_up(id);
		if (!found->name)
			die("no memory");
		found->id = id;
		used++;
	}
	return found->name;
}

/* "ssh" means ssh.service, too. */
bool cgroup_is_unit(uint64_t id, const char *unit)
{
	const char *name = cgroup_name(id);
	size_t len = strlen(unit);

	return !strncmp(name, unit, len) &&
	       (!name[len] || !strcmp(name + len, ".service"));
}
