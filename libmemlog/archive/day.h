/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading one day of an archive: rows by number, and the search for one. Reads
 * with pread(2), in constant memory, so that files may grow and a truncated one
 * kills nobody. Several may have the same day open, in one process or more.
 *
 * While a day is open, a shared flock(2) on its folder keeps it from being
 * removed. A day without meta (of other programs) is given facts: its stream is
 * its date in hexadecimal digits, its rows are numbered from 0, pid and uid are
 * MEMLOG_ID_NONE, pri is 13, comm is empty, time is that of the data header, pos
 * counts its texts.
 */
#ifndef MEMLOG_ARCHIVE_DAY_H
#define MEMLOG_ARCHIVE_DAY_H

#include "date.h"
#include "format.h"

struct archive_day;

/**
 * struct archive_row - A row as read.
 * @stream: The record's stream.
 * @rec: The record, with len and type; type is ARCHIVE_TYPE_GAP for a gap.
 * @index: Its row of index.
 * @sum: Its checksum, 0 in a day without meta.
 */
struct archive_row {
	uint64_t stream;
	struct memlog_record rec;
	struct archive_index index;
	uint32_t sum;
};

/**
 * archive_days() - The days of an archive.
 * @dirfd: Its folder.
 * @dates: Set to their dates, ascending; free(3) is the caller's.
 * @count: How many. Folders of other names, and files, are passed over.
 *
 * Return: 0 or -errno.
 */
int archive_days(int dirfd, uint32_t **dates, size_t *count);

/**
 * archive_day_open() - Open a day for reading.
 * @dayp: Set to it.
 * @dirfd: The archive's folder.
 * @date: The day.
 *
 * A folder whose files are not (all) there yet is a day without rows.
 *
 * Return: 0; -ENOENT no such day; -EBADMSG, -EPROTONOSUPPORT its meta is not ours
 * or too new; or what open(2) gave.
 */
int archive_day_open(struct archive_day **dayp, int dirfd, uint32_t date);
void archive_day_close(struct archive_day *day);

/* Looks whether it has grown. 0 or -errno; -ESTALE it was removed. */
int archive_day_refresh(struct archive_day *day);

/* As of the last look; rows are whole ones, the last may still be without data. */
uint64_t archive_day_rows(const struct archive_day *day);
bool archive_day_finished(const struct archive_day *day);
bool archive_day_has_meta(const struct archive_day *day);
uint32_t archive_day_date(const struct archive_day *day);

/* The folder and its index, for flock(2), inotify(7) and openat(2); stay its own. */
int archive_day_dirfd(const struct archive_day *day);

/**
 * archive_day_row() - One row without its text; rec.len is that of its data header.
 *
 * Return: 0; -EBADMSG the row contradicts itself (magic, bounds, file number);
 * -EINVAL @number is not below archive_day_rows(); or what pread(2) gave.
 */
int archive_day_row(struct archive_day *day, uint64_t number, struct archive_row *row);

/**
 * archive_day_read() - Rows in a row, with their texts.
 * @day: The day.
 * @number: The first.
 * @rows: Room for @count.
 * @count: Most to read.
 * @buf: Room for texts; they stand in it one after another, without gaps.
 * @size: Bytes of it. A first row whose text does not fit is -ENOBUFS, and
 *        @rows[0] is filled in, so that the caller can make room.
 * @check: Verify checksums where there are any.
 *
 * Return: rows read, at least 1; 0 there is none; -EBADMSG the first row is
 * damaged (a later damaged one ends the count before it); -errno.
 */
int archive_day_read(struct archive_day *day, uint64_t number, struct archive_row *rows,
		     unsigned int count, char *buf, size_t size, bool check);

/**
 * archive_day_raw() - The same rows as they stand in the files.
 * @index: Room for @count rows, NULL if not wanted.
 * @meta: Likewise; of a day without meta not set.
 *
 * Return: as archive_day_read(), by whole rows; 0 or -errno.
 */
int archive_day_raw(struct archive_day *day, uint64_t number, unsigned int count,
		    uint8_t *index, uint8_t *meta);

/**
 * archive_day_find_seq() - The last row with seq <= @seq in a stream.
 * @row: Set to it. Whether that is the record, a gap that holds it, or an earlier
 *       record, is the caller's to see.
 * Return: 0; -ENOENT the stream is not in this day or begins behind @seq; -errno.
 */
int archive_day_find_seq(struct archive_day *day, uint64_t stream, uint64_t seq,
			 uint64_t *row);

/**
 * archive_day_find_time() - The first row, in their order, with time >= @ns.
 * @row: Set to it; archive_day_rows() if there is none.
 * Return: 0 or -errno. By times where that is there: some 30 reads.
 */
int archive_day_find_time(struct archive_day *day, uint64_t ns, uint64_t *row);

/* Greatest time of all rows; 0 if there are none. */
int archive_day_max_time(struct archive_day *day, uint64_t *ns);

/**
 * archive_day_streams() - The streams of a day, in their order.
 * @fn: Called for each run of rows of one stream; nonzero stops and is returned.
 */
int archive_day_streams(struct archive_day *day,
			int (*fn)(void *arg, uint64_t stream, uint64_t first_row,
				  uint64_t rows), void *arg);

#endif /* MEMLOG_ARCHIVE_DAY_H */
