// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>

#include "table.h"

#define NAME_WIDTH	28
#define CELL_WIDTH	10

/* Of the table that is open: the most that one of its costs varied. */
static double spread, spread_all;
static bool costs;

void table_begin(const char *question, const char *const heads[])
{
	spread = 0;
	spread_all = 0;
	costs = false;
	if (quick)
		return;
	printf("\n%s\n\n%-*s", question, NAME_WIDTH, "");
	for (; *heads; heads++)
		printf("%*s", CELL_WIDTH, *heads);
}

void table_row(const char *fmt, ...)
{
	char name[NAME_WIDTH];
	va_list ap;

	if (quick)
		return;
	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	printf("\n%-*s", NAME_WIDTH, name);
	fflush(stdout);
}

static void keep_larger(double *most, double low, double high, double median)
{
	double varied = median > 0 ? (high - low) / median : 0;

	if (varied > *most)
		*most = varied;
}

void table_cost(const struct cost *cost)
{
	costs = true;
	keep_larger(&spread, cost->quarter, cost->three_quarters, cost->median);
	keep_larger(&spread_all, cost->low, cost->high, cost->median);
	table_number(cost->median, 0);
}

void table_number(double value, int decimals)
{
	if (!quick)
		printf("%*.*f", CELL_WIDTH, decimals, value);
}

void table_none(void)
{
	if (!quick)
		printf("%*s", CELL_WIDTH, "-");
}

void table_end(const char *note)
{
	if (quick)
		return;
	printf("\n\n");
	if (note)
		printf("%s\n", note);
	if (costs)
		printf("(The middle half of the repetitions: within %.1f %%; all, timer interrupts\n"
		       "included: within %.1f %%.)\n", 100 * spread, 100 * spread_all);
	fflush(stdout);
}
