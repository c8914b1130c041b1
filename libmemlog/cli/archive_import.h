/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the two halves of memlog archive import: archive_import.c reads lines,
 * archive_rows.c makes rows of them.
 */
#ifndef MEMLOG_CLI_ARCHIVE_IMPORT_H
#define MEMLOG_CLI_ARCHIVE_IMPORT_H

#include "archive/writer.h"
#include "archive_lines.h"

/**
 * struct import - Lines on their way into an archive.
 * @dir: The archive.
 * @options: How it is written.
 * @writer: It, NULL until there is something to write.
 * @text: Lines are texts, not JSON.
 * @like: What lines of text, and records that do not say, are like.
 * @time_set: @like has a time; else it is now.
 * @name: Input that is read.
 * @line: Number of the line.
 * @taken: Lines of this input that are in the archive.
 * @day_at, @stream_at: Lines of it that said the day and the stream, 0 if none did.
 * @day_line, @stream_line: Those that count for the last line taken.
 * @total: Records and gaps taken, of all inputs.
 * @date: Day that rows are in, as it was said; 0: that of their time.
 * @meta: It has one.
 * @finish: It is finished behind its last row.
 * @begun: It has rows.
 * @row: Number of its next row.
 * @offset: Where that will be.
 * @stream: Stream of the next row; 0: one is made up.
 * @known: Stream of the last row, which goes on with @seq and @pos.
 */
struct import {
	const char *dir;
	struct archive_options options;
	struct archive_writer *writer;
	bool text;
	struct memlog_record like;
	bool time_set;
	const char *name;
	uint64_t line;
	uint64_t taken;
	uint64_t day_at;
	uint64_t stream_at;
	uint64_t day_line;
	uint64_t stream_line;
	uint64_t total;
	uint32_t date;
	bool meta;
	bool finish;
	bool begun;
	uint64_t row;
	uint64_t offset;
	uint64_t stream;
	uint64_t known;
	uint64_t seq;
	uint64_t pos;
};

/* Ends the program: what is wrong with this line, and what was taken before it. */
void import_die(struct import *import, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), noreturn));

/* All so far is in the archive. */
void import_commit(struct import *import);

void import_line(struct import *import, const struct line *line);

/* The last day gets no more. */
void import_end_day(struct import *import);

#endif /* MEMLOG_CLI_ARCHIVE_IMPORT_H */
