/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the bench share: costs, and how they are taken.
 *
 * Under QEMU's -icount shift=0 the guest's clock counts instructions, one
 * nanosecond each, so a cost is a number of instructions: the same in every run
 * and on every machine. It knows nothing of caches, and a string instruction
 * (rep movsb, which long copies are made of) counts once for each of its steps.
 */
#ifndef TESTS_BENCH_H
#define TESTS_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define KB			1024ULL
#define MB			(1024 * KB)
#define READ_SIZE		(64 * KB)

/* What every bound on a record is about, and its place in record_sizes. */
#define RECORD			100
#define RECORD_SIZES		4
#define RECORD_COLUMN		1

extern const size_t record_sizes[RECORD_SIZES];

/**
 * struct cost - Instructions, or nanoseconds, of one operation.
 * @low: Of the cheapest repetition.
 * @quarter: A quarter of the repetitions is cheaper.
 * @median: Half of them are.
 * @three_quarters: A quarter is dearer.
 * @high: The dearest.
 */
struct cost {
	double low;
	double quarter;
	double median;
	double three_quarters;
	double high;
};

/**
 * typedef cost_fn - Does an operation @ops times.
 * Return: What they took together, from clock_since().
 */
typedef uint64_t (*cost_fn)(void *arg, unsigned int ops);

/* Set by --check: only what the bounds need. */
extern bool quick;

struct cost cost_of(cost_fn fn, void *arg, unsigned int ops);
unsigned int cost_repetitions(void);

/* What looking at the clock twice takes itself. */
extern uint64_t clock_overhead;

static inline uint64_t clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static inline uint64_t clock_since(uint64_t start)
{
	uint64_t took = clock_now() - start;

	return took > clock_overhead ? took - clock_overhead : 0;
}

double clock_calibrate(void);
void clock_describe(double per_instruction);

/* The parts. Each prints its tables and reports what bounds are about. */
void bench_writes(void);
void bench_sleepers(void);
void bench_waiters(void);
void bench_batches(void);
void bench_reads(void);
void bench_seeks(void);
void bench_writers(void);

/* This machine can't do it: exit status 111. */
void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif /* TESTS_BENCH_H */
