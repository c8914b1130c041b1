// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>

#include "sink.h"

/* How long to wait for a quota, which grants one second's worth at most. */
#define QUOTA_NAP_MS	20
#define QUOTA_NAPS	150

void sink_init(struct sink *sink)
{
	memset(sink, 0, sizeof(*sink));
	sink_name(sink, "memlog");
}

/* @name, or the last part of it if it is a path. */
void sink_name(struct sink *sink, const char *name)
{
	const char *slash = strrchr(name, '/');

	if (slash && slash[1])
		name = slash + 1;
	snprintf(sink->comm, sizeof(sink->comm), "%s", name);
}

static int open_ring(struct sink *sink)
{
	struct memlog_embedded_options options = {
		.size = sizeof(options),
		.flags = sink->size ? 0 : MEMLOG_EMBEDDED_EXISTING,
		.text_size = sink->size,
		.name = sink->comm,
	};
	int err;

	err = memlog_embedded_open(&sink->ring, sink->path, &options);
	if (err == -ENOENT && sink->create) {
		options.flags = 0;
		err = memlog_embedded_open(&sink->ring, sink->path, &options);
	}
	if (err)
		return err;
	return memlog_writer_open_embedded(&sink->writer, sink->ring);
}

static bool in_dev(const char *path)
{
	return !strncmp(path, "/dev/", 5) && strncmp(path, "/dev/shm/", 9);
}

/* Ends the program if it can't. */
void sink_open(struct sink *sink)
{
	struct stat st;
	bool there = !stat(sink->path, &st);
	bool ring = there ? is_ring_file(sink->path) : sink->create && !in_dev(sink->path);
	int err;

	if (there && !ring && sink->size)
		usage("%s is no ring file: memlog resize changes the size of a device",
		      sink->path);
	err = ring ? open_ring(sink) : memlog_writer_open(&sink->writer, sink->path);
	if (err == -EINVAL && sink->size)
		usage("--size %llu: not a power of two from 4K to 1G",
		      (unsigned long long)sink->size);
	if (err)
		die_channel(sink->path, TO_WRITE, err);
}

void sink_close(struct sink *sink)
{
	memlog_writer_close(sink->writer);
	memlog_embedded_close(sink->ring);
	sink->writer = NULL;
	sink->ring = NULL;
}

/* A device takes the name of the writing thread. */
static void set_comm(struct sink *sink)
{
	if (!strcmp(sink->comm, sink->comm_set))
		return;
	memcpy(sink->comm_set, sink->comm, sizeof(sink->comm));
	prctl(PR_SET_NAME, sink->comm, 0, 0, 0);
}

static ssize_t write_once(struct sink *sink, int pri, const char *text, size_t len)
{
	struct memlog_attr attr = MEMLOG_ATTR_INIT;

	if (!sink->ring || pri == MEMLOG_PRI_NONE)
		return memlog_write(sink->writer, pri, text, len);
	attr.pri = (uint8_t)pri;
	attr.comm = sink->comm;
	return memlog_embedded_write(sink->ring, &attr, text, len, NULL);
}

/* Return: 0 all of it is written; or a negative errno value. */
int sink_write(struct sink *sink, int pri, const char *text, size_t len)
{
	static const struct timespec nap = { .tv_nsec = QUOTA_NAP_MS * 1000000L };
	int naps = 0;
	ssize_t n;

	set_comm(sink);
	while (len) {
		n = write_once(sink, pri, text, len);
		if (n == -EDQUOT && naps++ < QUOTA_NAPS) {
			nanosleep(&nap, NULL);
			continue;
		}
		if (n == -EINTR)
			continue;
		if (n <= 0)
			return n ? (int)n : -EIO;
		text += n;
		len -= (size_t)n;
		naps = 0;
	}
	return 0;
}

int sink_put(void *sink, int pri, const char *text, size_t len)
{
	return sink_write(sink, pri, text, len);
}
