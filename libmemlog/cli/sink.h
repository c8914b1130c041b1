/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where records go: a device, or a ring file of which this process becomes the
 * writer.
 */
#ifndef MEMLOG_CLI_SINK_H
#define MEMLOG_CLI_SINK_H

#include "cli.h"

/**
 * struct sink - A channel open for writing.
 * @path: Its path, for messages.
 * @create: In: make a ring file if there is none.
 * @size: In: bytes of text it keeps, 0 for the default, or its own if it exists.
 * @comm: Name of what the records come from; may change between writes.
 * @comm_set: The kernel's name of this thread, as far as it was set here.
 * @writer: The channel.
 * @ring: The ring file, NULL for a device.
 */
struct sink {
	char path[PATH_MAX];
	bool create;
	uint64_t size;
	char comm[MEMLOG_COMM_LEN];
	char comm_set[MEMLOG_COMM_LEN];
	struct memlog_writer *writer;
	struct memlog_embedded *ring;
};

void sink_init(struct sink *sink);
void sink_open(struct sink *sink);
void sink_close(struct sink *sink);
void sink_name(struct sink *sink, const char *name);
int sink_write(struct sink *sink, int pri, const char *text, size_t len);

/* The same for struct lines. */
int sink_put(void *sink, int pri, const char *text, size_t len);

#endif /* MEMLOG_CLI_SINK_H */
