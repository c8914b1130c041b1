// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of one generation of a ring.
 *
 * Single pages, because a large ring must be had on a machine whose memory is
 * in pieces, and with no help of the OOM killer.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "mem.h"

#define MEMLOG_GFP	(GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* Pages of their own, the text's second half not counted. */
static unsigned long own_pages(const struct memlog_mem *mem)
{
	return (mem->lay.text_off + mem->lay.text_map) >> PAGE_SHIFT;
}

static void free_pages_of(struct memlog_mem *mem)
{
	unsigned long i;

	for (i = 0; i < own_pages(mem) && mem->pages[i]; i++) {
		__free_page(mem->pages[i]);
		cond_resched();
	}
	kvfree(mem->pages);
}

static int alloc_pages_of(struct memlog_mem *mem)
{
	unsigned long own = own_pages(mem);
	unsigned long all = memlog_mem_pages(mem);
	unsigned long i;

	mem->pages = kvcalloc(all, sizeof(*mem->pages), MEMLOG_GFP);
	if (!mem->pages)
		return -ENOMEM;
	for (i = 0; i < own; i++) {
		mem->pages[i] = alloc_page(MEMLOG_GFP | __GFP_ZERO | __GFP_HIGHMEM);
		if (!mem->pages[i] || fatal_signal_pending(current)) {
			int err = mem->pages[i] ? -EINTR : -ENOMEM;

			free_pages_of(mem);
			return err;
		}
		cond_resched();
	}
	for (; i < all; i++)
		mem->pages[i] = mem->pages[i - (mem->lay.text_map >> PAGE_SHIFT)];
	return 0;
}

/**
 * memlog_mem_alloc() - A new, empty generation.
 * @geo: Sizes memlog_geometry_check() has accepted.
 * @stream: The stream's id.
 * @generation: Its number.
 *
 * Context: Sleeps.
 * Return: The memory with one reference, or an ERR_PTR of -ENOMEM, or of -EINTR
 * after a fatal signal.
 */
struct memlog_mem *memlog_mem_alloc(const struct memlog_geometry *geo, u64 stream,
				    u32 generation)
{
	struct memlog_mem *mem;
	void *base;
	int err;

	mem = kzalloc(sizeof(*mem), GFP_KERNEL);
	if (!mem)
		return ERR_PTR(-ENOMEM);
	refcount_set(&mem->refs, 1);
	memlog_geometry_layout(geo, MEMLOG_COLOUR, &mem->lay);

	err = alloc_pages_of(mem);
	if (err)
		goto err_free_mem;
	err = -ENOMEM;
	base = vmap(mem->pages, memlog_mem_pages(mem), VM_MAP, PAGE_KERNEL);
	if (!base)
		goto err_free_pages;

	memlog_buf_init(&mem->buf, base, geo, &mem->lay);
	memlog_buf_start(&mem->buf, &mem->lay, stream, generation);
	return mem;

err_free_pages:
	free_pages_of(mem);
err_free_mem:
	kfree(mem);
	return ERR_PTR(err);
}

/**
 * memlog_mem_put() - Give a reference back.
 * @mem: The memory.
 *
 * Context: Process context; sleeps when it was the last.
 */
void memlog_mem_put(struct memlog_mem *mem)
{
	if (!refcount_dec_and_test(&mem->refs))
		return;
	vunmap(mem->buf.ctrl);
	free_pages_of(mem);
	kfree_rcu(mem, rcu);
}

/**
 * memlog_mem_get_current() - Hold a ring's current generation.
 * @ring: The ring.
 *
 * Return: The memory; memlog_mem_put() it.
 */
struct memlog_mem *memlog_mem_get_current(struct memlog_ring *ring)
{
	struct memlog_mem *mem;

	rcu_read_lock();
	do {
		mem = memlog_mem_of(rcu_dereference(ring->buf));
	} while (!refcount_inc_not_zero(&mem->refs));
	rcu_read_unlock();
	return mem;
}
