// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "payload.h"

size_t payload_text(char buf[PAYLOAD_MAX], uint64_t number)
{
	size_t len = (size_t)sprintf(buf, "%llu ", (unsigned long long)number);
	size_t fill = number * 37 % 150;

	memset(buf + len, 'a' + (int)(number % 26), fill);
	buf[len + fill] = '\n';
	buf[len + fill + 1] = '\0';
	return len + fill + 1;
}

uint64_t payload_bytes(uint64_t first, uint64_t end)
{
	char buf[PAYLOAD_MAX];
	uint64_t sum = 0;

	for (uint64_t n = first; n < end; n++)
		sum += payload_text(buf, n);
	return sum;
}

int payload_write(uint64_t first, uint64_t end, unsigned int pause_every)
{
	int fd = open("/dev/memlog", O_WRONLY | O_CLOEXEC);
	char buf[PAYLOAD_MAX];
	int err = fd < 0 ? -1 : 0;

	for (uint64_t n = first; !err && n < end; n++) {
		size_t len = payload_text(buf, n);

		if (write(fd, buf, len) != (ssize_t)len)
			err = -1;
		if (pause_every && n % pause_every == 0)
			usleep(1000);
	}
	close(fd);
	return err;
}
