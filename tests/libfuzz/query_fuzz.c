// SPDX-License-Identifier: GPL-2.0-only
/*
 * What clients ask for: "NAME=VALUE" lines, and behind a zero byte a record's
 * text. What is refused says why in one printable line; what is taken says of
 * each record whether it passes, the same each time, unless
 * that took too long.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "libfuzz.h"
#include "query.h"

/* No pattern is given up before it took so long: see filter_regex.c. */
#define GIVEN_UP_NS	10000000

static void set(struct query *query, char *line)
{
	char *value = strchr(line, '=');
	char why[QUERY_WHY_SIZE] = "";
	int err;

	if (value)
		*value++ = '\0';
	err = query_set(query, line, value ? value : "", why);
	must(!err || err == -EINVAL || err == -ENOMEM);
	if (err != -EINVAL)
		return;
	must(memchr(why, '\0', sizeof(why)) && why[0]);
	for (const char *c = why; *c; c++)
		must(*c >= ' ' && *c <= '~');
}

/* Whether it passes; and *@slow, when it may have passed for the time it took. */
static bool passes_in(const struct query *query, const struct memlog_record *rec,
		      const char *text, bool *slow)
{
	struct timespec from, to;
	bool passes;

	clock_gettime(CLOCK_MONOTONIC, &from);
	passes = filter_match(&query->filter, rec, text);
	clock_gettime(CLOCK_MONOTONIC, &to);
	*slow |= passes && (to.tv_sec - from.tv_sec) * 1000000000L +
			   (to.tv_nsec - from.tv_nsec) >= GIVEN_UP_NS;
	return passes;
}

/* The text in memory of its own, so that not a byte beyond it is read unseen. */
static void match(const struct query *query, const char *bytes, size_t len)
{
	char *text = malloc(len ? len : 1);
	struct memlog_record rec = {
		.len = (uint32_t)len, .pri = len % 192, .pid = (uint32_t)len, .comm = "fuzz",
	};
	bool passes, slow = false;

	must(text);
	memcpy(text, bytes, len);
	passes = passes_in(query, &rec, text, &slow);
	must(passes_in(query, &rec, text, &slow) == passes || slow);
	must(passes || !filter_is_empty(&query->filter));
	must(!query_is_plain(query) || filter_is_empty(&query->filter));
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct query *query = query_new(size & 1, FORMAT_JSON);
	char *copy = malloc(size + 1), *rest = copy, *line;
	size_t len;

	must(query && copy);
	memcpy(copy, data, size);
	copy[size] = '\0';
	len = strlen(copy);
	while ((line = strsep(&rest, "\n")))
		set(query, line);
	if (len < size)
		match(query, copy + len + 1, size - len - 1);
	match(query, copy, 0);
	query_put(query);
	free(copy);
	return 0;
}
