// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Channels by name, and what their owner does with them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "memlog.h"
#include "private.h"

#define CHANNEL_NAME_MAX	16

static bool channel_name_valid(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	return len && len <= CHANNEL_NAME_MAX && !name[len];
}

int memlog_channel_path(char *buf, size_t size, const char *channel)
{
	int n;

	if (!channel || !strcmp(channel, "memlog"))
		n = snprintf(buf, size, "/dev/memlog");
	else if (strchr(channel, '/'))
		n = snprintf(buf, size, "%s", channel);
	else if (channel_name_valid(channel))
		n = snprintf(buf, size, "/dev/memlog-%s", channel);
	else
		return -EINVAL;
	return n >= 0 && (size_t)n < size ? 0 : -ENAMETOOLONG;
}

int memlog_info(const char *path, struct memlog_info *info)
{
	struct memlog_reader *reader;
	int err;

	err = memlog_reader_open(&reader, path, NULL);
	if (err)
		return err;
	err = memlog_reader_info(reader, info);
	memlog_reader_close(reader);
	return err;
}

static int device_ioctl(const char *path, int mode, unsigned long request, void *arg)
{
	int fd, err = 0;

	fd = open(path, mode | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, request, arg))
		err = -errno;
	close(fd);
	return err;
}

int memlog_clear(const char *path, uint64_t *seq)
{
	struct memlog_clear clear = { 0 };
	int err;

	err = device_ioctl(path, O_WRONLY, MEMLOG_IOC_CLEAR, &clear);
	if (!err && seq)
		*seq = clear.seq;
	return err;
}

int memlog_resize(const char *path, const struct memlog_resize *resize)
{
	struct memlog_resize copy = *resize;

	return device_ioctl(path, O_WRONLY, MEMLOG_IOC_RESIZE, &copy);
}
