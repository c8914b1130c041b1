// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading a full ring: read(2) in its formats, and the library's mmap reader.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "bound.h"
#include "dev.h"
#include "event.h"
#include "memlog.h"
#include "table.h"

/**
 * struct reading - One way to read.
 * @name: As the table calls it.
 * @format: MEMLOG_FORMAT_*, for read(2).
 * @newline: The records end in newlines.
 * @mapped: By the library.
 * @bound: Instructions that a record of RECORD bytes may cost.
 */
struct reading {
	const char *name;
	unsigned int format;
	bool newline;
	bool mapped;
	double bound;
};

static const struct reading readings[] = {
	{ "text, lines", MEMLOG_FORMAT_TEXT, true, false, 170 },
	{ "text, no newline", MEMLOG_FORMAT_TEXT, false, false, 350 },
	{ "record format", MEMLOG_FORMAT_RECORD, true, false, 400 },
	{ "mmap, memlog_next()", MEMLOG_FORMAT_RECORD, true, true, 80 },
};

/**
 * struct source - The reader of a measure.
 * @fd: By read(2), or
 * @reader: by the library.
 * @len: Bytes of a record's text.
 * @bytes: What a record gives.
 * @newline: The text ends in one.
 */
struct source {
	int fd;
	struct memlog_reader *reader;
	size_t len;
	size_t bytes;
	bool newline;
};

static uint64_t read_records(void *arg, unsigned int ops)
{
	static char buf[READ_SIZE] __attribute__((aligned(64)));
	struct source *src = arg;
	size_t left = ops * src->bytes;
	uint64_t start;

	dev_seek(src->fd, MEMLOG_SEEK_LAST, ops);
	start = clock_now();
	while (left) {
		ssize_t n = read(src->fd, buf, sizeof(buf));

		if (n <= 0 || (size_t)n > left)
			die("read of %u records: %s", ops, n < 0 ? strerror(errno) :
			    "not what was written");
		left -= (size_t)n;
	}
	return clock_since(start);
}

/* As a follower goes on: what was written behind the last record it read. */
static uint64_t next_records(void *arg, unsigned int ops)
{
	const struct memlog_record *rec;
	struct source *src = arg;
	const char *text;
	uint64_t start;

	dev_write(ops, src->len, src->newline);
	start = clock_now();
	for (unsigned int i = 0; i < ops; i++) {
		int event = memlog_next(src->reader, &rec, &text);

		if (event != MEMLOG_RECORD || rec->len != src->len || *text != 'x')
			die("memlog_next: %d for record %u of %u, not what was written",
			    event, i, ops);
	}
	return clock_since(start);
}

static void open_mapped(struct source *src)
{
	const struct memlog_reader_options follow = {
		.size = sizeof(follow),
		.flags = MEMLOG_READ_FOLLOW | MEMLOG_READ_TAIL,
	};
	int err = memlog_reader_open(&src->reader, DEV_PATH, &follow);

	if (err)
		die("memlog_reader_open: %s", strerror(-err));
	if (!memlog_mapped(src->reader))
		die("the library does not map %s", DEV_PATH);
}

static void open_source(struct source *src, const struct reading *how, size_t len)
{
	src->len = len;
	src->newline = how->newline;
	if (how->mapped) {
		open_mapped(src);
		return;
	}
	src->fd = dev_open(O_RDONLY | O_NONBLOCK);
	dev_format(src->fd, how->format, 0);
	if (how->format == MEMLOG_FORMAT_RECORD)
		src->bytes = sizeof(struct memlog_record) + ((len + 7) & ~(size_t)7);
	else
		src->bytes = len + !how->newline;
}

static void close_source(struct source *src)
{
	if (src->reader)
		memlog_reader_close(src->reader);
	else
		close(src->fd);
}

static uint64_t write_only(void *arg, unsigned int ops)
{
	const struct source *src = arg;

	dev_write(ops, src->len, src->newline);
	return 0;
}

/* System calls of the reading alone, without those that make it ready. */
static uint64_t count_calls(cost_fn fn, struct source *src, unsigned int ops)
{
	cost_fn ready = src->reader ? write_only : fn;
	uint64_t all = event_count(EVENT_SYSTEM_CALL, fn, src, ops);

	return all - event_count(EVENT_SYSTEM_CALL, ready, src, src->reader ? ops : 0);
}

static void measure(const struct reading *how, size_t ring)
{
	cost_fn fn = how->mapped ? next_records : read_records;
	const char *kb = ring == MB ? "1 MB" : "16 KB";
	double calls = 0;

	table_row("%s, %s", how->name, kb);
	for (int i = 0; i < RECORD_SIZES; i++) {
		struct source src = { .fd = -1 };
		unsigned int n;
		struct cost cost;

		if (quick && i != RECORD_COLUMN)
			continue;
		dev_fill(record_sizes[i], how->newline);
		open_source(&src, how, record_sizes[i]);
		n = dev_kept();
		cost = cost_of(fn, &src, n);
		table_cost(&cost);
		if (i == RECORD_COLUMN) {
			uint64_t c = count_calls(fn, &src, n);

			calls = 1000 * (double)c / n;
			bound_at_most(cost.median, how->bound, "instructions",
				      "a record by %s, %s ring", how->name, kb);
		}
		close_source(&src);
	}
	table_number(calls, 1);
	if (how->mapped)
		bound_equal(calls, 0, "per 1000", "system calls, %s, %s ring",
			    how->name, kb);
}

void bench_reads(void)
{
	static const size_t rings[] = { 16 * KB, MB };
	static const char *const heads[] = { TABLE_SIZES, "calls", NULL };

	table_begin("Reading a full ring: instructions a record", heads);
	for (size_t r = 0; r < sizeof(rings) / sizeof(*rings); r++) {
		dev_resize(rings[r]);
		for (size_t i = 0; i < sizeof(readings) / sizeof(*readings); i++)
			measure(&readings[i], rings[r]);
	}
	table_end("read(2) into 64 KB; the mmap reader copies each text out of the ring. calls:\n"
		  "system calls for 1000 records of 100 B. Delivered: all, or the bench had ended.");
}
