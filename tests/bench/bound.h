/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the device must not exceed, and whether it does.
 */
#ifndef TESTS_BENCH_BOUND_H
#define TESTS_BENCH_BOUND_H

/* What write(2) of RECORD bytes to /dev/null costs, once bench_writes() ran. */
extern double null_write;

void bound_at_most(double measured, double limit, const char *unit,
		   const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void bound_below(double measured, double limit, const char *unit,
		 const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void bound_equal(double measured, double expected, const char *unit,
		 const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Return: how many bounds were missed. */
int bounds_summary(void);
int bounds_tap(void);

#endif /* TESTS_BENCH_BOUND_H */
