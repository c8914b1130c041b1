// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The files of the day that is written: found or made, and looked after.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "writing.h"

void archive_data_name(char name[ARCHIVE_NAME_ROOM], unsigned int number)
{
	snprintf(name, ARCHIVE_NAME_ROOM, "data%06u", number);
}

/* Readers pass over a name that is no date. */
void archive_part_name(char name[ARCHIVE_NAME_ROOM], uint32_t date)
{
	snprintf(name, ARCHIVE_NAME_ROOM, ".%08u.part", date);
}

/* Group and mode of what we made; a group that may not be given is no reason to stop. */
void archive_give(const struct archive_writer *writer, int fd, mode_t mode)
{
	if (writer->options.gid != (gid_t)-1 && fchown(fd, -1, writer->options.gid))
		archive_say(writer, "the group can't be set to %u: %s",
			    writer->options.gid, strerror(errno));
	if (fchmod(fd, mode))
		archive_say(writer, "the mode can't be set: %s", strerror(errno));
}

/* A regular file, and no way out of the folder. */
int archive_open_file(int dirfd, const char *name, int flags)
{
	struct stat st;
	int fd, err = 0;

	fd = openat(dirfd, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		err = -errno;
	else if (!S_ISREG(st.st_mode))
		err = -EBADMSG;
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

int archive_open_day(const struct archive_writer *writer, const char *name)
{
	int fd = openat(writer->dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static const struct archive_file no_file = { .fd = -1 };

void archive_files_init(struct archive_files *day)
{
	*day = (struct archive_files) {
		.dirfd = -1, .times = -1, .cgroups = -1,
		.data = no_file, .next = no_file, .index = no_file, .meta = no_file,
	};
}

static void shut(int fd)
{
	if (fd >= 0)
		close(fd);
}

void archive_files_close(struct archive_files *day)
{
	shut(day->dirfd);
	shut(day->data.fd);
	shut(day->next.fd);
	shut(day->index.fd);
	shut(day->meta.fd);
	shut(day->times);
	shut(day->cgroups);
	free(day->ids);
	archive_files_init(day);
}

/* Opens one file, made and given its group where it is missing. */
static int make_file(struct archive_writer *writer, const char *name, struct archive_file *file)
{
	int fd;

	fd = archive_open_file(writer->day.dirfd, name, O_RDWR | O_CREAT | O_EXCL);
	if (fd >= 0)
		archive_give(writer, fd, 0640);
	else if (fd == -EEXIST)
		fd = archive_open_file(writer->day.dirfd, name, O_RDWR);
	if (fd < 0)
		return archive_fail(writer, fd, "%08u/%s", writer->day.date, name);
	*file = (struct archive_file) { .fd = fd };
	return 0;
}

/* Names of new files and folders last as their rows do. */
static int sync_folder(const struct archive_writer *writer, int fd)
{
	return writer->options.sync != ARCHIVE_SYNC_NONE && fsync(fd) ? -errno : 0;
}

static int make_meta(struct archive_writer *writer)
{
	uint8_t head[ARCHIVE_META_HEAD];
	int err;

	err = make_file(writer, "meta", &writer->day.meta);
	if (err)
		return err;
	archive_meta_head_put(head);
	err = archive_write_all(writer->day.meta.fd, head, sizeof(head), 0);
	return err ? archive_fail(writer, err, "%08u/meta", writer->day.date) : 0;
}

/* meta first: where it is missing, a day is another program's. */
static int make_files(struct archive_writer *writer)
{
	struct archive_files *day = &writer->day;
	char name[ARCHIVE_NAME_ROOM];
	int err = 0;

	archive_data_name(name, 0);
	if (day->has_meta)
		err = make_meta(writer);
	else if (unlinkat(day->dirfd, "meta", 0) && errno != ENOENT)
		err = archive_fail(writer, -errno, "%08u/meta", day->date);
	day->meta.size = ARCHIVE_META_HEAD;
	if (!err)
		err = make_file(writer, name, &day->data);
	if (!err)
		err = make_file(writer, "index", &day->index);
	if (!err)
		err = archive_files_trim(day);
	if (!err)
		err = sync_folder(writer, day->dirfd);
	if (!err)
		err = sync_folder(writer, writer->dirfd);
	return err;
}

/* A folder that was not there when we looked must not have rows that we would cut. */
static int check_empty(struct archive_writer *writer)
{
	static const char * const names[] = { "index", "data000000", "meta", "finish" };
	struct stat st;

	for (unsigned int i = 0; i < 4; i++) {
		off_t empty = i == 2 ? ARCHIVE_META_HEAD : i == 3 ? -1 : 0;

		if (!fstatat(writer->day.dirfd, names[i], &st, AT_SYMLINK_NOFOLLOW) &&
		    st.st_size > empty)
			return archive_fail(writer, -EEXIST, "%08u was put there by somebody; "
					    "open the archive again", writer->day.date);
	}
	return 0;
}

int archive_files_make(struct archive_writer *writer, uint32_t date, bool part, bool has_meta)
{
	struct archive_files *day = &writer->day;
	char name[ARCHIVE_NAME_ROOM];
	bool made;
	int err = 0;

	archive_files_close(day);
	day->date = date;
	day->part = part;
	day->has_meta = has_meta;
	if (part)
		archive_part_name(name, date);
	else
		archive_date_name(name, date);
	/* What the lock says of a day is there before the day. */
	archive_mark_write(writer, writer->options.sync != ARCHIVE_SYNC_NONE);
	made = !mkdirat(writer->dirfd, name, 0750);
	if (!made && errno != EEXIST) {
		err = archive_fail(writer, -errno, "the folder %s can't be made", name);
		goto err_close;
	}
	day->dirfd = archive_open_day(writer, name);
	if (day->dirfd < 0) {
		err = archive_fail(writer, day->dirfd, "%s is there and is not a folder", name);
		goto err_close;
	}
	if (made)
		archive_give(writer, day->dirfd, 0750);
	else
		err = check_empty(writer);
	if (!err)
		err = make_files(writer);
	if (err)
		goto err_close;
	if (archive_times_open(&writer->day, false))
		archive_give(writer, writer->day.times, 0640);
	return 0;
err_close:
	archive_files_close(day);
	return err;
}

int archive_files_open(struct archive_writer *writer, uint32_t date, int dirfd,
		       uint64_t rows, unsigned int number, uint64_t data_size, bool has_meta)
{
	struct archive_files *day = &writer->day;
	char name[ARCHIVE_NAME_ROOM];
	int err = 0;

	archive_files_close(day);
	day->date = date;
	day->dirfd = dirfd;
	day->has_meta = has_meta;
	day->rows = rows;
	day->number = number;
	archive_data_name(name, number);
	if (has_meta)
		err = make_meta(writer);
	if (!err)
		err = make_file(writer, name, &day->data);
	if (!err)
		err = make_file(writer, "index", &day->index);
	if (err) {
		day->dirfd = -1;
		archive_files_close(day);
		return err;
	}
	day->meta.size = ARCHIVE_META_HEAD + rows * ARCHIVE_META_SIZE;
	day->index.size = rows * ARCHIVE_INDEX_SIZE;
	day->data.size = data_size;
	return 0;
}

static bool removed(int fd)
{
	struct stat st;

	return fd >= 0 && (fstat(fd, &st) || !st.st_nlink);
}

static bool same(int dirfd, const char *name, int fd, int flags)
{
	struct stat by_name, by_fd;

	return !fstatat(dirfd, name, &by_name, flags) && !fstat(fd, &by_fd) &&
	       by_name.st_ino == by_fd.st_ino && by_name.st_dev == by_fd.st_dev;
}

int archive_files_there(struct archive_writer *writer)
{
	const struct archive_files *day = &writer->day;
	char name[ARCHIVE_NAME_ROOM];

	if (!same(AT_FDCWD, writer->path, writer->dirfd, 0) ||
	    !same(writer->dirfd, "lock", writer->lockfd, AT_SYMLINK_NOFOLLOW))
		return -ENOENT;
	if (!day->date)
		return 0;
	if (day->part)
		archive_part_name(name, day->date);
	else
		archive_date_name(name, day->date);
	if (!same(writer->dirfd, name, day->dirfd, AT_SYMLINK_NOFOLLOW) ||
	    removed(day->data.fd) || removed(day->index.fd) || removed(day->meta.fd))
		return -ENOENT;
	return 0;
}

int archive_files_make_next(struct archive_writer *writer)
{
	struct archive_files *day = &writer->day;
	char name[ARCHIVE_NAME_ROOM];
	int err;

	if (day->next.fd >= 0)
		return 0;
	archive_data_name(name, day->number + 1);
	err = make_file(writer, name, &day->next);
	return err ? err : sync_folder(writer, day->dirfd);
}
