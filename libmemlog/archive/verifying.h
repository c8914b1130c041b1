/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Between the parts of verifying: verify.c goes through a day's rows, verify_row.c
 * says what is wrong with one, verify_files.c looks at what is around them.
 */
#ifndef MEMLOG_ARCHIVE_VERIFYING_H
#define MEMLOG_ARCHIVE_VERIFYING_H

#include "rows.h"
#include "verify.h"

/**
 * struct archive_verifying - A day that is verified.
 * @verify: What is asked for, and told.
 * @rows: Its rows.
 * @count: Whole ones.
 * @dirfd: Its folder.
 * @faults: Found so far.
 * @stop: fn has had enough.
 * @end_known: @end is where the next row's header must be in the same data file.
 * @times: The file times, -1: none that can be believed.
 * @entries: Entries in that.
 * @max_time: Greatest time so far.
 * @streams: Those that have ended in this day.
 */
struct archive_verifying {
	struct archive_verify *verify;
	struct archive_rows *rows;
	uint64_t count;
	uint32_t date;
	int dirfd;
	uint64_t faults;
	bool stop;
	bool end_known;
	uint64_t end;
	int times;
	uint64_t entries;
	uint64_t max_time;
	uint64_t *streams;
	size_t stream_count;
};

void archive_fault(struct archive_verifying *day, uint64_t row, const char *file,
		   uint64_t offset, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* ---- verify_row.c */
/* Whether index says the only place where the row can be; told if not. */
bool archive_verify_place(struct archive_verifying *day, uint64_t row,
			  const struct archive_index *index);
/* Names what is wrong with a row that is not whole. 0 or -errno. */
int archive_verify_bad_row(struct archive_verifying *day, uint64_t row);

/* ---- verify_files.c */
void archive_verify_open_times(struct archive_verifying *day);
/* What times says of the rows up to @row. */
void archive_verify_time(struct archive_verifying *day, uint64_t row, uint64_t time_ns);
/* Headers, sizes and names, before the rows. */
int archive_verify_files(struct archive_verifying *day);
/* A data file must end where its last row does. */
void archive_verify_data_end(struct archive_verifying *day, unsigned int number);

#endif /* MEMLOG_ARCHIVE_VERIFYING_H */
