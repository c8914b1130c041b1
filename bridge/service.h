/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BRIDGE_SERVICE_H
#define BRIDGE_SERVICE_H

#include <stdint.h>

/* Name of the service that a cgroup is, "" if it is none or not known. Any thread. */
const char *service_name(uint64_t cgroup);

#endif /* BRIDGE_SERVICE_H */
