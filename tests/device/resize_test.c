// SPDX-License-Identifier: GPL-2.0-only
/* RESIZE: the newest is kept, readers keep their place, nobody waits. */
#include <pthread.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "device.h"
#include "uffd.h"

FIXTURE(resize)
{
	int rw;
	int rd;
	__u64 first;
	__u64 first_pos;
	struct rec_reader rr;
	char buf[1 << 17];
};

FIXTURE_SETUP(resize)
{
	struct memlog_info info;

	ASSERT_EQ(0, dev_reset());
	self->rw = dev_open(O_RDWR | O_NONBLOCK);
	ASSERT_LE(0, self->rw);
	self->rd = dev_open(O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->rd);
	ASSERT_EQ(0, dev_go(self->rd, SEEK_END));
	ASSERT_EQ(0, dev_info(self->rd, &info));
	self->first = info.next_seq;
	self->first_pos = info.next_pos;
	rec_init(&self->rr, self->rd);
}

FIXTURE_TEARDOWN(resize)
{
	close(self->rw);
	close(self->rd);
	dev_reset();
}

TEST_F(resize, values)
{
	static const struct {
		__u64 size, records;
		__u32 max;
	} bad[] = {
		{ 1, 0, 0 }, { 2048, 0, 0 }, { 4095, 0, 0 }, { 4097, 0, 0 },
		{ 5000, 0, 0 }, { 12288, 0, 0 }, { 1ULL << 31, 0, 0 },
		{ 1ULL << 32, 0, 0 }, { (1ULL << 32) + 16384, 0, 0 },
		{ 1ULL << 63, 0, 0 }, { ~0ULL, 0, 0 },
		{ 0, 8, 0 }, { 0, 1, 0 }, { 0, 100, 0 }, { 0, 32768, 0 },
		{ 0, ~0ULL, 0 }, { 0, 1ULL << 32, 0 }, { 4096, 8192, 0 },
		{ 0, 0, 4097 }, { 4096, 0, 1025 }, { 1 << 20, 0, 65537 },
		{ 0, 0, ~0U },
	};
	struct memlog_info before, after;
	size_t i;

	ASSERT_EQ(0, dev_info(self->rd, &before));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, dev_resize(self->rw, bad[i].size,
					      bad[i].records, bad[i].max)) {
			TH_LOG("size %llu, records %llu, max %u", bad[i].size,
			       bad[i].records, bad[i].max);
		}
	}
	ASSERT_EQ(0, dev_info(self->rd, &after));
	EXPECT_EQ(before.generation, after.generation);
	EXPECT_EQ(before.text_size, after.text_size);
}

TEST_F(resize, sizes)
{
	static const struct {
		__u64 size, records;
		__u32 max;
		__u64 got_size, got_records;
		__u32 got_max;
	} good[] = {
		{ 4096, 0, 0, 4096, 128, 1024 },
		{ 4096, 16, 0, 4096, 16, 1024 },
		{ 4096, 4096, 1024, 4096, 4096, 1024 },
		{ 65536, 0, 0, 65536, 2048, 16384 },
		{ 65536, 16, 100, 65536, 16, 100 },
		{ 1 << 20, 0, 0, 1 << 20, 32768, 16384 },
		{ 1 << 20, 1024, 65536, 1 << 20, 1024, 65536 },
		{ 1 << 22, 0, 0, 1 << 22, 131072, 16384 },
		{ 0, 0, 0, 16384, 512, 4096 },
		{ 0, 16384, 0, 16384, 16384, 4096 },
	};
	struct memlog_info info;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		ASSERT_EQ(0, dev_resize(self->rw, good[i].size,
					good[i].records, good[i].max));
		ASSERT_EQ(0, dev_info(self->rd, &info));
		EXPECT_EQ(good[i].got_size, info.text_size);
		EXPECT_EQ(good[i].got_records, info.records);
		EXPECT_EQ(good[i].got_max, info.max_record);
		/* And it works at once. */
		ASSERT_EQ(0, put_n(self->rw, 300, 100));
		ASSERT_EQ(0, dev_info(self->rd, &info));
		EXPECT_GE(info.text_size, info.next_pos - info.oldest_pos);
		EXPECT_GE(info.records, info.next_seq - info.oldest_seq);
		EXPECT_LT(info.oldest_seq, info.next_seq);
	}
}

/* More than a quarter of memory is refused, and nothing happens. */
TEST_F(resize, more_than_there_is)
{
	struct memlog_info before, after;
	long pages = sysconf(_SC_PHYS_PAGES);
	__u64 size = 1ULL << 30;
	int ret;

	if ((__u64)pages * sysconf(_SC_PAGESIZE) / 4 >= size)
		SKIP(return, "a quarter of memory is more than 1 GB");
	ASSERT_EQ(0, dev_info(self->rd, &before));
	ret = dev_resize(self->rw, size, 0, 0);
	EXPECT_TRUE(ret == -EINVAL || ret == -ENOMEM) {
		TH_LOG("it gave %d", ret);
	}
	ASSERT_EQ(0, dev_info(self->rd, &after));
	EXPECT_EQ(before.generation, after.generation);
	EXPECT_EQ(2, puts_dev(self->rw, "x\n"));
}

TEST_F(resize, growing_keeps_all)
{
	struct memlog_info before, after;
	int i;

	ASSERT_EQ(0, put_n(self->rw, 300, 100));
	ASSERT_EQ(0, dev_info(self->rd, &before));
	ASSERT_EQ(0, dev_resize(self->rw, 65536, 0, 0));
	ASSERT_EQ(0, dev_info(self->rd, &after));
	EXPECT_EQ(before.stream, after.stream);
	EXPECT_EQ(before.generation + 1, after.generation);
	EXPECT_EQ(before.oldest_seq, after.oldest_seq);
	EXPECT_EQ(before.oldest_pos, after.oldest_pos);
	EXPECT_EQ(before.next_seq, after.next_seq);
	EXPECT_EQ(before.next_pos, after.next_pos);
	EXPECT_EQ(before.evicted, after.evicted);

	ASSERT_EQ(0, dev_format(self->rd, MEMLOG_FORMAT_RECORD, 0));
	for (i = 0; i < after.next_seq - after.oldest_seq; i++) {
		const struct memlog_record *rec;
		const char *text;

		ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
		ASSERT_EQ(after.oldest_seq + i, rec->seq);
		ASSERT_EQ(after.oldest_pos + 100 * i, rec->pos);
		ASSERT_EQ(100, rec->len);
		ASSERT_EQ('n', text[0]);
		ASSERT_EQ('\n', text[99]);
	}
}

TEST_F(resize, shrinking_keeps_the_newest)
{
	struct memlog_info info;
	char want[100];
	ssize_t n;

	ASSERT_EQ(0, put_n(self->rw, 160, 100));
	ASSERT_EQ(0, dev_resize(self->rw, 4096, 0, 0));
	ASSERT_EQ(0, dev_info(self->rd, &info));
	EXPECT_EQ(self->first + 160, info.next_seq);
	EXPECT_EQ(40, info.next_seq - info.oldest_seq);
	EXPECT_EQ(self->first_pos + 12000, info.oldest_pos);

	snprintf(want, sizeof(want),
		 "memlog: lost 120 records, 12000 bytes\n");
	n = get_all(self->rd, self->buf, sizeof(self->buf), 1000);
	EXPECT_EQ(strlen(want) + 4000, n);
	EXPECT_EQ(0, strncmp(want, self->buf, strlen(want))) {
		TH_LOG("%.60s", self->buf);
	}
}

TEST_F(resize, by_descriptors)
{
	struct memlog_info info;

	ASSERT_EQ(0, put_n(self->rw, 100, 20));
	ASSERT_EQ(0, dev_resize(self->rw, 0, 16, 0));
	ASSERT_EQ(0, dev_info(self->rd, &info));
	EXPECT_EQ(16, info.next_seq - info.oldest_seq);
	EXPECT_EQ(320, info.next_pos - info.oldest_pos);
}

/* A record that does not fit goes, and all older ones with it. */
TEST_F(resize, one_too_long)
{
	struct memlog_info info;

	ASSERT_EQ(0, dev_resize(self->rw, 65536, 0, 16384));
	ASSERT_EQ(0, put_n(self->rw, 10, 10));
	ASSERT_EQ(10000, put(self->rw, memset(self->buf, 'l', 10000), 10000));
	ASSERT_EQ(0, put_n(self->rw, 5, 10));
	ASSERT_EQ(0, dev_resize(self->rw, 8192, 0, 0));
	ASSERT_EQ(0, dev_info(self->rd, &info));
	EXPECT_EQ(5, info.next_seq - info.oldest_seq);
	EXPECT_EQ(11, info.oldest_seq - self->first);
}

/* What is kept may be longer than what may be written from now on. */
TEST_F(resize, kept_above_max_record)
{
	const struct memlog_record *rec;
	const char *text;

	ASSERT_EQ(4000, put(self->rw, memset(self->buf, 'k', 4000), 4000));
	ASSERT_EQ(0, dev_resize(self->rw, 8192, 0, 100));
	ASSERT_EQ(0, dev_format(self->rd, MEMLOG_FORMAT_RECORD, 0));
	ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
	ASSERT_EQ(4000, rec->len);
	EXPECT_EQ('k', text[3999]);
	ASSERT_EQ(150, put(self->rw, memset(self->buf, 'n', 150), 150));
	ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
	EXPECT_EQ(100, rec->len);
}

TEST_F(resize, in_the_middle_of_a_record)
{
	ASSERT_EQ(12, puts_dev(self->rw, "0123456789a\n"));
	ASSERT_EQ(4, get(self->rd, self->buf, 4));
	ASSERT_EQ(0, dev_resize(self->rw, 4096, 0, 0));
	ASSERT_EQ(0, dev_resize(self->rw, 65536, 0, 0));
	ASSERT_EQ(8, get(self->rd, self->buf, 100));
	EXPECT_EQ(0, memcmp(self->buf, "456789a\n", 8));
}

TEST_F(resize, many_times_loses_nothing_that_fits)
{
	static const int sizes[] = { 4096, 65536, 8192, 16384, 1 << 20 };
	size_t i, sum = 0;
	ssize_t n;

	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, put_n(self->rw, 10, 100));
		ASSERT_EQ(0, dev_resize(self->rw, sizes[i % 5], 0, 0));
		n = get_all(self->rd, self->buf, sizeof(self->buf), 4096);
		ASSERT_EQ(1000, n);
		sum += n;
	}
	EXPECT_EQ(100000, sum);
}

struct stuck_read {
	int fd;
	char *to;
	ssize_t ret;
};

static void *read_stuck(void *arg)
{
	struct stuck_read *r = arg;

	r->ret = get(r->fd, r->to, 2000);
	return NULL;
}

/* A reader that waits for a page keeps neither RESIZE nor writers waiting. */
TEST_F(resize, with_a_reader_in_a_userfault)
{
	struct stuck_read r = { .fd = self->rd };
	pthread_t thread;
	int uffd, i;
	char *map;

	map = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, map);
	memset(map, 0, PAGE);
	uffd = uffd_register(map + PAGE);
	if (uffd == -ENOSYS || uffd == -EPERM)
		SKIP(return, "no userfaultfd here: %s", strerror(-uffd));
	ASSERT_LE(0, uffd);
	r.to = map + PAGE - 500;
	ASSERT_EQ(0, put_n(self->rw, 20, 100));
	ASSERT_EQ(0, pthread_create(&thread, NULL, read_stuck, &r));
	ASSERT_TRUE(uffd_wait(uffd));
	for (i = 0; i < 6; i++) {
		ASSERT_EQ(0, dev_resize(self->rw, 4096 << i, 0, 0));
		ASSERT_EQ(0, put_n(self->rw, 10, 100));
	}
	ASSERT_EQ(0, uffd_fill(uffd, map + PAGE, 0));
	pthread_join(thread, NULL);
	/* Whole lines of ours, or what was lost meanwhile, never garbage. */
	ASSERT_LT(0, r.ret);
	EXPECT_EQ(0, strncmp(r.to, "nnnn", 4));
	EXPECT_EQ(r.ret, strspn(r.to, "n\n"));
	close(uffd);
}

TEST_HARNESS_MAIN
