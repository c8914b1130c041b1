/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How often which latency was seen, to one part in 128 of it.
 */
#ifndef FANOUT_HISTOGRAM_H
#define FANOUT_HISTOGRAM_H

#include <stdint.h>
#include <stdio.h>

#define HISTOGRAM_BITS	7
#define HISTOGRAM_SLOTS	((64 - HISTOGRAM_BITS + 1) << HISTOGRAM_BITS)

/**
 * struct histogram - Latencies.
 * @slots: How many in each: the first 2^BITS are exact, then 2^BITS to a doubling.
 * @max: The longest.
 */
struct histogram {
	uint64_t slots[HISTOGRAM_SLOTS];
	uint64_t max;
};

static inline void histogram_add(struct histogram *h, uint64_t ns)
{
	unsigned int shift = 0;

	if (ns > h->max)
		h->max = ns;
	if (ns >> (HISTOGRAM_BITS + 1))
		shift = 64 - HISTOGRAM_BITS - 1 - (unsigned int)__builtin_clzll(ns);
	h->slots[((uint64_t)shift << HISTOGRAM_BITS) + (ns >> shift)]++;
}

/* As JSON: [[ns, count], ...], what is not 0. */
void histogram_print(const struct histogram *h, FILE *out);

#endif /* FANOUT_HISTOGRAM_H */
