// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>

#include "bench.h"
#include "bound.h"

#define BOUNDS_MAX	48

/**
 * struct bound - One thing promised.
 * @what: What was measured.
 * @rule: "<=", "<" or "=".
 * @unit: Of both numbers.
 * @limit: What is allowed.
 * @measured: What it is.
 * @ok: Whether that is allowed.
 */
struct bound {
	char what[80];
	const char *rule;
	const char *unit;
	double limit;
	double measured;
	bool ok;
};

double null_write;

static struct bound bounds[BOUNDS_MAX];
static int count;

static void add(bool ok, const char *rule, double measured, double limit,
		const char *unit, const char *fmt, va_list ap)
	__attribute__((format(printf, 6, 0)));
static void add(bool ok, const char *rule, double measured, double limit,
		const char *unit, const char *fmt, va_list ap)
{
	struct bound *b = &bounds[count];

	if (count == BOUNDS_MAX)
		die("more than %d bounds", BOUNDS_MAX);
	count++;
	vsnprintf(b->what, sizeof(b->what), fmt, ap);
	b->rule = rule;
	b->unit = unit;
	b->limit = limit;
	b->measured = measured;
	b->ok = ok;
}

void bound_at_most(double measured, double limit, const char *unit,
		   const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(measured <= limit, "<=", measured, limit, unit, fmt, ap);
	va_end(ap);
}

void bound_below(double measured, double limit, const char *unit,
		 const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(measured < limit, "<", measured, limit, unit, fmt, ap);
	va_end(ap);
}

void bound_equal(double measured, double expected, const char *unit,
		 const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(measured == expected, "=", measured, expected, unit, fmt, ap);
	va_end(ap);
}

int bounds_summary(void)
{
	int missed = 0;

	printf("\nWhat is promised\n\n%-60s %-12s %12s %12s\n", "measure", "unit",
	       "bound", "measured");
	for (int i = 0; i < count; i++) {
		const struct bound *b = &bounds[i];

		printf("%-60s %-12s %2s %9.3f %12.3f  %s\n", b->what, b->unit,
		       b->rule, b->limit, b->measured, b->ok ? "ok" : "MISSED");
		missed += !b->ok;
	}
	if (missed)
		printf("\n%d of %d bounds MISSED\n", missed, count);
	else
		printf("\nall %d bounds hold\n", count);
	return missed;
}

int bounds_tap(void)
{
	int missed = 0;

	printf("TAP version 13\n1..%d\n", count);
	for (int i = 0; i < count; i++) {
		const struct bound *b = &bounds[i];

		printf("%sok %d %s: %.3f %s %.3f %s\n", b->ok ? "" : "not ", i + 1,
		       b->what, b->measured, b->rule, b->limit, b->unit);
		missed += !b->ok;
	}
	return missed;
}
