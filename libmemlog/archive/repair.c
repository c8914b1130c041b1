// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Files of a day that are made from its other files.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "day.h"
#include "repair.h"
#include "writing.h"

#define ROWS		1024
#define BUF_FIRST	(1U << 20)

/**
 * struct maker - A meta that is being made.
 * @seq: Number of the next row.
 * @pos: Its position.
 * @rows: Rows at hand.
 * @meta: Their entries.
 * @buf: Their texts.
 */
struct maker {
	uint64_t seq;
	uint64_t pos;
	struct archive_row rows[ROWS];
	uint8_t meta[ROWS * ARCHIVE_META_SIZE];
	char *buf;
	size_t size;
};

/* A gap takes as many numbers as it says, so that it is one to readers too. */
static void put_entry(struct maker *maker, unsigned int i, const char *text)
{
	const struct archive_row *row = &maker->rows[i];
	struct archive_head head = { (uint32_t)(row->rec.time_ns / SECOND_NS), row->rec.len };
	uint8_t at_index[ARCHIVE_INDEX_SIZE], at_head[ARCHIVE_HEAD_SIZE];
	uint8_t *meta = maker->meta + i * ARCHIVE_META_SIZE;
	uint64_t records = 1, bytes = row->rec.len;
	struct memlog_record rec = row->rec;

	rec.seq = maker->seq;
	rec.pos = maker->pos;
	archive_index_put(at_index, &row->index);
	archive_head_put(at_head, &head);
	archive_meta_put(meta, row->stream, &rec);
	archive_meta_set_sum(meta, archive_row_sum(at_index, at_head, text, rec.len, meta));
	if (rec.type == ARCHIVE_TYPE_GAP &&
	    (archive_gap_parse(text, rec.len, &records, &bytes) ||
	     records > UINT64_MAX - maker->seq)) {
		records = 1;
		bytes = 0;
	}
	maker->seq += records;
	maker->pos += bytes;
}

/* Rows read, or -errno. */
static int read_rows(struct maker *maker, struct archive_day *day, uint64_t row)
{
	int got;

	for (;;) {
		got = archive_day_read(day, row, maker->rows, ROWS, maker->buf, maker->size,
				       false);
		if (got != -ENOBUFS)
			return got ? got : -EBADMSG;
		maker->size = 2 * (size_t)maker->rows[0].rec.len;
		free(maker->buf);
		maker->buf = malloc(maker->size);
		if (!maker->buf)
			return -ENOMEM;
	}
}

static int write_meta(struct maker *maker, struct archive_day *day, int fd, uint64_t *row)
{
	uint64_t rows = archive_day_rows(day);
	uint8_t head[ARCHIVE_META_HEAD];
	int got, err;

	archive_meta_head_put(head);
	err = archive_write_all(fd, head, sizeof(head), 0);
	for (*row = 0; !err && *row < rows; *row += (unsigned int)got) {
		const char *text = maker->buf;

		got = read_rows(maker, day, *row);
		if (got < 0)
			return got;
		text = maker->buf;
		for (int i = 0; i < got; i++) {
			put_entry(maker, (unsigned int)i, text);
			text += maker->rows[i].rec.len;
		}
		err = archive_write_all(fd, maker->meta, (size_t)got * ARCHIVE_META_SIZE,
					ARCHIVE_META_HEAD + *row * ARCHIVE_META_SIZE);
	}
	return err;
}

/* As its index: whoever may read that may read this. */
static void give_as_index(int dir, int fd)
{
	struct stat st;

	if (fstatat(dir, "index", &st, AT_SYMLINK_NOFOLLOW))
		return;
	if (fchown(fd, (uid_t)-1, st.st_gid))
		st.st_mode &= ~(mode_t)070;
	fchmod(fd, st.st_mode & 0666);
}

/* Under a name of its own until it is whole. */
static int add_meta(struct archive_day *day, uint64_t *row)
{
	int dir = archive_day_dirfd(day), fd, err;
	struct maker *maker;

	unlinkat(dir, "meta.new", 0);
	fd = archive_open_file(dir, "meta.new", O_WRONLY | O_CREAT | O_EXCL);
	if (fd < 0)
		return fd;
	give_as_index(dir, fd);
	maker = calloc(1, sizeof(*maker));
	if (maker) {
		maker->size = BUF_FIRST;
		maker->buf = malloc(maker->size);
	}
	err = maker && maker->buf ? write_meta(maker, day, fd, row) : -ENOMEM;
	if (!err && fsync(fd))
		err = -errno;
	if (!err && renameat2(dir, "meta.new", dir, "meta", RENAME_NOREPLACE))
		err = -errno;
	if (!err && fsync(dir))
		err = -errno;
	if (err)
		unlinkat(dir, "meta.new", 0);
	close(fd);
	if (maker)
		free(maker->buf);
	free(maker);
	return err;
}

int archive_add_meta(int dirfd, uint32_t date, uint64_t *row)
{
	struct archive_day *day;
	int err;

	*row = 0;
	err = archive_day_open(&day, dirfd, date);
	if (err)
		return err;
	/* A day without rows gets one by whoever goes on with it. */
	if (!archive_day_has_meta(day) && archive_day_rows(day)) {
		err = add_meta(day, row);
		if (!err)
			err = 1;
	}
	archive_day_close(day);
	return err;
}

static int make_times(struct archive_files *day)
{
	struct stat st;

	day->meta.fd = archive_open_file(day->dirfd, "meta", O_RDONLY);
	if (day->meta.fd < 0)
		return day->meta.fd == -ENOENT ? 0 : day->meta.fd;
	if (fstat(day->meta.fd, &st))
		return -errno;
	if (st.st_size < ARCHIVE_META_HEAD)
		return 0;
	day->has_meta = true;
	day->rows = ((uint64_t)st.st_size - ARCHIVE_META_HEAD) / ARCHIVE_META_SIZE;
	unlinkat(day->dirfd, "times", 0);
	if (archive_times_open(day, true))
		give_as_index(day->dirfd, day->times);
	return day->times < 0 ? -EIO : 0;
}

int archive_make_times(int dirfd, uint32_t date)
{
	char name[ARCHIVE_DATE_NAME];
	struct archive_files day;
	int err;

	archive_files_init(&day);
	archive_date_name(name, date);
	day.dirfd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	err = day.dirfd < 0 ? -errno : make_times(&day);
	archive_files_close(&day);
	return err;
}
