// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Rows of a day. Where one is read after another, a window of each file is kept,
 * so that a row costs no call of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "day_private.h"

/* What a read that follows no other fetches. */
#define WINDOW_FIRST	4096

/* Room for "dataNNNNNN". */
#define DATA_NAME	16

/* No row ends behind this, whatever its index says. */
#define OFFSET_MAX	(INT64_MAX - ARCHIVE_HEAD_SIZE - ARCHIVE_TEXT_MAX)

/* Bytes of @to that could be read, or -errno. */
static ssize_t pread_some(int fd, void *to, size_t len, uint64_t off)
{
	char *bytes = to;
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(fd, bytes + done, len - done, (off_t)(off + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int archive_day_pread(int fd, void *to, size_t len, uint64_t off)
{
	ssize_t n = pread_some(fd, to, len, off);

	if (n < 0)
		return (int)n;
	return (size_t)n < len ? -EBADMSG : 0;
}

/* @len bytes at @off, valid until the next call; @len is at most the window's size. */
static int window_get(struct archive_window *window, int fd, uint64_t off, size_t len,
		      const uint8_t **at)
{
	uint64_t end = window->off + window->len;
	bool goes_on = window->len && off >= window->off && off <= end;
	size_t want = window->size;
	ssize_t n;

	if (goes_on && len <= end - off) {
		*at = window->buf + (off - window->off);
		return 0;
	}
	if (!window->buf) {
		window->buf = malloc(window->size);
		if (!window->buf)
			return -ENOMEM;
	}
	if (!goes_on && len < WINDOW_FIRST)
		want = WINDOW_FIRST;
	else if (!goes_on)
		want = len;
	window->len = 0;
	n = pread_some(fd, window->buf, want, off);
	if (n < 0)
		return (int)n;
	window->off = off;
	window->len = (size_t)n;
	*at = window->buf;
	return window->len < len ? -EBADMSG : 0;
}

int archive_day_meta(struct archive_day *day, uint64_t number, const uint8_t **entry)
{
	return window_get(&day->meta_window, day->meta,
			  ARCHIVE_META_HEAD + number * ARCHIVE_META_SIZE,
			  ARCHIVE_META_SIZE, entry);
}

static void data_name(char name[DATA_NAME], uint16_t file)
{
	snprintf(name, DATA_NAME, "data%06u", file);
}

static int open_data(struct archive_day *day, uint16_t file)
{
	char name[DATA_NAME];
	struct stat st;
	int fd;

	if (day->data >= 0 && day->data_file == file)
		return 0;
	data_name(name, file);
	fd = archive_day_open_file(day, name, &st);
	if (fd < 0)
		return fd == -ENOENT ? -EBADMSG : fd;
	if (day->data >= 0)
		close(day->data);
	day->data = fd;
	day->data_file = file;
	day->data_size = (uint64_t)st.st_size;
	day->data_window.len = 0;
	return 0;
}

/* Whether the data file reaches to @end. */
static int check_size(struct archive_day *day, uint64_t end)
{
	struct stat st;

	if (end <= day->data_size)
		return 0;
	if (fstat(day->data, &st))
		return -errno;
	day->data_size = (uint64_t)st.st_size;
	return end <= day->data_size ? 0 : -EBADMSG;
}

/* Days without meta: bytes of the data files before @file. */
static int find_base(struct archive_day *day, uint16_t file)
{
	char name[DATA_NAME];
	struct stat st;

	if (file < day->base_file) {
		day->base_file = 0;
		day->base = 0;
	}
	for (; day->base_file < file; day->base_file++) {
		data_name(name, day->base_file);
		if (fstatat(day->dir, name, &st, AT_SYMLINK_NOFOLLOW))
			return errno == ENOENT ? -EBADMSG : -errno;
		day->base += (uint64_t)st.st_size;
	}
	return 0;
}

/* What a row without meta is taken for. */
static int make_facts(struct archive_day *day, uint64_t number, struct archive_row *row,
		      const struct archive_head *head)
{
	uint64_t heads = number * ARCHIVE_HEAD_SIZE;
	uint64_t at;
	int err;

	err = find_base(day, row->index.file);
	if (err)
		return err;
	at = day->base + row->index.offset;
	memset(&row->rec, 0, sizeof(row->rec));
	row->stream = day->stream;
	row->sum = 0;
	row->rec.seq = number;
	row->rec.pos = at > heads ? at - heads : 0;
	row->rec.time_ns = (uint64_t)head->time * 1000000000ULL;
	row->rec.pid = MEMLOG_ID_NONE;
	row->rec.uid = MEMLOG_ID_NONE;
	row->rec.pri = MEMLOG_PRI_DEFAULT;
	return 0;
}

/* Bytes of a row's entries, for its checksum. */
struct raw_row {
	uint8_t index[ARCHIVE_INDEX_SIZE];
	uint8_t head[ARCHIVE_HEAD_SIZE];
	uint8_t meta[ARCHIVE_META_SIZE];
};

/* The row's index and data header; its data file is open then. */
static int get_head(struct archive_day *day, uint64_t number, struct raw_row *raw,
		    struct archive_index *index, struct archive_head *head)
{
	const uint8_t *at;
	int err;

	err = window_get(&day->index_window, day->index, number * ARCHIVE_INDEX_SIZE,
			 ARCHIVE_INDEX_SIZE, &at);
	if (err)
		return err;
	memcpy(raw->index, at, sizeof(raw->index));
	err = archive_index_get(raw->index, index);
	if (!err && index->offset > OFFSET_MAX)
		err = -EBADMSG;
	if (!err)
		err = open_data(day, index->file);
	if (!err)
		err = window_get(&day->data_window, day->data, index->offset,
				 ARCHIVE_HEAD_SIZE, &at);
	if (err)
		return err;
	memcpy(raw->head, at, sizeof(raw->head));
	return archive_head_get(raw->head, head);
}

/* All but the text. */
static int get_row(struct archive_day *day, uint64_t number, struct archive_row *row,
		   struct raw_row *raw)
{
	struct archive_head head;
	const uint8_t *at;
	int err;

	err = get_head(day, number, raw, &row->index, &head);
	if (err)
		return err;
	if (day->meta >= 0) {
		err = archive_day_meta(day, number, &at);
		if (err)
			return err;
		memcpy(raw->meta, at, sizeof(raw->meta));
		archive_meta_get(raw->meta, &row->stream, &row->rec);
		row->sum = archive_meta_sum(raw->meta);
	} else {
		err = make_facts(day, number, row, &head);
		if (err)
			return err;
	}
	row->rec.len = head.len;
	row->rec.type = row->index.type;
	return 0;
}

int archive_day_row(struct archive_day *day, uint64_t number, struct archive_row *row)
{
	struct raw_row raw;
	int err;

	if (number >= day->rows)
		return -EINVAL;
	err = get_row(day, number, row, &raw);
	if (err)
		return err;
	return check_size(day, row->index.offset + ARCHIVE_HEAD_SIZE + row->rec.len);
}

int archive_day_seconds(struct archive_day *day, uint64_t number, uint32_t *time)
{
	struct archive_index index;
	struct archive_head head;
	struct raw_row raw;
	int err;

	err = get_head(day, number, &raw, &index, &head);
	if (!err)
		*time = head.time;
	return err;
}

static int get_text(struct archive_day *day, const struct archive_row *row, char *buf)
{
	uint64_t off = row->index.offset;
	size_t len = ARCHIVE_HEAD_SIZE + row->rec.len;
	const uint8_t *at;
	int err;

	if (len > day->data_window.size)
		return archive_day_pread(day->data, buf, row->rec.len,
					 off + ARCHIVE_HEAD_SIZE);
	err = window_get(&day->data_window, day->data, off, len, &at);
	if (!err)
		memcpy(buf, at + ARCHIVE_HEAD_SIZE, row->rec.len);
	return err;
}

static int read_row(struct archive_day *day, uint64_t number, struct archive_row *row,
		    char *buf, size_t room, bool check)
{
	struct raw_row raw;
	int err;

	err = get_row(day, number, row, &raw);
	if (err)
		return err;
	if (row->rec.len > room)
		return -ENOBUFS;
	err = get_text(day, row, buf);
	if (err || !check || day->meta < 0)
		return err;
	return archive_row_sum(raw.index, raw.head, buf, row->rec.len, raw.meta) ==
	       row->sum ? 0 : -EBADMSG;
}

/*
 * A row that looks damaged may be one that its writer takes back just now, or has
 * written anew since a part of it was read: it is that only if it stays so.
 */
static int read_first(struct archive_day *day, uint64_t number, struct archive_row *row,
		      char *buf, size_t size, bool check)
{
	int err = read_row(day, number, row, buf, size, check);

	if (err != -EBADMSG)
		return err;
	err = archive_day_recount(day);
	if (err)
		return err;
	return number < day->rows ? read_row(day, number, row, buf, size, check) : -ENOENT;
}

int archive_day_read(struct archive_day *day, uint64_t number, struct archive_row *rows,
		     unsigned int count, char *buf, size_t size, bool check)
{
	unsigned int n;
	size_t used = 0;
	int err = 0;

	for (n = 0; n < count && n < INT32_MAX; n++) {
		if (number >= day->rows || n >= day->rows - number)
			break;
		if (n)
			err = read_row(day, number + n, &rows[n], buf + used, size - used, check);
		else
			err = read_first(day, number, rows, buf, size, check);
		if (err)
			break;
		used += rows[n].rec.len;
	}
	/* It was taken back. */
	if (err == -ENOENT)
		err = 0;
	return n ? (int)n : err;
}

int archive_day_raw(struct archive_day *day, uint64_t number, unsigned int count,
		    uint8_t *index, uint8_t *meta)
{
	int err = 0;

	if (number > day->rows || count > day->rows - number)
		return -EINVAL;
	if (!count)
		return 0;
	if (index)
		err = archive_day_pread(day->index, index,
					(size_t)count * ARCHIVE_INDEX_SIZE,
					number * ARCHIVE_INDEX_SIZE);
	if (!err && meta && day->meta >= 0)
		err = archive_day_pread(day->meta, meta, (size_t)count * ARCHIVE_META_SIZE,
					ARCHIVE_META_HEAD + number * ARCHIVE_META_SIZE);
	return err;
}
