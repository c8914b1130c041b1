// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Keeps the newest 64 KB of its standard input in a ring file, without the
 * kernel module. The ring outlives this process, and goes on where it was.
 *
 *	$ make 2>&1 | ./embedded /run/user/1000/build.ring &
 *	$ ./follow /run/user/1000/build.ring
 */
#include <errno.h>
#include <memlog.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	struct memlog_embedded_options options = {
		.size = sizeof(options),
		.text_size = 64 * 1024,
		.name = "stdin",
	};
	struct memlog_embedded *ring;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int err;

	if (argc != 2) {
		fprintf(stderr, "usage: %s FILE\n", argv[0]);
		return 100;
	}
	err = memlog_embedded_open(&ring, argv[1], &options);
	if (err) {
		fprintf(stderr, "%s: %s\n", argv[1], err == -EBUSY ?
			"another process is writing it" : strerror(-err));
		return 111;
	}
	while ((len = getline(&line, &size, stdin)) > 0)
		memlog_embedded_write(ring, NULL, line, (size_t)len, NULL);
	free(line);
	memlog_embedded_finish(ring);
	memlog_embedded_close(ring);
	return 0;
}
