// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Levels, priorities, sizes, numbers and places, as people write them.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "memlog.h"

#define LEVELS		8
#define FACILITIES	24
#define DEFAULT_FACILITY 1
#define WORD_MAX	16

static const char *const level_names[LEVELS] = {
	"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
};

static const char *const facility_names[FACILITIES] = {
	"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news",
	"uucp", "cron", "authpriv", "ftp", "ntp", "audit", "alert", "clock",
	"local0", "local1", "local2", "local3", "local4", "local5", "local6",
	"local7",
};

static const struct {
	const char *name;
	int level;
} level_aliases[] = {
	{ "panic", 0 }, { "error", 3 }, { "warn", 4 },
};

const char *memlog_level_name(unsigned int level)
{
	return level_names[level % LEVELS];
}

const char *memlog_facility_name(unsigned int facility)
{
	return facility < FACILITIES ? facility_names[facility] : "unknown";
}

/* The first @len bytes of @str as a string, for comparing. */
static bool take_word(char *word, const char *str, size_t len)
{
	if (!len || len >= WORD_MAX)
		return false;
	memcpy(word, str, len);
	word[len] = '\0';
	return true;
}

static int parse_level(const char *str, size_t len)
{
	char word[WORD_MAX];

	if (!take_word(word, str, len))
		return -EINVAL;
	if (len == 1 && *word >= '0' && *word < '0' + LEVELS)
		return *word - '0';
	for (int i = 0; i < LEVELS; i++)
		if (!strcasecmp(word, level_names[i]))
			return i;
	for (size_t i = 0; i < sizeof(level_aliases) / sizeof(level_aliases[0]); i++)
		if (!strcasecmp(word, level_aliases[i].name))
			return level_aliases[i].level;
	return -EINVAL;
}

int memlog_parse_level(const char *str)
{
	return parse_level(str, strlen(str));
}

static unsigned int levels_between(int a, int b)
{
	unsigned int mask = 0;

	for (int i = a < b ? a : b; i <= (a < b ? b : a); i++)
		mask |= 1U << i;
	return mask;
}

/* One of the parts between commas: "err", "=err", "crit..warning". */
static int parse_level_range(const char *str, size_t len, unsigned int *mask)
{
	const char *dots = memmem(str, len, "..", 2);
	int from, to;

	if (dots) {
		from = parse_level(str, (size_t)(dots - str));
		to = parse_level(dots + 2, len - (size_t)(dots + 2 - str));
	} else if (len && *str == '=') {
		from = to = parse_level(str + 1, len - 1);
	} else {
		from = 0;
		to = parse_level(str, len);
	}
	if (from < 0 || to < 0)
		return -EINVAL;
	*mask |= levels_between(from, to);
	return 0;
}

int memlog_parse_levels(const char *str, unsigned int *mask)
{
	unsigned int sum = 0;

	for (;; str++) {
		size_t len = strcspn(str, ",");

		if (parse_level_range(str, len, &sum))
			return -EINVAL;
		str += len;
		if (!*str)
			break;
	}
	*mask = sum;
	return 0;
}

static int parse_facility(const char *str, size_t len)
{
	char word[WORD_MAX];

	if (!take_word(word, str, len))
		return -EINVAL;
	for (int i = 0; i < FACILITIES; i++)
		if (!strcasecmp(word, facility_names[i]))
			return i;
	return -EINVAL;
}

int memlog_parse_pri(const char *str)
{
	const char *dot = strchr(str, '.');
	int facility = DEFAULT_FACILITY, level;
	uint64_t number;

	if (!dot && str[0] && str[1] && !memlog_parse_number(str, &number))
		return number <= MEMLOG_PRI_MAX ? (int)number : -EINVAL;
	if (dot) {
		facility = parse_facility(str, (size_t)(dot - str));
		str = dot + 1;
	}
	level = memlog_parse_level(str);
	if (facility < 0 || level < 0)
		return -EINVAL;
	return facility * LEVELS + level;
}

/* Digits up to the first other byte, which *@end is set to. */
static int take_number(const char *str, const char **end, uint64_t *value)
{
	uint64_t v = 0;

	if (!isdigit((unsigned char)*str))
		return -EINVAL;
	for (; isdigit((unsigned char)*str); str++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, *str - '0', &v))
			return -ERANGE;
	*end = str;
	*value = v;
	return 0;
}

int memlog_parse_number(const char *str, uint64_t *value)
{
	const char *end;
	uint64_t v;
	int err;

	err = take_number(str, &end, &v);
	if (err)
		return err;
	if (*end)
		return -EINVAL;
	*value = v;
	return 0;
}

int memlog_parse_size(const char *str, uint64_t *bytes)
{
	static const char units[] = "kmgt";
	const char *end, *unit;
	uint64_t v;
	int err;

	err = take_number(str, &end, &v);
	if (err)
		return err;
	if (*end) {
		unit = strchr(units, tolower((unsigned char)*end));
		if (!unit)
			return -EINVAL;
		end++;
		if (*end && strcasecmp(end, "b") && strcasecmp(end, "ib"))
			return -EINVAL;
		if (__builtin_mul_overflow(v, 1024ULL << 10 * (unit - units), &v))
			return -ERANGE;
	}
	*bytes = v;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int memlog_parse_place(const char *str, uint64_t *stream, uint64_t *seq)
{
	const char *colon = strchr(str, ':');
	uint64_t id = 0;
	int err;

	if (colon) {
		if (colon - str != 16)
			return -EINVAL;
		for (; str < colon; str++) {
			if (hex_digit(*str) < 0)
				return -EINVAL;
			id = id << 4 | (unsigned int)hex_digit(*str);
		}
		if (!id)
			return -EINVAL;
		str = colon + 1;
	}
	err = memlog_parse_number(str, seq);
	if (!err)
		*stream = id;
	return err;
}
