// SPDX-License-Identifier: GPL-2.0-only
/*
 * What archiving costs: records a second of a core, and beside a plain program
 * that appends the same bytes to the same three files and calls fdatasync(2) on
 * each.
 *
 *	archive_bench [--check] [--dir FOLDER]
 *
 * --check: only what is promised, quickly, as TAP. FOLDER, which is made and
 * removed, says which disk is measured; it is in /var/tmp otherwise.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "archive/writer.h"

#define RECORD		128
#define RATE_MIN	500000.0	/* records a second of a core */
#define RATIO_MAX	1.2
#define ROUNDS_MAX	64

static const char * const names[] = { "data000000", "index", "meta" };
static const size_t row_bytes[] = {
	ARCHIVE_HEAD_SIZE + RECORD, ARCHIVE_INDEX_SIZE, ARCHIVE_META_SIZE,
};

static char folder[256] = "/var/tmp/memlog-bench.XXXXXX";
static uint64_t start_ns;
static bool check;
static int missed;

static double seconds(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void die(const char *what, int err)
{
	fprintf(stderr, "archive_bench: %s: %s\n", what, strerror(err < 0 ? -err : err));
	exit(111);
}

static void say(void *arg, const char *text)
{
	if (!strstr(text, "is opened") && !strstr(text, "was put aside"))
		fprintf(stderr, "archive_bench: %s\n", text);
}

static struct archive_writer *open_archive(const char *name, enum archive_sync sync)
{
	struct archive_options options = { .sync = sync, .gid = -1, .say = say };
	struct archive_writer *writer;
	char path[300];
	int err;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	err = archive_writer_open(&writer, path, &options);
	if (err)
		die(path, err);
	return writer;
}

static void append(struct archive_writer *writer, uint64_t seq)
{
	static const char text[RECORD] = "a line of a log, as long as such lines are";
	struct memlog_record rec = {
		.seq = seq, .pos = seq * RECORD, .time_ns = start_ns + seq, .len = RECORD,
		.cgroup = 4711, .pid = 1234, .uid = 1000, .pri = 13, .comm = "writer",
	};
	int err = archive_append(writer, 0x1234, &rec, text);

	if (err == -ENOBUFS) {
		err = archive_commit(writer);
		if (!err)
			err = archive_append(writer, 0x1234, &rec, text);
	}
	if (err)
		die("append", err);
}

static void commit(struct archive_writer *writer)
{
	int err = archive_commit(writer);

	if (err)
		die("commit", err);
}

/* ---- The plain program. */

static int plain[3];

static void plain_open(const char *name)
{
	char path[300];

	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s-%s", folder, name, names[i]);
		plain[i] = open(path, O_WRONLY | O_CREAT | O_APPEND, 0640);
		if (plain[i] < 0)
			die(path, errno);
	}
}

static void plain_append(unsigned int rows)
{
	static char bytes[256 * (ARCHIVE_HEAD_SIZE + RECORD)];

	for (int i = 0; i < 3; i++)
		if (write(plain[i], bytes, rows * row_bytes[i]) !=
		    (ssize_t)(rows * row_bytes[i]))
			die(names[i], errno);
	for (int i = 0; i < 3; i++)
		if (fdatasync(plain[i]))
			die(names[i], errno);
}

/* ---- */

static void promise(bool kept, const char *what, double value, const char *bound)
{
	static int number;

	missed += !kept;
	if (check)
		printf("%sok %d %s: %.2f, %s\n", kept ? "" : "not ", ++number, what, value, bound);
	else if (!kept)
		printf("missed: %s: %.2f, %s\n", what, value, bound);
}

/* Records without any sync: what the processor does. */
static void measure_rate(uint64_t records)
{
	struct archive_writer *writer = open_archive("none", ARCHIVE_SYNC_NONE);
	double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);

	for (uint64_t seq = 0; seq < records; seq++)
		append(writer, seq);
	commit(writer);
	wall = seconds(CLOCK_MONOTONIC) - wall;
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	if (archive_writer_end(writer)->rows != records)
		die("rows are missing", EIO);
	archive_writer_close(writer);
	if (!check) {
		printf("Records of %d B, --sync=none\n\n", RECORD);
		printf("  %-28s %12s %12s\n", "", "records/s", "MB/s");
		printf("  %-28s %12.0f %12.0f\n", "by the wall clock", records / wall,
		       records / wall * (row_bytes[0] + row_bytes[1] + row_bytes[2]) / 1e6);
		printf("  %-28s %12.0f %12.0f\n\n", "by a core's time", records / cpu,
		       records / cpu * (row_bytes[0] + row_bytes[1] + row_bytes[2]) / 1e6);
	}
	promise(records / cpu >= RATE_MIN, "records a second of a core", records / cpu,
		"at least 500000");
}

static int by_size(const void *a, const void *b)
{
	double one = *(const double *)a, other = *(const double *)b;

	return (one > other) - (one < other);
}

/* Both in turns, so that what else the disk does meets both. */
static void measure_sync(unsigned int batch, unsigned int rounds, unsigned int commits)
{
	double ours = 0, theirs = 0, ratios[ROUNDS_MAX];
	struct archive_writer *writer;
	char name[32], what[64];
	uint64_t seq = 0;

	snprintf(name, sizeof(name), "batch%u", batch);
	writer = open_archive(name, ARCHIVE_SYNC_BATCH);
	snprintf(name, sizeof(name), "plain%u", batch);
	plain_open(name);
	append(writer, seq++);
	commit(writer);
	plain_append(1);
	for (unsigned int round = 0; round < rounds; round++) {
		double begin = seconds(CLOCK_MONOTONIC), middle;

		for (unsigned int n = 0; n < commits; n++) {
			for (unsigned int i = 0; i < batch; i++)
				append(writer, seq++);
			commit(writer);
		}
		middle = seconds(CLOCK_MONOTONIC);
		for (unsigned int n = 0; n < commits; n++)
			plain_append(batch);
		ours += middle - begin;
		theirs += seconds(CLOCK_MONOTONIC) - middle;
		ratios[round] = (middle - begin) / (seconds(CLOCK_MONOTONIC) - middle);
	}
	archive_writer_close(writer);
	for (int i = 0; i < 3; i++)
		close(plain[i]);
	qsort(ratios, rounds, sizeof(ratios[0]), by_size);
	if (!check)
		printf("  %-10u %14.0f %14.0f %10.2f %10.2f\n", batch,
		       rounds * commits * batch / ours, rounds * commits * batch / theirs,
		       ours / theirs, ratios[rounds / 2]);
	snprintf(what, sizeof(what), "times what a plain program takes, batches of %u", batch);
	promise(ratios[rounds / 2] <= RATIO_MAX, what, ratios[rounds / 2], "at most 1.2");
}

static void remove_folder(void)
{
	char command[300];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	if (system(command))
		fprintf(stderr, "archive_bench: %s stays\n", folder);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--check")) {
			check = true;
		} else if (!strcmp(argv[i], "--dir") && i + 1 < argc) {
			snprintf(folder, sizeof(folder), "%s/memlog-bench.XXXXXX", argv[++i]);
		} else {
			fprintf(stderr, "usage: archive_bench [--check] [--dir FOLDER]\n");
			return 100;
		}
	}
	if (!mkdtemp(folder))
		die(folder, errno);
	atexit(remove_folder);
	start_ns = time(NULL) * 1000000000ULL;
	if (check)
		printf("TAP version 13\n1..3\n");
	measure_rate(check ? 500000 : 3000000);
	if (!check) {
		printf("Records/s, --sync=batch, beside a plain program\n\n");
		printf("  %-10s %14s %14s %10s %10s\n", "batch of", "archive", "plain",
		       "ratio", "median");
	}
	measure_sync(1, check ? 20 : ROUNDS_MAX, check ? 20 : 50);
	measure_sync(256, check ? 20 : ROUNDS_MAX, check ? 10 : 50);
	return missed != 0;
}
