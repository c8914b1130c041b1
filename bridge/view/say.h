/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What memlogfs has to say, before it is in the background.
 */
#ifndef VIEW_SAY_H
#define VIEW_SAY_H

#include <stdio.h>

#define EXIT_USAGE	100
#define EXIT_SYSTEM	111

#define say(fmt, ...)	fprintf(stderr, "memlogfs: " fmt "\n", ##__VA_ARGS__)

#endif /* VIEW_SAY_H */
