// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Rows read back, through windows that serve both ways.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rows.h"
#include "writing.h"

#define TEXT_WINDOW	(256U << 10)

/* -1 and no bytes for a file that is not there. */
static int open_sized(int dirfd, const char *name, int *fd, uint64_t *size)
{
	struct stat st;

	*size = 0;
	*fd = archive_open_file(dirfd, name, O_RDONLY);
	if (*fd == -ENOENT) {
		*fd = -1;
		return 0;
	}
	if (*fd < 0)
		return *fd;
	if (fstat(*fd, &st))
		return -errno;
	*size = st.st_size;
	return 0;
}

int archive_rows_open(struct archive_rows **rowsp, int dirfd)
{
	struct archive_rows *rows = calloc(1, sizeof(*rows));
	int err;

	if (!rows)
		return -ENOMEM;
	rows->dirfd = dirfd;
	rows->index = -1;
	rows->meta = -1;
	rows->data = -1;
	rows->number = -1;
	err = open_sized(dirfd, "index", &rows->index, &rows->index_size);
	if (!err)
		err = open_sized(dirfd, "meta", &rows->meta, &rows->meta_size);
	if (err) {
		archive_rows_close(rows);
		return err;
	}
	rows->has_meta = rows->meta >= 0;
	*rowsp = rows;
	return 0;
}

void archive_rows_close(struct archive_rows *rows)
{
	if (!rows)
		return;
	if (rows->index >= 0)
		close(rows->index);
	if (rows->meta >= 0)
		close(rows->meta);
	if (rows->data >= 0)
		close(rows->data);
	free(rows->text);
	free(rows);
}

static uint64_t metas(const struct archive_rows *rows)
{
	return rows->meta_size < ARCHIVE_META_HEAD ? 0 :
		(rows->meta_size - ARCHIVE_META_HEAD) / ARCHIVE_META_SIZE;
}

uint64_t archive_rows_count(const struct archive_rows *rows)
{
	uint64_t count = rows->index_size / ARCHIVE_INDEX_SIZE;

	return rows->has_meta && metas(rows) < count ? metas(rows) : count;
}

uint64_t archive_rows_begun(const struct archive_rows *rows)
{
	uint64_t count = rows->index_size / ARCHIVE_INDEX_SIZE;

	return metas(rows) > count ? metas(rows) : count;
}

static int load_window(struct archive_rows *rows, uint64_t row)
{
	uint64_t first = row - row % ARCHIVE_ROWS_WINDOW;
	uint64_t left = archive_rows_count(rows) - first;
	unsigned int count = left < ARCHIVE_ROWS_WINDOW ? left : ARCHIVE_ROWS_WINDOW;
	int err;

	if (rows->window_rows && rows->window == first)
		return 0;
	rows->window_rows = 0;
	err = archive_read_all(rows->index, rows->index_rows, count * ARCHIVE_INDEX_SIZE,
			       first * ARCHIVE_INDEX_SIZE);
	if (!err && rows->has_meta)
		err = archive_read_all(rows->meta, rows->meta_rows, count * ARCHIVE_META_SIZE,
				       ARCHIVE_META_HEAD + first * ARCHIVE_META_SIZE);
	if (err)
		return err;
	rows->window = first;
	rows->window_rows = count;
	return 0;
}

/* A row without its file is damaged; one whose file can't be opened just now is not. */
static int use_data_file(struct archive_rows *rows, int number)
{
	char name[ARCHIVE_NAME_ROOM];
	int err;

	if (rows->number == number)
		return 0;
	if (rows->data >= 0)
		close(rows->data);
	rows->number = -1;
	rows->text_len = 0;
	archive_data_name(name, number);
	err = open_sized(rows->dirfd, name, &rows->data, &rows->data_size);
	if (err) {
		rows->data = -1;
		return err == -ELOOP || err == -ENXIO ? -EBADMSG : err;
	}
	rows->number = number;
	return 0;
}

/* Sets @at to @len bytes at @offset of the data file. */
static int load_text(struct archive_rows *rows, uint64_t offset, size_t len, const uint8_t **at)
{
	size_t want = len > TEXT_WINDOW ? len : TEXT_WINDOW;
	uint8_t *grown;
	int err;

	if (offset > rows->data_size || len > rows->data_size - offset)
		return -EBADMSG;
	if (offset < rows->text_at || offset - rows->text_at > rows->text_len ||
	    len > rows->text_len - (offset - rows->text_at)) {
		if (want > rows->text_room) {
			grown = realloc(rows->text, want);
			if (!grown)
				return -ENOMEM;
			rows->text = grown;
			rows->text_room = want;
		}
		if (want > rows->data_size - offset)
			want = rows->data_size - offset;
		rows->text_len = 0;
		err = archive_read_all(rows->data, rows->text, want, offset);
		if (err)
			return err;
		rows->text_at = offset;
		rows->text_len = want;
	}
	*at = rows->text + (offset - rows->text_at);
	return 0;
}

int archive_rows_get(struct archive_rows *rows, uint64_t row, struct archive_found *found)
{
	const uint8_t *index, *head;
	int err;

	if (row >= archive_rows_count(rows))
		return -EBADMSG;
	err = load_window(rows, row);
	if (err)
		return err;
	index = rows->index_rows + (row - rows->window) * ARCHIVE_INDEX_SIZE;
	found->meta = rows->has_meta ? rows->meta_rows + (row - rows->window) * ARCHIVE_META_SIZE :
				       NULL;
	err = archive_index_get(index, &found->index);
	if (!err)
		err = use_data_file(rows, found->index.file);
	if (!err)
		err = load_text(rows, found->index.offset, ARCHIVE_HEAD_SIZE, &head);
	if (!err)
		err = archive_head_get(head, &found->head);
	if (!err)
		err = load_text(rows, found->index.offset,
				ARCHIVE_HEAD_SIZE + found->head.len, &head);
	if (err)
		return err;
	found->text = (const char *)head + ARCHIVE_HEAD_SIZE;
	found->end = found->index.offset + ARCHIVE_HEAD_SIZE + found->head.len;
	if (found->meta && archive_meta_sum(found->meta) !=
	    archive_row_sum(index, head, found->text, found->head.len, found->meta))
		return -EBADMSG;
	return 0;
}
