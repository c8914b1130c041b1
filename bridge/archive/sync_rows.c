// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sync_rows.h"

void sync_rows_init(struct sync_rows *rows)
{
	*rows = (struct sync_rows){ .data = -1 };
}

void sync_rows_close(struct sync_rows *rows)
{
	if (rows->data >= 0)
		close(rows->data);
	rows->data = -1;
	if (rows->day)
		archive_day_close(rows->day);
	rows->day = NULL;
	rows->date = 0;
}

void sync_rows_rest(struct sync_rows *rows)
{
	free(rows->buf);
	rows->buf = NULL;
	rows->room = 0;
}

void sync_rows_uninit(struct sync_rows *rows)
{
	sync_rows_close(rows);
	sync_rows_rest(rows);
}

int sync_rows_open(struct sync_rows *rows, int dirfd, uint32_t date)
{
	int err;

	sync_rows_close(rows);
	err = archive_day_open(&rows->day, dirfd, date);
	if (err)
		rows->day = NULL;
	else
		rows->date = date;
	return err;
}

static int make_room(struct sync_rows *rows, size_t size)
{
	uint8_t *buf;

	if (size <= rows->room)
		return 0;
	buf = realloc(rows->buf, size);
	if (!buf)
		return -ENOMEM;
	rows->buf = buf;
	rows->room = size;
	return 0;
}

static int open_data(struct sync_rows *rows, uint16_t file)
{
	char name[16];

	if (rows->data >= 0 && rows->file == file)
		return 0;
	if (rows->data >= 0)
		close(rows->data);
	snprintf(name, sizeof(name), "data%06u", file);
	rows->data = openat(archive_day_dirfd(rows->day), name,
			    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	rows->file = file;
	return rows->data < 0 ? -errno : 0;
}

static int read_all(int fd, uint8_t *to, size_t len, uint64_t at)
{
	while (len) {
		ssize_t n = pread(fd, to, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			return -EBADMSG;
		to += n;
		len -= (size_t)n;
		at += (uint64_t)n;
	}
	return 0;
}

/* Where the text of the row whose header is at @offset ends. */
static int find_end(struct sync_rows *rows, uint64_t offset, uint64_t *end)
{
	uint8_t bytes[ARCHIVE_HEAD_SIZE];
	struct archive_head head = { 0 };
	int err = read_all(rows->data, bytes, sizeof(bytes), offset);

	if (!err)
		err = archive_head_get(bytes, &head);
	if (!err)
		*end = offset + ARCHIVE_HEAD_SIZE + head.len;
	return err;
}

/**
 * struct extent - Where the data of a piece is.
 * @begin: Of its first row.
 * @last: Header of its last row.
 * @end: Of that row, once known.
 */
struct extent {
	uint64_t begin;
	uint64_t last;
	uint64_t end;
};

/*
 * How many of @count rows have data that fits, and where. In a file one row begins
 * where the one before ends.
 */
static int measure(struct sync_rows *rows, uint32_t *count, bool bare, struct extent *extent)
{
	size_t fixed = SYNC_ROW_EXTRA - ARCHIVE_HEAD_SIZE - (bare ? ARCHIVE_META_SIZE : 0);
	struct archive_index index;
	uint32_t n;
	int err = archive_index_get(rows->buf, &index);

	if (!err)
		err = open_data(rows, index.file);
	if (err)
		return err;
	extent->begin = index.offset;
	extent->last = index.offset;
	for (n = 1; n < *count; n++) {
		err = archive_index_get(rows->buf + n * ARCHIVE_INDEX_SIZE, &index);
		if (err)
			return err;
		if (index.file != rows->file || index.offset < extent->last + ARCHIVE_HEAD_SIZE)
			return -EBADMSG;
		/* where this one begins, @n rows end */
		if (index.offset - extent->begin + n * fixed > SYNC_RAW_MAX) {
			*count = n > 1 ? n - 1 : 1;
			extent->end = n > 1 ? extent->last : index.offset;
			return 0;
		}
		extent->last = index.offset;
	}
	err = find_end(rows, extent->last, &extent->end);
	if (!err && n > 1 && extent->end - extent->begin + n * fixed > SYNC_RAW_MAX) {
		*count = n - 1;
		extent->end = extent->last;
	}
	return err;
}

int sync_rows_read(struct sync_rows *rows, uint64_t row, uint64_t end, struct sync_piece *piece)
{
	bool bare = !archive_day_has_meta(rows->day);
	uint32_t count = sync_rows_at(row, end - row);
	struct extent extent;
	size_t fixed, len;
	int err;

	err = make_room(rows, (size_t)count * (ARCHIVE_INDEX_SIZE + ARCHIVE_META_SIZE));
	if (!err)
		err = archive_day_raw(rows->day, row, count, rows->buf, NULL);
	if (!err)
		err = measure(rows, &count, bare, &extent);
	if (err)
		return err;
	fixed = (size_t)count * (ARCHIVE_INDEX_SIZE + (bare ? 0 : ARCHIVE_META_SIZE));
	len = extent.end - extent.begin;
	if (len > ARCHIVE_TEXT_MAX + ARCHIVE_HEAD_SIZE)
		return -EBADMSG;
	err = make_room(rows, fixed + len);
	if (!err && !bare)
		err = archive_day_raw(rows->day, row, count, NULL,
				      rows->buf + (size_t)count * ARCHIVE_INDEX_SIZE);
	if (!err)
		err = read_all(rows->data, rows->buf + fixed, len, extent.begin);
	*piece = (struct sync_piece){
		.row = row, .count = count, .bare = bare, .index = rows->buf, .len = fixed + len,
	};
	return err;
}

int sync_rows_sum(struct sync_rows *rows, struct sync_sum *sum, uint64_t end, size_t most)
{
	struct sync_piece piece = { 0 };
	size_t done = 0;
	int err = 0;

	if (sum->date != rows->date || sum->row > end)
		err = sync_sum_reset(sum, rows->date, 0);
	while (!err && sum->row < end && done < most) {
		err = sync_rows_read(rows, sum->row, end, &piece);
		if (!err)
			err = sync_sum_add(sum, &piece);
		done += piece.len;
	}
	return err ? err : sum->row == end;
}
