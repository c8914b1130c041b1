/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What cgroup ids are called.
 */
#ifndef MEMLOG_CLI_CGROUP_H
#define MEMLOG_CLI_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

const char *cgroup_name(uint64_t id);
bool cgroup_is_unit(uint64_t id, const char *unit);
void cgroup_forget(void);

#endif /* MEMLOG_CLI_CGROUP_H */
