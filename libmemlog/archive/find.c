// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Searches over all days of an archive.
 *
 * What a row says is read without its text, and so without its checksum: a damaged
 * one can lead a search astray, but what is read from there is checked.
 */
#include <errno.h>
#include <string.h>

#include "cursor.h"

/* Rows of index looked at together, to tell gaps from records. */
#define INDEX_ROWS	512

/* Room for a gap's text and no more. */
#define GAP_TEXT	(ARCHIVE_GAP_ROOM + 1)

/*
 * A day that is gone or can't be read is passed over with -ENOENT where what is looked
 * for is in another: whoever reads through it will be told.
 */
static int open_day(struct archive_cursor *cursor, uint32_t date)
{
	int err = archive_cursor_day(cursor, date);

	switch (err) {
	case -EBADMSG:
	case -EPROTONOSUPPORT:
	case -ELOOP:
	case -ENOTDIR:
		return -ENOENT;
	default:
		return err;
	}
}

static void set_spot(struct archive_spot *spot, uint32_t date, uint64_t number,
		     const struct archive_row *row)
{
	spot->date = date;
	spot->row = number;
	spot->stream = row->stream;
	spot->seq = row->rec.seq;
	spot->pos = row->rec.pos;
}

/* A row of the open day, and where it ends; a damaged one is taken for a record. */
static int see_row(struct archive_cursor *cursor, uint64_t number,
		   struct archive_spot *spot, struct archive_spot *behind)
{
	struct archive_row row;
	uint64_t records = 1, bytes;
	char text[GAP_TEXT];
	int ret;

	memset(&row, 0, sizeof(row));
	ret = archive_day_row(cursor->day, number, &row);
	if (ret && ret != -EBADMSG)
		return ret;
	bytes = row.rec.len;
	if (!ret && row.rec.type == ARCHIVE_TYPE_GAP && archive_day_has_meta(cursor->day) &&
	    archive_day_read(cursor->day, number, &row, 1, text, sizeof(text), false) == 1 &&
	    archive_gap_parse(text, row.rec.len, &records, &bytes)) {
		records = 1;
		bytes = 0;
	}
	if (spot)
		set_spot(spot, cursor->date, number, &row);
	if (behind) {
		set_spot(behind, cursor->date, number + 1, &row);
		behind->seq += records;
		behind->pos += bytes;
	}
	return 0;
}

/**
 * struct run - The rows of a stream in a day.
 * @stream: The stream looked for.
 * @first: Its first row.
 * @rows: How many; 0: it is not there.
 */
struct run {
	uint64_t stream;
	uint64_t first;
	uint64_t rows;
};

static int take_run(void *arg, uint64_t stream, uint64_t first, uint64_t rows)
{
	struct run *run = arg;

	if (stream != run->stream)
		return 0;
	run->first = first;
	run->rows = rows;
	return 1;
}

/* Looks for a stream in a day, which is open then; a day that is gone has none. */
static int find_run(struct archive_cursor *cursor, uint32_t date, struct run *run)
{
	int ret;

	run->rows = 0;
	ret = open_day(cursor, date);
	if (!ret)
		ret = archive_day_streams(cursor->day, take_run, run);
	if (ret == -ENOENT)
		return 0;
	return ret < 0 ? ret : 0;
}

/* Nothing follows from a day without rows, or from one that can't be read. */
static bool has_rows(const struct archive_cursor *cursor)
{
	return cursor->day && archive_day_rows(cursor->day);
}

/*
 * Looks in one day; @later: @spot is the stream's first row in a later one. -EAGAIN
 * when all that is here comes behind @seq, and then @spot is the first of that.
 */
static int find_in_run(struct archive_cursor *cursor, const struct run *run, uint64_t seq,
		       bool later, struct archive_spot *spot)
{
	struct archive_spot here, behind;
	uint64_t row;
	int err;

	err = archive_day_find_seq(cursor->day, run->stream, seq, &row);
	if (err == -ENOENT) {
		err = see_row(cursor, run->first, spot, NULL);
		return err ? err : -EAGAIN;
	}
	if (!err)
		err = see_row(cursor, row, &here, &behind);
	if (err)
		return err;
	if (behind.seq > seq) {
		*spot = here;
		return 0;
	}
	if (row + 1 < run->first + run->rows)
		return see_row(cursor, row + 1, spot, NULL);
	/* The first row of the next day, if the stream goes on there. */
	if (later)
		return 0;
	*spot = behind;
	return -ENOENT;
}

int archive_find_seq(struct archive_cursor *cursor, uint64_t stream, uint64_t seq,
		     struct archive_spot *spot)
{
	struct run run = { .stream = stream };
	bool later = false;
	int err;

	err = archive_cursor_list(cursor);
	if (err)
		return err;
	for (size_t i = cursor->count; i > 0; i--) {
		err = find_run(cursor, cursor->dates[i - 1], &run);
		if (err)
			return err;
		if (!run.rows && later && has_rows(cursor))
			break;
		if (!run.rows)
			continue;
		err = find_in_run(cursor, &run, seq, later, spot);
		if (err != -EAGAIN)
			return err;
		later = true;
	}
	return later ? 0 : -ESTALE;
}

int archive_find_first(struct archive_cursor *cursor, struct archive_spot *spot)
{
	int err;

	err = archive_cursor_list(cursor);
	for (size_t i = 0; !err && i < cursor->count; i++) {
		err = archive_cursor_day(cursor, cursor->dates[i]);
		if (!err && archive_day_rows(cursor->day))
			return see_row(cursor, 0, spot, NULL);
		if (err == -ENOENT)
			err = 0;
	}
	return err ? err : -ENOENT;
}

int archive_find_end(struct archive_cursor *cursor, struct archive_spot *spot)
{
	uint64_t rows;
	int err;

	memset(spot, 0, sizeof(*spot));
	err = archive_cursor_list(cursor);
	for (size_t i = cursor->count; !err && i > 0; i--) {
		err = open_day(cursor, cursor->dates[i - 1]);
		if (err == -ENOENT) {
			err = 0;
			continue;
		}
		if (err)
			break;
		rows = archive_day_rows(cursor->day);
		if (rows)
			return see_row(cursor, rows - 1, NULL, spot);
	}
	return err;
}

/* Greatest time in the open day; without meta, that of its last row, which is quick. */
static int max_time(struct archive_cursor *cursor, uint64_t *ns)
{
	uint64_t rows = archive_day_rows(cursor->day);
	struct archive_row row;
	int err;

	*ns = 0;
	if (!rows)
		return 0;
	if (archive_day_has_meta(cursor->day))
		return archive_day_max_time(cursor->day, ns);
	err = archive_day_row(cursor->day, rows - 1, &row);
	if (!err)
		*ns = row.rec.time_ns;
	return err == -EBADMSG ? 0 : err;
}

/* The first record in the open day with time >= @ns. -ENOENT there is none. */
static int find_time_in_day(struct archive_cursor *cursor, uint64_t ns,
			    struct archive_spot *spot)
{
	uint64_t max, number;
	struct archive_row row;
	int err;

	err = max_time(cursor, &max);
	if (err)
		return err;
	if (max < ns)
		return -ENOENT;
	err = archive_day_find_time(cursor->day, ns, &number);
	for (; !err && number < archive_day_rows(cursor->day); number++) {
		err = archive_day_row(cursor->day, number, &row);
		if (err == -EBADMSG)
			err = 0;
		else if (!err && row.rec.time_ns >= ns && row.rec.type != ARCHIVE_TYPE_GAP)
			return see_row(cursor, number, spot, NULL);
	}
	return err ? err : -ENOENT;
}

int archive_find_time(struct archive_cursor *cursor, uint64_t ns,
		      struct archive_spot *spot)
{
	struct archive_span span;
	int err;

	/* Days long before have it only if the clock was wrong. */
	archive_date_of(&span, ns, false);
	err = archive_cursor_list(cursor);
	for (size_t i = 0; !err && i < cursor->count; i++) {
		uint32_t date = cursor->dates[i];

		if (archive_date_diff(date, span.date) > 1)
			err = open_day(cursor, date);
		else
			err = archive_cursor_day(cursor, date);
		if (!err)
			err = find_time_in_day(cursor, ns, spot);
		if (err != -ENOENT)
			return err;
		err = 0;
	}
	return err ? err : -ENOENT;
}

/* Goes back in the open day: sets *@row to the record, *@count to what is left. */
static int count_back(struct archive_cursor *cursor, uint64_t *row, uint64_t *count)
{
	uint8_t index[INDEX_ROWS * ARCHIVE_INDEX_SIZE];
	bool gaps = archive_day_has_meta(cursor->day);
	uint64_t end = *row;

	while (end && *count) {
		unsigned int n = end < INDEX_ROWS ? (unsigned int)end : INDEX_ROWS;
		int err = archive_day_raw(cursor->day, end - n, n, index, NULL);

		if (err)
			return err;
		for (; n && *count; n--, end--) {
			struct archive_index entry = { 0 };

			archive_index_get(index + (n - 1) * ARCHIVE_INDEX_SIZE, &entry);
			if (gaps && entry.type == ARCHIVE_TYPE_GAP)
				continue;
			*row = end - 1;
			(*count)--;
		}
	}
	return 0;
}

int archive_find_back(struct archive_cursor *cursor, uint64_t count,
		      struct archive_spot *before)
{
	bool found = false;
	uint32_t from = before->date;
	int err;

	err = archive_cursor_list(cursor);
	for (size_t i = archive_cursor_index(cursor, from + 1); !err && count && i > 0; i--) {
		uint32_t date = cursor->dates[i - 1];
		uint64_t row, start;

		err = open_day(cursor, date);
		if (err == -ENOENT) {
			err = 0;
			continue;
		}
		if (err)
			break;
		row = archive_day_rows(cursor->day);
		if (date == from && before->row < row)
			row = before->row;
		start = row;
		err = count_back(cursor, &row, &count);
		if (!err && row < start) {
			found = true;
			err = see_row(cursor, row, before, NULL);
		}
	}
	if (err)
		return err;
	return found ? 0 : -ENOENT;
}

/*
 * Looks for a stream in day *@i, or where that one tells nothing, in the next before
 * it that does, but not before day @low.
 */
static int find_run_before(struct archive_cursor *cursor, size_t low, size_t *i,
			   struct run *run)
{
	int err = find_run(cursor, cursor->dates[*i], run);

	while (!err && !has_rows(cursor) && *i > low) {
		(*i)--;
		err = find_run(cursor, cursor->dates[*i], run);
	}
	return err;
}

int archive_find_oldest(struct archive_cursor *cursor, struct archive_spot *spot)
{
	struct run run = { .stream = spot->stream };
	size_t low = 0, high;
	int err;

	err = archive_cursor_list(cursor);
	if (err)
		return err;
	/* The days of a stream stand in a row, and spot->date is one of them. */
	high = archive_cursor_index(cursor, spot->date);
	while (low < high) {
		size_t middle = low + (high - low) / 2, at = middle;

		err = find_run_before(cursor, low, &at, &run);
		if (err)
			return err;
		if (run.rows)
			high = at;
		else
			low = middle + 1;
	}
	if (low == cursor->count)
		return -ENOENT;
	err = find_run(cursor, cursor->dates[low], &run);
	if (err || !run.rows)
		return err ? err : -ENOENT;
	return see_row(cursor, run.first, spot, NULL);
}
