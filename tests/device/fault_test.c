// SPDX-License-Identifier: GPL-2.0-only
/* Memory that is not there: what a write refuses, and whom it holds up. */
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "device.h"
#include "uffd.h"

#define MAP_PAGES 64

FIXTURE(fault)
{
	int wr;
	int rd;
	struct rec_reader rr;
	char *map;		/* MAP_PAGES pages, and none behind them */
	char *end;
};

FIXTURE_SETUP(fault)
{
	ASSERT_EQ(0, dev_reset());
	self->wr = dev_open(O_WRONLY);
	ASSERT_LE(0, self->wr);
	self->rd = dev_open(O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->rd);
	ASSERT_EQ(0, dev_format(self->rd, MEMLOG_FORMAT_RECORD, 0));
	ASSERT_EQ(0, dev_go(self->rd, SEEK_END));
	rec_init(&self->rr, self->rd);
	self->map = mmap(NULL, (MAP_PAGES + 1) * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->map);
	self->end = self->map + MAP_PAGES * PAGE;
	ASSERT_EQ(0, munmap(self->end, PAGE));
	memset(self->map, 'f', MAP_PAGES * PAGE);
}

FIXTURE_TEARDOWN(fault)
{
	munmap(self->map, MAP_PAGES * PAGE);
	close(self->wr);
	close(self->rd);
	dev_reset();
}

TEST_F(fault, no_buffer)
{
	__u64 next = dev_next(self->wr);

	EXPECT_EQ(-EFAULT, put(self->wr, NULL, 1));
	EXPECT_EQ(-EFAULT, put(self->wr, NULL, 100));
	EXPECT_EQ(-EFAULT, put(self->wr, NULL, 100000));
	EXPECT_EQ(-EFAULT, put(self->wr, self->end, 1));
	EXPECT_EQ(-EFAULT, put(self->wr, (void *)-PAGE, 100));
	EXPECT_EQ(-EFAULT, put(self->wr, (void *)-50L, 100));
	EXPECT_EQ(next, dev_next(self->wr));
}

TEST_F(fault, half_a_buffer)
{
	static const size_t there[] = { 1, 2, 3, 4, 5, 63, 64, 100, 4000 };
	__u64 next = dev_next(self->wr);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(there); i++) {
		EXPECT_EQ(-EFAULT, put(self->wr, self->end - there[i],
				       there[i] + 1));
		EXPECT_EQ(-EFAULT, put(self->wr, self->end - there[i], 4096));
	}
	EXPECT_EQ(next, dev_next(self->wr));
	/* And the device goes on. */
	EXPECT_EQ(2, puts_dev(self->wr, "a\n"));
	EXPECT_EQ(next + 1, dev_next(self->wr));
}

TEST_F(fault, prot_none_in_the_middle)
{
	char *hole = self->map + PAGE;
	__u64 next = dev_next(self->wr);

	ASSERT_EQ(0, mprotect(hole, PAGE, PROT_NONE));
	EXPECT_EQ(-EFAULT, put(self->wr, hole, 10));
	EXPECT_EQ(-EFAULT, put(self->wr, hole - 10, 20));
	EXPECT_EQ(-EFAULT, put(self->wr, hole - 10, 4090));
	ASSERT_EQ(0, mprotect(hole, PAGE, PROT_WRITE));
	EXPECT_EQ(next, dev_next(self->wr));
	ASSERT_EQ(0, mprotect(hole, PAGE, PROT_READ));
	EXPECT_EQ(20, put(self->wr, hole - 10, 20));
}

TEST_F(fault, second_vector)
{
	struct iovec iov[3] = {
		{ self->map, 100 }, { NULL, 100 }, { self->map, 100 },
	};
	__u64 next = dev_next(self->wr);

	EXPECT_EQ(-EFAULT, put_vec(self->wr, iov, 3));
	iov[1].iov_base = self->end - 50;
	EXPECT_EQ(-EFAULT, put_vec(self->wr, iov, 3));
	EXPECT_EQ(-EFAULT, put_vec(self->wr, (struct iovec *)8, 2));
	iov[1].iov_len = -1;
	EXPECT_EQ(-EINVAL, put_vec(self->wr, iov, 3));
	EXPECT_EQ(-EINVAL, put_vec(self->wr, iov, -1));
	EXPECT_EQ(next, dev_next(self->wr));
}

/* What the pieces before the fault are worth: taken, and counted exactly. */
TEST_F(fault, in_a_later_piece)
{
	const struct memlog_record *rec;
	const char *text;
	size_t sum = 0;

	EXPECT_EQ(2 * 4096, put(self->wr, self->end - 2 * 4096 - 100,
				4 * 4096));
	while (rec_next(&self->rr, &rec, &text) == 1) {
		EXPECT_EQ(4096, rec->len);
		EXPECT_EQ(MEMLOG_PARTIAL, rec->flags & MEMLOG_PARTIAL);
		sum += rec->len;
	}
	EXPECT_EQ(2 * 4096, sum);
}

/* The text of a write cut short by a fault does not run into the next. */
TEST_F(fault, no_join_after_a_cut)
{
	char text[8192];
	int rd = dev_open(O_RDONLY | O_NONBLOCK);

	ASSERT_LE(0, rd);
	ASSERT_EQ(0, dev_go(rd, SEEK_END));
	EXPECT_EQ(4096, put(self->wr, self->end - 4096 - 1, 3 * 4096));
	EXPECT_EQ(5, puts_dev(self->wr, "next\n"));
	ASSERT_EQ(4096 + 1 + 5, get_all(rd, text, sizeof(text), 1000));
	EXPECT_STREQ("\nnext\n", text + 4096);
	close(rd);
}

TEST_F(fault, two_gigabytes)
{
	__u64 before = dev_next(self->wr);
	size_t len = 0x80000000UL;
	struct memlog_info a, b;
	ssize_t n;

	/* A first piece that is not there: nothing. */
	EXPECT_EQ(-EFAULT, put(self->wr, self->end - 100, len));
	EXPECT_EQ(-EFAULT, put(self->wr, self->end - 100, len - 1));
	EXPECT_EQ(before, dev_next(self->wr));
	EXPECT_GT(0, put(self->wr, self->map, -1));
	EXPECT_EQ(before, dev_next(self->wr));

	/* Some pages: whole pieces of them. */
	ASSERT_EQ(0, dev_info(self->wr, &a));
	n = put(self->wr, self->map, len);
	ASSERT_EQ(0, dev_info(self->wr, &b));
	EXPECT_EQ(MAP_PAGES * PAGE, n);
	EXPECT_EQ(n, b.next_pos - a.next_pos);
	EXPECT_EQ(MAP_PAGES, b.next_seq - a.next_seq);
}

/* A fatal signal ends a write of two gigabytes between two pieces. */
TEST_F(fault, two_gigabytes_killed)
{
	const size_t part = MAP_PAGES * PAGE;
	struct iovec iov[1024];
	__u64 before = dev_next(self->wr);
	uint64_t start;
	int i, status;
	pid_t pid;

	for (i = 0; i < 1024; i++)
		iov[i] = (struct iovec){ self->map, part };
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		while (put_vec(self->wr, iov, 1024) > 0)
			;
		_exit(1);
	}
	for (i = 0; i < 1000 && dev_next(self->wr) < before + 10; i++)
		sleep_ms(5);
	start = now_ns(CLOCK_MONOTONIC);
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_GT(2000000000ULL, now_ns(CLOCK_MONOTONIC) - start);
	EXPECT_LT(before, dev_next(self->wr));
}

/* Pages nobody has touched: faulted in, and the write is whole. */
TEST_F(fault, pages_not_present)
{
	const struct memlog_record *rec;
	const char *text;
	size_t off, i;

	for (off = 1; off < 3 * PAGE; off += 613) {
		ASSERT_EQ(0, madvise(self->map, 8 * PAGE, MADV_DONTNEED));
		ASSERT_EQ(4096, put(self->wr, self->map + off, 4096));
		ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
		ASSERT_EQ(4096, rec->len);
		for (i = 0; i < rec->len; i++)
			ASSERT_EQ(0, text[i]);
	}
}

static void *take_away(void *arg)
{
	char *map = *(char **)arg;

	while (__atomic_load_n((char **)arg, __ATOMIC_RELAXED))
		madvise(map, 8 * PAGE, MADV_DONTNEED);
	return NULL;
}

/* Pages that keep going: every write still ends, whole. */
TEST_F_TIMEOUT(fault, pages_that_keep_going, 60)
{
	const struct memlog_record *rec;
	char *map = self->map;
	pthread_t thread;
	int i;

	ASSERT_EQ(0, pthread_create(&thread, NULL, take_away, &map));
	for (i = 0; i < 2000; i++) {
		ASSERT_EQ(4096, put(self->wr, self->map + i % PAGE, 4096));
		ASSERT_EQ(1, rec_next(&self->rr, &rec, NULL));
		ASSERT_EQ(4096, rec->len);
	}
	__atomic_store_n(&map, NULL, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
}

struct stuck {
	int fd;
	char *from;
	ssize_t ret;
};

static void *write_stuck(void *arg)
{
	struct stuck *s = arg;

	s->ret = put(s->fd, s->from, 3000);
	return NULL;
}

/* What is there meanwhile, and then that of the one that waited. */
static int wait_and_write(struct __test_metadata *_metadata, FIXTURE_DATA(fault) *self,
			  const int *fds, int n)
{
	struct stuck stuck = { self->wr, self->map + PAGE - 1000, 0 };
	const struct memlog_record *rec;
	struct memlog_info info;
	pthread_t thread;
	const char *text;
	int uffd, i;

	uffd = uffd_register(self->map + PAGE);
	if (uffd == -ENOSYS || uffd == -EPERM)
		return uffd;
	ASSERT_LE(0, uffd);
	ASSERT_EQ(0, pthread_create(&thread, NULL, write_stuck, &stuck));
	ASSERT_TRUE(uffd_wait(uffd));

	for (i = 0; i < 100; i++)
		ASSERT_EQ(6, puts_dev(fds[i % n], "other\n"));
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
		ASSERT_EQ(6, rec->len);
	}
	EXPECT_EQ(0, rec_next(&self->rr, &rec, &text));
	EXPECT_EQ(0, dev_resize(self->rd, 1 << 16, 0, 0));
	EXPECT_EQ(0, dev_info(self->rd, &info));

	ASSERT_EQ(0, uffd_fill(uffd, self->map + PAGE, 'u'));
	pthread_join(thread, NULL);
	EXPECT_EQ(3000, stuck.ret);
	ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
	ASSERT_EQ(3000, rec->len);
	for (i = 0; i < 3000; i++)
		ASSERT_EQ(i < 1000 ? 'f' : 'u', text[i]);
	EXPECT_EQ(0, rec_next(&self->rr, &rec, &text));
	close(uffd);
	return 0;
}

/* One writer waits for a page for as long as it takes; nobody waits for it. */
TEST_F(fault, a_writer_in_a_userfault_holds_up_nobody)
{
	int fds[] = { dev_open(O_WRONLY), dev_open(O_WRONLY | O_APPEND) };
	int err;

	ASSERT_LE(0, fds[0]);
	ASSERT_LE(0, fds[1]);
	err = wait_and_write(_metadata, self, fds, 2);
	if (err)
		SKIP(return, "no userfaultfd here: %s", strerror(-err));
	close(fds[0]);
	close(fds[1]);
}

TEST_F(fault, nor_its_own_file)
{
	int err = wait_and_write(_metadata, self, &self->wr, 1);

	if (err)
		SKIP(return, "no userfaultfd here: %s", strerror(-err));
}

/* Killed while it waits: gone at once, and nothing of it recorded. */
TEST_F(fault, killed_in_a_userfault)
{
	__u64 next = dev_next(self->wr);
	int uffd, status, ready[2];
	pid_t pid;
	char c;

	uffd = uffd_register(self->map);
	if (uffd == -ENOSYS || uffd == -EPERM)
		SKIP(return, "no userfaultfd here: %s", strerror(-uffd));
	ASSERT_LE(0, uffd);
	close(uffd);
	ASSERT_EQ(0, pipe(ready));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		struct stuck stuck = { self->wr, self->map + PAGE - 1000, 0 };
		pthread_t thread;

		uffd = uffd_register(self->map + PAGE);
		if (uffd < 0 ||
		    pthread_create(&thread, NULL, write_stuck, &stuck) ||
		    !uffd_wait(uffd) || write(ready[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	ASSERT_EQ(1, read(ready[0], &c, 1));
	EXPECT_EQ(2, puts_dev(self->wr, "a\n"));
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(next + 1, dev_next(self->wr));
}

TEST_HARNESS_MAIN
