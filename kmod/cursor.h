/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * A reader's cursor, and the two formats read(2) gives.
 */
#ifndef MEMLOG_CURSOR_H
#define MEMLOG_CURSOR_H

#include "ring.h"

/* "\nmemlog: lost N records, M bytes\n", both numbers of 20 digits */
#define MEMLOG_LOST_LINE_MAX	96

/**
 * enum memlog_newline - What the text format owes behind the last record.
 * @MEMLOG_NEWLINE_NONE: Nothing.
 * @MEMLOG_NEWLINE_DUE: A newline, before anything else.
 * @MEMLOG_NEWLINE_UNLESS_JOIN: A newline, unless the next record continues it.
 */
enum memlog_newline {
	MEMLOG_NEWLINE_NONE,
	MEMLOG_NEWLINE_DUE,
	MEMLOG_NEWLINE_UNLESS_JOIN,
};

/**
 * struct memlog_cursor - A reader's place, and what it has not been given yet.
 * @at: The record it is at.
 * @lost_records: Records it missed for good.
 * @lost_bytes: Bytes of text it missed for good.
 * @off: Bytes of the text of record @at it was given.
 * @burst: Most records to copy before looking whether they were still there:
 *         one after a lap, twice as many after each success.
 * @newline: &enum memlog_newline.
 * @midline: The last byte it was given of record @at was no newline.
 * @format: &enum memlog_read_format.
 * @quiet: No line for what was lost.
 * @line_len: Length of the lost line that was begun, 0 if none.
 * @line_off: Bytes of it that were given.
 * @line: The lost line.
 *
 * The caller of the functions below serializes them, but for
 * memlog_cursor_readable() and memlog_cursor_behind(). @at and the two numbers
 * of losses may be read at any time with port_load64().
 */
struct memlog_cursor {
	struct memlog_place at;
	__aligned_u64 lost_records;
	__aligned_u64 lost_bytes;
	u32 off;
	u32 burst;
	u8 newline;
	u8 midline;
	u8 format;
	u8 quiet;
	u8 line_len;
	u8 line_off;
	char line[MEMLOG_LOST_LINE_MAX];
};

void memlog_cursor_init(struct memlog_cursor *cur, const struct memlog_buf *buf);
long memlog_cursor_read(struct memlog_cursor *cur, const struct memlog_buf *buf,
			struct memlog_out *out);
bool memlog_cursor_readable(const struct memlog_cursor *cur,
			    const struct memlog_buf *buf);
bool memlog_cursor_behind(const struct memlog_cursor *cur,
			  const struct memlog_buf *buf);
int memlog_cursor_seek(struct memlog_cursor *cur, const struct memlog_buf *buf,
		       u32 whence, u64 value, u64 *missed);
void memlog_cursor_format(struct memlog_cursor *cur, u32 format, bool quiet);

#endif /* MEMLOG_CURSOR_H */
