// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>

#include "histogram.h"

/* The most that a latency in this slot can have been. */
static uint64_t highest(uint64_t slot)
{
	uint64_t shift = slot >> HISTOGRAM_BITS, base;

	if (shift < 2)
		return slot;
	shift--;
	base = slot - (shift << HISTOGRAM_BITS);
	return ((base + 1) << shift) - 1;
}

void histogram_print(const struct histogram *h, FILE *out)
{
	const char *separator = "";

	fprintf(out, "[");
	for (uint64_t i = 0; i < HISTOGRAM_SLOTS; i++) {
		if (!h->slots[i])
			continue;
		fprintf(out, "%s[%" PRIu64 ",%" PRIu64 "]", separator, highest(i), h->slots[i]);
		separator = ",";
	}
	fprintf(out, "]");
}
