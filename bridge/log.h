/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the bridge has to say about itself: lines on standard error, never into
 * a channel it serves.
 */
#ifndef BRIDGE_LOG_H
#define BRIDGE_LOG_H

#include <stdbool.h>

/* What lines begin with; memlog-bridge, unless it is another program. */
void log_set_name(const char *name);

void log_set_verbose(bool verbose);
bool log_is_verbose(void);

/* Something went wrong and a person has to know. */
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* What happens in normal operation; printed with --verbose only. */
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif /* BRIDGE_LOG_H */
