/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which web pages may reach the bridge through somebody's browser: the Host
 * header stops names that were made to point here (DNS rebinding), the Origin
 * header stops other sites.
 */
#ifndef BRIDGE_ACCESS_H
#define BRIDGE_ACCESS_H

#include <stdbool.h>

#include "options.h"

/* Whether @host, with or without a port, is localhost, an IP address, or a --name. */
bool access_host(const struct options *options, const char *host);

/* Whether @origin is the site that @host names, or an --origin. */
bool access_origin(const struct options *options, const char *origin, const char *host);

#endif /* BRIDGE_ACCESS_H */
