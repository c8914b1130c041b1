/* SPDX-License-Identifier: GPL-2.0-only */
/* --check-config: what can be found wrong without opening anything to clients. */
#ifndef BRIDGE_CHECK_H
#define BRIDGE_CHECK_H

#include "options.h"

/* Says what is wrong, returns an exit status. */
int check_options(const struct options *options);

#endif /* BRIDGE_CHECK_H */
