// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Days of an archive: which there are, opening one, and seeing that it has grown.
 *
 * Whoever may write the folder may put there what he likes: links are not
 * followed, and what is not a plain file is refused before anything waits for it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "day_private.h"

#define FILE_FLAGS	(O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
#define FOLDER_FLAGS	(O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* Tries, a millisecond apart, for a lock that somebody has who tidies up. */
#define LOCK_TRIES	200

static bool is_folder(int dirfd, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return !fstatat(dirfd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
	       S_ISDIR(st.st_mode);
}

static int by_date(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static int add_date(uint32_t **dates, size_t *count, size_t *room, uint32_t date)
{
	uint32_t *more;

	if (*count == *room) {
		*room = *room ? *room * 2 : 64;
		more = realloc(*dates, *room * sizeof(**dates));
		if (!more)
			return -ENOMEM;
		*dates = more;
	}
	(*dates)[(*count)++] = date;
	return 0;
}

static int list_days(DIR *dir, uint32_t **dates, size_t *count)
{
	struct dirent *entry;
	size_t room = 0;
	uint32_t date;
	int err = 0;

	while (!err) {
		errno = 0;
		entry = readdir(dir);
		if (!entry)
			return -errno;
		date = archive_date_parse(entry->d_name);
		if (date && is_folder(dirfd(dir), entry))
			err = add_date(dates, count, &room, date);
	}
	return err;
}

int archive_days(int dirfd, uint32_t **dates, size_t *count)
{
	int err, fd = openat(dirfd, ".", FOLDER_FLAGS);
	DIR *dir;

	*dates = NULL;
	*count = 0;
	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		err = -errno;
		close(fd);
		return err;
	}
	err = list_days(dir, dates, count);
	closedir(dir);
	if (err) {
		free(*dates);
		*dates = NULL;
		*count = 0;
	} else if (*count) {
		qsort(*dates, *count, sizeof(**dates), by_date);
	}
	return err;
}

int archive_day_open_file(const struct archive_day *day, const char *name,
			  struct stat *st)
{
	int err = 0, fd = openat(day->dir, name, FILE_FLAGS);

	if (fd < 0)
		return -errno;
	if (fstat(fd, st))
		err = -errno;
	else if (!S_ISREG(st->st_mode))
		err = -EBADMSG;
	if (!err)
		return fd;
	close(fd);
	return err;
}

/* Whether the folder still is the one of its name. */
static int check_place(const struct archive_day *day)
{
	struct stat own, named;

	if (fstat(day->dir, &own))
		return -errno;
	if (fstatat(day->parent, day->name, &named, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? -ESTALE : -errno;
	return own.st_ino == named.st_ino && own.st_dev == named.st_dev ? 0 : -ESTALE;
}

/* Whoever removes a day has it locked while it is renamed. */
static int lock_folder(const struct archive_day *day)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	for (int i = 0; i < LOCK_TRIES; i++) {
		if (!flock(day->dir, LOCK_SH | LOCK_NB))
			break;
		/* Some filesystems have no locks; their days are not removed by us. */
		if (errno != EWOULDBLOCK)
			break;
		if (check_place(day))
			return -ENOENT;
		nanosleep(&pause, NULL);
	}
	return check_place(day) ? -ENOENT : 0;
}

/* The number of whole entries of @each bytes behind @head in a file. */
static int count_entries(int fd, uint64_t head, uint64_t each, uint64_t *count)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	*count = (uint64_t)st.st_size > head ? ((uint64_t)st.st_size - head) / each : 0;
	return 0;
}

/* A file that may come later. */
static int open_late(const struct archive_day *day, const char *name, int *fdp)
{
	struct stat st;
	int fd;

	if (*fdp >= 0)
		return 0;
	fd = archive_day_open_file(day, name, &st);
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	*fdp = fd;
	return 0;
}

/*
 * A meta that is there, but for its head, is one that its writer just makes: a day
 * without rows.
 */
static int open_meta(struct archive_day *day)
{
	uint8_t head[ARCHIVE_META_HEAD];
	struct stat st;
	int err;

	/* Whoever has begun to read a day without meta goes on so. */
	if (day->meta >= 0 || day->rows)
		return 0;
	err = open_late(day, "meta", &day->meta);
	if (err || day->meta < 0)
		return err;
	if (fstat(day->meta, &st))
		err = -errno;
	else if (st.st_size >= ARCHIVE_META_HEAD)
		err = archive_day_pread(day->meta, head, sizeof(head), 0);
	else
		err = -EAGAIN;
	if (!err)
		err = archive_meta_head_check(head);
	if (!err)
		return 0;
	close(day->meta);
	day->meta = -1;
	return err;
}

static int count_rows(struct archive_day *day, uint64_t *rows)
{
	uint64_t entries = 0;
	int err;

	*rows = 0;
	err = open_meta(day);
	if (err)
		return err == -EAGAIN ? 0 : err;
	err = open_late(day, "index", &day->index);
	if (err || day->index < 0)
		return err;
	err = count_entries(day->index, 0, ARCHIVE_INDEX_SIZE, rows);
	if (err || day->meta < 0)
		return err;
	err = count_entries(day->meta, ARCHIVE_META_HEAD, ARCHIVE_META_SIZE, &entries);
	if (entries < *rows)
		*rows = entries;
	return err;
}

static void close_if(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void forget_windows(struct archive_day *day)
{
	day->index_window.len = 0;
	day->meta_window.len = 0;
	day->data_window.len = 0;
}

int archive_day_recount(struct archive_day *day)
{
	uint64_t rows;
	int err = count_rows(day, &rows);

	if (err)
		return err;
	day->rows = rows;
	forget_windows(day);
	/* Mending removes data files, and others of their names come later. */
	close_if(day->data);
	day->data = -1;
	return 0;
}

int archive_day_refresh(struct archive_day *day)
{
	bool finished;
	uint64_t rows;
	int err;

	err = check_place(day);
	if (err)
		return err;
	/* First whether it is complete: then the rows that are seen are all. */
	finished = !faccessat(day->dir, "finish", F_OK, AT_SYMLINK_NOFOLLOW);
	err = count_rows(day, &rows);
	if (err)
		return err;
	/*
	 * What stood behind the last row may have been anything, such as the part of
	 * a row that its writer has cut since.
	 */
	if (rows != day->rows)
		forget_windows(day);
	day->rows = rows;
	day->finished = finished;
	return 0;
}

/* 0x20241231 for 20241231, so that people see what it is. */
static uint64_t stream_of_date(uint32_t date)
{
	uint64_t stream = 0;

	for (int shift = 0; date; shift += 4, date /= 10)
		stream |= (uint64_t)(date % 10) << shift;
	return stream;
}

static struct archive_day *day_new(uint32_t date)
{
	struct archive_day *day = calloc(1, sizeof(*day));

	if (!day)
		return NULL;
	day->date = date;
	archive_date_name(day->name, date);
	day->stream = stream_of_date(date);
	day->parent = -1;
	day->dir = -1;
	day->index = -1;
	day->meta = -1;
	day->data = -1;
	day->index_window.size = WINDOW_ROWS * ARCHIVE_INDEX_SIZE;
	day->meta_window.size = WINDOW_ROWS * ARCHIVE_META_SIZE;
	day->data_window.size = WINDOW_DATA;
	return day;
}

static int open_folder(struct archive_day *day, int dirfd)
{
	int err;

	day->parent = fcntl(dirfd, F_DUPFD_CLOEXEC, 0);
	if (day->parent < 0)
		return -errno;
	day->dir = openat(dirfd, day->name, FOLDER_FLAGS);
	if (day->dir < 0)
		return -errno;
	err = lock_folder(day);
	if (!err)
		err = archive_day_refresh(day);
	return err == -ESTALE ? -ENOENT : err;
}

int archive_day_open(struct archive_day **dayp, int dirfd, uint32_t date)
{
	struct archive_day *day;
	int err;

	if (!archive_date_ok(date))
		return -ENOENT;
	day = day_new(date);
	if (!day)
		return -ENOMEM;
	err = open_folder(day, dirfd);
	if (err)
		archive_day_close(day);
	else
		*dayp = day;
	return err;
}

void archive_day_close(struct archive_day *day)
{
	if (!day)
		return;
	close_if(day->data);
	close_if(day->meta);
	close_if(day->index);
	close_if(day->dir);
	close_if(day->parent);
	free(day->index_window.buf);
	free(day->meta_window.buf);
	free(day->data_window.buf);
	free(day);
}

uint64_t archive_day_rows(const struct archive_day *day)
{
	return day->rows;
}

bool archive_day_finished(const struct archive_day *day)
{
	return day->finished;
}

bool archive_day_has_meta(const struct archive_day *day)
{
	return day->meta >= 0;
}

uint32_t archive_day_date(const struct archive_day *day)
{
	return day->date;
}

int archive_day_dirfd(const struct archive_day *day)
{
	return day->dir;
}
