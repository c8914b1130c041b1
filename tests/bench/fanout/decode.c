// SPDX-License-Identifier: GPL-2.0-only
/*
 * The formats but JSON.
 */
#include <linux/memlog.h>
#include <stdio.h>
#include <string.h>

#include "decode.h"
#include "payload.h"

static const struct decoder decoders[] = {
	{ "text", "memlog.text", decode_text, NULL, true },
	{ "json", "memlog.json", decode_json, NULL, true },
	{ "binary", "memlog.binary", decode_json, decode_binary, true },
	/* Records wherever they stand in anything; a loss is told nowhere. */
	{ "any", NULL, decode_any, decode_any, false },
};

const struct decoder *decoder_find(const char *name)
{
	for (size_t i = 0; i < sizeof(decoders) / sizeof(*decoders); i++)
		if (!strcmp(decoders[i].name, name))
			return &decoders[i];
	return NULL;
}

static void take_line(struct track *track, const char *line, size_t len, uint64_t now)
{
	unsigned long long records, bytes;
	uint64_t seq, written;
	char copy[100];

	if (len == PAYLOAD_SIZE && payload_take(line, &seq, &written)) {
		track_record(track, seq, now - written);
		return;
	}
	snprintf(copy, sizeof(copy), "%.*s", (int)len - 1, line);
	if (sscanf(copy, "memlog: lost %llu records, %llu bytes", &records, &bytes) == 2)
		track_lost(track, records, bytes);
	else
		wrong("a line of %zu bytes: %s", len, copy);
}

size_t decode_text(struct track *track, const char *buf, size_t len, uint64_t now)
{
	const char *at = buf, *end = buf + len, *newline;

	while (at < end) {
		/* Where it is expected first: it is nearly always there. */
		if (end - at >= PAYLOAD_SIZE && at[PAYLOAD_SIZE - 1] == '\n' &&
		    *at == *PAYLOAD_MARK)
			newline = at + PAYLOAD_SIZE - 1;
		else
			newline = memchr(at, '\n', (size_t)(end - at));
		if (!newline)
			break;
		take_line(track, at, (size_t)(newline + 1 - at), now);
		at = newline + 1;
	}
	return (size_t)(at - buf);
}

size_t decode_binary(struct track *track, const char *buf, size_t len, uint64_t now)
{
	size_t at = 0, size;
	uint64_t seq, written;
	struct memlog_record rec;

	while (len - at >= sizeof(rec)) {
		memcpy(&rec, buf + at, sizeof(rec));
		if (rec.len != PAYLOAD_SIZE) {
			wrong("a binary record of %u bytes", rec.len);
			return len;
		}
		size = sizeof(rec) + PAYLOAD_SIZE;
		if (len - at < size)
			break;
		if (!payload_take(buf + at + sizeof(rec), &seq, &written) || seq != rec.seq)
			wrong("binary record %llu is not what was written",
			      (unsigned long long)rec.seq);
		else
			track_record(track, seq, now - written);
		at += size;
	}
	return at;
}

size_t decode_any(struct track *track, const char *buf, size_t len, uint64_t now)
{
	const size_t mark = sizeof(PAYLOAD_MARK) - 1;
	const char *at = buf, *end = buf + len, *found;
	uint64_t seq, written;

	for (;;) {
		found = memmem(at, (size_t)(end - at), PAYLOAD_MARK, mark);
		if (!found)
			break;
		if (end - found < PAYLOAD_SIZE - 1)
			return (size_t)(found - buf);
		if (payload_take(found, &seq, &written))
			track_record(track, seq, now - written);
		else
			wrong("a record is not what was written");
		at = found + PAYLOAD_SIZE - 1;
	}
	/* The beginning of a mark may be at the end. */
	if ((size_t)(end - at) >= mark)
		at = end - (mark - 1);
	return (size_t)(at - buf);
}
