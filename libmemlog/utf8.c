// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which bytes are valid UTF-8 (Unicode 15, table 3-7), and mending those that
 * are not: each maximal part of a broken sequence becomes one U+FFFD, which is
 * what browsers and Python do.
 */
#include <string.h>

#include "memlog.h"
#include "private.h"

struct lead {
	unsigned char first, last;	/* lead bytes */
	unsigned char low, high;	/* what the second byte may be */
	unsigned char len;
};

static const struct lead leads[] = {
	{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
	{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
	{ 0xe1, 0xec, 0x80, 0xbf, 3 },
	{ 0xed, 0xed, 0x80, 0x9f, 3 },
	{ 0xee, 0xef, 0x80, 0xbf, 3 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
	{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
	{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

size_t memlog_utf8_step(const char *text, size_t len, bool *valid)
{
	const unsigned char *p = (const unsigned char *)text;

	*valid = true;
	if (p[0] < 0x80)
		return 1;
	*valid = false;
	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
		const struct lead *lead = &leads[i];
		size_t n = 1;

		if (p[0] < lead->first || p[0] > lead->last)
			continue;
		if (n < len && p[n] >= lead->low && p[n] <= lead->high)
			for (n++; n < lead->len && n < len && (p[n] & 0xc0) == 0x80;)
				n++;
		*valid = n == lead->len;
		return n;
	}
	return 1;
}

/* Eight bytes at a time for as long as they are ASCII. */
static size_t skip_ascii(const char *text, size_t len)
{
	size_t i = 0;
	uint64_t word;

	for (; i + sizeof(word) <= len; i += sizeof(word)) {
		memcpy(&word, text + i, sizeof(word));
		if (word & 0x8080808080808080ULL)
			break;
	}
	while (i < len && !(text[i] & 0x80))
		i++;
	return i;
}

size_t memlog_utf8_valid(const char *text, size_t len)
{
	size_t i = 0;
	bool valid;

	while (i < len) {
		size_t n;

		i += skip_ascii(text + i, len - i);
		if (i == len)
			break;
		n = memlog_utf8_step(text + i, len - i, &valid);
		if (!valid)
			break;
		i += n;
	}
	return i;
}

size_t memlog_utf8_repair(char *buf, size_t size, const char *text, size_t len)
{
	struct out out = { buf, size, 0 };
	size_t i = 0;

	while (i < len) {
		size_t n = memlog_utf8_valid(text + i, len - i);
		bool valid;

		out_bytes(&out, text + i, n);
		i += n;
		if (i == len)
			break;
		i += memlog_utf8_step(text + i, len - i, &valid);
		out_string(&out, REPLACEMENT);
	}
	return out_end(&out);
}
