/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file that is read while others write, rotate, truncate and remove it.
 */
#ifndef MEMLOG_FILES_TAIL_H
#define MEMLOG_FILES_TAIL_H

#include <sys/types.h>

#include "lines.h"

#define TAIL_MARK	64

/**
 * struct tail - An open file on its way to a channel.
 * @path: Its name; "-" is standard input.
 * @fd: The file, -1 while there is none.
 * @dev: Its file system,
 * @ino: and its number there: which file it is.
 * @offset: Bytes read.
 * @mark: The last bytes read, to see that they are still there.
 * @mark_len: How many of them.
 * @must_be_regular: Nothing but a regular file is opened, and by no link of somebody
 *                   who does not own it.
 * @regular: It is a regular file; others are read to their end once.
 * @old: Its name belongs to another file by now.
 * @quiet_ns: When it was last seen to have nothing new, if it is @old.
 * @missing_said: That it is missing was said.
 * @lines: Its lines.
 * @next: The next one.
 */
struct tail {
	const char *path;
	int fd;
	dev_t dev;
	ino_t ino;
	off_t offset;
	char mark[TAIL_MARK];
	size_t mark_len;
	bool must_be_regular;
	bool regular;
	bool old;
	bool missing_said;
	uint64_t quiet_ns;
	struct lines lines;
	struct tail *next;
};

int tail_open(struct tail *tail);
void tail_close(struct tail *tail);
int tail_seek_lines(struct tail *tail, uint64_t count);
ssize_t tail_read(struct tail *tail);
bool tail_truncated(struct tail *tail);
void tail_rewind(struct tail *tail);
bool tail_replaced(const struct tail *tail);

#endif /* MEMLOG_FILES_TAIL_H */
