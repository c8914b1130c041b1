/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fault injection: make the Nth thing that can fail in the calls of this
 * thread fail: an allocation, a copy from or to user memory.
 */
#ifndef TESTS_DEVICE_INJECT_H
#define TESTS_DEVICE_INJECT_H

#include <stdbool.h>

/**
 * inject_init() - Make ready.
 *
 * Return: 0, or -ENOENT where the kernel has no fault injection.
 */
int inject_init(void);

/**
 * inject_arm() - From here on, the @nth thing fails.
 * @nth: From 1.
 */
void inject_arm(unsigned int nth);

/**
 * inject_disarm() - Nothing fails any more.
 *
 * Return: whether something had failed.
 */
bool inject_disarm(void);

/**
 * inject_left() - Nothing fails any more.
 *
 * Return: how many more things would have gone well, and the one that would
 * not; 0 if it has failed.
 */
unsigned int inject_left(void);

#endif /* TESTS_DEVICE_INJECT_H */
