/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files that read a day share: day.c opens it, day_rows.c reads rows,
 * day_find.c searches.
 */
#ifndef MEMLOG_ARCHIVE_DAY_PRIVATE_H
#define MEMLOG_ARCHIVE_DAY_PRIVATE_H

#include <sys/stat.h>

#include "day.h"

/* Rows that the windows of index and meta hold, and bytes of that of the data. */
#define WINDOW_ROWS	512
#define WINDOW_DATA	(128U << 10)

/**
 * struct archive_window - A stretch of a file, so that reading on costs few calls.
 * @buf: The bytes; NULL until they are needed.
 * @size: Room in @buf.
 * @off: Where in the file they are from.
 * @len: How many there are.
 */
struct archive_window {
	uint8_t *buf;
	size_t size;
	uint64_t off;
	size_t len;
};

/**
 * struct archive_day - A day that is open.
 * @parent: The archive's folder.
 * @dir: Its own, with a shared lock.
 * @index: File, or -1 while it is not there.
 * @meta: Likewise.
 * @data: The data file used last, or -1.
 * @date: The day.
 * @name: Its folder's name.
 * @stream: Of a day without meta: its stream.
 * @rows: As of the last look.
 * @finished: Likewise.
 * @data_file: Number of @data.
 * @data_size: Its size, as far as known.
 * @base_file: Days without meta: @base is for this data file.
 * @base: Bytes of all data files before it.
 * @index_window: Of @index.
 * @meta_window: Of @meta.
 * @data_window: Of @data.
 */
struct archive_day {
	int parent;
	int dir;
	int index;
	int meta;
	int data;
	uint32_t date;
	char name[ARCHIVE_DATE_NAME];
	uint64_t stream;
	uint64_t rows;
	bool finished;
	uint16_t data_file;
	uint64_t data_size;
	uint16_t base_file;
	uint64_t base;
	struct archive_window index_window;
	struct archive_window meta_window;
	struct archive_window data_window;
};

/* day.c */
/* A plain file of the day; -EBADMSG it is something else. */
int archive_day_open_file(const struct archive_day *day, const char *name,
			  struct stat *st);
/* Looks anew how many rows there are, and forgets what was read of them. */
int archive_day_recount(struct archive_day *day);

/* day_rows.c */
/* All of @len bytes; -EBADMSG they are not there. */
int archive_day_pread(int fd, void *to, size_t len, uint64_t off);
/* The entry of a row in meta, valid until the next call; @number was checked. */
int archive_day_meta(struct archive_day *day, uint64_t number, const uint8_t **entry);
/* For days without meta: seconds of a row's data header. */
int archive_day_seconds(struct archive_day *day, uint64_t number, uint32_t *time);

#endif /* MEMLOG_ARCHIVE_DAY_PRIVATE_H */
