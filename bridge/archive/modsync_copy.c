// SPDX-License-Identifier: GPL-2.0-only
#include <archive/day.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "modsync_copy.h"

/* How often days are removed, besides when one is complete: a clock must have held. */
#define TIDY_SECONDS	30

#define FOLDER_FLAGS	(O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)

void modsync_copy_say(const struct modsync_copy *copy, const char *fmt, ...)
{
	char text[384];
	va_list args;

	if (!copy->options->say)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	copy->options->say(copy->options->arg, text);
}

static int __attribute__((format(printf, 2, 3)))
refuse(struct modsync_copy *copy, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(copy->error, sizeof(copy->error), fmt, args);
	va_end(args);
	return -EBADMSG;
}

static uint64_t seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec;
}

uint32_t modsync_copy_today(const struct modsync_copy *copy)
{
	struct archive_span span;

	archive_date_of(&span, seconds(CLOCK_REALTIME) * 1000000000, copy->options->local);
	return span.date;
}

/* Where the last row ends. */
static int find_offset(struct modsync_copy *copy)
{
	struct archive_day *day;
	struct archive_row row;
	int err;

	copy->offset = 0;
	if (copy->next % ARCHIVE_FILE_ROWS == 0)
		return 0;
	err = archive_day_open(&day, copy->dirfd, copy->date);
	if (err)
		return err;
	err = archive_day_row(day, copy->next - 1, &row);
	archive_day_close(day);
	if (!err)
		copy->offset = row.index.offset + ARCHIVE_HEAD_SIZE + row.rec.len;
	return err;
}

int modsync_copy_resume(struct modsync_copy *copy)
{
	const struct archive_end *end = archive_writer_end(copy->writer);
	int fd = open(copy->options->dir, FOLDER_FLAGS & ~O_NOFOLLOW), err;
	uint32_t date;

	if (fd < 0)
		return -errno;
	copy->batched_bytes = 0;
	if (copy->dirfd >= 0)
		close(copy->dirfd);
	copy->dirfd = fd;
	if (!end->date)
		date = archive_date_add(modsync_copy_today(copy),
					-(int)copy->options->history_days);
	else
		date = end->finished ? archive_date_add(end->date, 1) : end->date;
	if (!date && !end->date)
		date = 19700101;
	/* Days without rows are complete here without the writer's knowing. */
	if (date > copy->date)
		copy->date = date;
	copy->next = end->date == copy->date ? end->rows : 0;
	copy->again = false;
	copy->differs = false;
	err = copy->date ? find_offset(copy) : -ERANGE;
	if (!copy->date)
		modsync_copy_say(copy, "%u days of history would begin before 1970",
				 copy->options->history_days);
	else if (err)
		modsync_copy_say(copy, "%s: the end of %08u can't be found: %s",
				 copy->options->dir, copy->date, strerror(-err));
	copy->stats.date = copy->date;
	copy->stats.day_rows = copy->next;
	return err;
}

/* Removes a folder that has nothing but an empty index in it. */
static int remove_empty(int dirfd, uint32_t date)
{
	char name[ARCHIVE_DATE_NAME];
	struct stat st;
	int fd, err = 0;

	archive_date_name(name, date);
	fd = openat(dirfd, name, FOLDER_FLAGS);
	if (fd < 0)
		return -errno;
	if (!fstatat(fd, "index", &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode) && !st.st_size)
		unlinkat(fd, "index", 0);
	if (unlinkat(dirfd, name, AT_REMOVEDIR))
		err = -errno;
	close(fd);
	return err;
}

/* Whether a day holds what was copied: it has rows, or is complete. */
static int is_copied(int dirfd, uint32_t date)
{
	struct archive_day *day;
	int err = archive_day_open(&day, dirfd, date);
	bool copied;

	if (err)
		return err;
	copied = archive_day_rows(day) || archive_day_finished(day);
	archive_day_close(day);
	return copied;
}

/*
 * go-filelog makes a folder for a day that is merely looked at. Taken for the newest
 * day, it would be the end of one that is not all here yet.
 */
static int remove_looked_at(const struct modsync_client_options *options)
{
	int fd = open(options->dir, FOLDER_FLAGS & ~O_NOFOLLOW), err;
	uint32_t *dates;
	size_t count;

	if (fd < 0)
		return 0;
	err = archive_days(fd, &dates, &count);
	if (err) {
		close(fd);
		return err;
	}
	while (!err && count && !is_copied(fd, dates[count - 1]))
		err = remove_empty(fd, dates[--count]);
	free(dates);
	close(fd);
	return err;
}

int modsync_copy_open(struct modsync_copy *copy, const struct modsync_client_options *options)
{
	struct archive_options writing = {
		.sync = options->sync, .local = options->local, .bare = true,
		.gid = options->gid, .say = options->say, .arg = options->arg,
	};
	int err;

	*copy = (struct modsync_copy){ .options = options, .dirfd = -1 };
	if (options->history_days > MODSYNC_HISTORY_MAX ||
	    (options->keep_days && options->keep_days < options->history_days)) {
		modsync_copy_say(copy, "keep %u days, history %u days: expected as many to keep, at least, and at most %u",
				 options->keep_days, options->history_days, MODSYNC_HISTORY_MAX);
		return -EINVAL;
	}
	err = remove_looked_at(options);
	if (err) {
		modsync_copy_say(copy, "%s: the newest day has no rows and can't be removed: %s",
				 options->dir, strerror(-err));
		return err;
	}
	err = archive_writer_open(&copy->writer, options->dir, &writing);
	if (err)
		return err;
	err = modsync_copy_resume(copy);
	if (err)
		modsync_copy_close(copy);
	return err;
}

void modsync_copy_close(struct modsync_copy *copy)
{
	if (copy->dirfd >= 0)
		close(copy->dirfd);
	if (copy->writer)
		archive_writer_close(copy->writer);
	copy->dirfd = -1;
	copy->writer = NULL;
}

static int check(struct modsync_copy *copy, const struct modsync_row *row)
{
	if (row->date != copy->date)
		return refuse(copy, "a row of %08u came, %08u was asked for", row->date, copy->date);
	if (row->id != copy->next)
		return refuse(copy, "row %llu of %08u came, %llu is the next",
			      (unsigned long long)row->id, row->date,
			      (unsigned long long)copy->next);
	if (copy->next >= (uint64_t)ARCHIVE_FILE_ROWS * ARCHIVE_FILES_MAX)
		return refuse(copy, "%08u has more rows than a day can", row->date);
	return 0;
}

/* Where a row stands follows from the rows before it, but for a damaged folder. */
static void compare_place(struct modsync_copy *copy, const struct modsync_row *row,
			  const struct archive_index *here)
{
	if (copy->differs || (row->file == here->file && row->offset == here->offset))
		return;
	copy->differs = true;
	modsync_copy_say(copy, "%08u: from row %llu on the server's index is not what its rows add up to (file %u, offset %llu; here %u, %llu): its folder was damaged, or two programs wrote it; rows are copied in the order it sends them",
			 row->date, (unsigned long long)row->id, row->file,
			 (unsigned long long)row->offset, here->file,
			 (unsigned long long)here->offset);
}

int modsync_copy_row(struct modsync_copy *copy, const struct modsync_row *row, const char *text)
{
	struct archive_head head = { .time = row->time, .len = row->len };
	struct archive_index index = {
		.file = (uint16_t)(copy->next / ARCHIVE_FILE_ROWS),
		.offset = copy->offset,
		.type = row->type,
	};
	uint8_t index_row[ARCHIVE_INDEX_SIZE], head_row[ARCHIVE_HEAD_SIZE];
	int err;

	if (copy->again && row->date == copy->date && row->id < copy->next)
		return 0;
	err = check(copy, row);
	if (err)
		return err;
	archive_index_put(index_row, &index);
	archive_head_put(head_row, &head);
	err = archive_append_row(copy->writer, copy->date, index_row, head_row, text, row->len,
				 NULL);
	if (err)
		return err;
	compare_place(copy, row, &index);
	copy->next++;
	copy->offset = copy->next % ARCHIVE_FILE_ROWS ?
			       copy->offset + ARCHIVE_HEAD_SIZE + row->len : 0;
	copy->batched_bytes += row->len;
	copy->stats.newest_time = row->time;
	return 0;
}

void modsync_copy_drop(struct modsync_copy *copy)
{
	if (!archive_batched(copy->writer))
		return;
	archive_drop(copy->writer);
	modsync_copy_resume(copy);
}

int modsync_copy_commit(struct modsync_copy *copy)
{
	unsigned int rows = archive_batched(copy->writer);
	struct timespec now;
	int err;

	if (!rows)
		return 0;
	err = archive_commit(copy->writer);
	copy->stats.write_error = err;
	if (err)
		return err == -ENOENT ? -ESTALE : err;
	clock_gettime(CLOCK_REALTIME, &now);
	copy->stats.last_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	copy->stats.day_rows = copy->next;
	copy->stats.rows += rows;
	copy->stats.bytes += copy->batched_bytes;
	copy->batched_bytes = 0;
	return 0;
}

static int make_file(const struct modsync_copy *copy, int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);

	if (fd < 0)
		return -errno;
	/* A group that may not be given is no reason to stop. */
	if (copy->options->gid != (gid_t)-1 && fchown(fd, (uid_t)-1, copy->options->gid))
		modsync_copy_say(copy, "%s can't be given to group %u", name, copy->options->gid);
	close(fd);
	return 0;
}

/*
 * A day without rows is a folder all the same: readers of others stay in a day until
 * it is finished.
 */
static int make_empty(struct modsync_copy *copy)
{
	char name[ARCHIVE_DATE_NAME];
	int fd, err;

	archive_date_name(name, copy->date);
	if (mkdirat(copy->dirfd, name, 0750) && errno != EEXIST)
		return -errno;
	fd = openat(copy->dirfd, name, FOLDER_FLAGS);
	if (fd < 0)
		return -errno;
	if (copy->options->gid != (gid_t)-1 && fchown(fd, (uid_t)-1, copy->options->gid))
		modsync_copy_say(copy, "%s can't be given to group %u", name, copy->options->gid);
	err = make_file(copy, fd, "index");
	if (!err)
		err = make_file(copy, fd, "finish");
	if (!err && (fsync(fd) || fsync(copy->dirfd)))
		err = -errno;
	close(fd);
	return err;
}

static void tidy(struct modsync_copy *copy)
{
	copy->tidied_s = seconds(CLOCK_MONOTONIC);
	if (copy->options->keep_days || copy->options->max_bytes)
		archive_expire(copy->writer, copy->options->keep_days, copy->options->max_bytes);
}

int modsync_copy_finish(struct modsync_copy *copy)
{
	const struct archive_end *end = archive_writer_end(copy->writer);
	uint32_t next = archive_date_add(copy->date, 1);
	int err = end->date == copy->date && !end->finished ? archive_finish(copy->writer) :
		  copy->next ? 0 : make_empty(copy);

	copy->stats.write_error = err;
	if (err || !next)
		return err ? err : -ERANGE;
	copy->stats.days++;
	copy->date = next;
	copy->next = 0;
	copy->offset = 0;
	copy->again = false;
	copy->differs = false;
	copy->stats.date = next;
	copy->stats.day_rows = 0;
	tidy(copy);
	return 0;
}

void modsync_copy_tick(struct modsync_copy *copy)
{
	uint64_t now = seconds(CLOCK_MONOTONIC);

	if (copy->options->sync == ARCHIVE_SYNC_SECOND && now != copy->synced_s)
		copy->stats.write_error = archive_sync(copy->writer);
	copy->synced_s = now;
	if (now - copy->tidied_s >= TIDY_SECONDS)
		tidy(copy);
	copy->stats.today = modsync_copy_today(copy);
}
