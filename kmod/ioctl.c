// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctl(2). Structs grow at their end, so the size in the command is that of
 * the caller's struct; the order of refusals is part of the interface.
 */
#include <linux/capability.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/uaccess.h>

#include "dev.h"

/* Any of the structs. */
union memlog_args {
	u32 flags;	/* each begins with its flags */
	struct memlog_info info;
	struct memlog_seek seek;
	struct memlog_format format;
	struct memlog_stamp stamp;
	struct memlog_clear clear;
	struct memlog_resize resize;
};

/**
 * struct call - One ioctl.
 * @run: Does it. Flags and size are right; returns 0 or -errno.
 * @size: Size of its struct.
 * @min_size: Size of its struct in ABI 1.
 * @flags: Flags it knows.
 * @mode: FMODE_READ or FMODE_WRITE if the file must be open for it.
 * @cap: Capability it needs, -1 for none.
 * @out: The struct is copied back.
 */
struct call {
	long (*run)(struct file *file, union memlog_args *args);
	u32 size;
	u32 min_size;
	u32 flags;
	fmode_t mode;
	int cap;
	bool out;
};

static long run_info(struct file *file, union memlog_args *args)
{
	struct memlog_file *f = file->private_data;
	struct memlog_cursor *cur = &f->cursor;
	struct memlog_channel *ch = f->ch;
	struct memlog_mem *mem = memlog_mem_get_current(&ch->ring);
	const struct memlog_control *ctrl = mem->buf.ctrl;
	struct memlog_place oldest, next;
	bool reader = file->f_mode & FMODE_READ;

	memlog_buf_oldest(&mem->buf, &oldest);
	memlog_buf_end(&mem->buf, &next);
	args->info = (struct memlog_info) {
		.abi		= MEMLOG_ABI,
		.stream		= ch->stream,
		.oldest_seq	= oldest.seq,
		.oldest_pos	= oldest.pos,
		.next_seq	= next.seq,
		.next_pos	= next.pos,
		.clear_seq	= atomic64_read(&ch->clear_seq),
		.text_size	= ctrl->text_size,
		.map_size	= memlog_can_mmap() ? ctrl->map_size : 0,
		.records	= ctrl->records,
		.max_record	= ctrl->max_record,
		.generation	= ctrl->generation,
		.reader_seq	= MEMLOG_SEQ_NONE,
		.reader_pos	= MEMLOG_SEQ_NONE,
		.written_seq	= atomic64_read(&f->written_seq),
		.evicted	= oldest.seq,
		.denied		= atomic64_read(&ch->denied),
		.faults		= atomic64_read(&ch->faults),
	};
	if (reader) {
		args->info.reader_seq = port_load64(&cur->at.seq);
		args->info.reader_pos = port_load64(&cur->at.pos) +
					port_load(&cur->off);
		args->info.lost_records = port_load64(&cur->lost_records);
		args->info.lost_bytes = port_load64(&cur->lost_bytes);
	}
	memlog_mem_put(mem);
	return 0;
}

static long run_seek(struct file *file, union memlog_args *args)
{
	struct memlog_file *f = file->private_data;

	if (args->seek.stream && args->seek.stream != f->ch->stream)
		return -ESTALE;
	return memlog_seek(f, &args->seek);
}

static long run_format(struct file *file, union memlog_args *args)
{
	struct memlog_file *f = file->private_data;

	if (args->format.format > MEMLOG_FORMAT_RECORD)
		return -EINVAL;
	return memlog_set_format(f, args->format.format,
				 args->format.flags & MEMLOG_FORMAT_QUIET);
}

static long run_stamp(struct file *file, union memlog_args *args)
{
	struct memlog_file *f = file->private_data;
	const struct memlog_stamp *stamp = &args->stamp;

	if (stamp->__reserved || stamp->type == MEMLOG_TYPE_INVALID ||
	    stamp->pri < MEMLOG_PRI_MIN || stamp->pri > MEMLOG_PRI_MAX)
		return -EINVAL;
	WRITE_ONCE(f->type, stamp->type);
	WRITE_ONCE(f->pri, stamp->pri);
	WRITE_ONCE(f->stamped, true);
	return 0;
}

static long run_clear(struct file *file, union memlog_args *args)
{
	struct memlog_file *f = file->private_data;
	struct memlog_mem *mem;
	s64 mark, seq;

	if (args->clear.__reserved)
		return -EINVAL;
	mem = memlog_mem_get_current(&f->ch->ring);
	seq = memlog_buf_next(&mem->buf);
	memlog_mem_put(mem);
	/* of two at once the later wins: the mark does not go back */
	mark = atomic64_read(&f->ch->clear_seq);
	while (mark < seq &&
	       !atomic64_try_cmpxchg(&f->ch->clear_seq, &mark, seq))
		;
	args->clear.seq = max(mark, seq);
	return 0;
}

static long run_resize(struct file *file, union memlog_args *args)
{
	struct memlog_file *f = file->private_data;
	struct memlog_geometry geo = {
		.text_size	= args->resize.text_size,
		.records	= args->resize.records,
		.max_record	= args->resize.max_record,
	};

	if (memlog_geometry_check(&geo))
		return -EINVAL;
	return memlog_channel_resize(f->ch, &geo);
}

#define CALL(name, ...)							\
	{								\
		.run		= run_##name,				\
		.size		= sizeof(struct memlog_##name),		\
		__VA_ARGS__						\
	}

/* By number. */
static const struct call calls[] = {
	CALL(info, .min_size = 152, .cap = -1, .out = true),
	CALL(seek, .min_size = 48, .cap = -1, .out = true, .mode = FMODE_READ),
	CALL(format, .min_size = 8, .cap = -1, .mode = FMODE_READ,
	     .flags = MEMLOG_FORMAT_QUIET),
	CALL(stamp, .min_size = 8, .cap = -1, .mode = FMODE_WRITE),
	CALL(clear, .min_size = 16, .cap = CAP_SYSLOG, .out = true),
	CALL(resize, .min_size = 24, .cap = CAP_SYS_ADMIN),
};

/*
 * What the caller knows of the struct, zeros for the rest. What only the caller
 * knows must be zero.
 */
static int copy_args(const struct call *call, union memlog_args *args,
		     const void __user *user, size_t size)
{
	size_t known = min_t(size_t, size, call->size);
	int zeros;

	memset(args, 0, sizeof(*args));
	if (copy_from_user(args, user, known))
		return -EFAULT;
	if (size < call->min_size)
		return -EINVAL;
	if (size == known)
		return 0;
	zeros = check_zeroed_user(user + known, size - known);
	if (zeros < 0)
		return zeros;
	return zeros ? 0 : -E2BIG;
}

static int copy_back(const struct call *call, const union memlog_args *args,
		     void __user *user, size_t size)
{
	return copy_to_user(user, args, min_t(size_t, size, call->size)) ?
	       -EFAULT : 0;
}

/**
 * memlog_ioctl() - ioctl(2).
 * @file: The open file.
 * @cmd: The number, and the size of the caller's struct.
 * @arg: The caller's struct.
 *
 * Return: 0, or in this order: -ENOTTY, -EBADF, -EPERM, -EFAULT, -EINVAL for the
 * size, -E2BIG, -EINVAL for the flags, what the call itself refuses.
 */
long memlog_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;
	unsigned int nr = _IOC_NR(cmd);
	union memlog_args args;
	const struct call *call;
	long err;

	if (_IOC_TYPE(cmd) != MEMLOG_IOC_MAGIC || nr >= ARRAY_SIZE(calls))
		return -ENOTTY;
	call = &calls[array_index_nospec(nr, ARRAY_SIZE(calls))];
	if (call->mode && !(file->f_mode & call->mode))
		return -EBADF;
	if (call->cap >= 0 && !capable(call->cap))
		return -EPERM;
	err = copy_args(call, &args, user, _IOC_SIZE(cmd));
	if (err)
		return err;
	if (args.flags & ~call->flags)
		return -EINVAL;
	/* nothing is done whose answer could not be given */
	if (call->out && copy_back(call, &args, user, _IOC_SIZE(cmd)))
		return -EFAULT;
	err = call->run(file, &args);
	if (err || !call->out)
		return err;
	return copy_back(call, &args, user, _IOC_SIZE(cmd));
}
