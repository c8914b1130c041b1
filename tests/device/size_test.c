// SPDX-License-Identifier: GPL-2.0-only
/* How much of what was written is kept. */
#include "kselftest_harness.h"

#include "device.h"

FIXTURE(size)
{
	int wr;
	char buf[1 << 17];
};

FIXTURE_SETUP(size)
{
	ASSERT_EQ(0, dev_reset());
	self->wr = dev_open(O_RDWR);
	ASSERT_LE(0, self->wr);
}

FIXTURE_TEARDOWN(size)
{
	close(self->wr);
	dev_reset();
}

/* Lines "NNNN xxx...\n" of @len bytes, @n of them. */
static int put_lines(int fd, int n, int len)
{
	char line[1024];
	int i;

	for (i = 0; i < n; i++) {
		memset(line, 'x', len);
		line[snprintf(line, len, "%04d", i)] = ' ';
		line[len - 1] = '\n';
		if (put(fd, line, len) != len)
			return -EIO;
	}
	return 0;
}

/* A new reader's text, and its length. */
static ssize_t read_new(char *buf, size_t size)
{
	int fd = dev_open(O_RDONLY | O_NONBLOCK);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = get_all(fd, buf, size, 65536);
	close(fd);
	return n;
}

/* 20 KB of 100-byte lines: the newest 16 KB, but for less than a line. */
TEST_F(size, sixteen_kilobytes_are_sixteen)
{
	ssize_t n;
	int i, lines;

	ASSERT_EQ(0, put_lines(self->wr, 205, 100));
	n = read_new(self->buf, sizeof(self->buf));
	ASSERT_LE(15 * 1024 + 512, n);
	ASSERT_GE(16 * 1024, n);
	ASSERT_EQ(0, n % 100);
	lines = n / 100;
	for (i = 0; i < lines; i++)
		ASSERT_EQ(205 - lines + i, atoi(self->buf + 100 * i));
	/* No more than one line's worth is missing. */
	EXPECT_LT(16 * 1024 - 100, n);
}

/* For any length of line down to 32 bytes, on any size of ring. */
TEST_F(size, of_any_line)
{
	static const int sizes[] = { 4096, 16384, 65536 };
	static const int lens[] = { 32, 33, 64, 99, 128, 255, 511, 1000 };
	size_t s, l;

	for (s = 0; s < ARRAY_SIZE(sizes); s++) {
		ASSERT_EQ(0, dev_resize(self->wr, sizes[s], 0, 0));
		for (l = 0; l < ARRAY_SIZE(lens); l++) {
			ssize_t n;

			ASSERT_EQ(0, put_lines(self->wr,
					       2 * sizes[s] / lens[l] + 1,
					       lens[l]));
			n = read_new(self->buf, sizeof(self->buf));
			EXPECT_GE(sizes[s], n);
			EXPECT_LT(sizes[s] - lens[l], n) {
				TH_LOG("%d of %d bytes kept, lines of %d",
				       (int)n, sizes[s], lens[l]);
			}
		}
	}
}

/* Below 32 bytes a line, descriptors run out first; all of them are used. */
TEST_F(size, of_short_lines)
{
	ssize_t n;

	ASSERT_EQ(0, put_lines(self->wr, 2000, 16));
	n = read_new(self->buf, sizeof(self->buf));
	EXPECT_EQ(DEFAULT_RECORDS * 16, n);
}

/* What is there is never more than the size, whatever the page. */
TEST_F(size, of_one_record)
{
	struct memlog_info info;
	ssize_t n;

	ASSERT_EQ(0, dev_resize(self->wr, 4096, 0, 0));
	for (n = 1; n < 3000; n += 101) {
		memset(self->buf, 'o', n);
		ASSERT_EQ(n, put(self->wr, self->buf, n));
		ASSERT_EQ(0, dev_info(self->wr, &info));
		ASSERT_GE(4096, info.next_pos - info.oldest_pos);
	}
}

TEST_HARNESS_MAIN
