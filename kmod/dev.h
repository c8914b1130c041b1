/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device: what an open file is, and the calls on it.
 */
#ifndef MEMLOG_DEV_H
#define MEMLOG_DEV_H

#include <linux/fs.h>
#include <linux/mutex.h>

#include "channel.h"
#include "compat.h"
#include "cursor.h"

/**
 * struct memlog_file - An open file.
 * @ch: Its channel.
 * @type: Type of what it writes.
 * @pri: Priority of what it writes.
 * @stamped: MEMLOG_IOC_STAMP was called: a write is text from its first byte.
 * @written_seq: The last record written through it.
 * @maps: Mappings of it; under ch->map_lock, poll reads it without.
 * @map_generation: The ring's generation when it was mapped last; likewise.
 * @lock: Serializes those who read or seek; held while a read copies, never
 *        while it waits for a record.
 * @cursor: Its place; only of a file that reads.
 */
struct memlog_file {
	struct memlog_channel *ch;
	u16 type;
	u8 pri;
	bool stamped;
	atomic64_t written_seq;
	unsigned int maps;
	u32 map_generation;

	struct mutex lock;
	struct memlog_cursor cursor;
};

extern const struct file_operations memlog_fops;

ssize_t memlog_write(struct file *file, const char __user *from, size_t n,
		     loff_t *ppos);
ssize_t memlog_write_iter(struct kiocb *iocb, struct iov_iter *from);
ssize_t memlog_read(struct file *file, char __user *to, size_t n, loff_t *ppos);
ssize_t memlog_read_iter(struct kiocb *iocb, struct iov_iter *to);
__poll_t memlog_poll(struct file *file, struct poll_table_struct *wait);
loff_t memlog_llseek(struct file *file, loff_t offset, int whence);
long memlog_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
int memlog_mmap(struct file *file, struct vm_area_struct *vma);

/* 64-bit loads must not tear, and a page must look the same everywhere. */
static inline bool memlog_can_mmap(void)
{
	return IS_ENABLED(CONFIG_64BIT) && !MEMLOG_CACHE_ALIASES;
}

int memlog_seek(struct memlog_file *f, struct memlog_seek *seek);
int memlog_set_format(struct memlog_file *f, u32 format, bool quiet);

#endif /* MEMLOG_DEV_H */
