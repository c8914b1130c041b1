// SPDX-License-Identifier: GPL-2.0-only
/*
 * Searches in a day agree with looking at every row.
 */
#include <errno.h>

#include "../lib/common.h"
#include "kselftest_harness.h"
#include "make_day.h"

#define DAY	20260131
#define T0	1769817600ULL		/* its first second */

static void put_row(struct maker *maker, uint64_t stream, uint64_t seq, uint64_t pos,
		uint64_t ns, const char *text)
{
	struct memlog_record rec = {
		.seq = seq, .pos = pos, .time_ns = ns, .len = strlen(text), .type = seq % 7,
		.pid = 100, .uid = 1000, .pri = 14, .cgroup = 77, .comm = "maker",
	};

	maker_put(maker, stream, &rec, text);
}

struct seen_run { uint64_t stream, first, rows; };
struct seen { struct seen_run runs[16]; unsigned int count; };

static int see(void *arg, uint64_t stream, uint64_t first, uint64_t rows)
{
	struct seen *seen = arg;

	seen->runs[seen->count++] = (struct seen_run){ stream, first, rows };
	return 0;
}

#define MANY	20000

/* Streams of which each has a length of its own, numbers with holes, times that jump. */
static void make_many(struct maker *maker, uint64_t *streams, uint64_t *seqs,
		      uint64_t *times, unsigned int count)
{
	static const unsigned int runs[] = { 1, 2, 5000, 3, 64, 4097, 1000000 };
	uint64_t seq = 0, ns = T0 * SEC;
	unsigned int run = 0, left = runs[0];

	srand(1);
	for (unsigned int i = 0; i < count; i++, left--) {
		if (!left) {
			left = runs[++run];
			seq = rand() % 5;
		}
		ns += rand() % 1000;
		if (rand() % 3000 == 0)
			ns -= 500000;
		streams[i] = 100 + run * 7 % 11;
		seqs[i] = seq;
		times[i] = ns;
		put_row(maker, streams[i], seq, seq * 10, ns, "a line\n");
		seq += rand() % 50 ? 1 : 7;
	}
	maker_flush(maker);
}

FIXTURE(search) {
	char dir[128];
	int dirfd;
	struct maker maker;
	struct archive_day *day;
	uint64_t streams[MANY], seqs[MANY], times[MANY];
};

FIXTURE_VARIANT(search) { bool times; };
FIXTURE_VARIANT_ADD(search, cached) { .times = true };
FIXTURE_VARIANT_ADD(search, plain) { .times = false };

FIXTURE_SETUP(search)
{
	in_test_dir(self->dir, "archive");
	mkdir(self->dir, 0700);
	self->dirfd = open(self->dir, O_RDONLY | O_DIRECTORY);
	maker_open(&self->maker, self->dir, DAY, true, variant->times);
	make_many(&self->maker, self->streams, self->seqs, self->times, MANY);
	ASSERT_EQ(0, archive_day_open(&self->day, self->dirfd, DAY));
	ASSERT_EQ(MANY, archive_day_rows(self->day));
}

FIXTURE_TEARDOWN(search)
{
	archive_day_close(self->day);
	maker_close(&self->maker);
	close(self->dirfd);
	remove_test_dir();
}

TEST_F(search, streams)
{
	struct seen seen = { 0 };
	uint64_t row = 0;

	ASSERT_EQ(0, archive_day_streams(self->day, see, &seen));
	ASSERT_EQ(7, seen.count);
	for (unsigned int i = 0; i < seen.count; i++) {
		EXPECT_EQ(row, seen.runs[i].first);
		for (uint64_t n = 0; n < seen.runs[i].rows; n++, row++)
			ASSERT_EQ(seen.runs[i].stream, self->streams[row]);
	}
	EXPECT_EQ(MANY, row);
}

TEST_F(search, seq)
{
	uint64_t row;

	for (unsigned int i = 0; i < MANY; i += 1 + i % 3) {
		ASSERT_EQ(0, archive_day_find_seq(self->day, self->streams[i],
						  self->seqs[i], &row));
		ASSERT_EQ(i, row);
		/* In a hole it is the one before. */
		if (i + 1 < MANY && self->streams[i + 1] == self->streams[i]) {
			ASSERT_EQ(0, archive_day_find_seq(self->day, self->streams[i],
							  self->seqs[i + 1] - 1, &row));
			ASSERT_EQ(i, row);
		} else {
			ASSERT_EQ(0, archive_day_find_seq(self->day, self->streams[i],
							  ~0ULL, &row));
			ASSERT_EQ(i, row);
		}
	}
	EXPECT_EQ(-ENOENT, archive_day_find_seq(self->day, 99, 0, &row));
	for (unsigned int i = 0; i < MANY; i++)
		if (self->seqs[i] && (!i || self->streams[i - 1] != self->streams[i]))
			EXPECT_EQ(-ENOENT, archive_day_find_seq(self->day,
				self->streams[i], self->seqs[i] - 1, &row));
}

static uint64_t look_for_time(const uint64_t *times, uint64_t ns)
{
	uint64_t row = 0;

	while (row < MANY && times[row] < ns)
		row++;
	return row;
}

TEST_F(search, time)
{
	uint64_t row, max = 0, ns;

	for (unsigned int i = 0; i < MANY; i++)
		max = self->times[i] > max ? self->times[i] : max;
	ASSERT_EQ(0, archive_day_max_time(self->day, &ns));
	EXPECT_EQ(max, ns);
	for (unsigned int i = 0; i < MANY; i += 37) {
		for (int d = -1; d <= 1; d++) {
			ns = self->times[i] + d;
			ASSERT_EQ(0, archive_day_find_time(self->day, ns, &row));
			ASSERT_EQ(look_for_time(self->times, ns), row);
		}
	}
	ASSERT_EQ(0, archive_day_find_time(self->day, 0, &row));
	EXPECT_EQ(0, row);
	ASSERT_EQ(0, archive_day_find_time(self->day, max + 1, &row));
	EXPECT_EQ(MANY, row);
}

TEST_HARNESS_MAIN
