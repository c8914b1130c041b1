// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The file "cgroups" of the day that is written: what the ids in its meta are
 * called, so that a service has its name after it is gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "writing.h"

/* Ids a day, at most: a machine that starts a unit a second has as many. */
#define IDS_MAX		65536
#define FILE_MAX	(IDS_MAX * 512ULL)

static bool known(const struct archive_files *day, uint64_t id)
{
	for (size_t i = day->id_count; i; i--)
		if (day->ids[i - 1] == id)
			return true;
	return false;
}

static int remember(struct archive_files *day, uint64_t id)
{
	if (day->id_count % 64 == 0) {
		uint64_t *grown = realloc(day->ids, (day->id_count + 64) * sizeof(id));

		if (!grown)
			return -ENOMEM;
		day->ids = grown;
	}
	day->ids[day->id_count++] = id;
	return 0;
}

/* Reads what is there; a last line without its end is cut. */
static int load(struct archive_files *day, int fd)
{
	uint64_t end = 0;
	char *text, *line, *next;
	struct stat st;
	int err;

	if (fstat(fd, &st))
		return -errno;
	if (st.st_size > (off_t)FILE_MAX)
		return -EFBIG;
	text = malloc(st.st_size + 1);
	if (!text)
		return -ENOMEM;
	err = archive_read_all(fd, (uint8_t *)text, st.st_size, 0);
	text[err ? 0 : st.st_size] = '\0';
	for (line = text; !err && (next = strchr(line, '\n')); line = next + 1) {
		uint64_t id = strtoull(line, NULL, 10);

		end = next + 1 - text;
		if (id && !known(day, id) && day->id_count < IDS_MAX)
			err = remember(day, id);
	}
	if (!err && end < (uint64_t)st.st_size && ftruncate(fd, end))
		err = -errno;
	free(text);
	return err;
}

static int open_once(struct archive_writer *writer)
{
	struct archive_files *day = &writer->day;
	struct stat st;
	int fd, err;

	if (day->cgroups >= 0)
		return 0;
	fd = archive_open_file(day->dirfd, "cgroups", O_RDWR | O_CREAT | O_APPEND);
	if (fd < 0)
		return fd;
	if (!fstat(fd, &st) && !st.st_size)
		archive_give(writer, fd, 0640);
	err = load(day, fd);
	if (err) {
		close(fd);
		return err;
	}
	day->cgroups = fd;
	return 0;
}

int archive_add_cgroup(struct archive_writer *writer, uint64_t id, const char *path)
{
	struct archive_files *day = &writer->day;
	char line[PATH_MAX + 32];
	ssize_t done;
	int len, err;

	if (!id || strlen(path) >= PATH_MAX || strchr(path, '\n'))
		return -EINVAL;
	if (!day->date)
		return -ENOENT;
	err = open_once(writer);
	if (err || known(day, id))
		return err;
	if (day->id_count >= IDS_MAX)
		return -ENOSPC;
	err = remember(day, id);
	if (err)
		return err;
	len = snprintf(line, sizeof(line), "%llu %s\n", (unsigned long long)id, path);
	done = write(day->cgroups, line, len);
	if (done == len)
		return 0;
	/* Half a line would be taken for the beginning of the next. */
	err = done < 0 ? -errno : -ENOSPC;
	day->id_count--;
	close(day->cgroups);
	day->cgroups = -1;
	return err;
}
