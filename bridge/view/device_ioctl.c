// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctl(2). Structs grow at their end, so the size in the command is that of the
 * caller's struct. The kernel has looked at the caller's memory before, so that
 * EFAULT comes ahead of all other refusals; their order is the device's.
 *
 * What takes a capability on the device is for root and for who mounted: whoever
 * may end this program may also resize what it keeps.
 */
#include <errno.h>
#include <linux/ioctl.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <memlog.h>

#include "device_ops.h"
#include "private.h"

/* Any of the structs. */
union args {
	u32 flags;	/* each begins with its flags */
	struct memlog_info info;
	struct memlog_seek seek;
	struct memlog_format format;
	struct memlog_stamp stamp;
	struct memlog_clear clear;
	struct memlog_resize resize;
};

enum need { NEED_NOTHING, NEED_READER, NEED_WRITER, NEED_OWNER };

/**
 * struct entry - One ioctl.
 * @run: Does it. Flags and size are right; returns 0 or -errno.
 * @size: Size of its struct.
 * @min_size: Size of its struct in ABI 1.
 * @flags: Flags it knows.
 * @need: Whom it is for.
 * @out: The struct is given back.
 */
struct entry {
	int (*run)(struct device_file *f, union args *args);
	u32 size;
	u32 min_size;
	u32 flags;
	enum need need;
	bool out;
};

static int run_info(struct device_file *f, union args *args)
{
	const struct memlog_buf *buf = device_channel_buf(f->ch);
	const struct memlog_control *ctrl = buf->ctrl;
	const struct memlog_cursor *cur = &f->cursor;
	struct memlog_place oldest, next;

	memlog_buf_oldest(buf, &oldest);
	memlog_buf_end(buf, &next);
	args->info = (struct memlog_info) {
		.abi		= MEMLOG_ABI,
		.stream		= ctrl->stream,
		.oldest_seq	= oldest.seq,
		.oldest_pos	= oldest.pos,
		.next_seq	= next.seq,
		.next_pos	= next.pos,
		.clear_seq	= f->ch->clear_seq,
		.text_size	= buf->text_size,
		.records	= buf->desc_mask + 1,
		.max_record	= buf->max_record,
		.generation	= ctrl->generation,
		.reader_seq	= MEMLOG_SEQ_NONE,
		.reader_pos	= MEMLOG_SEQ_NONE,
		.written_seq	= f->written_seq,
		.evicted	= oldest.seq,
	};
	if (f->reads) {
		args->info.reader_seq = cur->at.seq;
		args->info.reader_pos = cur->at.pos + cur->off;
		args->info.lost_records = cur->lost_records;
		args->info.lost_bytes = cur->lost_bytes;
	}
	return 0;
}

static int run_seek(struct device_file *f, union args *args)
{
	if (args->seek.stream && args->seek.stream != device_channel_buf(f->ch)->ctrl->stream)
		return -ESTALE;
	return device_seek(f, &args->seek);
}

static int run_format(struct device_file *f, union args *args)
{
	if (args->format.format > MEMLOG_FORMAT_RECORD)
		return -EINVAL;
	device_set_format(f, args->format.format, args->format.flags & MEMLOG_FORMAT_QUIET);
	return 0;
}

static int run_stamp(struct device_file *f, union args *args)
{
	const struct memlog_stamp *stamp = &args->stamp;

	if (stamp->__reserved || stamp->type == MEMLOG_TYPE_INVALID ||
	    stamp->pri < MEMLOG_PRI_MIN || stamp->pri > MEMLOG_PRI_MAX)
		return -EINVAL;
	f->type = stamp->type;
	f->pri = stamp->pri;
	f->stamped = true;
	return 0;
}

static int run_clear(struct device_file *f, union args *args)
{
	if (args->clear.__reserved)
		return -EINVAL;
	f->ch->clear_seq = memlog_buf_next(device_channel_buf(f->ch));
	args->clear.seq = f->ch->clear_seq;
	return 0;
}

/* As of a device, at most a quarter of RAM. */
static bool fits_memory(const struct memlog_geometry *geo)
{
	struct memlog_layout lay;
	struct sysinfo system;

	memlog_geometry_layout(geo, (u64)sysconf(_SC_PAGESIZE), &lay);
	return !sysinfo(&system) &&
	       lay.text_off + lay.text_map <= (u64)system.totalram * system.mem_unit / 4;
}

static int run_resize(struct device_file *f, union args *args)
{
	const struct memlog_resize *resize = &args->resize;
	struct memlog_geometry geo = {
		.text_size	= resize->text_size,
		.records	= resize->records,
		.max_record	= resize->max_record,
	};
	int err;

	if (memlog_geometry_check(&geo))
		return -EINVAL;
	if (!fits_memory(&geo))
		return -ENOMEM;
	err = memlog_embedded_resize(f->ch->ring, resize);
	if (!err)
		device_channel_wake(f->ch);
	return err;
}

#define CALL(name, ...)							\
	{								\
		.run		= run_##name,				\
		.size		= sizeof(struct memlog_##name),		\
		__VA_ARGS__						\
	}

/* By number. */
static const struct entry calls[] = {
	CALL(info, .min_size = 152, .out = true),
	CALL(seek, .min_size = 48, .out = true, .need = NEED_READER),
	CALL(format, .min_size = 8, .need = NEED_READER, .flags = MEMLOG_FORMAT_QUIET),
	CALL(stamp, .min_size = 8, .need = NEED_WRITER),
	CALL(clear, .min_size = 16, .need = NEED_OWNER, .out = true),
	CALL(resize, .min_size = 24, .need = NEED_OWNER),
};

static int check_need(const struct entry *entry, const struct device_file *f, uid_t uid)
{
	switch (entry->need) {
	case NEED_READER:
		return f->reads ? 0 : -EBADF;
	case NEED_WRITER:
		return f->writes ? 0 : -EBADF;
	case NEED_OWNER:
		return !uid || uid == geteuid() ? 0 : -EPERM;
	default:
		return 0;
	}
}

/*
 * What the caller knows of the struct, zeros for the rest. What only the caller
 * knows must be zero.
 */
static int copy_args(const struct entry *entry, union args *args,
		     const struct device_call *call)
{
	size_t size = _IOC_SIZE(call->cmd);
	size_t known = min_of(size, entry->size);
	const char *bytes = call->in;

	memset(args, 0, sizeof(*args));
	/* the kernel brings nothing where the command does not say that it is to */
	if (size < entry->min_size || call->in_size < size ||
	    (entry->out && call->out_size < size))
		return -EINVAL;
	memcpy(args, bytes, known);
	for (size_t i = known; i < size; i++)
		if (bytes[i])
			return -E2BIG;
	return args->flags & ~entry->flags ? -EINVAL : 0;
}

/**
 * device_ioctl() - ioctl(2).
 * @f: The open file.
 * @call: The call; @answer and @answer_size are NULL and 0.
 *
 * Return: 0, or in this order: -ENOTTY, -EBADF, -EPERM, -EINVAL for the size,
 * -E2BIG, -EINVAL for the flags, what the call itself refuses.
 */
int device_ioctl(struct device_file *f, struct device_call *call)
{
	unsigned int nr = _IOC_NR(call->cmd);
	const struct entry *entry;
	/* libfuse takes it from here */
	static union args args;
	int err;

	if (_IOC_TYPE(call->cmd) != MEMLOG_IOC_MAGIC ||
	    nr >= sizeof(calls) / sizeof(calls[0]))
		return -ENOTTY;
	entry = &calls[nr];
	err = check_need(entry, f, call->uid);
	if (!err)
		err = copy_args(entry, &args, call);
	if (!err)
		err = entry->run(f, &args);
	if (err || !entry->out)
		return err;
	call->answer = &args;
	call->answer_size = min_of(_IOC_SIZE(call->cmd), entry->size);
	return 0;
}
