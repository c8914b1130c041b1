// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_day DIR BYTES: a finished day in a new archive, of records of 128 bytes that
 * have so many bytes in all.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/writer.h"

#define LEN	128
/* 2025-11-24 00:00:00 UTC */
#define BEGIN_NS	1763942400000000000ULL
#define DAY_NS		86400000000000ULL

static void say(void *arg, const char *text)
{
	fprintf(stderr, "view_day: %s\n", text);
}

static void die(const char *what, int err)
{
	fprintf(stderr, "view_day: %s: %s\n", what, strerror(-err));
	exit(111);
}

static void add(struct archive_writer *writer, uint64_t seq, uint64_t count)
{
	struct memlog_record rec = {
		.seq = seq, .pos = seq * LEN, .time_ns = BEGIN_NS + DAY_NS / count * seq,
		.len = LEN, .pid = 1000, .pri = 13, .comm = "view_day",
	};
	char text[LEN + 1];
	int err;

	snprintf(text, sizeof(text), "%-*llu\n", LEN - 1, (unsigned long long)seq);
	err = archive_append(writer, 1, &rec, text);
	if (err == -ENOBUFS) {
		err = archive_commit(writer);
		if (!err)
			err = archive_append(writer, 1, &rec, text);
	}
	if (err)
		die("can't write", err);
}

int main(int argc, char **argv)
{
	const struct archive_options options = {
		.sync = ARCHIVE_SYNC_NONE, .gid = (gid_t)-1, .say = say,
	};
	struct archive_writer *writer;
	uint64_t count;
	int err;

	if (argc != 3) {
		fputs("usage: view_day DIR BYTES\n", stderr);
		return 100;
	}
	count = strtoull(argv[2], NULL, 10) / LEN;
	err = archive_writer_open(&writer, argv[1], &options);
	if (err)
		die(argv[1], err);
	for (uint64_t seq = 0; seq < count; seq++)
		add(writer, seq, count);
	err = archive_commit(writer);
	if (!err)
		err = archive_finish(writer);
	if (err)
		die("can't finish", err);
	archive_writer_close(writer);
	return 0;
}
