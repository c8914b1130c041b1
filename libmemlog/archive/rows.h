/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rows read back by who mends them: files may be missing, short, longer than they
 * should be, or full of anything.
 */
#ifndef MEMLOG_ARCHIVE_ROWS_H
#define MEMLOG_ARCHIVE_ROWS_H

#include "format.h"

/* Rows of index and meta that are held at once. */
#define ARCHIVE_ROWS_WINDOW	1024

/**
 * struct archive_rows - A day's files, and what was last read of them.
 * @index, @meta, @data: Descriptors, -1 where the file is missing.
 * @has_meta: Rows are what meta says they are.
 * @index_size, @meta_size: Bytes.
 * @number: Data file that is open, or that was found missing; -1: none.
 * @data_size: Bytes of it.
 */
struct archive_rows {
	int dirfd;
	int index;
	int meta;
	int data;
	bool has_meta;
	uint64_t index_size;
	uint64_t meta_size;
	int number;
	uint64_t data_size;

	uint64_t window;
	unsigned int window_rows;
	uint8_t index_rows[ARCHIVE_ROWS_WINDOW * ARCHIVE_INDEX_SIZE];
	uint8_t meta_rows[ARCHIVE_ROWS_WINDOW * ARCHIVE_META_SIZE];

	uint8_t *text;
	size_t text_room;
	size_t text_len;
	uint64_t text_at;
};

/**
 * struct archive_found - One row that is whole.
 * @end: Where the next one begins in the same data file.
 * @text: Borrowed until the next call; like @meta, which is NULL where the day has
 *        none.
 */
struct archive_found {
	struct archive_index index;
	struct archive_head head;
	uint64_t end;
	const char *text;
	const uint8_t *meta;
};

int archive_rows_open(struct archive_rows **rowsp, int dirfd);
void archive_rows_close(struct archive_rows *rows);

/* Rows that index has, and meta where there is one, whole or not. */
uint64_t archive_rows_count(const struct archive_rows *rows);

/* Rows that one of the two has. */
uint64_t archive_rows_begun(const struct archive_rows *rows);

/* 0; -EBADMSG it is not whole; or what reading gave. */
int archive_rows_get(struct archive_rows *rows, uint64_t row, struct archive_found *found);

#endif /* MEMLOG_ARCHIVE_ROWS_H */
