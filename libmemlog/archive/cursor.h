/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A place in an archive that moves over its days. One day is open at a time.
 */
#ifndef MEMLOG_ARCHIVE_CURSOR_H
#define MEMLOG_ARCHIVE_CURSOR_H

#include <time.h>

#include "day.h"

/**
 * struct archive_cursor - A place in an archive.
 * @dirfd: Its folder.
 * @day: The day it is in, open; NULL: behind @date, before any later day.
 * @date: That day's date; 0: before the first.
 * @row: The next row in it.
 * @dates: All days, as of the last look.
 * @count: How many.
 * @listed: When the folder had changed last when that was.
 * @settled: It can't have changed since without that being seen.
 */
struct archive_cursor {
	int dirfd;
	struct archive_day *day;
	uint32_t date;
	uint64_t row;
	uint32_t *dates;
	size_t count;
	struct timespec listed;
	bool settled;
};

/**
 * struct archive_spot - A row of an archive.
 * @date: Its day; 0: before all, where there is no row.
 * @row: Its number; may be that of the day's next one.
 * @stream: Its stream; 0: not known, there is no row.
 * @seq: Its number, or of a gap that of the first record lost.
 * @pos: Likewise.
 */
struct archive_spot {
	uint32_t date;
	uint64_t row;
	uint64_t stream;
	uint64_t seq;
	uint64_t pos;
};

/* Takes @dirfd, which stays open until archive_cursor_close(). Before all days. */
void archive_cursor_init(struct archive_cursor *cursor, int dirfd);
void archive_cursor_close(struct archive_cursor *cursor);

/* To a row; a day that is gone is passed over. 0 or -errno. */
int archive_cursor_move(struct archive_cursor *cursor, uint32_t date, uint64_t row);

/**
 * archive_cursor_look() - See to it that there is a row at the cursor.
 *
 * Goes on to the next day where this one has no more and never will: rows are only
 * ever added to the newest.
 *
 * Return: 1 there is one; 0 not yet; -ESTALE the day was removed, replaced or cut, and
 * the row has to be found anew; -errno.
 */
int archive_cursor_look(struct archive_cursor *cursor);

/* The days there are, ascending: cursor->dates. 0 or -errno. */
int archive_cursor_list(struct archive_cursor *cursor);

/* A date's place in cursor->dates, or of the first later one. */
size_t archive_cursor_index(const struct archive_cursor *cursor, uint32_t date);

/* Opens a day, or refreshes the one that is open; -ENOENT it is gone. */
int archive_cursor_day(struct archive_cursor *cursor, uint32_t date);

/* Searches: find.c. All of them move cursor->day about; archive_cursor_move() after. */

/*
 * Where a record or the gap that holds it is; if it is missing, the first row of its
 * stream behind it. 0; -ESTALE the archive has nothing of the stream; -ENOENT the
 * stream has nothing from there on, @spot is behind its last row, and spot->seq and
 * pos are what would follow there.
 */
int archive_find_seq(struct archive_cursor *cursor, uint64_t stream, uint64_t seq,
		     struct archive_spot *spot);

/* The first row. 0; -ENOENT there is none. */
int archive_find_first(struct archive_cursor *cursor, struct archive_spot *spot);

/* Behind the last row; spot->stream, seq and pos are what would follow there. */
int archive_find_end(struct archive_cursor *cursor, struct archive_spot *spot);

/* The first record, in order, with time >= @ns. 0; -ENOENT there is none. */
int archive_find_time(struct archive_cursor *cursor, uint64_t ns,
		      struct archive_spot *spot);

/*
 * The @count'th record before @before, which is set to it; less if there are not so
 * many. @before may be behind the last row. 0; -ENOENT there is none before.
 */
int archive_find_back(struct archive_cursor *cursor, uint64_t count,
		      struct archive_spot *before);

/* The oldest row of a stream, which the archive has at @spot. 0 or -errno. */
int archive_find_oldest(struct archive_cursor *cursor, struct archive_spot *spot);

#endif /* MEMLOG_ARCHIVE_CURSOR_H */
