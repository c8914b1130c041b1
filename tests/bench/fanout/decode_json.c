// SPDX-License-Identifier: GPL-2.0-only
/*
 * JSON objects, alone or in arrays. Where one ends is found by its braces and
 * strings; what is in it, by the names of its members, since strings of ours
 * have none of them in them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode.h"
#include "payload.h"

/* Return: bytes of the object at @buf; 0: it does not end there. */
static size_t object_size(const char *buf, size_t len)
{
	unsigned int depth = 0;
	const char *quote;

	for (size_t i = 0; i < len; i++) {
		switch (buf[i]) {
		case '{':
			depth++;
			break;
		case '}':
			if (!--depth)
				return i + 1;
			break;
		case '"':
			do {
				quote = memchr(buf + i + 1, '"', len - i - 1);
				if (!quote)
					return 0;
				i = (size_t)(quote - buf);
			} while (buf[i - 1] == '\\');
			break;
		default:
			break;
		}
	}
	return 0;
}

/* Return: the value of member @name, NULL if there is none. */
static const char *member(const char *object, size_t len, const char *name)
{
	const char *found = memmem(object, len, name, strlen(name));

	return found ? found + strlen(name) : NULL;
}

static void take_record(struct track *track, const char *object, size_t len, uint64_t now)
{
	const char *text = member(object, len, "\"text\":\"");
	uint64_t seq, written;

	/* Then comes \n, escaped, as two characters. */
	if (!text || object + len - text < PAYLOAD_SIZE + 3 ||
	    memcmp(text + PAYLOAD_SIZE - 1, "\\n\"", 3) || !payload_take(text, &seq, &written) ||
	    seq != strtoull(object + strlen("{\"seq\":"), NULL, 10)) {
		wrong("a JSON record is not what was written: %.*s", (int)len, object);
		return;
	}
	track_record(track, seq, now - written);
}

static void take_lost(struct track *track, const char *object, size_t len)
{
	unsigned long long from, to, records, bytes = UINT64_MAX;
	char copy[200];

	snprintf(copy, sizeof(copy), "%.*s", (int)len, object);
	if (sscanf(copy, "{\"lost\":{\"from\":%llu,\"to\":%llu,\"records\":%llu,\"bytes\":%llu",
		   &from, &to, &records, &bytes) < 3 || to - from + 1 != records) {
		wrong("a JSON loss: %s", copy);
		return;
	}
	if (track->delivered && from != track->next + track->told)
		wrong("a loss from %llu, where %llu is next", from,
		      (unsigned long long)(track->next + track->told));
	track_lost(track, records, bytes);
}

static void take_object(struct track *track, const char *object, size_t len, uint64_t now)
{
	if (member(object, len < 8 ? len : 8, "{\"seq\":"))
		take_record(track, object, len, now);
	else if (member(object, len < 9 ? len : 9, "{\"lost\":"))
		take_lost(track, object, len);
	else if (!member(object, len < 11 ? len : 11, "{\"stream\":"))
		wrong("a JSON object: %.*s", (int)len, object);
}

size_t decode_json(struct track *track, const char *buf, size_t len, uint64_t now)
{
	size_t at = 0, size;

	while (at < len) {
		if (strchr("[], \n", buf[at]) && buf[at]) {
			at++;
			continue;
		}
		if (buf[at] != '{') {
			wrong("JSON with a byte %02x", (unsigned char)buf[at]);
			return len;
		}
		size = object_size(buf + at, len - at);
		if (!size)
			break;
		take_object(track, buf + at, size, now);
		at += size;
	}
	return at;
}
