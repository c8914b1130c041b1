// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Dates as numbers YYYYMMDD, and the days of times.
 */
#include <stdio.h>
#include <time.h>

#include "date.h"

#define SECOND_NS	1000000000ULL
#define DAY_SECONDS	86400

/* No zone is further from UTC, and no step of one wider. */
#define ZONE_SECONDS	(36 * 3600)

static bool leap_year(unsigned int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned int month_days(unsigned int year, unsigned int month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && leap_year(year));
}

bool archive_date_ok(uint32_t date)
{
	unsigned int year = date / 10000, month = date / 100 % 100, day = date % 100;

	return year >= 1970 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 &&
	       day <= month_days(year, month);
}

/* @count digits as a number, -1 if they are not all digits. */
static int digits(const char *str, int count)
{
	int value = 0;

	for (; count; count--, str++) {
		if (*str < '0' || *str > '9')
			return -1;
		value = value * 10 + *str - '0';
	}
	return value;
}

uint32_t archive_date_parse(const char *name)
{
	int date = digits(name, 8);

	return date > 0 && !name[8] && archive_date_ok(date) ? date : 0;
}

void archive_date_name(char name[ARCHIVE_DATE_NAME], uint32_t date)
{
	snprintf(name, ARCHIVE_DATE_NAME, "%08u", date % 100000000);
}

uint32_t archive_date_parse_iso(const char *str)
{
	int year, month, day;
	uint32_t date;

	year = digits(str, 4);
	if (year < 0 || str[4] != '-')
		return 0;
	month = digits(str + 5, 2);
	if (month < 0 || str[7] != '-')
		return 0;
	day = digits(str + 8, 2);
	if (day < 0)
		return 0;
	date = year * 10000 + month * 100 + day;
	return archive_date_ok(date) ? date : 0;
}

void archive_date_iso(char iso[11], uint32_t date)
{
	snprintf(iso, 11, "%04u-%02u-%02u", date / 10000 % 10000, date / 100 % 100, date % 100);
}

/* Days since 1970 of a real date; years begin in March, so that leap days end them. */
static int days_of(uint32_t date)
{
	int year = date / 10000, month = date / 100 % 100, day = date % 100;

	if (month <= 2) {
		year--;
		month += 12;
	}
	return year * 365 + year / 4 - year / 100 + year / 400 +
	       (153 * (month - 3) + 2) / 5 + day - 1 - 719468;
}

/* Its inverse, for the years of dates; 0 for others. */
static uint32_t date_of_days(int days)
{
	int era, of_era, year, of_year, month;
	uint32_t date;

	if (days < 0 || days > 2932896)		/* 9999-12-31 */
		return 0;
	days += 719468;
	era = days / 146097;
	of_era = days % 146097;
	year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	of_year = of_era - (365 * year + year / 4 - year / 100);
	month = (5 * of_year + 2) / 153;
	year += era * 400 + (month >= 10);
	date = year * 10000 + (month >= 10 ? month - 9 : month + 3) * 100 +
	       of_year - (153 * month + 2) / 5 + 1;
	return date;
}

uint32_t archive_date_add(uint32_t date, int days)
{
	int sum;

	if (!archive_date_ok(date) || __builtin_add_overflow(days_of(date), days, &sum))
		return 0;
	return date_of_days(sum);
}

int archive_date_diff(uint32_t a, uint32_t b)
{
	return days_of(b) - days_of(a);
}

/* The date a local clock shows. */
static uint32_t local_date(time_t time)
{
	struct tm tm;

	if (!localtime_r(&time, &tm) || tm.tm_year < 70)
		return 0;
	return (tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday;
}

/*
 * The second a local day begins: midnight, or what comes behind a step over it.
 * The same places are looked at for one date, whatever time is asked about: so
 * days have no gaps and no overlaps even where a clock set back from 00:01 shows
 * a date twice.
 */
static time_t local_begin(int day)
{
	uint32_t date = date_of_days(day);
	time_t before = (time_t)day * DAY_SECONDS - ZONE_SECONDS;
	time_t behind = (time_t)day * DAY_SECONDS + ZONE_SECONDS;

	while (behind - before > 1) {
		time_t middle = before + (behind - before) / 2;

		if (local_date(middle) < date)
			before = middle;
		else
			behind = middle;
	}
	return behind;
}

static uint64_t nanoseconds(time_t time)
{
	if (time < 0)
		return 0;
	return (uint64_t)time > UINT64_MAX / SECOND_NS ? UINT64_MAX : time * SECOND_NS;
}

void archive_date_of(struct archive_span *span, uint64_t time_ns, bool local)
{
	time_t time = time_ns / SECOND_NS;
	int day = time / DAY_SECONDS;
	uint32_t date;

	if (!local) {
		span->date = date_of_days(day);
		span->begin_ns = nanoseconds((time_t)day * DAY_SECONDS);
		span->end_ns = nanoseconds((time_t)(day + 1) * DAY_SECONDS);
		return;
	}
	date = local_date(time);
	day = date ? days_of(date) : 0;
	/* The moments when a date is shown a second time are the other day's. */
	while (day && time < local_begin(day))
		day--;
	while (time >= local_begin(day + 1))
		day++;
	span->date = date_of_days(day);
	span->begin_ns = day ? nanoseconds(local_begin(day)) : 0;
	span->end_ns = nanoseconds(local_begin(day + 1));
}
