// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A cgroup's id is the inode number of its folder: the kernel opens a folder by
 * it for those who may open anything, others find it by a walk through all.
 */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <mntent.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup_name.h"

/* FILEID_KERNFS of the kernel: the id and nothing else. */
#define HANDLE_KERNFS	0xfe

/* Where the unified hierarchy is, alone or beside those of cgroup v1; or "". */
static char root[PATH_MAX];
static int root_fd = -1;
static pthread_once_t root_once = PTHREAD_ONCE_INIT;

static void find_root(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent entry, *found;
	char buf[2 * PATH_MAX];

	if (!mounts)
		return;
	while ((found = getmntent_r(mounts, &entry, buf, sizeof(buf))))
		if (!strcmp(found->mnt_type, "cgroup2"))
			break;
	if (found) {
		snprintf(root, sizeof(root), "%s", found->mnt_dir);
		root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	endmntent(mounts);
}

static int open_by_id(uint64_t id)
{
	union {
		struct file_handle handle;
		char bytes[sizeof(struct file_handle) + sizeof(id)];
	} u = { .handle = { .handle_bytes = sizeof(id), .handle_type = HANDLE_KERNFS } };
	int fd;

	memcpy(u.handle.f_handle, &id, sizeof(id));
	fd = open_by_handle_at(root_fd, &u.handle, O_PATH | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	/* EINVAL, EOPNOTSUPP: a kernel that does not know such handles */
	return errno == ESTALE || errno == ENOENT ? -ENOENT : -EPERM;
}

static int full_path(int fd, char path[PATH_MAX])
{
	char link[32];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, PATH_MAX - 1);
	if (n < 0)
		return -errno;
	path[n] = '\0';
	return 0;
}

static int name_of(int fd, char name[MEMLOG_CGROUP_NAME_SIZE])
{
	char path[PATH_MAX];
	const char *last;
	int err = full_path(fd, path);

	if (err)
		return err;
	last = strrchr(path, '/');
	if (!strcmp(path, root) || !last)
		last = "/";
	if (strlen(last + 1) >= MEMLOG_CGROUP_NAME_SIZE)
		return -ENOENT;
	strcpy(name, last + 1);
	return 0;
}

int memlog_cgroup_find(uint64_t id, char name[MEMLOG_CGROUP_NAME_SIZE])
{
	int err, fd;

	pthread_once(&root_once, find_root);
	fd = root_fd < 0 ? -EPERM : open_by_id(id);
	if (fd < 0)
		return fd;
	err = name_of(fd, name);
	close(fd);
	return err;
}

int memlog_cgroup_walk(bool (*fn)(void *arg, uint64_t id, const char *name), void *arg)
{
	char *paths[] = { root, NULL };
	FTSENT *entry;
	FTS *fts;

	pthread_once(&root_once, find_root);
	if (!root[0])
		return -ENOENT;
	fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	if (!fts)
		return -errno;
	while ((entry = fts_read(fts)))
		if (entry->fts_info == FTS_D &&
		    !fn(arg, entry->fts_statp->st_ino, entry->fts_level ? entry->fts_name : ""))
			break;
	fts_close(fts);
	return 0;
}

/* @full begins with the root's. */
static int cut_root(const char *full, char *path, size_t size)
{
	const char *rest = full + strlen(root);

	if (strncmp(full, root, strlen(root)))
		return -ENOENT;
	return snprintf(path, size, "%s", *rest ? rest : "/") < (int)size ? 0 : -ENAMETOOLONG;
}

static int walk_to(uint64_t id, char *path, size_t size)
{
	char *paths[] = { root, NULL };
	FTS *fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	int err = -ENOENT;
	FTSENT *entry;

	if (!fts)
		return -errno;
	while (err == -ENOENT && (entry = fts_read(fts)))
		if (entry->fts_info == FTS_D && entry->fts_statp->st_ino == id)
			err = cut_root(entry->fts_path, path, size);
	fts_close(fts);
	return err;
}

int memlog_cgroup_path(uint64_t id, char *path, size_t size, bool walk)
{
	char full[PATH_MAX];
	int err, fd;

	pthread_once(&root_once, find_root);
	if (root_fd < 0)
		return -ENOENT;
	fd = open_by_id(id);
	if (fd == -EPERM)
		return walk ? walk_to(id, path, size) : -EAGAIN;
	if (fd < 0)
		return fd;
	err = full_path(fd, full);
	close(fd);
	return err ? err : cut_root(full, path, size);
}

bool memlog_cgroup_is_unit(const char *name, const char *unit)
{
	size_t len = strlen(unit);

	return !strncmp(name, unit, len) &&
	       (!name[len] || !strcmp(name + len, ".service"));
}
