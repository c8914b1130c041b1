// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Cutting a day behind its last whole row: what stands behind it, in which files.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mend.h"

/* The number in a data file's name, -1 if it is none. */
static int data_number(const char *name)
{
	int number = 0;

	if (strncmp(name, "data", 4) || strlen(name) != 10)
		return -1;
	for (name += 4; *name; name++) {
		if (*name < '0' || *name > '9')
			return -1;
		number = number * 10 + *name - '0';
	}
	return number;
}

/* What a file is to be cut to: -1 it is none that is cut. */
static int64_t wanted_size(const struct archive_mending *mend, const char *name)
{
	int number = data_number(name);

	if (!strcmp(name, "index"))
		return mend->keep * ARCHIVE_INDEX_SIZE;
	if (!strcmp(name, "meta"))
		return ARCHIVE_META_HEAD + mend->keep * ARCHIVE_META_SIZE;
	if (number < 0 || number < (int)mend->number)
		return -1;
	return number == (int)mend->number ? mend->data_size : 0;
}

/*
 * Calls @fn for each file with bytes to cut. A new opening of the folder, so that
 * it is read from its beginning.
 */
static int each_cut(struct archive_mending *mend,
		    int (*fn)(struct archive_mending *mend, const char *name,
			      uint64_t size, uint64_t wanted, void *arg), void *arg)
{
	int fd = openat(mend->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int err = 0;

	if (!dir) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	while (!err && (entry = readdir(dir))) {
		int64_t wanted = wanted_size(mend, entry->d_name);
		struct stat st;

		if (wanted < 0 || fstatat(mend->dirfd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) ||
		    !S_ISREG(st.st_mode) || st.st_size <= wanted)
			continue;
		err = fn(mend, entry->d_name, st.st_size, wanted, arg);
	}
	closedir(dir);
	return err;
}

static int count_one(struct archive_mending *mend, const char *name, uint64_t size,
		     uint64_t wanted, void *arg)
{
	size_t len = strlen(mend->words);

	snprintf(mend->words + len, sizeof(mend->words) - len, "%s%s: %llu bytes",
		 len ? ", " : "", name, (unsigned long long)(size - wanted));
	mend->bytes += size - wanted;
	return 0;
}

int archive_cut_find(struct archive_mending *mend)
{
	mend->bytes = 0;
	mend->words[0] = '\0';
	return each_cut(mend, count_one, NULL);
}

static int copy(int from, int to, uint64_t at, uint64_t end)
{
	uint8_t *buf = malloc(1 << 16);
	uint64_t done = 0;
	int err = buf ? 0 : -ENOMEM;

	while (!err && at < end) {
		size_t len = end - at < 1 << 16 ? end - at : 1 << 16;

		err = archive_read_all(from, buf, len, at);
		if (!err)
			err = archive_write_all(to, buf, len, done);
		at += len;
		done += len;
	}
	free(buf);
	return err;
}

static int copy_one(struct archive_mending *mend, const char *name, uint64_t size,
		    uint64_t wanted, void *arg)
{
	int folder = *(int *)arg, from, to, err;

	from = archive_open_file(mend->dirfd, name, O_RDONLY);
	if (from < 0)
		return from;
	to = archive_open_file(folder, name, O_WRONLY | O_CREAT | O_EXCL);
	err = to < 0 ? to : copy(from, to, wanted, size);
	if (!err && fsync(to))
		err = -errno;
	if (to >= 0)
		close(to);
	close(from);
	return err;
}

int archive_cut_aside(struct archive_writer *writer, struct archive_mending *mend)
{
	int folder, err;

	for (unsigned int n = 0; ; n++) {
		archive_time_name(writer, mend->aside, mend->date, "cut", n);
		if (!mkdirat(writer->dirfd, mend->aside, 0750))
			break;
		if (errno != EEXIST || n == 1000)
			return -errno;
	}
	folder = archive_open_day(writer, mend->aside);
	if (folder < 0)
		return folder;
	archive_give(writer, folder, 0750);
	err = each_cut(mend, copy_one, &folder);
	if (!err && (fsync(folder) || fsync(writer->dirfd)))
		err = -errno;
	close(folder);
	return err;
}

static int cut_one(struct archive_mending *mend, const char *name, uint64_t size,
		   uint64_t wanted, void *arg)
{
	bool meta = !strcmp(name, "meta");
	int fd, err = 0;

	/* A row is there once its meta is: so that one is cut before the others. */
	if (meta != *(bool *)arg)
		return 0;
	if (!wanted && data_number(name) > (int)mend->number)
		return unlinkat(mend->dirfd, name, 0) ? -errno : 0;
	fd = archive_open_file(mend->dirfd, name, O_WRONLY);
	if (fd < 0)
		return fd;
	if (ftruncate(fd, wanted))
		err = -errno;
	close(fd);
	return err;
}

int archive_cut(struct archive_mending *mend)
{
	bool meta = true;
	int err;

	err = each_cut(mend, cut_one, &meta);
	meta = false;
	return err ? err : each_cut(mend, cut_one, &meta);
}
