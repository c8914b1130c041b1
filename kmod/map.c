// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmap(2): a generation of the ring, to be read without system calls.
 *
 * A mapping keeps its generation; a RESIZE leaves it as it was. How many map
 * generations that are not current is counted, because their number has to be
 * bounded.
 */
#include <linux/mm.h>

#include "compat.h"
#include "dev.h"

/* With channel->map_lock, of a channel whose file the mapping holds. */
static void count_mapping(struct memlog_file *f, struct memlog_mem *mem, int n)
{
	lockdep_assert_held(&f->ch->map_lock);
	WRITE_ONCE(f->maps, f->maps + n);
	mem->mapped += n;
	if (mem->retired)
		f->ch->old_maps += n;
}

static struct memlog_file *file_of(struct vm_area_struct *vma)
{
	return vma->vm_file->private_data;
}

static void memlog_vm_open(struct vm_area_struct *vma)
{
	struct memlog_file *f = file_of(vma);
	struct memlog_mem *mem = vma->vm_private_data;

	refcount_inc(&mem->refs);
	spin_lock(&f->ch->map_lock);
	count_mapping(f, mem, 1);
	spin_unlock(&f->ch->map_lock);
}

static void memlog_vm_close(struct vm_area_struct *vma)
{
	struct memlog_file *f = file_of(vma);
	struct memlog_mem *mem = vma->vm_private_data;

	spin_lock(&f->ch->map_lock);
	count_mapping(f, mem, -1);
	spin_unlock(&f->ch->map_lock);
	memlog_mem_put(mem);
}

static vm_fault_t memlog_vm_fault(struct vm_fault *vmf)
{
	struct memlog_mem *mem = vmf->vma->vm_private_data;

	if (vmf->pgoff >= memlog_mem_pages(mem))
		return VM_FAULT_SIGBUS;
	vmf->page = mem->pages[vmf->pgoff];
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct memlog_vm_ops = {
	.open	= memlog_vm_open,
	.close	= memlog_vm_close,
	.fault	= memlog_vm_fault,
};

static struct memlog_mem *get_to_map(struct memlog_file *f)
{
	struct memlog_mem *mem;

	/* swapped under map_lock, so that what is found is not yet retired */
	spin_lock(&f->ch->map_lock);
	mem = memlog_mem_get_current(&f->ch->ring);
	WRITE_ONCE(f->map_generation, mem->buf.ctrl->generation);
	count_mapping(f, mem, 1);
	spin_unlock(&f->ch->map_lock);
	return mem;
}

/**
 * memlog_mmap() - mmap(2).
 * @file: The open file, one that reads.
 * @vma: The mapping, any whole pages of it.
 *
 * Return: 0; -EPERM it would be written or executed; -EINVAL it would go beyond
 * the end; -ENODEV this kernel or machine can't.
 */
int memlog_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct memlog_file *f = file->private_data;
	unsigned long pages = vma_pages(vma);
	struct memlog_mem *mem;

	if (!memlog_can_mmap())
		return -ENODEV;
	if (vma->vm_flags & (VM_WRITE | VM_EXEC))
		return -EPERM;

	mem = get_to_map(f);
	vma->vm_private_data = mem;
	if (vma->vm_pgoff > memlog_mem_pages(mem) ||
	    pages > memlog_mem_pages(mem) - vma->vm_pgoff) {
		memlog_vm_close(vma);
		return -EINVAL;
	}
	vm_flags_clear(vma, VM_MAYWRITE | VM_MAYEXEC);
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_ops = &memlog_vm_ops;
	return 0;
}
