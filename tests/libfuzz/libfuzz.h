/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TESTS_LIBFUZZ_H
#define TESTS_LIBFUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* A target: any input, and it must not crash. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold of every input. */
#define must(condition)							\
	do {								\
		if (!(condition))					\
			abort();					\
	} while (0)

#endif /* TESTS_LIBFUZZ_H */
