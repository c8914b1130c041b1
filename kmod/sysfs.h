/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /sys/class/misc/NAME: one value a file.
 */
#ifndef MEMLOG_SYSFS_H
#define MEMLOG_SYSFS_H

#include <linux/sysfs.h>

extern const struct attribute_group *memlog_groups[];

#endif /* MEMLOG_SYSFS_H */
