/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory for a ring in this process, its text mapped twice in a row.
 */
#ifndef TESTS_RING_MEM_H
#define TESTS_RING_MEM_H

#include "ring.h"

struct mem {
	struct memlog_buf buf;
	void *base;
	size_t map_size;
};

int mem_init(struct mem *mem, u64 text_size, u64 records, u32 generation);
void mem_uninit(struct mem *mem);

/* One record of text, as a writer of type 0 makes it. */
u64 mem_write(struct memlog_ring *ring, const char *text, u32 len, u8 flags);

#endif
