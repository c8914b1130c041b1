/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory of one generation of a ring: pages, mapped into the kernel with
 * the text twice in a row, and counted.
 */
#ifndef MEMLOG_MEM_H
#define MEMLOG_MEM_H

#include <linux/rcupdate.h>
#include <linux/refcount.h>

#include "ring.h"

/**
 * struct memlog_mem - One generation of a ring.
 * @buf: The ring's view of it.
 * @lay: Where its parts are.
 * @pages: Its pages in the order of the mapping, those of the text twice.
 * @refs: One of the channel while current, one a reader's call, one a mapping.
 * @mapped: Mappings of it; under the channel's map_lock.
 * @retired: Another generation is current; under the channel's map_lock.
 * @rcu: Whoever found it current may look at @refs until a grace period later.
 */
struct memlog_mem {
	struct memlog_buf buf;
	struct memlog_layout lay;
	struct page **pages;
	refcount_t refs;
	unsigned int mapped;
	bool retired;
	struct rcu_head rcu;
};

struct memlog_mem *memlog_mem_alloc(const struct memlog_geometry *geo, u64 stream,
				    u32 generation);
void memlog_mem_put(struct memlog_mem *mem);
struct memlog_mem *memlog_mem_get_current(struct memlog_ring *ring);

static inline struct memlog_mem *memlog_mem_of(struct memlog_buf *buf)
{
	return container_of(buf, struct memlog_mem, buf);
}

/* Pages of the mapping, those of the text counted twice. */
static inline unsigned long memlog_mem_pages(const struct memlog_mem *mem)
{
	return mem->lay.map_size >> PAGE_SHIFT;
}

#endif /* MEMLOG_MEM_H */
