// SPDX-License-Identifier: GPL-2.0-only
/*
 * Costs: the median of some repetitions behind some that warm up.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define WARM_UPS		2
#define REPETITIONS		9
#define REPETITIONS_QUICK	5

/* Each turn of the loop in clock_calibrate() is two. */
#define LOOP_TURNS		1000000

const size_t record_sizes[RECORD_SIZES] = { 16, RECORD, 1000, 4000 };
uint64_t clock_overhead;
bool quick;

unsigned int cost_repetitions(void)
{
	return quick ? REPETITIONS_QUICK : REPETITIONS;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct cost cost_from(double *each, unsigned int n)
{
	qsort(each, n, sizeof(*each), compare);
	return (struct cost){
		.low = each[0],
		.quarter = each[n / 4],
		.median = each[n / 2],
		.three_quarters = each[n - 1 - n / 4],
		.high = each[n - 1],
	};
}

struct cost cost_of(cost_fn fn, void *arg, unsigned int ops)
{
	double each[REPETITIONS];
	unsigned int n = cost_repetitions();

	for (unsigned int i = 0; i < WARM_UPS; i++)
		fn(arg, ops);
	for (unsigned int i = 0; i < n; i++)
		each[i] = (double)fn(arg, ops) / ops;
	return cost_from(each, n);
}

static uint64_t count_loop(void *arg, unsigned int ops)
{
	uint64_t start = clock_now();
	uint64_t turns = ops / 2;

	__asm__ volatile("1: dec %0; jnz 1b" : "+r" (turns) : : "cc");
	return clock_since(start);
}

static uint64_t count_nothing(void *arg, unsigned int ops)
{
	uint64_t took = 0;

	for (unsigned int i = 0; i < ops; i++) {
		uint64_t start = clock_now();

		took += clock_now() - start;
	}
	return took;
}

/* What the clock shows for one instruction: 1 when it counts them. */
double clock_calibrate(void)
{
	clock_overhead = 0;
	clock_overhead = (uint64_t)cost_of(count_nothing, NULL, 100).low;
	return cost_of(count_loop, NULL, 2 * LOOP_TURNS).low;
}

static uint64_t copy_memory(void *arg, unsigned int ops)
{
	static char to[4096], from[4096];
	size_t len = *(const size_t *)arg;
	uint64_t start = clock_now();

	for (unsigned int i = 0; i < ops; i++) {
		memcpy(to, from, len);
		__asm__ volatile("" : : "r" (to), "r" (from) : "memory");
	}
	return clock_since(start);
}

/* Shows what the clock counts, and which memcpy() this processor gets. */
void clock_describe(double per_instruction)
{
	printf("A loop of %u instructions: %.0f ns of CLOCK_MONOTONIC, %.4f each.\n",
	       2 * LOOP_TURNS, per_instruction * 2 * LOOP_TURNS, per_instruction);
	printf("Looking at the clock: %llu, subtracted. The C library's memcpy():",
	       (unsigned long long)clock_overhead);
	for (int i = 0; i < RECORD_SIZES; i++) {
		size_t len = record_sizes[i];

		printf(" %zu B %.0f%c", len, cost_of(copy_memory, &len, 1000).median,
		       i < RECORD_SIZES - 1 ? ',' : '.');
	}
	printf("\nMedians of %u repetitions behind %d to warm up.\n",
	       cost_repetitions(), WARM_UPS);
}
