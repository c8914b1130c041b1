// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows as lines.
 */
#include <inttypes.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>

#include "archive_lines.h"

/* ,"comm_base64":"" and 15 bytes of it */
#define COMM_ROOM	64

bool arg_line_format(const char *value)
{
	if (!strcmp(value, "text"))
		return true;
	if (strcmp(value, "json"))
		usage("--format %s: not json or text", value);
	return false;
}

void archive_line_day(char line[ARCHIVE_LINE_ROOM], uint32_t date, bool meta,
		      bool finished)
{
	char iso[11];

	archive_date_iso(iso, date);
	snprintf(line, ARCHIVE_LINE_ROOM, "{\"day\":\"%s\",\"meta\":%s,\"finished\":%s}", iso,
		 meta ? "true" : "false", finished ? "true" : "false");
}

void archive_line_stream(char line[ARCHIVE_LINE_ROOM], uint64_t stream)
{
	snprintf(line, ARCHIVE_LINE_ROOM, "{\"stream\":\"%016" PRIx64 "\"}", stream);
}

/* Has it nothing but what every gap has? */
static bool plain_gap(const struct archive_row *row, const char *text,
		      struct memlog_loss *loss)
{
	const struct memlog_record *rec = &row->rec;
	char same[ARCHIVE_GAP_ROOM];
	size_t len;

	if (rec->type != ARCHIVE_TYPE_GAP || rec->len >= sizeof(same) ||
	    archive_gap_parse(text, rec->len, &loss->records, &loss->bytes) ||
	    loss->records > UINT64_MAX - rec->seq)
		return false;
	len = archive_gap_text(same, loss->records, loss->bytes);
	if (len != rec->len || memcmp(same, text, len))
		return false;
	loss->from_seq = rec->seq;
	loss->to_seq = rec->seq + loss->records - 1;
	return rec->pid == MEMLOG_ID_NONE && rec->uid == MEMLOG_ID_NONE && !rec->cgroup &&
	       rec->pri == MEMLOG_PRI_DEFAULT && !rec->flags &&
	       !strncmp(rec->comm, "memlog", sizeof(rec->comm));
}

bool archive_line_gap(char line[ARCHIVE_LINE_ROOM], const struct archive_row *row,
		      const char *text)
{
	struct memlog_loss loss = { 0 };
	size_t len;

	if (!plain_gap(row, text, &loss))
		return false;
	if (!loss.bytes)
		loss.flags = MEMLOG_LOSS_BYTES_UNKNOWN;
	len = memlog_json_lost(line, ARCHIVE_LINE_ROOM, &loss);
	/* More members in the place of its last brace. */
	snprintf(line + len - 1, ARCHIVE_LINE_ROOM - len + 1,
		 ",\"pos\":%" PRIu64 ",\"time_ns\":\"%" PRIu64 "\"}", (uint64_t)row->rec.pos,
		 (uint64_t)row->rec.time_ns);
	return true;
}

size_t archive_line_room(const struct memlog_record *rec)
{
	return memlog_json_room(rec, NULL) + COMM_ROOM;
}

size_t archive_line_record(char *line, size_t room, const struct memlog_record *rec,
			   const char *text)
{
	size_t len = memlog_json_record(line, room, rec, text, NULL);
	size_t comm = strnlen(rec->comm, sizeof(rec->comm));
	char base64[4 * MEMLOG_COMM_LEN / 3 + 8];

	if (memlog_utf8_valid(rec->comm, comm) == comm)
		return len;
	b64_ntop((const unsigned char *)rec->comm, comm, base64, sizeof(base64));
	return len - 1 + (size_t)snprintf(line + len - 1, room - len + 1,
					  ",\"comm_base64\":\"%s\"}", base64);
}
