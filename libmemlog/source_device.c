// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reading a device: its ring mapped, or by read(2) in the record format where
 * it can't be mapped. In both cases the device's own cursor is where the reader
 * is whenever it sleeps, and poll(2) works.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "private.h"
#include "reader.h"

/* Bytes asked for by one read(2) at first. */
#define READ_SIZE	(128 * 1024)

/* A RESIZE may come between asking for the size and mapping that. */
#define MAP_TRIES	16

static int device_info(struct memlog_reader *reader, struct memlog_info *info)
{
	memset(info, 0, sizeof(*info));
	return ioctl(reader->device, MEMLOG_IOC_INFO, info) ? -errno : 0;
}

static int device_seek(struct memlog_reader *reader, struct memlog_seek *seek)
{
	if (ioctl(reader->device, MEMLOG_IOC_SEEK, seek))
		return -errno;
	reader->read_len = 0;
	reader->read_off = 0;
	reader->armed_seq = MEMLOG_SEQ_NONE;
	return 0;
}

static void device_close(struct memlog_reader *reader)
{
	memlog_unmap(&reader->map);
	close(reader->device);
}

static int map_current(struct memlog_reader *reader, struct memlog_map *map)
{
	struct memlog_info info;
	int err = -EINVAL;

	for (int i = 0; i < MAP_TRIES && err == -EINVAL; i++) {
		err = device_info(reader, &info);
		if (err)
			return err;
		if (!info.map_size)
			return -ENODEV;
		err = memlog_map_device(map, reader->device, info.map_size);
	}
	return err;
}

static int mapped_renew(struct memlog_reader *reader)
{
	struct memlog_map fresh;
	int err;

	err = map_current(reader, &fresh);
	return err ? err : memlog_map_replace(reader, &fresh);
}

/* Tells the device the place, so that poll(2) waits for what comes behind it. */
static int mapped_arm(struct memlog_reader *reader)
{
	struct memlog_seek seek = {
		.whence = MEMLOG_SEEK_SEQ,
		.stream = reader->stream,
		.value = reader->cur.seq,
	};

	if (reader->armed_seq == reader->cur.seq)
		return 0;
	if (ioctl(reader->device, MEMLOG_IOC_SEEK, &seek))
		return -errno;
	reader->armed_seq = reader->cur.seq;
	return 1;
}

static const struct memlog_source mapped_source = {
	.fill = memlog_map_fill,
	.seek = device_seek,
	.over = memlog_map_retired,
	.renew = mapped_renew,
	.arm = mapped_arm,
	.info = device_info,
	.close = device_close,
};

static bool readable(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) > 0;
}

/* Return: 1 there is something in the buffer, 0 there is nothing to read. */
static int read_more(struct memlog_reader *reader)
{
	ssize_t n;
	int err;

	for (;;) {
		if (reader->may_block && !readable(reader->device))
			return 0;
		n = read(reader->device, reader->buf, reader->buf_size);
		if (n >= 0)
			break;
		if (errno == EAGAIN)
			return 0;
		if (errno != EINVAL || reader->buf_size > 2 * MEMLOG_TEXT_SIZE_MAX)
			return -errno;
		/* Not even one record fits. */
		err = memlog_reader_reserve(reader, reader->buf_size * 2);
		if (err)
			return err;
	}
	reader->read_len = (size_t)n;
	reader->read_off = 0;
	return n > 0;
}

/* The next record of the buffer. */
static int take_record(struct memlog_reader *reader)
{
	const struct memlog_record *rec;
	size_t left = reader->read_len - reader->read_off;
	size_t step;

	rec = (const struct memlog_record *)(reader->buf + reader->read_off);
	if (left < sizeof(*rec) || rec->len > left - sizeof(*rec))
		return -EBADMSG;
	step = sizeof(*rec) + (((size_t)rec->len + 7) & ~(size_t)7);
	if (step > left || rec->seq < reader->cur.seq || rec->pos < reader->cur.pos)
		return -EBADMSG;
	reader->read_off += step;
	reader->descs = rec;
	reader->text = (const char *)(rec + 1);
	reader->text_pos = rec->pos;
	reader->at = 0;
	reader->filled = 1;
	reader->cur.seq = rec->seq + 1;
	reader->cur.pos = rec->pos + rec->len;
	return 1;
}

static int read_fill(struct memlog_reader *reader)
{
	int ret;

	if (reader->read_off == reader->read_len) {
		ret = read_more(reader);
		if (ret <= 0)
			return ret;
	}
	return take_record(reader);
}

static int read_arm(struct memlog_reader *reader)
{
	return 0;
}

static const struct memlog_source read_source = {
	.fill = read_fill,
	.seek = device_seek,
	.arm = read_arm,
	.info = device_info,
	.close = device_close,
};

static int open_for_read(struct memlog_reader *reader)
{
	struct memlog_format format = { .format = MEMLOG_FORMAT_RECORD };
	int flags = fcntl(reader->device, F_GETFL);

	if (ioctl(reader->device, MEMLOG_IOC_FORMAT, &format))
		return -errno;
	reader->may_block = flags < 0 || !(flags & O_NONBLOCK);
	reader->source = &read_source;
	return memlog_reader_reserve(reader, READ_SIZE);
}

/**
 * memlog_device_open() - Open a device as a reader's source.
 * @reader: The reader.
 * @fd: The device; the reader's if this returns 0.
 *
 * Return: 0; -ENOTTY not a memlog device; -EPROTONOSUPPORT another ABI; -EBADF
 * not open for reading; or what mmap(2) gave.
 */
int memlog_device_open(struct memlog_reader *reader, int fd)
{
	struct memlog_info info;
	int err;

	reader->device = fd;
	err = device_info(reader, &info);
	if (err)
		/* Other drivers may know the number, but not the struct. */
		return err == -EINVAL ? -ENOTTY : err;
	if (info.abi != MEMLOG_ABI)
		return -EPROTONOSUPPORT;
	if (info.reader_seq == MEMLOG_SEQ_NONE)
		return -EBADF;
	reader->fd = fd;
	reader->stream = info.stream;
	reader->source = &mapped_source;
	err = -ENODEV;
	if (!(reader->flags & MEMLOG_READ_NO_MMAP))
		err = map_current(reader, &reader->map);
	if (err == -ENODEV || err == -EPERM || err == -EACCES || err == -ENOMEM)
		err = open_for_read(reader);
	return err;
}
