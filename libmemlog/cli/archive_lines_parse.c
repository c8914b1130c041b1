// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines taken apart. What a record has and we do not know is refused, so that
 * nothing is lost by a typing error.
 */
#include <errno.h>
#include <jansson.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive_lines.h"

/* Numbers above 2^53 come as strings of digits; both will do anywhere. */
static bool get_number(const json_t *value, uint64_t max, uint64_t *number)
{
	if (json_is_integer(value)) {
		if (json_integer_value(value) < 0)
			return false;
		*number = (uint64_t)json_integer_value(value);
	} else if (!json_is_string(value) ||
		   strlen(json_string_value(value)) != json_string_length(value) ||
		   memlog_parse_number(json_string_value(value), number)) {
		return false;
	}
	return *number <= max;
}

static const char *set_text(const json_t *value, struct line *line)
{
	size_t len = json_string_length(value);

	if (line->text)
		return "text and base64 are one too many";
	if (!json_is_string(value) || len > ARCHIVE_TEXT_MAX)
		return "text is no string of at most 16 MiB";
	line->text = malloc(len + 1);
	if (!line->text)
		return "no memory";
	memcpy(line->text, json_string_value(value), len + 1);
	line->rec.len = (uint32_t)len;
	return NULL;
}

static const char *set_base64(const json_t *value, struct line *line)
{
	size_t len = json_string_length(value), room = len / 4 * 3 + 4;
	int n = -1;

	if (line->text)
		return "text and base64 are one too many";
	line->text = malloc(room);
	if (!line->text)
		return "no memory";
	if (json_is_string(value) && strlen(json_string_value(value)) == len)
		n = b64_pton(json_string_value(value), (unsigned char *)line->text, room);
	if (n < 0 || (unsigned int)n > ARCHIVE_TEXT_MAX)
		return "base64 is not base64 of at most 16 MiB";
	line->rec.len = (uint32_t)n;
	return NULL;
}

static const char *set_comm(const json_t *value, struct memlog_record *rec)
{
	const char *comm = json_string_value(value);
	size_t len = json_string_length(value);

	/* Where it was not UTF-8, it is longer here, and comm_base64 has it. */
	if (!comm || strlen(comm) != len)
		return "comm is no string without NUL";
	memset(rec->comm, 0, sizeof(rec->comm));
	memcpy(rec->comm, comm, len < MEMLOG_COMM_LEN ? len : MEMLOG_COMM_LEN - 1);
	return NULL;
}

static const char *set_comm_base64(const json_t *value, struct memlog_record *rec)
{
	unsigned char comm[MEMLOG_COMM_LEN + 1] = { 0 };
	int n = -1;

	if (json_is_string(value))
		n = b64_pton(json_string_value(value), comm, sizeof(comm));
	if (n < 0 || n >= MEMLOG_COMM_LEN || memchr(comm, 0, (size_t)n))
		return "comm_base64 is not base64 of at most 15 bytes";
	memset(rec->comm, 0, sizeof(rec->comm));
	memcpy(rec->comm, comm, (size_t)n);
	return NULL;
}

/* A number of a record, by its name. Return: whether it is one. */
static bool set_number(const char *key, const json_t *value, struct line *line,
		       const char **wrong)
{
	struct memlog_record *rec = &line->rec;
	uint64_t n = 0;
	bool good;

	*wrong = NULL;
	if (!strcmp(key, "seq")) {
		good = line->has_seq = get_number(value, MEMLOG_SEQ_NONE - 1, &n);
		rec->seq = n;
	} else if (!strcmp(key, "pos")) {
		good = line->has_pos = get_number(value, UINT64_MAX, &n);
		rec->pos = n;
	} else if (!strcmp(key, "time_ns")) {
		good = line->has_time = get_number(value, UINT64_MAX, &n);
		rec->time_ns = n;
	} else if (!strcmp(key, "cgroup")) {
		good = get_number(value, UINT64_MAX, &n);
		rec->cgroup = n;
	} else if (!strcmp(key, "pid")) {
		good = get_number(value, UINT32_MAX, &n);
		rec->pid = (uint32_t)n;
	} else if (!strcmp(key, "uid")) {
		good = get_number(value, UINT32_MAX, &n);
		rec->uid = (uint32_t)n;
	} else if (!strcmp(key, "type")) {
		good = get_number(value, UINT16_MAX, &n);
		rec->type = (uint16_t)n;
	} else if (!strcmp(key, "pri")) {
		good = get_number(value, UINT8_MAX, &n);
		rec->pri = (uint8_t)n;
	} else if (!strcmp(key, "flags")) {
		good = get_number(value, UINT8_MAX, &n);
		rec->flags = (uint8_t)n;
	} else {
		return false;
	}
	if (!good)
		*wrong = "is no number, or too great a one";
	return true;
}

static const char *set_member(const char *key, const json_t *value, struct line *line)
{
	const char *wrong;

	if (set_number(key, value, line, &wrong))
		return wrong;
	if (!strcmp(key, "text"))
		return set_text(value, line);
	if (!strcmp(key, "base64"))
		return set_base64(value, line);
	if (!strcmp(key, "comm"))
		return set_comm(value, &line->rec);
	if (!strcmp(key, "comm_base64") || !strcmp(key, "service"))
		return NULL;
	return "is not a member of a record";
}

static int parse_record(struct line *line, json_t *json, char why[ARCHIVE_LINE_ROOM])
{
	const json_t *comm = json_object_get(json, "comm_base64");
	const char *key, *wrong = NULL;
	json_t *value;

	line->kind = LINE_RECORD;
	line->rec = (struct memlog_record) {
		.pid = MEMLOG_ID_NONE, .uid = MEMLOG_ID_NONE, .pri = MEMLOG_PRI_DEFAULT,
	};
	json_object_foreach(json, key, value) {
		wrong = set_member(key, value, line);
		if (wrong)
			break;
	}
	if (!wrong && comm) {
		key = "comm_base64";
		wrong = set_comm_base64(comm, &line->rec);
	}
	if (!wrong && !line->text) {
		key = "text";
		wrong = "or base64 is missing";
	}
	if (!wrong)
		return 0;
	snprintf(why, ARCHIVE_LINE_ROOM, "%.40s: %s", key, wrong);
	return -EINVAL;
}

static bool get_hex(const json_t *value, uint64_t *stream)
{
	const char *text = json_string_value(value);

	if (!text || strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16)
		return false;
	*stream = strtoull(text, NULL, 16);
	return *stream;
}

static const char *parse_day(struct line *line, const json_t *json)
{
	const char *day = json_string_value(json_object_get(json, "day"));

	line->kind = LINE_DAY;
	if (!day || strlen(day) != 10)
		return "day is no day such as 2026-11-20";
	line->date = archive_date_parse_iso(day);
	if (!line->date)
		return "day is no day such as 2026-11-20";
	line->meta = !json_is_false(json_object_get(json, "meta"));
	line->finished = json_is_true(json_object_get(json, "finished"));
	return NULL;
}

static const char *parse_lost(struct line *line, const json_t *json)
{
	const json_t *lost = json_object_get(json, "lost");
	const json_t *pos = json_object_get(json, "pos");
	const json_t *time = json_object_get(json, "time_ns");
	struct memlog_loss *loss = &line->loss;
	uint64_t n;

	line->kind = LINE_LOST;
	if (!get_number(json_object_get(lost, "from"), UINT64_MAX, &n))
		return "lost: from is no number";
	loss->from_seq = n;
	if (!get_number(json_object_get(lost, "records"), MEMLOG_SEQ_NONE - loss->from_seq,
			&n) || !n)
		return "lost: records is no number above 0";
	loss->records = n;
	loss->to_seq = loss->from_seq + loss->records - 1;
	if (json_is_null(json_object_get(lost, "bytes")))
		n = 0;
	else if (!get_number(json_object_get(lost, "bytes"), UINT64_MAX, &n))
		return "lost: bytes is no number";
	loss->bytes = n;
	line->has_pos = get_number(pos, UINT64_MAX, &n);
	if (line->has_pos)
		line->rec.pos = n;
	line->has_time = get_number(time, UINT64_MAX, &n);
	if (line->has_time)
		line->rec.time_ns = n;
	return NULL;
}

static int parse_object(struct line *line, json_t *json, char why[ARCHIVE_LINE_ROOM])
{
	const char *wrong = NULL;

	if (json_object_get(json, "day")) {
		wrong = parse_day(line, json);
	} else if (json_object_get(json, "stream")) {
		line->kind = LINE_STREAM;
		if (!get_hex(json_object_get(json, "stream"), &line->stream))
			wrong = "stream is no string of 16 hexadecimal digits";
	} else if (json_object_get(json, "lost")) {
		wrong = parse_lost(line, json);
	} else if (json_object_get(json, "ended")) {
		line->kind = LINE_ENDED;
	} else {
		return parse_record(line, json, why);
	}
	if (wrong)
		snprintf(why, ARCHIVE_LINE_ROOM, "%s", wrong);
	return wrong ? -EINVAL : 0;
}

int archive_line_parse(struct line *line, const char *json, size_t len,
		       char why[ARCHIVE_LINE_ROOM])
{
	json_error_t error = { .text = "" };
	json_t *object = json_loadb(json, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL,
				    &error);
	int err = -EINVAL;

	memset(line, 0, sizeof(*line));
	if (json_is_object(object))
		err = parse_object(line, object, why);
	else
		snprintf(why, ARCHIVE_LINE_ROOM, "expected a JSON object%s%.150s",
			 error.text[0] ? ": " : "", error.text);
	json_decref(object);
	if (err) {
		free(line->text);
		line->text = NULL;
	}
	return err;
}
