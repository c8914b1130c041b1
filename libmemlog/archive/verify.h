/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Verifying days: every byte of index, data and meta is looked at.
 */
#ifndef MEMLOG_ARCHIVE_VERIFY_H
#define MEMLOG_ARCHIVE_VERIFY_H

#include "date.h"
#include "format.h"

#define ARCHIVE_NO_ROW	UINT64_MAX

/**
 * struct archive_fault - Something that is not as it must be.
 * @date: The day.
 * @row: The row it is about, ARCHIVE_NO_ROW if it is none's.
 * @file: Name of the file in the day's folder.
 * @offset: Where in that.
 * @text: What is there and what was expected.
 */
struct archive_fault {
	uint32_t date;
	uint64_t row;
	const char *file;
	uint64_t offset;
	const char *text;
};

/* Nonzero: enough, look no further in this day. */
typedef int archive_fault_fn(void *arg, const struct archive_fault *fault);

/**
 * struct archive_verify - Days that are verified one after another.
 * @fn: Told each fault, in the order of rows.
 * @arg: For @fn.
 * @stream: Stream of the last row so far, 0 if nothing is known; the next day must
 *          go on where it ended.
 * @seq: What its next number is.
 * @pos: Its next position.
 * @pos_known: @pos counts.
 * @rows: Whole rows of the day, as of the last call.
 * @bytes: Bytes of text in them.
 * @gaps: Gaps among them.
 * @has_meta: The day has a meta: without, types, times and texts can't be verified.
 * @finished: The day is finished.
 */
struct archive_verify {
	archive_fault_fn *fn;
	void *arg;
	uint64_t stream;
	uint64_t seq;
	uint64_t pos;
	bool pos_known;
	uint64_t rows;
	uint64_t bytes;
	uint64_t gaps;
	bool has_meta;
	bool finished;
};

/**
 * archive_verify_next() - Verify a day, and that it goes on where the one before ended.
 * @verify: fn and arg set, the rest 0 before the first day.
 * @dirfd: The archive's folder.
 * @date: The day.
 *
 * A day that is being written is verified as far as its whole rows go.
 *
 * Return: 0 all is well; 1 @fn was called; -ENOENT there is no such day; or what
 * reading gave.
 */
int archive_verify_next(struct archive_verify *verify, int dirfd, uint32_t date);

/* The same for one day alone. */
int archive_verify_day(int dirfd, uint32_t date, archive_fault_fn *fn, void *arg);

#endif /* MEMLOG_ARCHIVE_VERIFY_H */
