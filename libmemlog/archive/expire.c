// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Days that go: removed when they are old, put aside when they are to be written
 * again. Either way a folder first changes its name, so that nobody sees half a
 * day, and what a crash left of that is removed by the next opening.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "writing.h"

#define REMOVED		".removed"
#define PART		".part"

static DIR *open_list(int dirfd)
{
	/* A new opening, so that it is read from its beginning. */
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir && fd >= 0)
		close(fd);
	return dir;
}

static int by_number(const void *a, const void *b)
{
	uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;

	return (one > other) - (one < other);
}

static bool is_folder(int dirfd, const char *name)
{
	struct stat st;

	return !fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISDIR(st.st_mode);
}

/* The days there are, ascending. */
int archive_list(const struct archive_writer *writer, uint32_t **dates, size_t *count)
{
	DIR *dir = open_list(writer->dirfd);
	const struct dirent *entry;
	size_t room = 0;
	int err = 0;

	*dates = NULL;
	*count = 0;
	if (!dir)
		return -errno;
	while (!err && (entry = readdir(dir))) {
		uint32_t date = archive_date_parse(entry->d_name);
		uint32_t *grown;

		if (!date || !is_folder(writer->dirfd, entry->d_name))
			continue;
		if (*count == room) {
			room = room ? 2 * room : 64;
			grown = realloc(*dates, room * sizeof(**dates));
			if (!grown) {
				err = -ENOMEM;
				break;
			}
			*dates = grown;
		}
		(*dates)[(*count)++] = date;
	}
	closedir(dir);
	if (err) {
		free(*dates);
		*dates = NULL;
	} else if (*count) {
		qsort(*dates, *count, sizeof(**dates), by_number);
	}
	return err;
}

bool archive_is_finished(const struct archive_writer *writer, uint32_t date)
{
	char path[ARCHIVE_NAME_ROOM];

	snprintf(path, sizeof(path), "%08u/finish", date);
	return !faccessat(writer->dirfd, path, F_OK, AT_SYMLINK_NOFOLLOW);
}

/* Removes a folder that has its last name, with the files in it. */
static int remove_folder(const struct archive_writer *writer, const char *name)
{
	int fd = archive_open_day(writer, name);
	const struct dirent *entry;
	DIR *dir;

	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			unlinkat(fd, entry->d_name, 0);
	closedir(dir);
	return unlinkat(writer->dirfd, name, AT_REMOVEDIR) ? -errno : 0;
}

/* ".YYYYMMDD.removed" or ".YYYYMMDD.part" */
static bool is_leftover(const char *name)
{
	char date[ARCHIVE_DATE_NAME];

	if (name[0] != '.' || strlen(name) < ARCHIVE_DATE_NAME)
		return false;
	memcpy(date, name + 1, ARCHIVE_DATE_NAME - 1);
	date[ARCHIVE_DATE_NAME - 1] = '\0';
	name += ARCHIVE_DATE_NAME;
	return archive_date_parse(date) && (!strcmp(name, REMOVED) || !strcmp(name, PART));
}

void archive_remove_leftovers(struct archive_writer *writer)
{
	DIR *dir = open_list(writer->dirfd);
	const struct dirent *entry;
	int err;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (!is_leftover(entry->d_name))
			continue;
		err = remove_folder(writer, entry->d_name);
		if (err)
			archive_say(writer, "%s, which an earlier removal or repair left, can't "
				    "be removed: %s", entry->d_name, strerror(-err));
		else
			archive_say(writer, "%s, which an earlier removal or repair left, was "
				    "removed", entry->d_name);
	}
	closedir(dir);
}

/* 1: removed; 0: somebody reads it. */
static int remove_day(struct archive_writer *writer, uint32_t date)
{
	char name[ARCHIVE_NAME_ROOM], going[ARCHIVE_NAME_ROOM];
	int fd, err = 0;

	archive_date_name(name, date);
	snprintf(going, sizeof(going), ".%08u" REMOVED, date);
	fd = archive_open_day(writer, name);
	if (fd < 0)
		return fd;
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		err = errno == EWOULDBLOCK ? 0 : -errno;
		close(fd);
		return err;
	}
	if (renameat(writer->dirfd, name, writer->dirfd, going))
		err = -errno;
	close(fd);
	if (!err)
		err = remove_folder(writer, going);
	if (err)
		return archive_fail(writer, err, "%s can't be removed", name);
	archive_say(writer, "%s was removed", name);
	return 1;
}

static uint64_t day_bytes(const struct archive_writer *writer, uint32_t date)
{
	char name[ARCHIVE_NAME_ROOM];
	const struct dirent *entry;
	uint64_t bytes = 0;
	DIR *dir;
	int fd;

	archive_date_name(name, date);
	fd = archive_open_day(writer, name);
	if (fd < 0)
		return 0;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return 0;
	}
	while ((entry = readdir(dir))) {
		struct stat st;

		if (!fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode))
			bytes += st.st_size;
	}
	closedir(dir);
	return bytes;
}

/* The first day that must stay by its age; 0: none must go. */
static uint32_t first_kept(struct archive_writer *writer, unsigned int keep_days)
{
	struct archive_span today;

	archive_rolling_look(writer);
	/* A clock that has run away would remove everything. */
	if (!keep_days || keep_days > INT32_MAX || !writer->rolling.held)
		return 0;
	archive_date_of(&today, writer->rolling.settled_ns, writer->options.local);
	return archive_date_add(today.date, -(int)keep_days);
}

int archive_expire(struct archive_writer *writer, unsigned int keep_days, uint64_t max_bytes)
{
	uint32_t *dates, keep = first_kept(writer, keep_days);
	uint64_t bytes = 0;
	size_t count;
	int err, failed = 0, removed = 0;

	err = archive_list(writer, &dates, &count);
	if (err)
		return err;
	for (size_t i = 0; max_bytes && i < count; i++)
		bytes += day_bytes(writer, dates[i]);
	for (size_t i = 0; i < count && dates[i] < writer->newest; i++) {
		uint64_t size;

		if (dates[i] >= keep && (!max_bytes || bytes <= max_bytes))
			break;
		if (!archive_is_finished(writer, dates[i]))
			continue;
		size = max_bytes ? day_bytes(writer, dates[i]) : 0;
		err = remove_day(writer, dates[i]);
		/* One that can't go is no reason to keep the others. */
		if (err < 0 && !failed)
			failed = err;
		if (err <= 0)
			continue;
		bytes -= size;
		removed++;
	}
	free(dates);
	return failed ? failed : removed;
}

void archive_time_name(struct archive_writer *writer, char name[ARCHIVE_NAME_ROOM],
		       uint32_t date, const char *why, unsigned int n)
{
	time_t now = writer->clock.realtime_ns(writer->clock.arg) / SECOND_NS;
	char time[20] = "", more[12] = "";
	struct tm tm;

	if (gmtime_r(&now, &tm))
		strftime(time, sizeof(time), "%Y%m%dT%H%M%SZ", &tm);
	if (n)
		snprintf(more, sizeof(more), "-%u", n + 1);
	snprintf(name, ARCHIVE_NAME_ROOM, "%08u.%s-%s%s", date, why, time, more);
}

int archive_replace(struct archive_writer *writer, uint32_t date)
{
	char name[ARCHIVE_NAME_ROOM], aside[ARCHIVE_NAME_ROOM];
	int err = 0;

	if (!archive_date_ok(date) || writer->batch.rows || writer->day.part)
		return -EINVAL;
	archive_date_name(name, date);
	for (unsigned int n = 0; ; n++) {
		archive_time_name(writer, aside, date, "replaced", n);
		if (!renameat2(writer->dirfd, name, writer->dirfd, aside, RENAME_NOREPLACE))
			break;
		if (errno != EEXIST || n == 1000)
			return archive_fail(writer, -errno, "%s can't be put aside", name);
	}
	archive_say(writer, "%s was put aside as %s", name, aside);
	if (fsync(writer->dirfd))
		err = -errno;
	if (date == writer->newest) {
		int load = archive_load_newest(writer);

		err = err ? err : load;
	}
	return err;
}
