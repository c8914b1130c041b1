// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the bridge's grep says, for pattern_test to compare. Its input is lines of
 * hexadecimal: texts "T…", then patterns "P…"; for each pattern it prints a digit
 * for each text, 1 if that matches, or "- " and why it is refused.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter.h"

#define TEXTS_MAX	1024

static struct text {
	char *bytes;
	size_t len;
} texts[TEXTS_MAX];
static size_t count;

static struct text from_hex(const char *hex)
{
	struct text text = { malloc(strlen(hex) / 2 + 1), 0 };
	unsigned int byte;

	if (!text.bytes)
		abort();
	for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		text.bytes[text.len++] = (char)byte;
	text.bytes[text.len] = '\0';
	return text;
}

static void match(const char *pattern)
{
	struct filter filter;
	char why[512];
	int err;

	filter_init(&filter);
	err = filter_set_grep(&filter, pattern, why, sizeof(why));
	if (err)
		printf("- %s", why);
	for (size_t i = 0; !err && i < count; i++) {
		struct memlog_record rec = { .len = (uint32_t)texts[i].len };

		putchar(filter_match(&filter, &rec, texts[i].bytes) ? '1' : '0');
	}
	putchar('\n');
	filter_uninit(&filter);
}

int main(void)
{
	static char line[1 << 16];

	while (fgets(line, sizeof(line), stdin)) {
		struct text text = from_hex(line + 1);

		if (line[0] == 'T' && count < TEXTS_MAX) {
			texts[count++] = text;
			continue;
		}
		match(text.bytes);
		free(text.bytes);
	}
	while (count)
		free(texts[--count].bytes);
	return 0;
}
