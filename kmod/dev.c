// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device: opening it and looking at it.
 */
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "dev.h"

static int memlog_open(struct inode *inode, struct file *file)
{
	struct memlog_channel *ch = container_of(file->private_data,
						 struct memlog_channel, misc);
	struct memlog_mem *mem;
	struct memlog_file *f;

	if (!smp_load_acquire(&ch->live))		/* (E) */
		return -ENXIO;
	f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);
	if (!f)
		return -ENOMEM;
	f->ch = ch;
	f->pri = MEMLOG_PRI_DEFAULT;
	atomic64_set(&f->written_seq, MEMLOG_SEQ_NONE);
	mutex_init(&f->lock);
	if (file->f_mode & FMODE_READ) {
		mem = memlog_mem_get_current(&ch->ring);
		memlog_cursor_init(&f->cursor, &mem->buf);
		memlog_mem_put(mem);
		atomic_inc(&ch->readers);
	}

	/* no file position: the cursor is moved by reads, lseek and ioctl */
	file->f_mode |= FMODE_STREAM | FMODE_NOWAIT;
	file->f_mode &= ~(FMODE_PREAD | FMODE_PWRITE | FMODE_ATOMIC_POS);
	file->private_data = f;
	return 0;
}

static int memlog_release(struct inode *inode, struct file *file)
{
	struct memlog_file *f = file->private_data;

	if (file->f_mode & FMODE_READ)
		atomic_dec(&f->ch->readers);
	mutex_destroy(&f->lock);
	kfree(f);
	return 0;
}

/* Takes no lock: a reader may be stuck in a page fault with it. */
static void memlog_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct memlog_file *f = file->private_data;
	const struct memlog_cursor *cur = &f->cursor;
	u64 written = atomic64_read(&f->written_seq);

	seq_printf(m, "memlog-stream:\t%016llx\n", f->ch->stream);
	if (file->f_mode & FMODE_READ) {
		seq_printf(m, "memlog-reader-seq:\t%llu\n",
			   port_load64(&cur->at.seq));
		seq_printf(m, "memlog-reader-pos:\t%llu\n",
			   port_load64(&cur->at.pos) + port_load(&cur->off));
		seq_printf(m, "memlog-lost-records:\t%llu\n",
			   port_load64(&cur->lost_records));
		seq_printf(m, "memlog-lost-bytes:\t%llu\n",
			   port_load64(&cur->lost_bytes));
		seq_printf(m, "memlog-format:\t%s\n",
			   port_load(&cur->format) == MEMLOG_FORMAT_RECORD ?
			   "record" : "text");
	}
	if (written != MEMLOG_SEQ_NONE)
		seq_printf(m, "memlog-written-seq:\t%llu\n", written);
}

/*
 * No splice_read: it would wait for records with the pipe locked, and sendfile(2)
 * drops what its other side does not take, which nobody would be told. Programs
 * fall back to read(2).
 */
const struct file_operations memlog_fops = {
	.owner		= THIS_MODULE,
	.open		= memlog_open,
	.release	= memlog_release,
	.read		= memlog_read,
	.read_iter	= memlog_read_iter,
	.write		= memlog_write,
	.write_iter	= memlog_write_iter,
	.splice_write	= iter_file_splice_write,
	.poll		= memlog_poll,
	.llseek		= memlog_llseek,
	.unlocked_ioctl	= memlog_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.mmap		= memlog_mmap,
	.show_fdinfo	= memlog_show_fdinfo,
};
