// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The file "times" of the day that is written: see times.h. A cache: where it
 * can't be kept, it is not, and the next opening makes it again.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "writing.h"

static uint64_t entry_place(uint64_t entry)
{
	return ARCHIVE_TIMES_HEAD + entry * ARCHIVE_TIMES_SIZE;
}

/* An entry that is missing between others would be one that is wrong. */
static void stop(struct archive_files *day, uint64_t entries)
{
	if (ftruncate(day->times, entry_place(entries)))
		unlinkat(day->dirfd, "times", 0);
	close(day->times);
	day->times = -1;
}

static void put_entry(struct archive_files *day, uint64_t entry)
{
	uint8_t at[ARCHIVE_TIMES_SIZE];

	if (day->times < 0)
		return;
	archive_times_put(at, day->max_time);
	if (archive_write_all(day->times, at, sizeof(at), entry_place(entry)))
		stop(day, entry);
}

/* Rows whose meta is in @meta, behind the first @row of the day. */
static void pass(struct archive_files *day, uint64_t row, const uint8_t *meta,
		 unsigned int rows)
{
	for (unsigned int i = 0; i < rows; i++, meta += ARCHIVE_META_SIZE) {
		uint64_t time = archive_meta_time(meta);

		if (time > day->max_time)
			day->max_time = time;
		if (++row % ARCHIVE_TIMES_ROWS == 0)
			put_entry(day, row / ARCHIVE_TIMES_ROWS - 1);
	}
}

void archive_times_add(struct archive_files *day, const struct archive_batch *batch)
{
	if (day->has_meta)
		pass(day, batch->base, batch->meta, batch->rows);
}

/* The greatest time of @rows rows from @row on. */
static int greatest(const struct archive_files *day, uint64_t row, unsigned int rows,
		    uint8_t *buf, uint64_t *max)
{
	int err = archive_read_all(day->meta.fd, buf, (size_t)rows * ARCHIVE_META_SIZE,
				   ARCHIVE_META_HEAD + row * ARCHIVE_META_SIZE);

	*max = 0;
	for (unsigned int i = 0; !err && i < rows; i++) {
		uint64_t time = archive_meta_time(buf + i * ARCHIVE_META_SIZE);

		if (time > *max)
			*max = time;
	}
	return err;
}

/* How many entries, at most @wanted, are there and can be believed. */
static uint64_t good_entries(struct archive_files *day, uint64_t wanted, uint8_t *buf)
{
	uint8_t head[ARCHIVE_TIMES_HEAD], at[2 * ARCHIVE_TIMES_SIZE] = { 0 };
	uint64_t entries, before = 0, last, max;
	struct stat st;

	if (fstat(day->times, &st) || st.st_size < ARCHIVE_TIMES_HEAD ||
	    archive_read_all(day->times, head, sizeof(head), 0) ||
	    archive_times_head_check(head))
		return 0;
	entries = (st.st_size - ARCHIVE_TIMES_HEAD) / ARCHIVE_TIMES_SIZE;
	if (entries > wanted)
		entries = wanted;
	if (!entries)
		return 0;
	if (archive_read_all(day->times, at, entries > 1 ? sizeof(at) : ARCHIVE_TIMES_SIZE,
			     entry_place(entries > 1 ? entries - 2 : 0)))
		return 0;
	if (entries > 1)
		before = archive_times_get(at);
	last = archive_times_get(entries > 1 ? at + ARCHIVE_TIMES_SIZE : at);
	if (greatest(day, (entries - 1) * ARCHIVE_TIMES_ROWS, ARCHIVE_TIMES_ROWS, buf, &max) ||
	    last != (before > max ? before : max))
		return 0;
	day->max_time = last;
	return entries;
}

bool archive_times_open(struct archive_files *day, bool distrust)
{
	uint8_t head[ARCHIVE_TIMES_HEAD], *buf;
	uint64_t row, wanted = day->rows / ARCHIVE_TIMES_ROWS;
	struct stat st;
	bool made = false;

	day->max_time = 0;
	if (!day->has_meta)
		return false;
	buf = malloc(ARCHIVE_TIMES_ROWS * ARCHIVE_META_SIZE);
	day->times = archive_open_file(day->dirfd, "times", O_RDWR | O_CREAT);
	if (!buf || day->times < 0)
		goto out;
	made = !fstat(day->times, &st) && !st.st_size;
	row = distrust ? 0 : good_entries(day, wanted, buf) * ARCHIVE_TIMES_ROWS;
	archive_times_head_put(head);
	if (archive_write_all(day->times, head, sizeof(head), 0) ||
	    ftruncate(day->times, entry_place(row / ARCHIVE_TIMES_ROWS))) {
		stop(day, 0);
		goto out;
	}
	while (row < day->rows) {
		unsigned int rows = day->rows - row < ARCHIVE_TIMES_ROWS ? day->rows - row :
									    ARCHIVE_TIMES_ROWS;

		if (archive_read_all(day->meta.fd, buf, (size_t)rows * ARCHIVE_META_SIZE,
				     ARCHIVE_META_HEAD + row * ARCHIVE_META_SIZE)) {
			stop(day, row / ARCHIVE_TIMES_ROWS);
			break;
		}
		pass(day, row, buf, rows);
		row += rows;
	}
out:
	free(buf);
	return made && day->times >= 0;
}
