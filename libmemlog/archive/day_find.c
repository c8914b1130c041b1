// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Searches in a day: by stream and number, and by time.
 *
 * The rows of a stream are one run, in which numbers rise. So the end of a run is
 * found by looking at rows 1, 2, 4, ... further on, then by halves, and a number in
 * it by halves. Times may step back: the file times has their running maximum.
 */
#include <errno.h>
#include <unistd.h>

#include "day_private.h"
#include "times.h"

/* Rows whose entries are read one by one, each where it is. */
static int entry_at(const struct archive_day *day, uint64_t row,
		    uint8_t entry[ARCHIVE_META_SIZE])
{
	return archive_day_pread(day->meta, entry, ARCHIVE_META_SIZE,
				 ARCHIVE_META_HEAD + row * ARCHIVE_META_SIZE);
}

static int same_stream(const struct archive_day *day, uint64_t row, uint64_t stream,
		       bool *same)
{
	uint8_t entry[ARCHIVE_META_SIZE];
	int err = entry_at(day, row, entry);

	*same = !err && archive_meta_stream(entry) == stream;
	return err;
}

/* The first row behind @first, which is of @stream, that is not. */
static int find_run_end(const struct archive_day *day, uint64_t first, uint64_t stream,
			uint64_t *end)
{
	uint64_t in = first, out = day->rows, step = 1;
	bool same;
	int err;

	while (step < out - in) {
		err = same_stream(day, in + step, stream, &same);
		if (err)
			return err;
		if (!same) {
			out = in + step;
			break;
		}
		in += step;
		step *= 2;
	}
	while (out - in > 1) {
		uint64_t middle = in + (out - in) / 2;

		err = same_stream(day, middle, stream, &same);
		if (err)
			return err;
		if (same)
			in = middle;
		else
			out = middle;
	}
	*end = out;
	return 0;
}

/* The run that begins at @first. */
static int get_run(const struct archive_day *day, uint64_t first, uint64_t *stream,
		   uint64_t *end)
{
	uint8_t entry[ARCHIVE_META_SIZE];
	int err;

	if (day->meta < 0) {
		*stream = day->stream;
		*end = day->rows;
		return 0;
	}
	err = entry_at(day, first, entry);
	if (err)
		return err;
	*stream = archive_meta_stream(entry);
	return find_run_end(day, first, *stream, end);
}

int archive_day_streams(struct archive_day *day,
			int (*fn)(void *arg, uint64_t stream, uint64_t first_row,
				  uint64_t rows), void *arg)
{
	uint64_t stream, end;
	int ret;

	for (uint64_t first = 0; first < day->rows; first = end) {
		ret = get_run(day, first, &stream, &end);
		if (!ret)
			ret = fn(arg, stream, first, end - first);
		if (ret)
			return ret;
	}
	return 0;
}

/* The last row of a run with a number up to @seq. */
static int find_in_run(const struct archive_day *day, uint64_t first, uint64_t end,
		       uint64_t seq, uint64_t *row)
{
	uint8_t entry[ARCHIVE_META_SIZE];
	uint64_t low = first, high = end;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		int err = entry_at(day, middle, entry);

		if (err)
			return err;
		if (archive_meta_seq(entry) <= seq)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == first)
		return -ENOENT;
	*row = low - 1;
	return 0;
}

int archive_day_find_seq(struct archive_day *day, uint64_t stream, uint64_t seq,
			 uint64_t *row)
{
	uint64_t found, end;
	int err;

	if (day->meta < 0) {
		if (stream != day->stream || !day->rows)
			return -ENOENT;
		*row = seq < day->rows ? seq : day->rows - 1;
		return 0;
	}
	for (uint64_t first = 0; first < day->rows; first = end) {
		err = get_run(day, first, &found, &end);
		if (err)
			return err;
		if (found == stream)
			return find_in_run(day, first, end, seq, row);
	}
	return -ENOENT;
}

static int time_of(struct archive_day *day, uint64_t row, uint64_t *ns)
{
	const uint8_t *entry;
	uint32_t seconds = 0;
	int err;

	if (day->meta < 0) {
		err = archive_day_seconds(day, row, &seconds);
		*ns = seconds * 1000000000ULL;
		/* A damaged row has no time. */
		return err == -EBADMSG ? 0 : err;
	}
	err = archive_day_meta(day, row, &entry);
	if (!err)
		*ns = archive_meta_time(entry);
	return err;
}

/**
 * struct cache - The file times of a day, if it has a good one.
 * @fd: It, -1 if not.
 * @entries: As many as are for rows that are there.
 */
struct cache {
	int fd;
	uint64_t entries;
};

static void open_cache(const struct archive_day *day, struct cache *cache)
{
	uint8_t head[ARCHIVE_TIMES_HEAD];
	struct stat st;

	cache->entries = 0;
	cache->fd = day->meta < 0 ? -1 : archive_day_open_file(day, "times", &st);
	if (cache->fd < 0)
		return;
	if (st.st_size < ARCHIVE_TIMES_HEAD ||
	    archive_day_pread(cache->fd, head, sizeof(head), 0) ||
	    archive_times_head_check(head))
		return;
	cache->entries = ((uint64_t)st.st_size - ARCHIVE_TIMES_HEAD) / ARCHIVE_TIMES_SIZE;
	if (cache->entries > day->rows / ARCHIVE_TIMES_ROWS)
		cache->entries = day->rows / ARCHIVE_TIMES_ROWS;
}

static void close_cache(struct cache *cache)
{
	if (cache->fd >= 0)
		close(cache->fd);
}

static int cached_time(const struct cache *cache, uint64_t entry, uint64_t *ns)
{
	uint8_t bytes[ARCHIVE_TIMES_SIZE];
	int err = archive_day_pread(cache->fd, bytes, sizeof(bytes),
				    ARCHIVE_TIMES_HEAD + entry * ARCHIVE_TIMES_SIZE);

	if (!err)
		*ns = archive_times_get(bytes);
	return err;
}

/* The first row of those the search has to look at one by one. */
static int find_block(const struct cache *cache, uint64_t ns, uint64_t *row)
{
	uint64_t low = 0, high = cache->entries, max;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		int err = cached_time(cache, middle, &max);

		if (err)
			return err;
		if (max < ns)
			low = middle + 1;
		else
			high = middle;
	}
	*row = low * ARCHIVE_TIMES_ROWS;
	return 0;
}

int archive_day_find_time(struct archive_day *day, uint64_t ns, uint64_t *row)
{
	struct cache cache;
	uint64_t time, at;
	int err;

	open_cache(day, &cache);
	err = find_block(&cache, ns, &at);
	close_cache(&cache);
	/* What can't be read is searched without. */
	if (err)
		at = 0;
	for (; at < day->rows; at++) {
		err = time_of(day, at, &time);
		if (err)
			return err;
		if (time >= ns)
			break;
	}
	*row = at;
	return 0;
}

int archive_day_max_time(struct archive_day *day, uint64_t *ns)
{
	struct cache cache;
	uint64_t time;
	int err = 0;

	*ns = 0;
	open_cache(day, &cache);
	if (cache.entries && cached_time(&cache, cache.entries - 1, ns))
		cache.entries = 0;
	close_cache(&cache);
	for (uint64_t at = cache.entries * ARCHIVE_TIMES_ROWS; at < day->rows; at++) {
		err = time_of(day, at, &time);
		if (err)
			return err;
		if (time > *ns)
			*ns = time;
	}
	return 0;
}
