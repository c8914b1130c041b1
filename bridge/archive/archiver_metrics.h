/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BRIDGE_ARCHIVER_METRICS_H
#define BRIDGE_ARCHIVER_METRICS_H

#include <stdio.h>

struct channels;

/* The archives' part of /metrics; nothing if there are none. */
void archiver_metrics(FILE *out, struct channels *channels);

#endif /* BRIDGE_ARCHIVER_METRICS_H */
