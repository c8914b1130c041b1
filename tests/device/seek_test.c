// SPDX-License-Identifier: GPL-2.0-only
/* lseek(2) and MEMLOG_IOC_SEEK. */
#include <time.h>

#include "kselftest_harness.h"

#include "device.h"

#define RECORDS 50

FIXTURE(seek)
{
	int wr;
	int rd;
	__u64 first;		/* of RECORDS records "NN........\n" */
	__u64 first_pos;
	__u64 stream;
	struct rec_reader rr;
	char buf[1 << 16];
};

FIXTURE_SETUP(seek)
{
	struct memlog_info info;
	int i;

	ASSERT_EQ(0, dev_reset());
	self->wr = dev_open(O_RDWR);
	ASSERT_LE(0, self->wr);
	self->rd = dev_open(O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->rd);
	ASSERT_EQ(0, dev_info(self->rd, &info));
	self->first = info.next_seq;
	self->first_pos = info.next_pos;
	self->stream = info.stream;
	for (i = 0; i < RECORDS; i++) {
		int n = snprintf(self->buf, sizeof(self->buf), "%02d.......\n",
				 i);

		ASSERT_EQ(10, n);
		ASSERT_EQ(n, put(self->wr, self->buf, n));
	}
	rec_init(&self->rr, self->rd);
}

FIXTURE_TEARDOWN(seek)
{
	close(self->wr);
	close(self->rd);
	dev_reset();
}

/* The number of the record a text read gives now, -1 for none. */
static int number_at(int fd)
{
	char buf[16];

	return get(fd, buf, 10) == 10 ? atoi(buf) : -1;
}

static __u64 reader_seq(int fd)
{
	struct memlog_info info;

	dev_info(fd, &info);
	return info.reader_seq;
}

TEST_F(seek, lseek)
{
	struct memlog_info info;

	ASSERT_EQ(0, dev_info(self->rd, &info));
	EXPECT_EQ(0, dev_lseek(self->rd, 0, SEEK_END));
	EXPECT_EQ(-EAGAIN, get(self->rd, self->buf, 1));
	EXPECT_EQ(info.next_seq, reader_seq(self->rd));
	EXPECT_EQ(0, dev_lseek(self->rd, 0, SEEK_SET));
	EXPECT_EQ(info.oldest_seq, reader_seq(self->rd));
	EXPECT_EQ(0, dev_lseek(self->rd, 0, SEEK_DATA));
	EXPECT_LE(info.oldest_seq, reader_seq(self->rd));
}

TEST_F(seek, lseek_refusals)
{
	static const int bad[] = { SEEK_HOLE, 5, 77, -1 };
	__u64 before;
	size_t i;

	ASSERT_EQ(0, dev_seek(self->rd, MEMLOG_SEEK_SEQ, self->first + 3,
			      NULL));
	before = reader_seq(self->rd);
	EXPECT_EQ(-ESPIPE, dev_lseek(self->rd, 1, SEEK_SET));
	EXPECT_EQ(-ESPIPE, dev_lseek(self->rd, -1, SEEK_SET));
	EXPECT_EQ(-ESPIPE, dev_lseek(self->rd, -1, SEEK_END));
	EXPECT_EQ(-ESPIPE, dev_lseek(self->rd, 1LL << 40, SEEK_END));
	EXPECT_EQ(-ESPIPE, dev_lseek(self->rd, 1, SEEK_DATA));
	EXPECT_EQ(-ESPIPE, dev_lseek(self->rd, 0, SEEK_CUR));
	EXPECT_EQ(-ESPIPE, dev_lseek(self->rd, 1, SEEK_CUR));
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-EINVAL, dev_lseek(self->rd, 0, bad[i]));
	EXPECT_EQ(before, reader_seq(self->rd));
}

/* Half a record read, half a lost line read: a seek forgets both. */
TEST_F(seek, in_the_middle)
{
	ASSERT_EQ(0, dev_seek(self->rd, MEMLOG_SEEK_SEQ, self->first, NULL));
	EXPECT_EQ(4, get(self->rd, self->buf, 4));
	ASSERT_EQ(0, dev_seek(self->rd, MEMLOG_SEEK_SEQ, self->first + 1,
			      NULL));
	EXPECT_EQ(1, number_at(self->rd));

	ASSERT_EQ(0, put_n(self->wr, 300, 100));
	EXPECT_EQ(4, get(self->rd, self->buf, 4));
	EXPECT_EQ(0, memcmp(self->buf, "meml", 4));
	ASSERT_EQ(0, dev_go(self->rd, SEEK_SET));
	EXPECT_EQ(10, get(self->rd, self->buf, 10));
	EXPECT_EQ('n', self->buf[0]);
}

TEST_F(seek, data_is_the_clear_mark)
{
	__u64 mark;

	ASSERT_EQ(0, dev_clear(self->wr, &mark));
	EXPECT_EQ(self->first + RECORDS, mark);
	ASSERT_EQ(3, puts_dev(self->wr, "ab\n"));
	ASSERT_EQ(0, dev_lseek(self->rd, 0, SEEK_DATA));
	EXPECT_EQ(mark, reader_seq(self->rd));
	EXPECT_EQ(3, get(self->rd, self->buf, 10));

	/* Once the mark is gone, the oldest. */
	ASSERT_EQ(0, put_n(self->wr, 300, 100));
	ASSERT_EQ(0, dev_lseek(self->rd, 0, SEEK_DATA));
	EXPECT_LT(mark, reader_seq(self->rd));
	EXPECT_EQ(10, get(self->rd, self->buf, 10));
	EXPECT_EQ('n', self->buf[0]);
}

TEST_F(seek, seq)
{
	struct memlog_seek s;
	int i;

	for (i = RECORDS - 1; i >= 0; i--) {
		ASSERT_EQ(0, dev_seek(self->rd, MEMLOG_SEEK_SEQ,
				      self->first + i, &s));
		EXPECT_EQ(self->first + i, s.seq);
		EXPECT_EQ(self->first_pos + 10 * i, s.pos);
		EXPECT_EQ(0, s.missed);
		EXPECT_EQ(i, number_at(self->rd));
	}
	/* Behind the newest is a place; beyond it is none. */
	ASSERT_EQ(0, dev_seek(self->rd, MEMLOG_SEEK_SEQ,
			      self->first + RECORDS, &s));
	EXPECT_EQ(self->first + RECORDS, s.seq);
	EXPECT_EQ(self->first_pos + 10 * RECORDS, s.pos);
	EXPECT_EQ(-EAGAIN, get(self->rd, self->buf, 1));
}

TEST_F(seek, beyond_is_erange)
{
	ASSERT_EQ(0, dev_seek(self->rd, MEMLOG_SEEK_SEQ, self->first + 7,
			      NULL));
	EXPECT_EQ(-ERANGE, dev_seek(self->rd, MEMLOG_SEEK_SEQ,
				    self->first + RECORDS + 1, NULL));
	EXPECT_EQ(-ERANGE, dev_seek(self->rd, MEMLOG_SEEK_SEQ, ~0ULL, NULL));
	EXPECT_EQ(-ERANGE, dev_seek(self->rd, MEMLOG_SEEK_SEQ, 1ULL << 63,
				    NULL));
	EXPECT_EQ(7, number_at(self->rd));
}

TEST_F(seek, gone_is_missed)
{
	struct memlog_info info;
	struct memlog_seek s;

	ASSERT_EQ(0, put_n(self->wr, 300, 100));
	ASSERT_EQ(0, dev_info(self->rd, &info));
	ASSERT_EQ(0, dev_seek(self->rd, MEMLOG_SEEK_SEQ, self->first + 7, &s));
	EXPECT_EQ(info.oldest_seq, s.seq);
	EXPECT_EQ(info.oldest_pos, s.pos);
	EXPECT_EQ(info.oldest_seq - self->first - 7, s.missed);
	EXPECT_EQ(10, get(self->rd, self->buf, 10));
	EXPECT_EQ('n', self->buf[0]);
}

TEST_F(seek, last)
{
	struct memlog_info info;
	struct memlog_seek s;
	int n;

	for (n = 1; n <= RECORDS; n++) {
		ASSERT_EQ(0, dev_seek(self->rd, MEMLOG_SEEK_LAST, n, &s));
		EXPECT_EQ(self->first + RECORDS - n, s.seq);
		EXPECT_EQ(0, s.missed);
		EXPECT_EQ(RECORDS - n, number_at(self->rd));
	}
	ASSERT_EQ(0, dev_seek(self->rd, MEMLOG_SEEK_LAST, 0, &s));
	EXPECT_EQ(self->first + RECORDS, s.seq);
	EXPECT_EQ(-EAGAIN, get(self->rd, self->buf, 1));

	/* More than there are: all of them, and how many of those are gone. */
	ASSERT_EQ(0, put_n(self->wr, 300, 100));
	ASSERT_EQ(0, dev_info(self->rd, &info));
	ASSERT_EQ(0, dev_seek(self->rd, MEMLOG_SEEK_LAST, 300, &s));
	EXPECT_EQ(info.oldest_seq, s.seq);
	EXPECT_EQ(info.oldest_seq - (info.next_seq - 300), s.missed);
	ASSERT_EQ(0, dev_seek(self->rd, MEMLOG_SEEK_LAST, ~0ULL, &s));
	EXPECT_EQ(info.oldest_seq, s.seq);
	EXPECT_EQ(info.oldest_seq, s.missed);
}

TEST_F(seek, stream)
{
	struct memlog_seek s = { .whence = MEMLOG_SEEK_SEQ,
				 .value = self->first + 5 };
	int whence;

	s.stream = self->stream;
	ASSERT_EQ(0, dev_ioctl(self->rd, MEMLOG_IOC_SEEK, &s));
	EXPECT_EQ(5, number_at(self->rd));

	/* Another one's numbers mean nothing here, whatever the whence. */
	for (whence = 0; whence <= 2; whence++) {
		s = (struct memlog_seek){ .whence = whence,
					  .stream = self->stream ^ 1,
					  .value = self->first + 5 };
		EXPECT_EQ(-ESTALE, dev_ioctl(self->rd, MEMLOG_IOC_SEEK, &s));
	}
	EXPECT_EQ(6, number_at(self->rd));
	s = (struct memlog_seek){ .stream = self->stream ^ 1, .value = ~0ULL };
	EXPECT_EQ(-ESTALE, dev_ioctl(self->rd, MEMLOG_IOC_SEEK, &s));
}

/* Each record's own time finds it, or one before it of the same time. */
TEST_F(seek, since)
{
	__u64 times[RECORDS];
	struct memlog_seek s;
	int i, want;

	ASSERT_EQ(0, dev_format(self->rd, MEMLOG_FORMAT_RECORD, 0));
	ASSERT_EQ(0, dev_seek(self->rd, MEMLOG_SEEK_SEQ, self->first, NULL));
	for (i = 0; i < RECORDS; i++) {
		const struct memlog_record *rec;

		ASSERT_EQ(1, rec_next(&self->rr, &rec, NULL));
		times[i] = rec->time_ns;
	}
	for (i = 1; i < RECORDS; i++) {
		ASSERT_EQ(0, dev_seek(self->rd, MEMLOG_SEEK_SINCE, times[i],
				      &s));
		for (want = i; want && times[want - 1] == times[i]; want--)
			;
		ASSERT_EQ(self->first + want, s.seq);
		ASSERT_EQ(self->first_pos + 10 * want, s.pos);
		ASSERT_EQ(0, s.missed);
		ASSERT_EQ(0, dev_seek(self->rd, MEMLOG_SEEK_SINCE,
				      times[i - 1] + 1, &s));
		if (times[i - 1] < times[i])
			ASSERT_EQ(self->first + i, s.seq);
	}
	ASSERT_EQ(0, dev_seek(self->rd, MEMLOG_SEEK_SINCE, ~0ULL, &s));
	EXPECT_EQ(self->first + RECORDS, s.seq);
	ASSERT_EQ(0, dev_seek(self->rd, MEMLOG_SEEK_SINCE,
			      times[RECORDS - 1] + 1, &s));
	EXPECT_EQ(self->first + RECORDS, s.seq);
}

TEST_F(seek, since_for_ever_is_the_oldest)
{
	struct memlog_info info;
	struct memlog_seek s;

	ASSERT_EQ(0, dev_info(self->rd, &info));
	ASSERT_EQ(0, dev_seek(self->rd, MEMLOG_SEEK_SINCE, 0, &s));
	EXPECT_EQ(info.oldest_seq, s.seq);
	EXPECT_EQ(info.oldest_pos, s.pos);
}

static void step_clock(int64_t seconds)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += seconds;
	clock_settime(CLOCK_REALTIME, &ts);
}

/*
 * The clock goes back, forth and back again between records; the answer is
 * the first in the order of numbers, as if one looked at every record.
 */
TEST_F(seek, since_with_a_clock_that_steps)
{
	static const int steps[] = { 0, -1000, 10, 2000, -1500, 100, 400, -10 };
	const size_t n = ARRAY_SIZE(steps) * 5;
	__u64 times[ARRAY_SIZE(steps) * 5], base;
	struct memlog_seek s;
	struct timespec now;
	int64_t sum = 0;
	size_t i, k;

	clock_gettime(CLOCK_REALTIME, &now);
	if (clock_settime(CLOCK_REALTIME, &now))
		SKIP(return, "can't set the clock: %s", strerror(errno));
	base = dev_next(self->rd);
	for (i = 0; i < n; i++) {
		if (i % 5 == 0) {
			step_clock(steps[i / 5]);
			sum += steps[i / 5];
		}
		ASSERT_EQ(2, puts_dev(self->wr, "t\n"));
	}
	step_clock(-sum);

	ASSERT_EQ(0, dev_format(self->rd, MEMLOG_FORMAT_RECORD, 0));
	ASSERT_EQ(0, dev_seek(self->rd, MEMLOG_SEEK_SEQ, base, NULL));
	for (i = 0; i < n; i++) {
		const struct memlog_record *rec;

		ASSERT_EQ(1, rec_next(&self->rr, &rec, NULL));
		times[i] = rec->time_ns;
	}
	/* The records before are as old as the first: none is later. */
	for (i = 1; i < n; i++) {
		if (times[i] <= times[0])
			continue;
		for (k = 0; times[k] < times[i]; k++)
			;
		ASSERT_EQ(0, dev_seek(self->rd, MEMLOG_SEEK_SINCE, times[i],
				      &s));
		EXPECT_EQ(base + k, s.seq) {
			TH_LOG("record %zu", i);
		}
	}
	/* No later test is to find records of the future. */
	EXPECT_EQ(0, put_n(self->wr, 2 * DEFAULT_RECORDS, 10));
}

TEST_HARNESS_MAIN
