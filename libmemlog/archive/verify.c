// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Verifying a day, row by row: each is whole, stands right behind the one before,
 * and goes on with its number and position.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verifying.h"
#include "writing.h"

/* Streams of a day that are remembered; a machine does not start so often. */
#define STREAMS_MAX	4096

#define PLACE_ROOM	256

void archive_fault(struct archive_verifying *day, uint64_t row, const char *file,
		   uint64_t offset, const char *fmt, ...)
{
	struct archive_fault fault = { day->date, row, file, offset, NULL };
	char text[PLACE_ROOM];
	va_list args;

	day->faults++;
	if (day->stop)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	fault.text = text;
	if (day->verify->fn && day->verify->fn(day->verify->arg, &fault))
		day->stop = true;
}

static uint64_t meta_place(uint64_t row)
{
	return ARCHIVE_META_HEAD + row * ARCHIVE_META_SIZE;
}

static bool seen_before(const struct archive_verifying *day, uint64_t stream)
{
	for (size_t i = 0; i < day->stream_count; i++)
		if (day->streams[i] == stream)
			return true;
	return false;
}

/* The rows of a stream are one run: searches rely on it. */
static int pass_stream(struct archive_verifying *day, uint64_t row, uint64_t stream)
{
	struct archive_verify *verify = day->verify;

	if (seen_before(day, stream))
		archive_fault(day, row, "meta", meta_place(row),
			      "stream %016llx again, which had ended before in this day",
			      (unsigned long long)stream);
	if (!verify->stream || !row)
		return 0;
	if (!day->streams) {
		day->streams = calloc(STREAMS_MAX, sizeof(*day->streams));
		if (!day->streams)
			return -ENOMEM;
	}
	if (day->stream_count < STREAMS_MAX)
		day->streams[day->stream_count++] = verify->stream;
	return 0;
}

/* Number and position must be those that follow. */
static void check_sequence(struct archive_verifying *day, uint64_t row,
			   const struct memlog_record *rec)
{
	const struct archive_verify *verify = day->verify;

	if (rec->seq != verify->seq)
		archive_fault(day, row, "meta", meta_place(row) + 8,
			      "number %llu, expected %llu%s", (unsigned long long)rec->seq,
			      (unsigned long long)verify->seq,
			      row ? "" : ", which follows the day before");
	else if (verify->pos_known ? rec->pos != verify->pos : rec->pos < verify->pos)
		archive_fault(day, row, "meta", meta_place(row) + 16,
			      "position %llu, expected %s%llu", (unsigned long long)rec->pos,
			      verify->pos_known ? "" : "at least ",
			      (unsigned long long)verify->pos);
}

static int pass_meta(struct archive_verifying *day, uint64_t row,
		     const struct archive_found *found)
{
	struct archive_verify *verify = day->verify;
	uint64_t stream, records = 1, bytes = found->head.len;
	bool gap = found->index.type == ARCHIVE_TYPE_GAP;
	struct memlog_record rec;
	int err = 0;

	archive_meta_get(found->meta, &stream, &rec);
	if (stream != verify->stream)
		err = pass_stream(day, row, stream);
	else
		check_sequence(day, row, &rec);
	if (gap && archive_gap_parse(found->text, found->head.len, &records, &bytes)) {
		records = 1;
		bytes = 0;
	}
	verify->gaps += gap;
	verify->stream = stream;
	verify->seq = rec.seq + records;
	verify->pos = rec.pos + bytes;
	/* A loss whose bytes nobody knows says 0. */
	verify->pos_known = bytes || !gap;
	archive_verify_time(day, row, rec.time_ns);
	return err;
}

/* Number and position of a row that can't be read are not known. */
static void pass_bad(struct archive_verifying *day)
{
	day->end_known = false;
	day->verify->stream = 0;
	if (day->times >= 0)
		close(day->times);
	day->times = -1;
}

/* Where others write without meta, the last row may be there before its bytes. */
static bool may_come(const struct archive_verifying *day, uint64_t row)
{
	return !day->verify->finished && !day->rows->has_meta && row + 1 == day->count;
}

static int verify_row(struct archive_verifying *day, uint64_t row)
{
	struct archive_found found;
	int err;

	if (row && row % ARCHIVE_FILE_ROWS == 0) {
		archive_verify_data_end(day, row / ARCHIVE_FILE_ROWS - 1);
		day->end = 0;
		day->end_known = true;
	}
	err = archive_rows_get(day->rows, row, &found);
	if (err == -EBADMSG && may_come(day, row))
		return 0;
	if (err == -EBADMSG) {
		err = archive_verify_bad_row(day, row);
		pass_bad(day);
		return err;
	}
	if (err)
		return err;
	archive_verify_place(day, row, &found.index);
	day->end = found.end;
	day->end_known = true;
	day->verify->rows++;
	day->verify->bytes += found.head.len;
	if (found.meta)
		err = pass_meta(day, row, &found);
	else
		day->verify->gaps += found.index.type == ARCHIVE_TYPE_GAP;
	return err;
}

static int verify_rows(struct archive_verifying *day)
{
	int err = 0;

	for (uint64_t row = 0; row < day->count && !day->stop && !err; row++)
		err = verify_row(day, row);
	if (!err && !day->stop && day->verify->finished)
		archive_verify_data_end(day, day->count ?
					(unsigned int)((day->count - 1) / ARCHIVE_FILE_ROWS) : 0);
	return err;
}

static int verify_folder(struct archive_verifying *day)
{
	struct archive_verify *verify = day->verify;
	int err;

	/* First whether it is complete: then the rows that are seen are all. */
	verify->finished = !faccessat(day->dirfd, "finish", F_OK, AT_SYMLINK_NOFOLLOW);
	archive_verify_open_times(day);
	err = archive_rows_open(&day->rows, day->dirfd);
	if (err == -EBADMSG || err == -ELOOP) {
		archive_fault(day, ARCHIVE_NO_ROW, "index", 0,
			      "index or meta is there and is no file");
		return 0;
	}
	if (err)
		return err;
	verify->has_meta = day->rows->has_meta;
	/* Rows of others' days have no stream that goes on. */
	if (!verify->has_meta)
		verify->stream = 0;
	day->count = archive_rows_count(day->rows);
	day->end_known = true;
	err = archive_verify_files(day);
	return err ? err : verify_rows(day);
}

int archive_verify_next(struct archive_verify *verify, int dirfd, uint32_t date)
{
	struct archive_verifying day = { .verify = verify, .date = date, .times = -1 };
	char name[ARCHIVE_DATE_NAME];
	int err;

	verify->rows = 0;
	verify->bytes = 0;
	verify->gaps = 0;
	verify->has_meta = false;
	if (!archive_date_ok(date))
		return -ENOENT;
	archive_date_name(name, date);
	day.dirfd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (day.dirfd < 0)
		return -errno;
	/* Nobody removes it meanwhile; where there are no locks, we see what we see. */
	flock(day.dirfd, LOCK_SH | LOCK_NB);
	err = verify_folder(&day);
	if (day.stop || err)
		verify->stream = 0;
	if (day.rows)
		archive_rows_close(day.rows);
	if (day.times >= 0)
		close(day.times);
	close(day.dirfd);
	free(day.streams);
	if (err)
		return err;
	return day.faults ? 1 : 0;
}

int archive_verify_day(int dirfd, uint32_t date, archive_fault_fn *fn, void *arg)
{
	struct archive_verify verify = { .fn = fn, .arg = arg };

	return archive_verify_next(&verify, dirfd, date);
}
