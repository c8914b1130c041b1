/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels this builds for, 5.10 and newer.
 *
 * Kbuild looks for each feature in the headers it builds against, because
 * distributions backport and version numbers say little.
 */
#ifndef MEMLOG_COMPAT_H
#define MEMLOG_COMPAT_H

#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/uio.h>
#include <asm/barrier.h>

#ifdef MEMLOG_HAVE_LINUX_UNALIGNED
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

/* Where a mispredicted access_ok() is no concern, or not yet known to be one */
#ifndef barrier_nospec
#define barrier_nospec()	do { } while (0)
#endif

/* 5.16: the names, and the number of bytes not faulted in as result */
#ifndef MEMLOG_HAVE_FAULT_IN_READABLE
static inline size_t fault_in_readable(const char __user *from, size_t n)
{
	return fault_in_pages_readable(from, n) ? n : 0;
}
#endif

#ifndef MEMLOG_HAVE_FAULT_IN_IOV_ITER
static inline size_t fault_in_iov_iter_readable(struct iov_iter *iter, size_t n)
{
	return iov_iter_fault_in_readable(iter, n) ? n : 0;
}
#endif

/* 6.3: vm_flags may not be assigned to */
#ifndef MEMLOG_HAVE_VM_FLAGS_SET
static inline void vm_flags_set(struct vm_area_struct *vma, unsigned long flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, unsigned long flags)
{
	vma->vm_flags &= ~flags;
}
#endif

/*
 * Where one page seen at two addresses may be two cache lines: 6.9 says it
 * itself, before that these are the ones.
 */
#if defined(CONFIG_ARCH_HAS_CPU_CACHE_ALIASING) || defined(CONFIG_PARISC) || \
	defined(CONFIG_SPARC64) || defined(CONFIG_MIPS) || \
	defined(CONFIG_SUPERH) || defined(CONFIG_XTENSA) || \
	defined(CONFIG_ARC) || defined(CONFIG_CSKY) || defined(CONFIG_NIOS2) || \
	(defined(CONFIG_ARM) && !defined(CONFIG_ARM64))
#define MEMLOG_CACHE_ALIASES	1
#include <asm/shmparam.h>
#define MEMLOG_COLOUR		SHMLBA
#else
#define MEMLOG_CACHE_ALIASES	0
#define MEMLOG_COLOUR		PAGE_SIZE
#endif

#endif /* MEMLOG_COMPAT_H */
