// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Points in time, as people write them and as programs print them.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "memlog.h"
#include "private.h"

#define LAST_SECOND	(UINT64_MAX / NSEC_PER_SEC - 1)

static int to_ns(int64_t sec, uint32_t nsec, uint64_t *ns)
{
	if (sec < 0 || (uint64_t)sec > LAST_SECOND)
		return -ERANGE;
	*ns = (uint64_t)sec * NSEC_PER_SEC + nsec;
	return 0;
}

/* Exactly @count digits. */
static bool take_digits(const char **s, int count, int *value)
{
	int v = 0;

	for (int i = 0; i < count; i++) {
		if (!isdigit((unsigned char)(*s)[i]))
			return false;
		v = v * 10 + ((*s)[i] - '0');
	}
	*s += count;
	*value = v;
	return true;
}

static bool take_char(const char **s, char c)
{
	if (**s != c)
		return false;
	(*s)++;
	return true;
}

/* ".5" as nanoseconds, to nine digits; further ones are passed over. */
static bool take_fraction(const char **s, uint32_t *nsec)
{
	uint32_t unit = NSEC_PER_SEC / 10;

	*nsec = 0;
	if (!take_char(s, '.'))
		return true;
	if (!isdigit((unsigned char)**s))
		return false;
	for (; isdigit((unsigned char)**s); (*s)++, unit /= 10)
		*nsec += (uint32_t)(**s - '0') * unit;
	return true;
}

static int days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

static bool take_date(const char **s, struct tm *tm)
{
	int year, month, day;

	if (!take_digits(s, 4, &year) || !take_char(s, '-') ||
	    !take_digits(s, 2, &month) || !take_char(s, '-') ||
	    !take_digits(s, 2, &day))
		return false;
	if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
		return false;
	tm->tm_year = year - 1900;
	tm->tm_mon = month - 1;
	tm->tm_mday = day;
	return true;
}

/* HH:MM, and :SS with a fraction if there; a leap second is second 60. */
static bool take_clock(const char **s, struct tm *tm, uint32_t *nsec)
{
	*nsec = 0;
	tm->tm_sec = 0;
	if (!take_digits(s, 2, &tm->tm_hour) || !take_char(s, ':') ||
	    !take_digits(s, 2, &tm->tm_min))
		return false;
	if (take_char(s, ':') &&
	    (!take_digits(s, 2, &tm->tm_sec) || !take_fraction(s, nsec)))
		return false;
	return tm->tm_hour <= 23 && tm->tm_min <= 59 && tm->tm_sec <= 60;
}

/* "Z" or "+02:00"; *@local tells that there is none. */
static bool take_offset(const char **s, bool *local, int *offset)
{
	int hours, minutes, sign;

	*local = false;
	*offset = 0;
	if (take_char(s, 'Z') || take_char(s, 'z'))
		return true;
	if (**s != '+' && **s != '-') {
		*local = true;
		return true;
	}
	sign = *(*s)++ == '-' ? -1 : 1;
	if (!take_digits(s, 2, &hours))
		return false;
	take_char(s, ':');
	if (!take_digits(s, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*offset = sign * (hours * 3600 + minutes * 60);
	return true;
}

static int64_t local_seconds(struct tm *tm)
{
	tm->tm_isdst = -1;
	return mktime(tm);
}

static int parse_date(const char *s, uint64_t *ns)
{
	struct tm tm = { 0 };
	uint32_t nsec = 0;
	bool local = true;
	int offset = 0;

	if (!take_date(&s, &tm))
		return -EINVAL;
	if (*s) {
		if (!take_char(&s, 'T') && !take_char(&s, 't') && !take_char(&s, ' '))
			return -EINVAL;
		if (!take_clock(&s, &tm, &nsec) || !take_offset(&s, &local, &offset))
			return -EINVAL;
	}
	if (*s)
		return -EINVAL;
	return to_ns((local ? local_seconds(&tm) : timegm(&tm)) - offset, nsec, ns);
}

/* Local midnight @days from the day of @now_ns, or a time of that day. */
static int local_day(uint64_t now_ns, int days, const struct tm *clock,
		     uint32_t nsec, uint64_t *ns)
{
	time_t now = (time_t)(now_ns / NSEC_PER_SEC);
	struct tm tm;

	if (!localtime_r(&now, &tm))
		return -ERANGE;
	tm.tm_mday += days;
	tm.tm_hour = clock ? clock->tm_hour : 0;
	tm.tm_min = clock ? clock->tm_min : 0;
	tm.tm_sec = clock ? clock->tm_sec : 0;
	return to_ns(local_seconds(&tm), nsec, ns);
}

static int parse_clock(const char *s, uint64_t now_ns, uint64_t *ns)
{
	struct tm tm = { 0 };
	uint32_t nsec;

	if (!take_clock(&s, &tm, &nsec) || *s)
		return -EINVAL;
	return local_day(now_ns, 0, &tm, nsec, ns);
}

static int parse_epoch(const char *s, uint64_t *ns)
{
	uint64_t sec = 0;
	uint32_t nsec;

	if (!isdigit((unsigned char)*s))
		return -EINVAL;
	for (; isdigit((unsigned char)*s); s++) {
		sec = sec * 10 + (uint64_t)(*s - '0');
		if (sec > LAST_SECOND)
			return -ERANGE;
	}
	if (!take_fraction(&s, &nsec) || *s)
		return -EINVAL;
	return to_ns((int64_t)sec, nsec, ns);
}

static uint64_t take_unit(const char **s)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {
		{ "ms", NSEC_PER_SEC / 1000 },
		{ "s", NSEC_PER_SEC },
		{ "m", 60 * NSEC_PER_SEC },
		{ "h", 3600 * NSEC_PER_SEC },
		{ "d", 86400 * NSEC_PER_SEC },
		{ "w", 604800 * NSEC_PER_SEC },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t len = strlen(units[i].name);

		if (!strncmp(*s, units[i].name, len)) {
			*s += len;
			return units[i].ns;
		}
	}
	return **s ? 0 : NSEC_PER_SEC;
}

/* "1h30m", "90", "500ms" */
static int parse_duration(const char *s, uint64_t *ns)
{
	uint64_t total = 0;

	if (!*s)
		return -EINVAL;
	while (*s) {
		uint64_t count = 0, unit;

		if (!isdigit((unsigned char)*s))
			return -EINVAL;
		for (; isdigit((unsigned char)*s); s++)
			if (__builtin_mul_overflow(count, 10, &count) ||
			    __builtin_add_overflow(count, *s - '0', &count))
				return -ERANGE;
		unit = take_unit(&s);
		if (!unit)
			return -EINVAL;
		if (__builtin_mul_overflow(count, unit, &count) ||
		    __builtin_add_overflow(total, count, &total))
			return -ERANGE;
	}
	*ns = total;
	return 0;
}

static int parse_relative(const char *s, uint64_t now_ns, uint64_t *ns)
{
	uint64_t span;
	int err;

	err = parse_duration(s + 1, &span);
	if (err)
		return err;
	if (*s == '-' ? __builtin_sub_overflow(now_ns, span, ns) :
			__builtin_add_overflow(now_ns, span, ns))
		return -ERANGE;
	return 0;
}

int memlog_parse_time(const char *str, uint64_t now_ns, uint64_t *ns)
{
	uint64_t value = now_ns;
	int err;

	if (!strcasecmp(str, "now"))
		err = 0;
	else if (!strcasecmp(str, "today"))
		err = local_day(now_ns, 0, NULL, 0, &value);
	else if (!strcasecmp(str, "yesterday"))
		err = local_day(now_ns, -1, NULL, 0, &value);
	else if (!strcasecmp(str, "tomorrow"))
		err = local_day(now_ns, 1, NULL, 0, &value);
	else if (*str == '@')
		err = parse_epoch(str + 1, &value);
	else if (*str == '-' || *str == '+')
		err = parse_relative(str, now_ns, &value);
	else if (strlen(str) > 2 && str[2] == ':')
		err = parse_clock(str, now_ns, &value);
	else
		err = parse_date(str, &value);
	if (!err)
		*ns = value;
	return err;
}

size_t memlog_format_time(char *buf, uint64_t ns, bool utc)
{
	time_t sec = (time_t)(ns / NSEC_PER_SEC);
	unsigned int usec = (unsigned int)(ns % NSEC_PER_SEC / 1000);
	char zone[8] = "Z";
	struct tm tm;
	size_t len;

	if (utc) {
		gmtime_r(&sec, &tm);
	} else {
		long offset;

		localtime_r(&sec, &tm);
		offset = tm.tm_gmtoff / 60;
		snprintf(zone, sizeof(zone), "%c%02u:%02u", offset < 0 ? '-' : '+',
			 (unsigned int)labs(offset) / 60 % 100,
			 (unsigned int)labs(offset) % 60);
	}
	len = strftime(buf, MEMLOG_TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	return len + (size_t)snprintf(buf + len, MEMLOG_TIME_SIZE - len, ".%06u%s",
				      usec, zone);
}
