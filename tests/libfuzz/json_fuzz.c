// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records as JSON: whatever is in them, what comes out is valid UTF-8 in one
 * line, with balanced quotes, of the length that was announced.
 */
#include <memlog.h>
#include <string.h>

#include "libfuzz.h"

/* Walks over strings as JSON has them. */
static void check_json(const char *json, size_t len)
{
	bool in_string = false;
	int depth = 0;

	must(memlog_utf8_valid(json, len) == len);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)json[i];

		must(c >= 0x20 && c != 0x7f);
		if (in_string && c == '\\') {
			i++;
			must(i < len && strchr("\"\\bfnrtu", json[i]));
		} else if (c == '"') {
			in_string = !in_string;
		} else if (!in_string) {
			depth += (c == '{') - (c == '}');
			must(depth > 0 || i == len - 1);
		}
	}
	must(!in_string && !depth);
}

static void check_repair(const char *text, size_t len)
{
	size_t room = 3 * len + 1;
	char *buf = malloc(room);
	size_t n;

	must(buf);
	n = memlog_utf8_repair(buf, room, text, len);
	must(n < room);
	must(memlog_utf8_valid(buf, n) == n);
	if (memlog_utf8_valid(text, len) == len)
		must(n == len && !memcmp(buf, text, len));
	free(buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct memlog_record rec;
	size_t room, cut, len;
	char *text, *json;

	if (size < sizeof(rec))
		return 0;
	memcpy(&rec, data, sizeof(rec));
	rec.len = (uint32_t)(size - sizeof(rec));
	/* A copy of its own, so that a byte too far is seen. */
	text = malloc(rec.len + 1);
	room = memlog_json_room(&rec, NULL);
	json = malloc(room);
	must(text && json);
	memcpy(text, data + sizeof(rec), rec.len);
	text[rec.len] = '\0';

	len = memlog_json_record(json, room, &rec, text, NULL);
	must(len < room && strlen(json) == len);
	check_json(json, len);
	cut = len ? rec.seq % len : 0;
	must(memlog_json_record(json, cut, &rec, text, NULL) == len);
	check_repair(text, rec.len);
	free(json);
	free(text);
	return 0;
}
