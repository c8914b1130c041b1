/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bytes from a file, cut into lines, each line a record.
 */
#ifndef MEMLOG_CLI_LINES_H
#define MEMLOG_CLI_LINES_H

#include "sink.h"

/**
 * struct lines - A stream of bytes on its way to a channel.
 * @sink: Where the records go.
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
	struct sink *sink;
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

#endif /* MEMLOG_CLI_LINES_H */
