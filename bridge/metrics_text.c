// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>

#include "channel.h"
#include "metrics_text.h"

void metrics_head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_one(FILE *out, const char *name, const char *type, const char *help,
		 uint64_t value)
{
	metrics_head(out, name, type, help);
	fprintf(out, "%s %" PRIu64 "\n", name, value);
}

void metrics_buckets(FILE *out, const char *name, const char *channel,
		     const struct histogram *h)
{
	char inside[CHANNEL_NAME_MAX + 16] = "", alone[CHANNEL_NAME_MAX + 16] = "";
	uint64_t count = 0;

	if (channel) {
		snprintf(inside, sizeof(inside), "channel=\"%s\",", channel);
		snprintf(alone, sizeof(alone), "{channel=\"%s\"}", channel);
	}
	for (unsigned int i = 0; i <= HISTOGRAM_BOUNDS; i++) {
		count += metrics_get(&h->counts[i]);
		if (i < HISTOGRAM_BOUNDS)
			fprintf(out, "%s_bucket{%sle=\"%g\"} %" PRIu64 "\n", name, inside,
				(double)metrics_bound(i) / 1e9, count);
		else
			fprintf(out, "%s_bucket{%sle=\"+Inf\"} %" PRIu64 "\n", name, inside,
				count);
	}
	fprintf(out, "%s_sum%s %.9f\n%s_count%s %" PRIu64 "\n", name, alone,
		(double)metrics_get(&h->sum_ns) / 1e9, name, alone, count);
}

void metrics_histogram(FILE *out, const char *name, const char *help,
		       const struct histogram *h)
{
	metrics_head(out, name, "histogram", help);
	metrics_buckets(out, name, NULL, h);
}
