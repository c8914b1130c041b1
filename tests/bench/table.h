/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables of fixed width, one for each question. A quick run prints none.
 */
#ifndef TESTS_BENCH_TABLE_H
#define TESTS_BENCH_TABLE_H

#include "bench.h"

/**
 * table_begin() - The head of a table.
 * @question: What it answers, with the unit of its numbers.
 * @heads: Names of the columns, as they are to stand there, ended by NULL.
 */
void table_begin(const char *question, const char *const heads[]);
void table_row(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void table_cost(const struct cost *cost);
void table_number(double value, int decimals);
void table_none(void);

/**
 * table_end() - The foot of a table.
 * @note: What one must know to read it, or NULL.
 */
void table_end(const char *note);

/* Heads of columns for the sizes of records. */
#define TABLE_SIZES "16 B", "100 B", "1000 B", "4000 B"

#endif /* TESTS_BENCH_TABLE_H */
