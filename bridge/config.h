/* SPDX-License-Identifier: GPL-2.0-only */
/* The configuration file: lines "NAME = VALUE", NAME an option's. */
#ifndef BRIDGE_CONFIG_H
#define BRIDGE_CONFIG_H

#include "options.h"

/* Return: -1: go on; else the exit status, and all is said. */
int config_read(const char *path, struct options *options);

#endif /* BRIDGE_CONFIG_H */
