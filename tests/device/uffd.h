/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One page that is not there until the test says so: whoever touches it waits.
 * -ENOSYS or -EPERM where there is no userfaultfd(2).
 */
#ifndef TESTS_DEVICE_UFFD_H
#define TESTS_DEVICE_UFFD_H

#include <stdbool.h>

int uffd_register(void *page);
bool uffd_wait(int fd);
int uffd_fill(int fd, void *page, char c);

#endif /* TESTS_DEVICE_UFFD_H */
