// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation and every copy of every call fails once: the call says so,
 * and nothing is half-done.
 */
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "device.h"
#include "inject.h"

#define NTH_MAX 2000

FIXTURE(inject)
{
	int rw;
	int rd;
	char buf[1 << 16] __attribute__((aligned(8)));
};

FIXTURE_SETUP(inject)
{
	ASSERT_EQ(0, dev_reset());
	if (inject_init())
		SKIP_SETUP("this kernel has no fault injection");
	self->rw = dev_open(O_RDWR | O_NONBLOCK);
	ASSERT_LE(0, self->rw);
	self->rd = dev_open(O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->rd);
	ASSERT_EQ(0, dev_go(self->rd, SEEK_END));
}

FIXTURE_TEARDOWN(inject)
{
	close(self->rw);
	close(self->rd);
	dev_reset();
}

/* The body runs with the 1st, 2nd, ... thing failing until nothing does. */
#define for_each_fault(nth, fired) \
	for (nth = 1, fired = true; fired && nth < NTH_MAX; nth++)

#define WITH_FAULT(nth, fired, call) do { \
	inject_arm(nth); \
	call; \
	fired = inject_disarm(); \
} while (0)

static bool a_refusal(int ret)
{
	return ret == -ENOMEM || ret == -EFAULT;
}

TEST_F(inject, open)
{
	int64_t readers = sysfs_value("readers");
	unsigned int nth;
	bool fired;
	int fd;

	for_each_fault(nth, fired) {
		WITH_FAULT(nth, fired, fd = dev_open(O_RDWR));
		if (fd >= 0)
			close(fd);
		ASSERT_TRUE(fd >= 0 || (fired && a_refusal(fd)));
		ASSERT_EQ(readers, sysfs_value("readers"));
	}
	EXPECT_LT(2, nth);
}

TEST_F(inject, write)
{
	static const size_t lens[] = { 1, 100, 4000, 12000 };
	struct memlog_info a, b;
	unsigned int nth;
	ssize_t ret;
	bool fired;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		for_each_fault(nth, fired) {
			ASSERT_EQ(0, dev_info(self->rd, &a));
			WITH_FAULT(nth, fired,
				   ret = put(self->rw, self->buf, lens[i]));
			ASSERT_EQ(0, dev_info(self->rd, &b));
			ASSERT_TRUE(ret > 0 || a_refusal(ret));
			/* Exactly what it said is there. */
			ASSERT_EQ(ret > 0 ? ret : 0, b.next_pos - a.next_pos);
			ASSERT_TRUE(ret == lens[i] || fired);
		}
	}
}

TEST_F(inject, write_of_pages_that_are_not_there)
{
	char *map = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct memlog_info a, b;
	unsigned int nth;
	ssize_t ret;
	bool fired;

	ASSERT_NE(MAP_FAILED, map);
	for_each_fault(nth, fired) {
		ASSERT_EQ(0, madvise(map, 4 * PAGE, MADV_DONTNEED));
		ASSERT_EQ(0, dev_info(self->rd, &a));
		WITH_FAULT(nth, fired, ret = put(self->rw, map + 100, 4000));
		ASSERT_EQ(0, dev_info(self->rd, &b));
		ASSERT_TRUE(ret == 4000 || a_refusal(ret));
		ASSERT_EQ(ret > 0 ? 4000 : 0, b.next_pos - a.next_pos);
	}
}

/* What a read does not deliver, the next one does. */
TEST_F(inject, read_text)
{
	struct payload p = { .len = 100 }, q;
	unsigned int nth;
	ssize_t ret, have;
	bool fired;

	for_each_fault(nth, fired) {
		p.seq = nth;
		payload_make(self->buf, &p);
		ASSERT_EQ(100, put(self->rw, self->buf, 100));
		memset(self->buf, 0, 200);
		WITH_FAULT(nth, fired, ret = get(self->rd, self->buf, 200));
		ASSERT_TRUE(ret > 0 || a_refusal(ret));
		have = ret > 0 ? ret : 0;
		if (have < 100)
			ASSERT_EQ(100 - have, get(self->rd, self->buf + have,
						  200));
		ASSERT_TRUE(payload_parse(self->buf, 100, &q));
		ASSERT_EQ(p.seq, q.seq);
	}
}

TEST_F(inject, read_record)
{
	struct memlog_record *rec = (void *)self->buf;
	__u64 want = dev_next(self->rd);
	unsigned int nth;
	ssize_t ret;
	bool fired;

	ASSERT_EQ(0, dev_format(self->rd, MEMLOG_FORMAT_RECORD, 0));
	for_each_fault(nth, fired) {
		ASSERT_EQ(0, put_n(self->rw, 1, 40));
		WITH_FAULT(nth, fired, ret = get(self->rd, self->buf, 200));
		ASSERT_TRUE(ret == 104 || a_refusal(ret));
		if (ret < 0)
			ASSERT_EQ(104, get(self->rd, self->buf, 200));
		ASSERT_EQ(want++, rec->seq);
	}
}

/* A lost line that could not be delivered is not lost itself. */
TEST_F(inject, read_of_a_loss)
{
	unsigned long records, bytes;
	unsigned int nth;
	ssize_t ret;
	bool fired;

	for_each_fault(nth, fired) {
		struct memlog_info a, b;

		ASSERT_EQ(0, dev_go(self->rd, SEEK_END));
		ASSERT_EQ(0, dev_info(self->rd, &a));
		ASSERT_EQ(0, put_n(self->rw, 200, 100));
		ASSERT_EQ(0, dev_info(self->rd, &b));
		WITH_FAULT(nth, fired, ret = get(self->rd, self->buf, 1000));
		ASSERT_TRUE(ret > 0 || a_refusal(ret));
		ret = ret > 0 ? ret : 0;
		ASSERT_LE(0, get(self->rd, self->buf + ret, 1000));
		ASSERT_EQ(2, sscanf(self->buf,
				    "memlog: lost %lu records, %lu bytes",
				    &records, &bytes));
		ASSERT_EQ(b.oldest_seq - a.next_seq, records);
		ASSERT_EQ(b.oldest_pos - a.next_pos, bytes);
	}
}

TEST_F(inject, resize)
{
	struct memlog_info a, b;
	unsigned int nth;
	bool fired;
	int ret;

	ASSERT_EQ(0, put_n(self->rw, 200, 100));
	for_each_fault(nth, fired) {
		__u64 size;

		ASSERT_EQ(0, dev_info(self->rd, &a));
		size = a.text_size == 65536 ? 32768 : 65536;
		WITH_FAULT(nth, fired,
			   ret = dev_resize(self->rw, size, 0, 0));
		ASSERT_EQ(0, dev_info(self->rd, &b));
		ASSERT_TRUE(ret == 0 || (fired && a_refusal(ret)));
		ASSERT_EQ(a.generation + !ret, b.generation);
		ASSERT_EQ(ret ? a.text_size : size, b.text_size);
		ASSERT_EQ(a.oldest_seq, b.oldest_seq);
		ASSERT_EQ(a.next_pos, b.next_pos);
		/* The ring there is works. */
		ASSERT_EQ(0, put_n(self->rw, 1, 10));
	}
	EXPECT_LT(3, nth);
}

TEST_F(inject, ioctls)
{
	unsigned int nth;
	bool fired;
	int ret;

	ASSERT_EQ(0, put_n(self->rw, 20, 10));
	for_each_fault(nth, fired) {
		struct memlog_info info;

		WITH_FAULT(nth, fired, ret = dev_info(self->rd, &info));
		ASSERT_TRUE(ret == 0 || (fired && a_refusal(ret)));
	}
	for_each_fault(nth, fired) {
		struct memlog_info a, b;

		ASSERT_EQ(0, dev_seek(self->rd, MEMLOG_SEEK_LAST, 5, NULL));
		ASSERT_EQ(0, dev_info(self->rd, &a));
		WITH_FAULT(nth, fired, ret = dev_seek(self->rd,
						      MEMLOG_SEEK_SINCE, 0,
						      NULL));
		ASSERT_TRUE(ret == 0 || (fired && a_refusal(ret)));
		ASSERT_EQ(0, dev_info(self->rd, &b));
		/* The last copy of the answer fails only by injection. */
		ASSERT_TRUE(b.reader_seq == b.oldest_seq ||
			    (ret && b.reader_seq == a.reader_seq));
	}
	for_each_fault(nth, fired) {
		WITH_FAULT(nth, fired, ret = dev_stamp(self->rw, 3, 20));
		ASSERT_TRUE(ret == 0 || (fired && a_refusal(ret)));
		WITH_FAULT(nth, fired, ret = dev_format(self->rd, 1, 0));
		ASSERT_TRUE(ret == 0 || (fired && a_refusal(ret)));
		WITH_FAULT(nth, fired, ret = dev_clear(self->rw, NULL));
		ASSERT_TRUE(ret == 0 || (fired && a_refusal(ret)));
	}
}

/* A mapping that fails is not counted as one. */
TEST_F(inject, mmap)
{
	struct memlog_info info;
	unsigned int nth;
	bool fired;
	void *map;

	ASSERT_EQ(0, dev_info(self->rd, &info));
	for_each_fault(nth, fired) {
		WITH_FAULT(nth, fired,
			   map = mmap(NULL, info.map_size, PROT_READ,
				      MAP_SHARED | MAP_POPULATE, self->rd, 0));
		if (map == MAP_FAILED) {
			ASSERT_TRUE(fired);
			continue;
		}
		ASSERT_EQ(0, munmap(map, info.map_size));
	}
	EXPECT_LT(2, nth);
	ASSERT_EQ(0, dev_resize(self->rw, 65536, 0, 0));
	ASSERT_EQ(0, dev_resize(self->rw, 32768, 0, 0));
	ASSERT_EQ(0, dev_resize(self->rw, 16384, 0, 0));
}

/*
 * A child that forks with the @nth thing failing, and may fall victim to it
 * itself, when a page of its own can't be copied. Whether something failed.
 */
static bool fork_failing(unsigned int nth)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		bool fired;

		/* Of this process, not of the one it was forked from. */
		inject_init();
		inject_arm(nth);
		pid = fork();
		if (!pid)
			_exit(0);
		fired = inject_disarm();
		if (pid > 0)
			waitpid(pid, NULL, 0);
		_exit(fired);
	}
	waitpid(pid, &status, 0);
	return status != 0;
}

TEST_F_TIMEOUT(inject, fork_with_a_mapping, 120)
{
	struct memlog_info info;
	unsigned int nth;
	bool fired;
	char *map;

	ASSERT_EQ(0, dev_info(self->rd, &info));
	map = mmap(NULL, info.map_size, PROT_READ, MAP_SHARED, self->rd, 0);
	ASSERT_NE(MAP_FAILED, map);
	for_each_fault(nth, fired) {
		fired = fork_failing(nth);
	}
	EXPECT_LT(10, nth);
	/* Cut in two, which allocates. */
	for_each_fault(nth, fired) {
		int ret;

		WITH_FAULT(nth, fired, ret = munmap(map + PAGE, PAGE));
		if (!ret)
			break;
	}
	ASSERT_EQ(0, munmap(map, info.map_size));
	ASSERT_EQ(0, dev_resize(self->rw, 65536, 0, 0));
	ASSERT_EQ(0, dev_resize(self->rw, 32768, 0, 0));
}

TEST_F(inject, epoll)
{
	struct epoll_event ev = { .events = EPOLLIN };
	unsigned int nth;
	bool fired;
	int ep, ret;

	for_each_fault(nth, fired) {
		ep = epoll_create1(EPOLL_CLOEXEC);
		ASSERT_LE(0, ep);
		WITH_FAULT(nth, fired, ret = epoll_ctl(ep, EPOLL_CTL_ADD,
						       self->rd, &ev));
		puts_dev(self->rw, "x\n");
		if (!ret)
			ASSERT_EQ(1, epoll_wait(ep, &ev, 1, 0));
		get(self->rd, self->buf, 100);
		ev.events = EPOLLIN;
		close(ep);
	}
}

TEST_HARNESS_MAIN
