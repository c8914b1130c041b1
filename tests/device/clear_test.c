// SPDX-License-Identifier: GPL-2.0-only
/* CLEAR moves a mark and nothing else; STAMP is of one open file. */
#include "kselftest_harness.h"

#include "device.h"

FIXTURE(mark)
{
	int rw;
	int rd;
	struct rec_reader rr;
	char buf[1 << 16];
};

FIXTURE_SETUP(mark)
{
	ASSERT_EQ(0, dev_reset());
	self->rw = dev_open(O_RDWR | O_NONBLOCK);
	ASSERT_LE(0, self->rw);
	self->rd = dev_open(O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->rd);
	ASSERT_EQ(0, dev_go(self->rd, SEEK_END));
	rec_init(&self->rr, self->rd);
}

FIXTURE_TEARDOWN(mark)
{
	close(self->rw);
	close(self->rd);
	dev_reset();
}

TEST_F(mark, deletes_and_loses_nothing)
{
	struct memlog_info before, after;
	__u64 mark;
	int late;

	puts_dev(self->rw, "one\n");
	puts_dev(self->rw, "two\n");
	ASSERT_EQ(0, dev_info(self->rd, &before));
	ASSERT_EQ(0, dev_clear(self->rw, &mark));
	EXPECT_EQ(before.next_seq, mark);
	ASSERT_EQ(0, dev_info(self->rd, &after));
	EXPECT_EQ(mark, after.clear_seq);
	EXPECT_EQ(before.oldest_seq, after.oldest_seq);
	EXPECT_EQ(before.next_seq, after.next_seq);
	EXPECT_EQ(before.reader_seq, after.reader_seq);
	EXPECT_EQ(before.evicted, after.evicted);

	ASSERT_EQ(8, get_all(self->rd, self->buf, sizeof(self->buf), 100));
	EXPECT_STREQ("one\ntwo\n", self->buf);
	ASSERT_EQ(0, dev_info(self->rd, &after));
	EXPECT_EQ(0, after.lost_records);

	/* A new reader gets what is kept, mark or not. */
	late = dev_open(O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, late);
	ASSERT_LE(8, get_all(late, self->buf, sizeof(self->buf), 65000));
	EXPECT_STREQ("one\ntwo\n", self->buf + strlen(self->buf) - 8);
	close(late);
}

TEST_F(mark, again)
{
	__u64 first, second;

	ASSERT_EQ(0, dev_clear(self->rw, &first));
	ASSERT_EQ(0, dev_clear(self->rw, &second));
	EXPECT_EQ(first, second);
	puts_dev(self->rw, "x\n");
	ASSERT_EQ(0, dev_clear(self->rd, &second));
	EXPECT_EQ(first + 1, second);
}

TEST_F(mark, stays_over_resize)
{
	struct memlog_info info;
	__u64 mark;

	puts_dev(self->rw, "x\n");
	ASSERT_EQ(0, dev_clear(self->rw, &mark));
	puts_dev(self->rw, "after\n");
	ASSERT_EQ(0, dev_resize(self->rw, 65536, 0, 0));
	ASSERT_EQ(0, dev_info(self->rd, &info));
	EXPECT_EQ(mark, info.clear_seq);
	ASSERT_EQ(0, dev_go(self->rd, SEEK_DATA));
	EXPECT_EQ(6, get(self->rd, self->buf, 100));
}

TEST_F(mark, stamp_is_of_one_file)
{
	const struct memlog_record *rec;
	int other = dev_open(O_WRONLY), copy;

	ASSERT_LE(0, other);
	ASSERT_EQ(0, dev_format(self->rd, MEMLOG_FORMAT_RECORD, 0));
	ASSERT_EQ(0, dev_stamp(self->rw, 300, 29));
	copy = dup(self->rw);
	ASSERT_LE(0, copy);
	puts_dev(self->rw, "stamped\n");
	puts_dev(other, "plain\n");
	puts_dev(copy, "same file\n");
	ASSERT_EQ(1, rec_next(&self->rr, &rec, NULL));
	EXPECT_EQ(300, rec->type);
	EXPECT_EQ(29, rec->pri);
	ASSERT_EQ(1, rec_next(&self->rr, &rec, NULL));
	EXPECT_EQ(0, rec->type);
	EXPECT_EQ(MEMLOG_PRI_DEFAULT, rec->pri);
	ASSERT_EQ(1, rec_next(&self->rr, &rec, NULL));
	EXPECT_EQ(300, rec->type);
	close(other);
	close(copy);
}

/* What a shell's ">" and ">>" ask for deletes nothing either. */
TEST_F(mark, truncating)
{
	static const int flags[] = { O_CREAT | O_TRUNC, O_CREAT | O_APPEND };
	size_t i;

	puts_dev(self->rw, "kept\n");
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		int fd = open(dev_path(), O_WRONLY | flags[i], 0600);

		ASSERT_LE(0, fd);
		/* nothing to move: Python appends to what says so, and to nothing else */
		EXPECT_EQ(-ESPIPE, dev_lseek(fd, 0, SEEK_END));
		ASSERT_EQ(4, puts_dev(fd, "new\n"));
		close(fd);
	}
	ASSERT_EQ(13, get_all(self->rd, self->buf, sizeof(self->buf), 100));
	EXPECT_STREQ("kept\nnew\nnew\n", self->buf);
	EXPECT_GT(0, ftruncate(self->rw, 0));
}

/* A refused stamp leaves the one before. */
TEST_F(mark, a_refused_stamp)
{
	const struct memlog_record *rec;

	ASSERT_EQ(0, dev_format(self->rd, MEMLOG_FORMAT_RECORD, 0));
	ASSERT_EQ(0, dev_stamp(self->rw, 5, 20));
	EXPECT_EQ(-EINVAL, dev_stamp(self->rw, 6, 3));
	EXPECT_EQ(-EINVAL, dev_stamp(self->rw, 0xffff, 30));
	puts_dev(self->rw, "x\n");
	ASSERT_EQ(1, rec_next(&self->rr, &rec, NULL));
	EXPECT_EQ(5, rec->type);
	EXPECT_EQ(20, rec->pri);
}

TEST_HARNESS_MAIN
