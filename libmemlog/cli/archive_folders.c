// SPDX-License-Identifier: GPL-2.0-only
/*
 * Folders that are archives, and such that hold one for each channel.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive.h"

uint32_t arg_date(const char *value)
{
	uint32_t date = archive_date_parse(value);

	if (!date && strlen(value) == 10)
		date = archive_date_parse_iso(value);
	if (!date)
		usage("%s: not a day such as 2026-11-20 or 20261120", value);
	return date;
}

void archive_told(void *arg, const char *text)
{
	complain("%s", text);
}

void die_archive(const char *dir, int err)
{
	switch (-err) {
	case ENOENT:
		die("there is no folder %s", dir);
	case ENOTDIR:
		die("%s is no folder: an archive is one, with a folder for each day in it",
		    dir);
	case EACCES:
	case EPERM:
		die("no permission for %s; join its group or become root", dir);
	case EBADMSG:
		die("%s is damaged; \"memlog archive verify %s\" says where", dir, dir);
	case EPROTONOSUPPORT:
		die("%s was written by a later version of memlog", dir);
	case EBUSY:
		die("another process writes %s; end it first", dir);
	default:
		die("%s: %s", dir, strerror(-err));
	}
}

static int open_dir(struct folder *folder, int at, const char *name)
{
	int err;

	folder->dates = NULL;
	folder->count = 0;
	folder->dirfd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder->dirfd < 0)
		return -errno;
	err = archive_days(folder->dirfd, &folder->dates, &folder->count);
	if (err)
		close(folder->dirfd);
	return err;
}

void folder_close(struct folder *folder)
{
	free(folder->dates);
	close(folder->dirfd);
}

/* Folders of channels have such names. */
static int is_channel(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Return: how many archives of channels there are in @dir. */
static int each_channel(const struct folder *parent,
			void (*fn)(void *arg, const struct folder *folder), void *arg)
{
	struct dirent **names;
	int found = 0, n;

	n = scandirat(parent->dirfd, ".", &names, is_channel, alphasort);
	if (n < 0)
		die_archive(parent->path, -errno);
	for (int i = 0; i < n; i++) {
		struct folder folder = { .channel = names[i]->d_name };
		char *path;

		if (!open_dir(&folder, parent->dirfd, names[i]->d_name)) {
			if (folder.count) {
				if (asprintf(&path, "%s/%s", parent->path, folder.channel) < 0)
					die("no memory");
				folder.path = path;
				if (fn)
					fn(arg, &folder);
				free(path);
				found++;
			}
			folder_close(&folder);
		}
		free(names[i]);
	}
	free(names);
	return found;
}

void folders_each(const char *dir, void (*fn)(void *arg, const struct folder *folder),
		  void *arg)
{
	struct folder folder = { .path = dir };
	int err = open_dir(&folder, AT_FDCWD, dir);

	if (err)
		die_archive(dir, err);
	if (folder.count || !each_channel(&folder, fn, arg))
		fn(arg, &folder);
	folder_close(&folder);
}

static void name_channel(void *arg, const struct folder *folder)
{
	complain("  %s", folder->path);
}

void folder_open(struct folder *folder, const char *dir)
{
	int err;

	folder->path = dir;
	folder->channel = NULL;
	err = open_dir(folder, AT_FDCWD, dir);
	if (err)
		die_archive(dir, err);
	if (folder->count || !each_channel(folder, NULL, NULL))
		return;
	complain("%s holds archives of channels; name one of them:", dir);
	each_channel(folder, name_channel, NULL);
	exit(EXIT_USAGE);
}
