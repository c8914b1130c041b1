/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lines that memlog archive export writes and memlog archive import takes: a
 * JSON object each.
 *
 *	{"day":"2026-11-20","meta":true,"finished":false}
 *		The day that the next rows are in. Without such lines, as from
 *		memlog follow --json, rows go to the day of their time.
 *	{"stream":"0123456789abcdef"}
 *		Their stream. Other members, as the bridge has them, are passed over.
 *	{"seq":0,"pos":0,"time_ns":"1","pri":13,"type":0,"pid":1,"uid":0,"comm":"a",
 *	 "cgroup":"0","service":"","flags":0,"text":"a\n"}
 *		A record, as memlog_json_record() makes it; base64 for text, and
 *		comm_base64 for comm, where they are not UTF-8. All but text may be
 *		missing.
 *	{"lost":{"from":1,"to":2,"records":2,"bytes":9},"pos":2,"time_ns":"1"}
 *		A gap.
 *	{"ended":{"stream":"0123456789abcdef","last":2}}
 *		The stream is no longer that one.
 */
#ifndef MEMLOG_CLI_ARCHIVE_LINES_H
#define MEMLOG_CLI_ARCHIVE_LINES_H

#include "archive/day.h"
#include "cli.h"

/* All lines but records. */
#define ARCHIVE_LINE_ROOM	256

/* --format: whether it is text. */
bool arg_line_format(const char *value);

void archive_line_day(char line[ARCHIVE_LINE_ROOM], uint32_t date, bool meta,
		      bool finished);
void archive_line_stream(char line[ARCHIVE_LINE_ROOM], uint64_t stream);
/* False: it is no gap as archive_append_gap() makes them, but to be told as a record. */
bool archive_line_gap(char line[ARCHIVE_LINE_ROOM], const struct archive_row *row,
		      const char *text);
size_t archive_line_room(const struct memlog_record *rec);
size_t archive_line_record(char *line, size_t room, const struct memlog_record *rec,
			   const char *text);

enum line_kind {
	LINE_DAY,
	LINE_STREAM,
	LINE_RECORD,
	LINE_LOST,
	LINE_ENDED,
};

/**
 * struct line - A line that was read.
 * @kind: What it is; which of the others count.
 * @date: Day.
 * @meta: Day: it has one.
 * @finished: Day: it is to be.
 * @stream: Stream.
 * @rec: Record, with its len; of a loss time_ns and pos count.
 * @has_seq: It has a number, @has_pos, @has_time: likewise.
 * @text: Record, owned.
 * @loss: Loss.
 */
struct line {
	enum line_kind kind;
	uint32_t date;
	bool meta;
	bool finished;
	uint64_t stream;
	struct memlog_record rec;
	bool has_seq;
	bool has_pos;
	bool has_time;
	char *text;
	struct memlog_loss loss;
};

/**
 * archive_line_parse() - Take a line apart.
 * @line: Set to what it says.
 * @json: The line.
 * @len: Bytes of it.
 * @why: What is wrong with it, if something is.
 *
 * Return: 0, and free(3) of line->text is the caller's; -EINVAL.
 */
int archive_line_parse(struct line *line, const char *json, size_t len,
		       char why[ARCHIVE_LINE_ROOM]);

#endif /* MEMLOG_CLI_ARCHIVE_LINES_H */
