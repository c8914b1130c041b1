// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file cgroups of a day: the paths of those that wrote, so that a service has
 * its name after it is gone. Ids come from records: each is looked for once a day,
 * and all of them are walked through once a second at most.
 */
#include <cgroup_name.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <uv.h>

#include "archiver_private.h"

static uint64_t *seen_at(struct archiver_cgroups *cgroups, uint64_t id)
{
	return &cgroups->seen[(id * 0x9e3779b97f4a7c15ULL >> 32) % CGROUPS_SEEN];
}

void archiver_saw_cgroup(struct archiver *archiver, uint64_t id)
{
	struct archiver_cgroups *cgroups = &archiver->cgroups;

	if (*seen_at(cgroups, id) == id || cgroups->count == CGROUPS_NEW)
		return;
	for (unsigned int i = 0; i < cgroups->count; i++)
		if (cgroups->fresh[i] == id)
			return;
	cgroups->fresh[cgroups->count++] = id;
}

/* Return: whether there is a line more. */
static bool add(struct archiver *archiver, uint64_t id)
{
	struct archiver_cgroups *cgroups = &archiver->cgroups;
	bool may_walk = uv_hrtime() >= cgroups->walk_ns;
	char path[PATH_MAX];
	int err = memlog_cgroup_path(id, path, sizeof(path), may_walk);

	if (err == -EAGAIN)
		return false;
	if (may_walk)
		cgroups->walk_ns = uv_hrtime() + NSEC_PER_SEC;
	*seen_at(cgroups, id) = id;
	return !err && !archive_add_cgroup(archiver->writer, id, path);
}

void archiver_add_cgroups(struct archiver *archiver)
{
	struct archiver_cgroups *cgroups = &archiver->cgroups;
	uint32_t date = archive_writer_end(archiver->writer)->date;
	bool any = false;

	if (date != cgroups->date) {
		cgroups->date = date;
		memset(cgroups->seen, 0, sizeof(cgroups->seen));
	}
	for (unsigned int i = 0; i < cgroups->count; i++)
		any = add(archiver, cgroups->fresh[i]) || any;
	cgroups->count = 0;
	/* replicas are sent it now, not with the next rows */
	if (any)
		archiver_committed(archiver);
}
