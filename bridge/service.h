/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Services: what the cgroups of records are called, remembered after they are
 * gone.
 */
#ifndef BRIDGE_SERVICE_H
#define BRIDGE_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

/**
 * service_name() - The name of the service that a cgroup is.
 * @cgroup: The cgroup's id.
 *
 * Any thread may ask. An unknown cgroup is looked for, but not for more than a
 * twentieth of the time, so the same question may be answered otherwise later.
 *
 * Return: The last part of its path, "" if it is none or not known; valid until
 * this thread asks again.
 */
const char *service_name(uint64_t cgroup);

/* Whether it is @service; "ssh" means ssh.service, too. */
bool service_is(uint64_t cgroup, const char *service);

#endif /* BRIDGE_SERVICE_H */
