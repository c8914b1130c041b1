// SPDX-License-Identifier: GPL-2.0-only
/* The line a text reader gets for what it lost: exact, whole, unchanging. */
#include "kselftest_harness.h"

#include "device.h"

FIXTURE(overrun)
{
	int wr;
	int rd;
	__u64 first_seq;
	__u64 first_pos;
	char buf[1 << 16];
};

FIXTURE_SETUP(overrun)
{
	struct memlog_info info;

	ASSERT_EQ(0, dev_reset());
	self->wr = dev_open(O_WRONLY);
	ASSERT_LE(0, self->wr);
	self->rd = dev_open(O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->rd);
	ASSERT_EQ(0, dev_go(self->rd, SEEK_END));
	ASSERT_EQ(0, dev_info(self->rd, &info));
	self->first_seq = info.next_seq;
	self->first_pos = info.next_pos;
}

FIXTURE_TEARDOWN(overrun)
{
	close(self->wr);
	close(self->rd);
	dev_reset();
}

/* The line for losing up to, and not with, the oldest record of now. */
static void lost_line(int fd, char *line, size_t size, __u64 seq, __u64 pos)
{
	struct memlog_info info;

	dev_info(fd, &info);
	snprintf(line, size, "memlog: lost %llu records, %llu bytes\n",
		 info.oldest_seq - seq, info.oldest_pos - pos);
}

TEST_F(overrun, exact)
{
	char want[100];
	ssize_t n;

	ASSERT_EQ(0, put_n(self->wr, 400, 100));
	lost_line(self->rd, want, sizeof(want), self->first_seq,
		  self->first_pos);
	n = get_all(self->rd, self->buf, sizeof(self->buf), 4096);
	ASSERT_LT(0, n);
	ASSERT_EQ(0, strncmp(want, self->buf, strlen(want)));
	EXPECT_EQ('n', self->buf[strlen(want)]);
	/* delivered + lost = written */
	{
		unsigned long records, bytes;

		ASSERT_EQ(2, sscanf(self->buf,
				    "memlog: lost %lu records, %lu bytes",
				    &records, &bytes));
		EXPECT_EQ(0, (n - strlen(want)) % 100);
		EXPECT_EQ(400, records + (n - strlen(want)) / 100);
		EXPECT_EQ(40000, bytes + n - strlen(want));
		EXPECT_LT(0, records);
	}
}

TEST_F(overrun, counters)
{
	struct memlog_info before, after;

	ASSERT_EQ(0, put_n(self->wr, 400, 100));
	ASSERT_EQ(0, dev_info(self->rd, &before));
	get_all(self->rd, self->buf, sizeof(self->buf), 4096);
	ASSERT_EQ(0, dev_info(self->rd, &after));
	EXPECT_EQ(before.oldest_seq - self->first_seq, after.lost_records);
	EXPECT_EQ(before.oldest_pos - self->first_pos, after.lost_bytes);
	EXPECT_EQ(after.next_seq, after.reader_seq);
}

TEST_F(overrun, before_every_buffer)
{
	static const size_t chunks[] = { 1, 2, 7, 30, 100, 4096 };
	char want[100];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(chunks); i++) {
		struct memlog_info info;

		ASSERT_EQ(0, dev_go(self->rd, SEEK_END));
		ASSERT_EQ(0, dev_info(self->rd, &info));
		ASSERT_EQ(0, put_n(self->wr, 200, 100));
		lost_line(self->rd, want, sizeof(want), info.next_seq,
			  info.next_pos);
		ASSERT_LT(strlen(want), get_all(self->rd, self->buf,
						sizeof(self->buf), chunks[i]));
		ASSERT_EQ(0, strncmp(want, self->buf, strlen(want))) {
			TH_LOG("by %zu bytes", chunks[i]);
		}
		EXPECT_EQ('n', self->buf[strlen(want)]);
		EXPECT_EQ(NULL, strstr(self->buf + 1, "memlog:"));
	}
}

/* Ten of fifty bytes read: the record is lost, and forty bytes of it. */
TEST_F(overrun, inside_a_record)
{
	char want[100];

	memset(self->buf, 'h', 49);
	self->buf[49] = '\n';
	ASSERT_EQ(50, put(self->wr, self->buf, 50));
	ASSERT_EQ(10, get(self->rd, self->buf, 10));
	ASSERT_EQ(0, put_n(self->wr, 400, 100));
	lost_line(self->rd, want, sizeof(want), self->first_seq,
		  self->first_pos + 10);
	get_all(self->rd, self->buf, sizeof(self->buf), 4096);
	EXPECT_EQ('\n', self->buf[0]);
	EXPECT_EQ(0, strncmp(want, self->buf + 1, strlen(want))) {
		TH_LOG("%.60s", self->buf + 1);
	}
}

TEST_F(overrun, inside_a_record_behind_a_newline)
{
	char want[100];

	ASSERT_EQ(6, puts_dev(self->wr, "ab\ncd\n"));
	ASSERT_EQ(3, get(self->rd, self->buf, 3));
	ASSERT_EQ(0, put_n(self->wr, 400, 100));
	lost_line(self->rd, want, sizeof(want), self->first_seq,
		  self->first_pos + 3);
	get_all(self->rd, self->buf, sizeof(self->buf), 4096);
	EXPECT_EQ(0, strncmp(want, self->buf, strlen(want)));
}

/* All of its text read, only the newline we add was not: not lost. */
TEST_F(overrun, before_an_added_newline)
{
	char want[100];

	ASSERT_EQ(3, puts_dev(self->wr, "abc"));
	ASSERT_EQ(3, get(self->rd, self->buf, 3));
	ASSERT_EQ(0, put_n(self->wr, 400, 100));
	lost_line(self->rd, want, sizeof(want), self->first_seq + 1,
		  self->first_pos + 3);
	get_all(self->rd, self->buf, sizeof(self->buf), 1);
	EXPECT_EQ('\n', self->buf[0]);
	EXPECT_EQ(0, strncmp(want, self->buf + 1, strlen(want))) {
		TH_LOG("%.60s", self->buf + 1);
	}
}

/* A PARTIAL read to its end, and what joined it lost. */
TEST_F(overrun, between_partial_and_join)
{
	char want[100];

	memset(self->buf, 'p', 5000);
	ASSERT_EQ(5000, put(self->wr, self->buf, 5000));
	ASSERT_EQ(4096, get(self->rd, self->buf, 4096));
	ASSERT_EQ(0, put_n(self->wr, 400, 100));
	lost_line(self->rd, want, sizeof(want), self->first_seq + 1,
		  self->first_pos + 4096);
	get_all(self->rd, self->buf, sizeof(self->buf), 4096);
	EXPECT_EQ('\n', self->buf[0]);
	EXPECT_EQ(0, strncmp(want, self->buf + 1, strlen(want))) {
		TH_LOG("%.60s", self->buf + 1);
	}
}

TEST_F(overrun, a_line_once_begun_does_not_change)
{
	char first[100], second[100];
	struct memlog_info mid;
	size_t cut;

	for (cut = 1; cut < 30; cut += 4) {
		struct memlog_info info;
		size_t len;

		ASSERT_EQ(0, dev_go(self->rd, SEEK_END));
		ASSERT_EQ(0, dev_info(self->rd, &info));
		ASSERT_EQ(0, put_n(self->wr, 200, 100));
		lost_line(self->rd, first, sizeof(first), info.next_seq,
			  info.next_pos);
		ASSERT_EQ(0, dev_info(self->rd, &mid));
		ASSERT_EQ(cut, get(self->rd, self->buf, cut));
		ASSERT_EQ(0, put_n(self->wr, 200, 100));
		lost_line(self->rd, second, sizeof(second), mid.oldest_seq,
			  mid.oldest_pos);

		get_all(self->rd, self->buf + cut, sizeof(self->buf) - cut,
			4096);
		len = strlen(first);
		ASSERT_EQ(0, strncmp(first, self->buf, len)) {
			TH_LOG("cut at %zu: %.60s", cut, self->buf);
		}
		ASSERT_EQ(0, strncmp(second, self->buf + len, strlen(second))) {
			TH_LOG("cut at %zu: %.60s", cut, self->buf + len);
		}
		EXPECT_EQ('n', self->buf[len + strlen(second)]);
	}
}

/* Lapped again before the line is begun: one line, the sum of both. */
TEST_F(overrun, one_line_for_what_is_lost_at_once)
{
	char want[100];

	ASSERT_EQ(0, put_n(self->wr, 200, 100));
	ASSERT_TRUE(has_input(self->rd));
	ASSERT_EQ(0, put_n(self->wr, 200, 77));
	lost_line(self->rd, want, sizeof(want), self->first_seq,
		  self->first_pos);
	get_all(self->rd, self->buf, sizeof(self->buf), 65536 - 1);
	EXPECT_EQ(0, strncmp(want, self->buf, strlen(want)));
	EXPECT_EQ(NULL, strstr(self->buf + 1, "memlog:"));
}

/* Descriptors run out before text when lines are short. */
TEST_F(overrun, of_descriptors)
{
	struct memlog_info info;
	char want[100];

	ASSERT_EQ(0, put_n(self->wr, 2 * DEFAULT_RECORDS, 10));
	ASSERT_EQ(0, dev_info(self->rd, &info));
	EXPECT_GE(DEFAULT_RECORDS, info.next_seq - info.oldest_seq);
	EXPECT_LE(DEFAULT_RECORDS - 1, info.next_seq - info.oldest_seq);
	lost_line(self->rd, want, sizeof(want), self->first_seq,
		  self->first_pos);
	get_all(self->rd, self->buf, sizeof(self->buf), 4096);
	EXPECT_EQ(0, strncmp(want, self->buf, strlen(want)));
}

/* Added newlines are no bytes of the log. */
TEST_F(overrun, with_no_newlines)
{
	unsigned long records, bytes;
	ssize_t n;
	int i, skip;

	for (i = 0; i < 400; i++)
		ASSERT_EQ(9, puts_dev(self->wr, "123456789"));
	for (i = 0; i < 400; i++)
		ASSERT_EQ(99, put(self->wr, memset(self->buf, 'x', 99), 99));
	n = get_all(self->rd, self->buf, sizeof(self->buf), 101);
	ASSERT_LT(0, n);
	ASSERT_EQ(2, sscanf(self->buf, "memlog: lost %lu records, %lu bytes%n",
			    &records, &bytes, &skip));
	n -= skip + 1;
	EXPECT_EQ(0, n % 100);
	EXPECT_EQ(800, records + n / 100);
	EXPECT_EQ(400 * (9 + 99), bytes + n / 100 * 99);
}

TEST_F(overrun, quiet)
{
	struct memlog_info before, after;

	ASSERT_EQ(0, dev_format(self->rd, MEMLOG_FORMAT_TEXT,
				MEMLOG_FORMAT_QUIET));
	ASSERT_EQ(0, put_n(self->wr, 400, 100));
	ASSERT_EQ(0, dev_info(self->rd, &before));
	ASSERT_LT(0, get_all(self->rd, self->buf, sizeof(self->buf), 4096));
	EXPECT_EQ('n', self->buf[0]);
	EXPECT_EQ(NULL, strstr(self->buf, "memlog:"));
	ASSERT_EQ(0, dev_info(self->rd, &after));
	EXPECT_EQ(before.oldest_seq - self->first_seq, after.lost_records);
	EXPECT_EQ(before.oldest_pos - self->first_pos, after.lost_bytes);
}

/* A seek says itself what it missed; no line follows. */
TEST_F(overrun, none_after_a_seek)
{
	struct memlog_seek seek;
	struct memlog_info info;

	ASSERT_EQ(0, put_n(self->wr, 400, 100));
	ASSERT_EQ(0, dev_info(self->rd, &info));
	ASSERT_EQ(0, dev_seek(self->rd, MEMLOG_SEEK_SEQ, self->first_seq,
			      &seek));
	EXPECT_EQ(info.oldest_seq, seek.seq);
	EXPECT_EQ(info.oldest_seq - self->first_seq, seek.missed);
	ASSERT_LT(0, get_all(self->rd, self->buf, sizeof(self->buf), 4096));
	EXPECT_EQ('n', self->buf[0]);
	EXPECT_EQ(NULL, strstr(self->buf, "memlog:"));

	ASSERT_EQ(0, put_n(self->wr, 400, 100));
	ASSERT_EQ(0, dev_go(self->rd, SEEK_SET));
	ASSERT_LT(0, get_all(self->rd, self->buf, sizeof(self->buf), 4096));
	EXPECT_EQ('n', self->buf[0]);
}

/* The line belongs to each reader's own place. */
TEST_F(overrun, of_one_reader_is_not_that_of_another)
{
	int late = dev_open(O_RDONLY | O_NONBLOCK);

	ASSERT_LE(0, late);
	ASSERT_EQ(0, put_n(self->wr, 100, 100));
	ASSERT_LT(0, get_all(late, self->buf, sizeof(self->buf), 4096));
	ASSERT_EQ(0, put_n(self->wr, 100, 100));
	ASSERT_EQ(10000, get_all(late, self->buf, sizeof(self->buf), 4096));
	ASSERT_EQ(0, put_n(self->wr, 1, 100));
	ASSERT_LT(0, get_all(self->rd, self->buf, sizeof(self->buf), 4096));
	EXPECT_EQ(0, strncmp(self->buf, "memlog: lost ", 13));
	close(late);
}

TEST_HARNESS_MAIN
