/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bytes from a file, cut into lines, each line a record.
 */
#ifndef MEMLOG_FILES_LINES_H
#define MEMLOG_FILES_LINES_H

#include <memlog.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * typedef lines_put - Take a line.
 * @arg: As in struct lines.
 * @pri: Its priority, or MEMLOG_PRI_NONE.
 * @text: Its text, with the newline if there is one.
 * @len: Bytes of it.
 *
 * Return: 0 or a negative errno value.
 */
typedef int (*lines_put)(void *arg, int pri, const char *text, size_t len);

/**
 * struct lines - A stream of bytes on its way to a channel.
 * @put: Takes the lines.
 * @arg: For @put.
 * @pri: Priority of the records, or MEMLOG_PRI_NONE.
 * @level_prefix: A "<N>" at the start of a line is its priority.
 * @keep_cr: A line that ends in CR LF stays as it is; else it ends in LF.
 * @buf: Bytes read and not yet written: the beginning of a line.
 * @len: How many.
 * @size: How many there is room for.
 * @records: Lines written.
 * @refused: Lines the channel did not take.
 * @error: Why: the last error.
 */
struct lines {
	lines_put put;
	void *arg;
	int pri;
	bool level_prefix;
	bool keep_cr;
	char *buf;
	size_t len;
	size_t size;
	uint64_t records;
	uint64_t refused;
	int error;
};

ssize_t lines_read(struct lines *lines, int fd);
void lines_flush(struct lines *lines);
void lines_free(struct lines *lines);

#endif /* MEMLOG_FILES_LINES_H */
