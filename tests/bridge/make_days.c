// SPDX-License-Identifier: GPL-2.0-only
/*
 * make_days DIR STREAM SEQ POS TIME_MS STEP_MS: archives the lines of standard input
 * as if they had been written then: each is a record, STEP_MS after the one before,
 * in a stream that goes on at SEQ and POS. "pri type uid comm text".
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/writer.h"

static uint64_t now_ns;

static uint64_t told(void *arg)
{
	return now_ns;
}

static void say(void *arg, const char *text)
{
	fprintf(stderr, "%s\n", text);
}

static void die(int err, const char *what)
{
	fprintf(stderr, "make_days: %s: %s\n", what, strerror(-err));
	exit(1);
}

static void add(struct archive_writer *writer, uint64_t stream,
		const struct memlog_record *rec, const char *text)
{
	int err = archive_append(writer, stream, rec, text);

	if (err == -ENOBUFS) {
		err = archive_commit(writer);
		if (!err)
			err = archive_append(writer, stream, rec, text);
	}
	if (err)
		die(err, "append");
}

int main(int argc, char **argv)
{
	const struct archive_clock clock = { told, told, NULL };
	const struct archive_options options = {
		.sync = ARCHIVE_SYNC_NONE, .gid = (gid_t)-1, .clock = &clock, .say = say,
	};
	struct archive_writer *writer;
	struct memlog_record rec = { .pid = MEMLOG_ID_NONE };
	unsigned int pri, type, uid;
	char *line = NULL, comm[16];
	uint64_t stream, step;
	size_t room = 0;
	ssize_t len;
	int err, at;

	if (argc != 7)
		return 100;
	stream = strtoull(argv[2], NULL, 16);
	rec.seq = strtoull(argv[3], NULL, 10);
	rec.pos = strtoull(argv[4], NULL, 10);
	rec.time_ns = strtoull(argv[5], NULL, 10) * 1000000;
	step = strtoull(argv[6], NULL, 10) * 1000000;
	now_ns = rec.time_ns;
	err = archive_writer_open(&writer, argv[1], &options);
	if (err)
		die(err, "open");
	while ((len = getline(&line, &room, stdin)) > 0) {
		if (sscanf(line, "%u %u %u %15s %n", &pri, &type, &uid, comm, &at) != 4)
			die(-EINVAL, line);
		rec.pri = (uint8_t)pri;
		rec.type = (uint16_t)type;
		rec.uid = uid;
		memset(rec.comm, 0, sizeof(rec.comm));
		memcpy(rec.comm, comm, strlen(comm));
		rec.len = (uint32_t)(len - at);
		now_ns = rec.time_ns;
		add(writer, stream, &rec, line + at);
		rec.seq++;
		rec.pos += rec.len;
		rec.time_ns += step;
	}
	err = archive_commit(writer);
	if (err)
		die(err, "commit");
	archive_writer_close(writer);
	free(line);
	return 0;
}
