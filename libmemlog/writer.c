// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Writers: one record a call, to a device or to a ring of this process.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "memlog.h"
#include "private.h"

/* A formatted text up to this long needs no memory but the stack. */
#define STACK_TEXT	1001

/**
 * struct memlog_writer - A writer.
 * @fd: The device; -1 for a ring.
 * @stamped: MEMLOG_IOC_STAMP was used on @fd: no prefix counts there any more.
 * @ring: The ring of this process, NULL for a device.
 * @owned: @ring is this writer's to close.
 * @stamp: Of a ring: what memlog_writer_stamp() said; type and priority in one.
 * @lock: Of the three below.
 * @typed_fd: The device once more, for records with a type; -1 until needed.
 * @typed: What it is stamped with.
 */
struct memlog_writer {
	int fd;
	bool stamped;
	struct memlog_embedded *ring;
	bool owned;
	uint32_t stamp;
	pthread_mutex_t lock;
	int typed_fd;
	struct memlog_stamp typed;
};

static int device_check(int fd)
{
	struct memlog_info info = { 0 };

	if (ioctl(fd, MEMLOG_IOC_INFO, &info))
		return errno == EINVAL ? -ENOTTY : -errno;
	return info.abi == MEMLOG_ABI ? 0 : -EPROTONOSUPPORT;
}

static struct memlog_writer *writer_new(void)
{
	struct memlog_writer *writer = calloc(1, sizeof(*writer));

	if (!writer)
		return NULL;
	writer->fd = -1;
	writer->typed_fd = -1;
	writer->stamp = MEMLOG_TYPE_TEXT << 8 | MEMLOG_PRI_DEFAULT;
	pthread_mutex_init(&writer->lock, NULL);
	return writer;
}

static int open_ring(struct memlog_writer *writer, const char *path)
{
	struct memlog_embedded_options options = {
		.size = sizeof(options),
		.flags = MEMLOG_EMBEDDED_EXISTING,
	};

	writer->owned = true;
	return memlog_embedded_open(&writer->ring, path, &options);
}

static int open_device(struct memlog_writer *writer, const char *path)
{
	writer->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	return writer->fd < 0 ? -errno : device_check(writer->fd);
}

int memlog_writer_open(struct memlog_writer **writerp, const char *path)
{
	struct memlog_writer *writer;
	struct stat st;
	int err = -ENOTTY;

	if (stat(path, &st))
		return -errno;
	writer = writer_new();
	if (!writer)
		return -ENOMEM;
	/* what memlogfs makes looks like a file */
	if (S_ISCHR(st.st_mode) || S_ISREG(st.st_mode))
		err = open_device(writer, path);
	if (err == -ENOTTY && S_ISREG(st.st_mode)) {
		close(writer->fd);
		writer->fd = -1;
		err = open_ring(writer, path);
	}
	if (err)
		memlog_writer_close(writer);
	else
		*writerp = writer;
	return err;
}

int memlog_writer_open_embedded(struct memlog_writer **writerp,
				struct memlog_embedded *ring)
{
	struct memlog_writer *writer = writer_new();

	if (!writer)
		return -ENOMEM;
	writer->ring = ring;
	*writerp = writer;
	return 0;
}

void memlog_writer_close(struct memlog_writer *writer)
{
	if (!writer)
		return;
	if (writer->fd >= 0)
		close(writer->fd);
	if (writer->typed_fd >= 0)
		close(writer->typed_fd);
	if (writer->owned)
		memlog_embedded_close(writer->ring);
	pthread_mutex_destroy(&writer->lock);
	free(writer);
}

/* As the device does: facility 0 is the kernel's. */
static uint8_t user_pri(int pri)
{
	return (uint8_t)(pri < MEMLOG_PRI_MIN ? pri + MEMLOG_PRI_MIN : pri);
}

static ssize_t device_write(const struct memlog_writer *writer, const void *text,
			    size_t len)
{
	ssize_t n = write(writer->fd, text, len);

	return n < 0 ? -errno : n;
}

static ssize_t device_write_pri(const struct memlog_writer *writer, int pri,
				const void *text, size_t len)
{
	char prefix[8];
	int n = snprintf(prefix, sizeof(prefix), "<%d>", pri);
	struct iovec iov[2] = {
		{ prefix, (size_t)n },
		{ (void *)text, len },
	};
	ssize_t done = writev(writer->fd, iov, 2);

	if (done < 0)
		return -errno;
	return done > n ? done - n : 0;
}

static ssize_t ring_write(struct memlog_writer *writer, unsigned int type, int pri,
			  const void *text, size_t len)
{
	struct memlog_attr attr = MEMLOG_ATTR_INIT;

	attr.type = (uint16_t)type;
	attr.pri = user_pri(pri);
	return memlog_embedded_write(writer->ring, &attr, text, len, NULL);
}

/* "<N>text" to a ring: the same prefix a device takes. Sets *@len to its length. */
static int parse_prefix(const char *text, size_t len, size_t *prefix)
{
	int pri = 0;
	size_t i;

	*prefix = 0;
	if (len < 4 || text[0] != '<')
		return MEMLOG_PRI_DEFAULT;
	for (i = 1; i < 4 && i < len && text[i] >= '0' && text[i] <= '9'; i++)
		pri = pri * 10 + (text[i] - '0');
	if (i == 1 || i + 1 >= len || text[i] != '>' || pri > MEMLOG_PRI_MAX)
		return MEMLOG_PRI_DEFAULT;
	*prefix = i + 1;
	return pri;
}

static ssize_t ring_write_raw(struct memlog_writer *writer, const char *text,
			      size_t len)
{
	uint32_t stamp = __atomic_load_n(&writer->stamp, __ATOMIC_RELAXED);
	bool stamped = __atomic_load_n(&writer->stamped, __ATOMIC_RELAXED);
	size_t prefix;
	ssize_t n;
	int pri;

	if (stamped)
		return ring_write(writer, stamp >> 8, stamp & 0xff, text, len);
	pri = parse_prefix(text, len, &prefix);
	n = ring_write(writer, MEMLOG_TYPE_TEXT, pri, text + prefix, len - prefix);
	return n < 0 ? n : n + (ssize_t)prefix;
}

ssize_t memlog_write(struct memlog_writer *writer, int pri, const void *text,
		     size_t len)
{
	if (pri < MEMLOG_PRI_NONE || pri > MEMLOG_PRI_MAX)
		return -EINVAL;
	if (!len)
		return 0;
	if (writer->ring)
		return pri == MEMLOG_PRI_NONE ? ring_write_raw(writer, text, len) :
			ring_write(writer, MEMLOG_TYPE_TEXT, pri, text, len);
	if (pri == MEMLOG_PRI_NONE)
		return device_write(writer, text, len);
	/* On a stamped descriptor a prefix would be text. */
	if (__atomic_load_n(&writer->stamped, __ATOMIC_RELAXED))
		return memlog_write_typed(writer, MEMLOG_TYPE_TEXT, user_pri(pri),
					  text, len);
	if (pri == MEMLOG_PRI_DEFAULT && *(const char *)text != '<')
		return device_write(writer, text, len);
	return device_write_pri(writer, pri, text, len);
}

static int check_stamp(unsigned int type, int pri)
{
	if (type >= MEMLOG_TYPE_INVALID || pri < MEMLOG_PRI_MIN || pri > MEMLOG_PRI_MAX)
		return -EINVAL;
	return 0;
}

static int stamp_fd(int fd, unsigned int type, int pri, struct memlog_stamp *stamp)
{
	struct memlog_stamp fresh = { .type = (uint16_t)type, .pri = (uint8_t)pri };

	if (ioctl(fd, MEMLOG_IOC_STAMP, &fresh))
		return -errno;
	*stamp = fresh;
	return 0;
}

/* The second descriptor, stamped; caller holds writer->lock. */
static int typed_prepare(struct memlog_writer *writer, unsigned int type, int pri)
{
	if (writer->typed_fd < 0) {
		writer->typed_fd = memlog_reopen(writer->fd, O_WRONLY);
		if (writer->typed_fd < 0)
			return writer->typed_fd;
		writer->typed.pri = 0;
	}
	if (writer->typed.type == type && writer->typed.pri == pri)
		return 0;
	return stamp_fd(writer->typed_fd, type, pri, &writer->typed);
}

ssize_t memlog_write_typed(struct memlog_writer *writer, unsigned int type,
			   int pri, const void *data, size_t len)
{
	ssize_t n;

	n = check_stamp(type, pri);
	if (n || !len)
		return n;
	if (writer->ring)
		return ring_write(writer, type, pri, data, len);
	pthread_mutex_lock(&writer->lock);
	n = typed_prepare(writer, type, pri);
	if (!n) {
		n = write(writer->typed_fd, data, len);
		if (n < 0)
			n = -errno;
	}
	pthread_mutex_unlock(&writer->lock);
	return n;
}

ssize_t memlog_vprintf(struct memlog_writer *writer, int pri, const char *fmt,
		       va_list args)
{
	char on_stack[STACK_TEXT];
	char *text = on_stack;
	va_list again;
	ssize_t n;
	int len;

	va_copy(again, args);
	len = vsnprintf(on_stack, sizeof(on_stack), fmt, args);
	n = len < 0 ? -errno : 0;
	if (!n && (size_t)len >= sizeof(on_stack)) {
		len = vasprintf(&text, fmt, again);
		n = len < 0 ? -ENOMEM : 0;
	}
	va_end(again);
	if (!n)
		n = memlog_write(writer, pri, text, (size_t)len);
	if (text != on_stack && len >= 0)
		free(text);
	return n;
}

ssize_t memlog_printf(struct memlog_writer *writer, int pri, const char *fmt, ...)
{
	va_list args;
	ssize_t n;

	va_start(args, fmt);
	n = memlog_vprintf(writer, pri, fmt, args);
	va_end(args);
	return n;
}

int memlog_writer_stamp(struct memlog_writer *writer, unsigned int type, int pri)
{
	struct memlog_stamp stamp;
	int err;

	err = check_stamp(type, pri);
	if (!err && !writer->ring)
		err = stamp_fd(writer->fd, type, pri, &stamp);
	if (err)
		return err;
	__atomic_store_n(&writer->stamp, type << 8 | (unsigned int)pri, __ATOMIC_RELAXED);
	__atomic_store_n(&writer->stamped, true, __ATOMIC_RELAXED);
	return 0;
}

int memlog_writer_info(struct memlog_writer *writer, struct memlog_info *info)
{
	if (writer->ring)
		return memlog_embedded_info(writer->ring, info);
	memset(info, 0, sizeof(*info));
	return ioctl(writer->fd, MEMLOG_IOC_INFO, info) ? -errno : 0;
}
