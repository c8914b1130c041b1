/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Dates: which day a time is in, and the names of folders. A date is a number,
 * YYYYMMDD, so that later ones are greater.
 */
#ifndef MEMLOG_ARCHIVE_DATE_H
#define MEMLOG_ARCHIVE_DATE_H

#include <stdbool.h>
#include <stdint.h>

#define ARCHIVE_DATE_NAME	9	/* with the NUL */

/**
 * struct archive_span - The day a time is in.
 * @date: The day.
 * @begin_ns: Its first moment.
 * @end_ns: The first moment of the next day.
 */
struct archive_span {
	uint32_t date;
	uint64_t begin_ns;
	uint64_t end_ns;
};

/* A real day of the years 1970 to 9999? */
bool archive_date_ok(uint32_t date);

/* The date that is named by exactly 8 digits; 0 if it is none. */
uint32_t archive_date_parse(const char *name);
void archive_date_name(char name[ARCHIVE_DATE_NAME], uint32_t date);

/*
 * From and to "YYYY-MM-DD" (11 bytes with the NUL); @str need not end there. 0 if
 * it is none.
 */
uint32_t archive_date_parse_iso(const char *str);
void archive_date_iso(char iso[11], uint32_t date);

/* The day after, the day before; @days may be negative. 0 if there is none. */
uint32_t archive_date_add(uint32_t date, int days);

/* Days from @a to @b, negative if @b is earlier. */
int archive_date_diff(uint32_t a, uint32_t b);

/*
 * The day of a time: in UTC, or in the process's own zone (TZ), where a day may
 * have 23 or 25 hours.
 */
void archive_date_of(struct archive_span *span, uint64_t time_ns, bool local);

#endif /* MEMLOG_ARCHIVE_DATE_H */
