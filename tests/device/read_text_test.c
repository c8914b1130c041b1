// SPDX-License-Identifier: GPL-2.0-only
/* read(2) in the text format: newlines, pieces, buffers of any size. */
#include <pthread.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "kselftest_harness.h"

#include "device.h"
#include "uffd.h"

FIXTURE(text)
{
	int wr;
	int rd;
	char buf[1 << 17];
};

FIXTURE_SETUP(text)
{
	ASSERT_EQ(0, dev_reset());
	self->wr = dev_open(O_WRONLY);
	ASSERT_LE(0, self->wr);
	self->rd = dev_open(O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->rd);
	ASSERT_EQ(0, dev_go(self->rd, SEEK_END));
}

FIXTURE_TEARDOWN(text)
{
	close(self->wr);
	close(self->rd);
	dev_reset();
}

TEST_F(text, a_newline_where_there_is_none)
{
	static const char *const texts[] = {
		"line\n", "none", "\n", "two\nlines", "x", "last\n\n", "end",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(texts); i++)
		puts_dev(self->wr, texts[i]);
	ASSERT_LT(0, get_all(self->rd, self->buf, sizeof(self->buf), 4096));
	EXPECT_STREQ("line\nnone\n\ntwo\nlines\nx\nlast\n\nend\n", self->buf);
}

TEST_F(text, nothing_yet)
{
	struct iovec iov = { self->buf, 10 };
	int blocking = dev_open(O_RDONLY);

	EXPECT_EQ(-EAGAIN, get(self->rd, self->buf, 10));
	ASSERT_LE(0, blocking);
	ASSERT_EQ(0, dev_go(blocking, SEEK_END));
	EXPECT_EQ(-1, preadv2(blocking, &iov, 1, -1, RWF_NOWAIT));
	EXPECT_EQ(EAGAIN, errno);
	close(blocking);
}

TEST_F(text, zero_bytes)
{
	EXPECT_EQ(0, get(self->rd, self->buf, 0));
	puts_dev(self->wr, "kept\n");
	EXPECT_EQ(0, get(self->rd, self->buf, 0));
	EXPECT_EQ(0, get(self->rd, NULL, 0));
	EXPECT_EQ(5, get(self->rd, self->buf, 100));
}

/* Whole records while they fit; half a one only when the first does not. */
TEST_F(text, whole_records)
{
	ASSERT_EQ(0, put_n(self->wr, 3, 100));
	EXPECT_EQ(200, get(self->rd, self->buf, 299));
	EXPECT_EQ(100, get(self->rd, self->buf, 299));
	EXPECT_EQ(-EAGAIN, get(self->rd, self->buf, 299));

	ASSERT_EQ(0, put_n(self->wr, 2, 100));
	EXPECT_EQ(60, get(self->rd, self->buf, 60));
	EXPECT_EQ(40, get(self->rd, self->buf, 60));
	EXPECT_EQ(100, get(self->rd, self->buf, 100));
}

TEST_F(text, any_type_raw)
{
	int wr = dev_open(O_WRONLY);

	ASSERT_LE(0, wr);
	ASSERT_EQ(0, dev_stamp(wr, 77, 13));
	ASSERT_EQ(6, put(wr, "\1\2\0\377<1", 6));
	ASSERT_EQ(7, get_all(self->rd, self->buf, sizeof(self->buf), 100));
	EXPECT_EQ(0, memcmp(self->buf, "\1\2\0\377<1\n", 7));
	close(wr);
}

/* The same bytes, whatever the buffer. */
TEST_F_TIMEOUT(text, any_buffer, 120)
{
	static const size_t chunks[] = {
		1, 2, 3, 5, 7, 8, 16, 63, 64, 65, 100, 255, 1000, 4095, 4096,
		4097, 16384,
	};
	struct memlog_info info;
	size_t len, i, want;
	char *all = malloc(sizeof(self->buf));

	ASSERT_NE(NULL, all);
	ASSERT_EQ(0, dev_info(self->rd, &info));
	for (i = 0; i < 60; i++) {
		memset(self->buf, 'a' + i % 26, 200);
		len = 1 + i * 37 % 190;
		if (i % 3)
			self->buf[len - 1] = '\n';
		if (i % 7 == 0)
			self->buf[len / 2] = '\n';
		ASSERT_EQ(len, put(self->wr, self->buf, len));
	}
	/* One that is PARTIAL and JOIN, ends with no newline. */
	memset(self->buf, 'P', 6000);
	ASSERT_EQ(6000, put(self->wr, self->buf, 6000));

	want = get_all(self->rd, all, sizeof(self->buf), 65536);
	ASSERT_LT(6000, want);
	for (i = 0; i < ARRAY_SIZE(chunks); i++) {
		ASSERT_EQ(0, dev_seek(self->rd, MEMLOG_SEEK_SEQ, info.next_seq,
				      NULL));
		ASSERT_EQ(want, get_all(self->rd, self->buf, sizeof(self->buf),
					chunks[i])) {
			TH_LOG("by %zu bytes", chunks[i]);
		}
		ASSERT_EQ(0, memcmp(all, self->buf, want));
	}
	free(all);
}

TEST_F(text, pieces_join)
{
	size_t i;

	memset(self->buf, 'j', 10000);
	ASSERT_EQ(10000, put(self->wr, self->buf, 10000));
	puts_dev(self->wr, "next\n");
	ASSERT_EQ(10006, get_all(self->rd, self->buf, sizeof(self->buf), 4096));
	for (i = 0; i < 10000; i++)
		ASSERT_EQ('j', self->buf[i]);
	EXPECT_STREQ("\nnext\n", self->buf + 10000);
}

/* A write cut after its newlines gives the bytes that were written. */
TEST_F(text, pieces_of_lines)
{
	char *want = malloc(10000);
	size_t i;

	ASSERT_NE(NULL, want);
	for (i = 0; i < 10000; i++)
		want[i] = i % 91 == 90 ? '\n' : 'a' + i % 26;
	want[9999] = '\n';
	ASSERT_EQ(10000, put(self->wr, want, 10000));
	ASSERT_EQ(10000, get_all(self->rd, self->buf, sizeof(self->buf), 999));
	EXPECT_EQ(0, memcmp(want, self->buf, 10000));
	free(want);
}

struct slow_write {
	int fd;
	char *from;
	ssize_t ret;
};

static void *write_slow(void *arg)
{
	struct slow_write *w = arg;

	w->ret = put(w->fd, w->from, 10000);
	return NULL;
}

/*
 * A writer that waits for a page between two of its pieces lets another one
 * between them: then there is no JOIN, and each stands on a line of its own.
 */
TEST_F(text, another_between_partial_and_its_rest)
{
	const size_t first = DEFAULT_MAX_RECORD, rest = 10000 - first;
	struct slow_write w = { .fd = self->wr };
	pthread_t thread;
	char *map;
	int uffd;

	map = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, map);
	memset(map, 's', 4 * PAGE);
	uffd = uffd_register(map + PAGE);
	if (uffd == -ENOSYS || uffd == -EPERM)
		SKIP(return, "no userfaultfd here: %s", strerror(-uffd));
	ASSERT_LE(0, uffd);
	w.from = map;
	ASSERT_EQ(0, pthread_create(&thread, NULL, write_slow, &w));
	ASSERT_TRUE(uffd_wait(uffd));

	/* The first piece is there; what follows it is not known yet. */
	EXPECT_EQ(first, get(self->rd, self->buf, first + 1));
	EXPECT_FALSE(has_input(self->rd));
	EXPECT_EQ(-EAGAIN, get(self->rd, self->buf, 1));
	puts_dev(self->wr, "other\n");
	EXPECT_TRUE(has_input(self->rd));
	ASSERT_EQ(0, uffd_fill(uffd, map + PAGE, 's'));
	pthread_join(thread, NULL);
	EXPECT_EQ(10000, w.ret);

	ASSERT_EQ(1 + 6 + rest + 1, get_all(self->rd, self->buf,
					    sizeof(self->buf), 100));
	EXPECT_EQ(0, memcmp(self->buf, "\nother\nsss", 10));
	EXPECT_EQ(rest, strspn(self->buf + 7, "s"));
	EXPECT_STREQ("\n", self->buf + 7 + rest);
	close(uffd);
}

TEST_F(text, readv_fills_one_after_the_other)
{
	char a[3], b[1], c[20];
	struct iovec iov[4] = {
		{ a, sizeof(a) }, { NULL, 0 }, { b, sizeof(b) },
		{ c, sizeof(c) },
	};

	puts_dev(self->wr, "abcdefg");
	puts_dev(self->wr, "hi\n");
	ASSERT_EQ(11, readv(self->rd, iov, 4));
	EXPECT_EQ(0, memcmp(a, "abc", 3));
	EXPECT_EQ('d', b[0]);
	EXPECT_EQ(0, memcmp(c, "efg\nhi\n", 7));
}

TEST_F(text, each_open_has_a_cursor)
{
	int late, copy;

	puts_dev(self->wr, "one\n");
	puts_dev(self->wr, "two\n");
	copy = dup(self->rd);
	ASSERT_LE(0, copy);
	EXPECT_EQ(4, get(self->rd, self->buf, 4));
	EXPECT_EQ(4, get(copy, self->buf, 4));
	EXPECT_EQ(0, memcmp(self->buf, "two\n", 4));
	EXPECT_EQ(-EAGAIN, get(self->rd, self->buf, 4));

	/* A new one starts at the oldest record, not at these. */
	late = dev_open(O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, late);
	ASSERT_LE(8, get_all(late, self->buf, sizeof(self->buf), 65536));
	EXPECT_STREQ("one\ntwo\n", self->buf + strlen(self->buf) - 8);
	close(late);
	close(copy);
}

TEST_F(text, history_of_a_new_reader)
{
	struct memlog_info info;
	int late;

	ASSERT_EQ(0, put_n(self->wr, 1000, 100));
	late = dev_open(O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, late);
	ASSERT_EQ(0, dev_info(late, &info));
	EXPECT_EQ(info.oldest_seq, info.reader_seq);
	EXPECT_EQ(info.oldest_pos, info.reader_pos);
	/* What went before it came is no loss of its. */
	ASSERT_EQ(info.next_pos - info.oldest_pos,
		  get_all(late, self->buf, sizeof(self->buf), 65536));
	EXPECT_EQ('n', self->buf[0]);
	ASSERT_EQ(0, dev_info(late, &info));
	EXPECT_EQ(0, info.lost_records);
	EXPECT_EQ(0, info.lost_bytes);
	EXPECT_EQ(info.next_seq, info.reader_seq);
	EXPECT_EQ(info.next_pos, info.reader_pos);
	close(late);
}

TEST_F(text, one_file_for_both)
{
	int fd = dev_open(O_RDWR | O_NONBLOCK);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, dev_go(fd, SEEK_END));
	ASSERT_EQ(5, puts_dev(fd, "both\n"));
	ASSERT_EQ(5, get(fd, self->buf, 100));
	EXPECT_EQ(0, memcmp(self->buf, "both\n", 5));
	close(fd);
}

TEST_HARNESS_MAIN
