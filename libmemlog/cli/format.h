/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How records look.
 */
#ifndef MEMLOG_CLI_FORMAT_H
#define MEMLOG_CLI_FORMAT_H

#include <time.h>

#include "cli.h"
#include "out.h"

enum style {
	STYLE_SHORT,
	STYLE_SHORT_PRECISE,
	STYLE_SHORT_ISO,
	STYLE_SHORT_ISO_PRECISE,
	STYLE_SHORT_UNIX,
	STYLE_CAT,
	STYLE_JSON,
	STYLE_VERBOSE,
};

/**
 * struct format - How records look, and what was shown last.
 * @style: The kind of line.
 * @colour: Levels have colours.
 * @escape: The output is a terminal's, or will be.
 * @utc: Times are UTC, not local.
 * @decode: Facility and level are shown.
 * @stream: The stream the records are from.
 * @second: The second that @head and @zone are of.
 * @head: Its text, up to the fraction.
 * @zone: Its text, behind the fraction.
 * @open_seq: The record shown last, if it is to be continued and its line has no
 *            newline yet; else MEMLOG_SEQ_NONE.
 */
struct format {
	enum style style;
	bool colour;
	bool escape;
	bool utc;
	bool decode;
	uint64_t stream;
	time_t second;
	char head[40];
	char zone[16];
	uint64_t open_seq;
};

void format_init(struct format *format);
bool format_parse_style(struct format *format, const char *name);
void format_record(struct format *format, struct out *out,
		   const struct memlog_record *rec, const char *text);
void format_loss(struct format *format, struct out *out,
		 const struct memlog_loss *loss);
void format_stream(struct format *format, struct out *out, uint64_t next_seq,
		   uint64_t stream);
void format_end(struct format *format, struct out *out);

#endif /* MEMLOG_CLI_FORMAT_H */
