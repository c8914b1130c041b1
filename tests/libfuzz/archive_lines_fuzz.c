// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines for memlog archive import: any bytes are taken or refused, and a record that
 * is taken is the same after it was written as a line and read again.
 */
#include <string.h>

#include "archive_lines.h"
#include "libfuzz.h"

/* Of main.c, for messages. */
const struct command *current;

static void check_record(const struct line *line)
{
	size_t room = archive_line_room(&line->rec), len;
	char *json = malloc(room), why[ARCHIVE_LINE_ROOM];
	struct line again;

	must(json);
	len = archive_line_record(json, room, &line->rec, line->text);
	must(len < room && strlen(json) == len);
	/* Numbers that JSON readers can't hold are refused. */
	if (line->rec.seq > INT64_MAX || line->rec.pos > INT64_MAX)
		goto out;
	must(!archive_line_parse(&again, json, len, why));
	must(again.kind == LINE_RECORD);
	must(!memcmp(&again.rec, &line->rec, sizeof(again.rec)));
	must(!memcmp(again.text, line->text, line->rec.len));
	free(again.text);
out:
	free(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[ARCHIVE_LINE_ROOM] = "", *text = malloc(size + 1);
	struct line line;

	must(text);
	memcpy(text, data, size);
	if (archive_line_parse(&line, text, size, why)) {
		must(why[0] && strlen(why) < sizeof(why));
	} else {
		must(line.kind <= LINE_ENDED);
		must(line.kind != LINE_DAY || archive_date_ok(line.date));
		if (line.kind == LINE_RECORD)
			check_record(&line);
		free(line.text);
	}
	free(text);
	return 0;
}
