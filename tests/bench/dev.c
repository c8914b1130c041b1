// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dev.h"

int dev_open(int flags)
{
	int fd = open(DEV_PATH, flags | O_CLOEXEC);

	if (fd < 0)
		die("%s: %s: load memlog.ko first", DEV_PATH, strerror(errno));
	return fd;
}

void dev_info(int fd, struct memlog_info *info)
{
	memset(info, 0, sizeof(*info));
	if (ioctl(fd, MEMLOG_IOC_INFO, info))
		die("MEMLOG_IOC_INFO: %s", strerror(errno));
}

void dev_resize(size_t size)
{
	struct memlog_resize resize = { .text_size = size };
	struct memlog_info info;
	int fd = dev_open(O_RDONLY);

	dev_info(fd, &info);
	if (info.text_size != size && ioctl(fd, MEMLOG_IOC_RESIZE, &resize))
		die("MEMLOG_IOC_RESIZE to %zu bytes: %s", size, strerror(errno));
	close(fd);
}

uint64_t dev_seek(int fd, unsigned int whence, uint64_t value)
{
	struct memlog_seek seek = { .whence = whence, .value = value };

	if (ioctl(fd, MEMLOG_IOC_SEEK, &seek))
		die("MEMLOG_IOC_SEEK: %s", strerror(errno));
	return seek.seq;
}

void dev_format(int fd, unsigned int format, unsigned int flags)
{
	struct memlog_format f = { .flags = flags, .format = format };

	if (ioctl(fd, MEMLOG_IOC_FORMAT, &f))
		die("MEMLOG_IOC_FORMAT: %s", strerror(errno));
}

void dev_write(uint64_t n, size_t len, bool newline)
{
	char text[4096];
	int fd = dev_open(O_WRONLY);

	memset(text, 'x', len);
	if (newline)
		text[len - 1] = '\n';
	while (n--)
		if (write(fd, text, len) != (ssize_t)len)
			die("%s: %s", DEV_PATH, strerror(errno));
	close(fd);
}

void dev_fill(size_t len, bool newline)
{
	struct memlog_info info;
	uint64_t n;
	int fd = dev_open(O_RDONLY);

	dev_info(fd, &info);
	close(fd);
	n = info.text_size / len;
	dev_write((n < info.records ? n : info.records) + 1, len, newline);
}

unsigned int dev_kept(void)
{
	struct memlog_info info;
	int fd = dev_open(O_RDONLY);

	dev_info(fd, &info);
	close(fd);
	return (unsigned int)(info.next_seq - info.oldest_seq);
}
