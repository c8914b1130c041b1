// SPDX-License-Identifier: GPL-2.0-only
/*
 * read(2), poll(2) and lseek(2).
 */
#include <linux/poll.h>
#include <linux/sched/signal.h>

#include "dev.h"
#include "trace.h"

static bool readable(struct memlog_file *f)
{
	struct memlog_mem *mem = memlog_mem_get_current(&f->ch->ring);
	bool ret = memlog_cursor_readable(&f->cursor, &mem->buf);

	memlog_mem_put(mem);
	return ret;
}

static int wait_readable(struct memlog_file *f)
{
	struct memlog_channel *ch = f->ch;
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	int err = 0;

	/* readable() may sleep: a RESIZE can leave it the last reference */
	add_wait_queue(&ch->read_wait, &wait);
	for (;;) {
		memlog_channel_arm(ch, MEMLOG_WAITS_READ);
		if (readable(f))
			break;
		if (signal_pending(current)) {
			err = -ERESTARTSYS;
			break;
		}
		wait_woken(&wait, TASK_INTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT);
	}
	remove_wait_queue(&ch->read_wait, &wait);
	return err;
}

/* What is there, without waiting for more. */
static ssize_t read_some(struct memlog_file *f, struct memlog_out *out)
{
	struct memlog_cursor *cur = &f->cursor;
	struct memlog_mem *mem = memlog_mem_get_current(&f->ch->ring);
	u64 records = cur->lost_records;
	u64 bytes = cur->lost_bytes;
	ssize_t ret;

	lockdep_assert_held(&f->lock);
	ret = memlog_cursor_read(cur, &mem->buf, out);
	memlog_mem_put(mem);
	if (unlikely(cur->lost_records != records))
		trace_memlog_lost(f->ch->name, cur->lost_records - records,
				  cur->lost_bytes - bytes);
	return ret;
}

/* A read of another thread may hold it in a page fault. */
static int lock_cursor(struct memlog_file *f, bool nonblock)
{
	if (nonblock)
		return mutex_trylock(&f->lock) ? 0 : -EAGAIN;
	return mutex_lock_interruptible(&f->lock) ? -ERESTARTSYS : 0;
}

static ssize_t read_out(struct memlog_file *f, struct memlog_out *out, bool nonblock)
{
	ssize_t ret;

	if (!out->room)
		return 0;
	for (;;) {
		ret = lock_cursor(f, nonblock);
		if (ret)
			return ret;
		ret = read_some(f, out);
		mutex_unlock(&f->lock);
		if (ret != -EAGAIN || nonblock)
			return ret;
		ret = wait_readable(f);
		if (ret)
			return ret;
	}
}

/**
 * memlog_read() - read(2).
 * @file: The open file.
 * @to: User memory.
 * @n: Bytes.
 * @ppos: NULL.
 *
 * Return: Bytes given; -EAGAIN nothing there and O_NONBLOCK; -ERESTARTSYS a
 * signal; -EFAULT nothing consumed; -EINVAL the first record does not fit
 * (record format); -EINTR a fatal signal.
 */
ssize_t memlog_read(struct file *file, char __user *to, size_t n, loff_t *ppos)
{
	struct memlog_out out = { .to = to, .room = n };

	return read_out(file->private_data, &out, file->f_flags & O_NONBLOCK);
}

/**
 * memlog_read_iter() - readv(2), io_uring and reads of the kernel.
 * @iocb: The open file; IOCB_NOWAIT waits for nothing.
 * @to: Where to.
 *
 * Return: As memlog_read().
 */
ssize_t memlog_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct file *file = iocb->ki_filp;
	struct memlog_out out = { .iter = to, .room = iov_iter_count(to) };

	return read_out(file->private_data, &out,
			(file->f_flags & O_NONBLOCK) ||
			(iocb->ki_flags & IOCB_NOWAIT));
}

/**
 * memlog_poll() - poll(2), select(2) and epoll(7).
 * @file: The open file.
 * @wait: Where to queue.
 *
 * Who mapped the ring and sleeps has to hear of a RESIZE, to map the new one and
 * let the old one go: the next RESIZE can't be made before.
 *
 * Return: EPOLLIN | EPOLLRDNORM there is something to read, or the file is mapped
 * and a RESIZE has retired that; EPOLLPRI the cursor was lapped; EPOLLOUT |
 * EPOLLWRNORM always, for a writer.
 */
__poll_t memlog_poll(struct file *file, struct poll_table_struct *wait)
{
	struct memlog_file *f = file->private_data;
	struct memlog_channel *ch = f->ch;
	struct memlog_mem *mem;
	__poll_t mask = 0;

	if (file->f_mode & FMODE_WRITE)
		mask |= EPOLLOUT | EPOLLWRNORM;
	if (!(file->f_mode & FMODE_READ))
		return mask;

	poll_wait(file, &ch->poll_wait, wait);
	memlog_channel_arm(ch, MEMLOG_WAITS_POLL);
	mem = memlog_mem_get_current(&ch->ring);
	if (memlog_cursor_readable(&f->cursor, &mem->buf) ||
	    (READ_ONCE(f->maps) &&
	     READ_ONCE(f->map_generation) != mem->buf.ctrl->generation))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (memlog_cursor_behind(&f->cursor, &mem->buf))
		mask |= EPOLLPRI;
	memlog_mem_put(mem);
	return mask;
}

/* Another thread may wait on the same file for what its cursor now stands at. */
static void unlock_moved_cursor(struct memlog_file *f, struct memlog_mem *mem)
{
	bool readable = memlog_cursor_readable(&f->cursor, &mem->buf);

	memlog_mem_put(mem);
	mutex_unlock(&f->lock);
	if (readable)
		memlog_channel_wake(f->ch);
}

/**
 * memlog_seek() - Move a file's cursor.
 * @f: The open file, one that reads.
 * @seek: What MEMLOG_IOC_SEEK takes and gives; @stream and @flags not looked at.
 *
 * Return: 0; -ERESTARTSYS a signal; else as memlog_cursor_seek().
 */
int memlog_seek(struct memlog_file *f, struct memlog_seek *seek)
{
	struct memlog_mem *mem;
	int err;

	err = lock_cursor(f, false);
	if (err)
		return err;
	mem = memlog_mem_get_current(&f->ch->ring);
	err = memlog_cursor_seek(&f->cursor, &mem->buf, seek->whence, seek->value,
				 &seek->missed);
	if (!err) {
		seek->seq = f->cursor.at.seq;
		seek->pos = f->cursor.at.pos;
	}
	unlock_moved_cursor(f, mem);
	return err;
}

/**
 * memlog_set_format() - Choose what reads give.
 * @f: The open file, one that reads.
 * @format: &enum memlog_read_format.
 * @quiet: No line for what was lost.
 *
 * Return: 0; -ERESTARTSYS a signal.
 */
int memlog_set_format(struct memlog_file *f, u32 format, bool quiet)
{
	int err;

	err = lock_cursor(f, false);
	if (err)
		return err;
	memlog_cursor_format(&f->cursor, format, quiet);
	unlock_moved_cursor(f, memlog_mem_get_current(&f->ch->ring));
	return 0;
}

/**
 * memlog_llseek() - lseek(2).
 * @file: The open file.
 * @offset: 0.
 * @whence: SEEK_SET the oldest record; SEEK_END behind the newest; SEEK_DATA the
 *          mark of MEMLOG_IOC_CLEAR, or the oldest if that is later.
 *
 * A file that does not read has no place, and says so: who appends to it, as
 * Python does, would go on to ask for it.
 *
 * Return: 0; -ESPIPE a nonzero offset, SEEK_CUR, or a file that does not read;
 * -EINVAL another @whence.
 */
loff_t memlog_llseek(struct file *file, loff_t offset, int whence)
{
	struct memlog_file *f = file->private_data;
	struct memlog_seek seek = { .whence = MEMLOG_SEEK_SEQ };

	if (!(file->f_mode & FMODE_READ))
		return -ESPIPE;
	switch (whence) {
	case SEEK_SET:
		break;
	case SEEK_END:
		seek.whence = MEMLOG_SEEK_LAST;
		break;
	case SEEK_DATA:
		seek.value = atomic64_read(&f->ch->clear_seq);
		break;
	case SEEK_CUR:
		return -ESPIPE;
	default:
		return -EINVAL;
	}
	if (offset)
		return -ESPIPE;
	return memlog_seek(f, &seek);
}
