// SPDX-License-Identifier: GPL-2.0-only
/*
 * The name of each cgroup is looked up once and remembered, since the cgroup may
 * go and its records stay.
 */
#include <cgroup_name.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "cli.h"

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

struct wanted {
	uint64_t id;
	char *name;
};

static bool is_wanted(void *arg, uint64_t id, const char *name)
{
	struct wanted *wanted = arg;

	if (id != wanted->id)
		return true;
	wanted->name = strdup(name);
	return false;
}

/* "" for the root and for one that is gone. */
static char *look_up(uint64_t id)
{
	char name[MEMLOG_CGROUP_NAME_SIZE];
	struct wanted wanted = { .id = id };
	int err = memlog_cgroup_find(id, name);

	if (!err)
		return strdup(name);
	if (err != -ENOENT)
		memlog_cgroup_walk(is_wanted, &wanted);
	return wanted.name ? wanted.name : strdup("");
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

bool cgroup_is_unit(uint64_t id, const char *unit)
{
	return memlog_cgroup_is_unit(cgroup_name(id), unit);
}
