// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Going over the days of an archive.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cursor.h"

/*
 * A folder's time has the grain of the kernel's ticks: a list that is younger than
 * this may be older than another change with the same time.
 */
#define GRAIN_NS	100000000LL

void archive_cursor_init(struct archive_cursor *cursor, int dirfd)
{
	memset(cursor, 0, sizeof(*cursor));
	cursor->dirfd = dirfd;
}

static void close_day(struct archive_cursor *cursor)
{
	archive_day_close(cursor->day);
	cursor->day = NULL;
}

void archive_cursor_close(struct archive_cursor *cursor)
{
	close_day(cursor);
	free(cursor->dates);
	cursor->dates = NULL;
	if (cursor->dirfd >= 0)
		close(cursor->dirfd);
	cursor->dirfd = -1;
}

static int64_t ns_between(const struct timespec *from, const struct timespec *to)
{
	return (int64_t)(to->tv_sec - from->tv_sec) * 1000000000LL +
	       (to->tv_nsec - from->tv_nsec);
}

int archive_cursor_list(struct archive_cursor *cursor)
{
	struct timespec now;
	struct stat st;
	uint32_t *dates;
	size_t count;
	int64_t age;
	int err;

	if (fstat(cursor->dirfd, &st))
		return -errno;
	if (cursor->settled && !ns_between(&cursor->listed, &st.st_mtim))
		return 0;
	clock_gettime(CLOCK_REALTIME, &now);
	err = archive_days(cursor->dirfd, &dates, &count);
	if (err)
		return err;
	free(cursor->dates);
	cursor->dates = dates;
	cursor->count = count;
	cursor->listed = st.st_mtim;
	age = ns_between(&st.st_mtim, &now);
	cursor->settled = age > GRAIN_NS;
	return 0;
}

size_t archive_cursor_index(const struct archive_cursor *cursor, uint32_t date)
{
	size_t low = 0, high = cursor->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (cursor->dates[middle] < date)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int archive_cursor_day(struct archive_cursor *cursor, uint32_t date)
{
	int err = -ESTALE;

	if (cursor->day && cursor->date == date)
		err = archive_day_refresh(cursor->day);
	if (err != -ESTALE)
		return err;
	close_day(cursor);
	cursor->date = date;
	return archive_day_open(&cursor->day, cursor->dirfd, date);
}

int archive_cursor_move(struct archive_cursor *cursor, uint32_t date, uint64_t row)
{
	int err;

	if (!date) {
		close_day(cursor);
		cursor->date = 0;
		cursor->row = 0;
		return 0;
	}
	err = archive_cursor_day(cursor, date);
	cursor->row = row;
	if (err != -ENOENT)
		return err;
	/* It may come back. */
	cursor->date = date - 1;
	cursor->row = 0;
	return 0;
}

/* To the beginning of the first later day. Return: 1; 0 there is none; -errno. */
static int next_day(struct archive_cursor *cursor)
{
	size_t i;
	int err;

	err = archive_cursor_list(cursor);
	if (err)
		return err;
	for (i = archive_cursor_index(cursor, cursor->date + 1); i < cursor->count; i++) {
		struct archive_day *day;

		/* More may have come here before the later one was made. */
		if (cursor->day) {
			err = archive_day_refresh(cursor->day);
			if (err || archive_day_rows(cursor->day) > cursor->row)
				return err ? err : 1;
		}
		err = archive_day_open(&day, cursor->dirfd, cursor->dates[i]);
		if (err == -ENOENT)
			continue;
		if (err)
			return err;
		close_day(cursor);
		cursor->day = day;
		cursor->date = cursor->dates[i];
		cursor->row = 0;
		return 1;
	}
	return 0;
}

int archive_cursor_look(struct archive_cursor *cursor)
{
	int ret;

	for (;;) {
		if (cursor->day && cursor->row < archive_day_rows(cursor->day))
			return 1;
		ret = cursor->day ? archive_day_refresh(cursor->day) : 0;
		if (ret == -ESTALE)
			close_day(cursor);
		if (ret)
			return ret;
		if (cursor->day && cursor->row < archive_day_rows(cursor->day))
			return 1;
		/* Its writer has taken back what it could not write whole. */
		if (cursor->day && cursor->row > archive_day_rows(cursor->day))
			return -ESTALE;
		ret = next_day(cursor);
		if (ret == -ESTALE)
			close_day(cursor);
		if (ret <= 0)
			return ret;
	}
}
