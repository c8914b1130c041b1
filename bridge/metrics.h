/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Measures of the bridge itself, for /metrics. Any thread adds to them without a
 * lock; a reader may see a count whose sum is still on its way, no more.
 */
#ifndef BRIDGE_METRICS_H
#define BRIDGE_METRICS_H

#include <stdint.h>

/* Bounds of a histogram: 10 us, and each the double or more of the one before. */
#define HISTOGRAM_BOUNDS	16

/**
 * struct histogram - How long things took.
 * @counts: How many took no longer than each bound, and not the one before; the
 *          last one: longer than all.
 * @sum_ns: What they took together.
 */
struct histogram {
	uint64_t counts[HISTOGRAM_BOUNDS + 1];
	uint64_t sum_ns;
};

/**
 * struct metrics - The measures.
 * @delivery: From a record's time to when it is given to clients; by batch, its
 *            first record.
 * @round: One round: what was new is read, encoded and given to all.
 * @request: From a request to its answer, without those that stream records.
 * @responses: Answers by class of status, 1xx to 5xx.
 */
struct metrics {
	struct histogram delivery;
	struct histogram round;
	struct histogram request;
	uint64_t responses[5];
};

void metrics_observe(struct histogram *histogram, uint64_t ns);

/* Upper bound number @n in nanoseconds, less than HISTOGRAM_BOUNDS. */
uint64_t metrics_bound(unsigned int n);

static inline void metrics_count(uint64_t *counter, uint64_t n)
{
	__atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
}

static inline uint64_t metrics_get(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

#endif /* BRIDGE_METRICS_H */
