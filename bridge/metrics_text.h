/* SPDX-License-Identifier: GPL-2.0-only */
/* Measures in the text format of Prometheus. */
#ifndef BRIDGE_METRICS_TEXT_H
#define BRIDGE_METRICS_TEXT_H

#include <stdio.h>

#include "metrics.h"

/* What stands before all series of a name. */
void metrics_head(FILE *out, const char *name, const char *type, const char *help);

/* A name with one series. */
void metrics_one(FILE *out, const char *name, const char *type, const char *help,
		 uint64_t value);
void metrics_histogram(FILE *out, const char *name, const char *help,
		       const struct histogram *h);

/* One series of a histogram, behind its head; of channel @channel, unless NULL. */
void metrics_buckets(FILE *out, const char *name, const char *channel,
		     const struct histogram *h);

#endif /* BRIDGE_METRICS_TEXT_H */
