/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /dev/memlog by plain system calls. What fails ends the bench.
 */
#ifndef TESTS_BENCH_DEV_H
#define TESTS_BENCH_DEV_H

#include <linux/memlog.h>

#include "bench.h"

#define DEV_PATH	"/dev/memlog"

int dev_open(int flags);
/* Descriptors and longest record as by default. */
void dev_resize(size_t size);
uint64_t dev_seek(int fd, unsigned int whence, uint64_t value);
void dev_format(int fd, unsigned int format, unsigned int flags);
void dev_info(int fd, struct memlog_info *info);
void dev_write(uint64_t n, size_t len, bool newline);
/* Writes records of @len bytes until the ring has evicted all it had before. */
void dev_fill(size_t len, bool newline);
/* Records the ring holds. */
unsigned int dev_kept(void);

#endif /* TESTS_BENCH_DEV_H */
