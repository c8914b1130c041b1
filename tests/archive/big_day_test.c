// SPDX-License-Identifier: GPL-2.0-only
/*
 * big_day_test ROWS: what it costs to open a day of so many rows and to find a place in
 * it, by number and by time, with a clock that was set back now and then.
 *
 * Each of them has 5 ms, and memory does not grow with the rows.
 */
#include <errno.h>
#include <sys/resource.h>
#include <time.h>

#include "../lib/common.h"
#include "make_day.h"

#define DAY	20260131
#define T0	(1769817600ULL * SEC)
#define LIMIT	5000		/* us */
#define TRIES	200
#define MEMORY	4096		/* KiB */

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
}

static long memory(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

/* The clock is set back by a minute after each 100,000 rows. */
static uint64_t time_of(uint64_t row)
{
	return T0 + row * 1000000 - row / 100000 * 60 * SEC;
}

/* The first row with that time or a later one, from what time_of() is. */
static bool is_first(uint64_t row, uint64_t rows, uint64_t ns)
{
	if (row < rows && time_of(row) < ns)
		return false;
	/* Times rise between two steps, so that the last row before each is the latest. */
	if (row && time_of(row - 1) >= ns)
		return false;
	for (uint64_t end = 100000; end <= row; end += 100000)
		if (time_of(end - 1) >= ns)
			return false;
	return true;
}

static void make(const char *dir, uint64_t rows)
{
	struct memlog_record rec = { .pri = 13, .comm = "big" };
	struct maker maker;
	char text[16];

	maker_open(&maker, dir, DAY, true, true);
	for (rec.seq = 0; rec.seq < rows; rec.seq++, rec.pos += rec.len) {
		rec.time_ns = time_of(rec.seq);
		rec.len = snprintf(text, sizeof(text), "%llu\n", (unsigned long long)rec.seq);
		maker_put(&maker, 1 + rec.seq / (rows / 3 + 1), &rec, text);
	}
	maker_finish(&maker);
	maker_close(&maker);
}

/* Worst and mean of what was measured. */
struct cost { uint64_t worst, sum; };

static void add(struct cost *cost, uint64_t begin)
{
	uint64_t us = now_us() - begin;

	cost->sum += us;
	cost->worst = us > cost->worst ? us : cost->worst;
}

static int test;

static bool report(const char *what, const struct cost *cost, bool right)
{
	bool ok = right && cost->sum / TRIES < LIMIT;

	printf("# %s: mean %llu us, worst %llu us\n", what,
	       (unsigned long long)cost->sum / TRIES, (unsigned long long)cost->worst);
	printf("%sok %d %s\n", ok ? "" : "not ", ++test, what);
	return ok;
}

static bool by_day(int dirfd, uint64_t rows)
{
	struct cost seq_cost = { 0 }, time_cost = { 0 };
	bool seq_right = true, time_right = true;

	for (int i = 0; i < TRIES; i++) {
		uint64_t want = (uint64_t)rand() * 7919 % rows, row, begin = now_us();
		uint64_t ns = time_of(want) + i % 3 - 1;
		struct archive_day *day;

		if (archive_day_open(&day, dirfd, DAY) ||
		    archive_day_find_seq(day, 1 + want / (rows / 3 + 1), want, &row) ||
		    row != want)
			seq_right = false;
		add(&seq_cost, begin);
		archive_day_close(day);
		begin = now_us();
		if (archive_day_open(&day, dirfd, DAY) ||
		    archive_day_find_time(day, ns, &row))
			time_right = false;
		add(&time_cost, begin);
		if (!is_first(row, rows, ns))
			time_right = false;
		archive_day_close(day);
	}
	seq_right = report("a day is opened and a number found", &seq_cost, seq_right);
	time_right = report("a day is opened and a time found", &time_cost, time_right);
	return seq_right && time_right;
}

static bool by_reader(const char *dir, uint64_t rows, uint32_t flags, const char *what)
{
	struct memlog_reader_options options = { .size = sizeof(options), .flags = flags };
	struct cost cost = { 0 };
	bool right = true;

	for (int i = 0; i < TRIES; i++) {
		uint64_t want = (uint64_t)rand() * 7919 % rows, begin = now_us();
		const struct memlog_record *rec;
		struct memlog_reader *reader;
		const char *text;

		options.since_ns = time_of(want);
		options.from_stream = 1 + want / (rows / 3 + 1);
		options.from_seq = want;
		if (memlog_reader_open(&reader, dir, &options) ||
		    memlog_next(reader, &rec, &text) != MEMLOG_RECORD) {
			right = false;
			continue;
		}
		add(&cost, begin);
		right &= flags & MEMLOG_READ_FROM ? rec->seq == want :
						    is_first(rec->seq, rows, options.since_ns);
		memlog_reader_close(reader);
	}
	return report(what, &cost, right);
}

/* All of it, once. */
static bool read_through(const char *dir, uint64_t rows)
{
	const struct memlog_record *rec;
	uint64_t begin = now_us(), n = 0;
	struct memlog_reader *reader;
	const char *text;
	int event;

	if (memlog_reader_open(&reader, dir, NULL))
		return false;
	while ((event = memlog_next(reader, &rec, &text)) != MEMLOG_END && event > 0)
		n += event == MEMLOG_RECORD;
	memlog_reader_close(reader);
	printf("# read at %llu records/s\n", (unsigned long long)
	       (n * 1000000 / (now_us() - begin + 1)));
	printf("%sok %d all is read\n", n == rows ? "" : "not ", ++test);
	return n == rows;
}

int main(int argc, char **argv)
{
	uint64_t rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	bool ok = true;
	char dir[128];
	long before;
	int dirfd;

	if (!rows) {
		fprintf(stderr, "usage: big_day_test ROWS\n");
		return 100;
	}
	printf("TAP version 13\n1..6\n");
	fflush(stdout);
	in_test_dir(dir, "archive");
	make(dir, rows);
	dirfd = open(dir, O_RDONLY | O_DIRECTORY);
	before = memory();
	ok &= by_day(dirfd, rows);
	ok &= by_reader(dir, rows, MEMLOG_READ_FROM, "a reader begins at a number");
	ok &= by_reader(dir, rows, MEMLOG_READ_SINCE, "a reader begins at a time");
	ok &= read_through(dir, rows);
	printf("# %ld KiB of memory more than before\n", memory() - before);
	printf("%sok %d memory stays\n", memory() - before < MEMORY ? "" : "not ", ++test);
	ok &= memory() - before < MEMORY;
	close(dirfd);
	remove_test_dir();
	return !ok;
}
