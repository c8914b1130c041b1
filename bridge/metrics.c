// SPDX-License-Identifier: GPL-2.0-only
#include "metrics.h"

/* 10 us to 5 s: 1, 2.5 and 5 of each power of ten. */
static const uint64_t bounds_us[HISTOGRAM_BOUNDS] = {
	10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000,
	1000000, 5000000,
};

uint64_t metrics_bound(unsigned int n)
{
	return bounds_us[n] * 1000;
}

void metrics_observe(struct histogram *histogram, uint64_t ns)
{
	unsigned int n = 0;

	while (n < HISTOGRAM_BOUNDS && ns > bounds_us[n] * 1000)
		n++;
	metrics_count(&histogram->counts[n], 1);
	metrics_count(&histogram->sum_ns, ns);
}
