// SPDX-License-Identifier: GPL-2.0-only
/* A read that waits, is interrupted, or meets memory that is not there. */
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "device.h"

struct reader {
	pthread_t thread;
	pid_t tid;
	int fd;
	ssize_t ret;
	char buf[256];
};

FIXTURE(block)
{
	int wr;
	int rd;
	struct reader r[8];
	char *map;		/* two pages, and none behind them */
	char *end;
	char buf[1 << 16];
};

static void on_signal(int sig)
{
}

FIXTURE_SETUP(block)
{
	struct sigaction sa = { .sa_handler = on_signal };

	ASSERT_EQ(0, dev_reset());
	self->wr = dev_open(O_WRONLY);
	ASSERT_LE(0, self->wr);
	self->rd = dev_open(O_RDONLY);
	ASSERT_LE(0, self->rd);
	ASSERT_EQ(0, dev_go(self->rd, SEEK_END));
	self->map = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->map);
	self->end = self->map + 2 * PAGE;
	ASSERT_EQ(0, munmap(self->end, PAGE));
	ASSERT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
	sa.sa_flags = SA_RESTART;
	ASSERT_EQ(0, sigaction(SIGUSR2, &sa, NULL));
}

FIXTURE_TEARDOWN(block)
{
	munmap(self->map, 2 * PAGE);
	close(self->wr);
	close(self->rd);
	dev_reset();
}

static void *read_once(void *arg)
{
	struct reader *r = arg;

	__atomic_store_n(&r->tid, syscall(SYS_gettid), __ATOMIC_RELEASE);
	r->ret = get(r->fd, r->buf, sizeof(r->buf));
	return NULL;
}

/* A thread that waits in read(2) of @fd. */
static bool reader_start(struct reader *r, int fd)
{
	r->fd = fd;
	r->tid = 0;
	if (pthread_create(&r->thread, NULL, read_once, r))
		return false;
	while (!__atomic_load_n(&r->tid, __ATOMIC_ACQUIRE))
		sleep_ms(1);
	return wait_asleep(r->tid);
}

TEST_F(block, until_a_record_comes)
{
	struct reader *r = self->r;

	ASSERT_TRUE(reader_start(r, self->rd));
	ASSERT_EQ(5, puts_dev(self->wr, "wake\n"));
	pthread_join(r->thread, NULL);
	ASSERT_EQ(5, r->ret);
	EXPECT_EQ(0, memcmp(r->buf, "wake\n", 5));
}

/* Another thread makes history readable on the file it waits on. */
TEST_F(block, until_another_thread_seeks)
{
	struct memlog_seek last = { .whence = MEMLOG_SEEK_LAST, .value = 1 };
	struct reader *r = self->r;

	ASSERT_EQ(4, puts_dev(self->wr, "old\n"));
	ASSERT_EQ(0, dev_go(self->rd, SEEK_END));
	ASSERT_TRUE(reader_start(r, self->rd));
	ASSERT_EQ(0, ioctl(self->rd, MEMLOG_IOC_SEEK, &last));
	pthread_join(r->thread, NULL);
	ASSERT_EQ(4, r->ret);
	EXPECT_EQ(0, memcmp(r->buf, "old\n", 4));
}

/* It would wait with the pipe locked, and sendfile(2) would drop text. */
TEST_F(block, not_in_splice_and_sendfile)
{
	int fds[2];

	ASSERT_EQ(4, puts_dev(self->wr, "new\n"));
	ASSERT_EQ(0, pipe(fds));
	EXPECT_EQ(-1, splice(self->rd, NULL, fds[1], NULL, 4096, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, sendfile(fds[1], self->rd, NULL, 4096));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(4, get(self->rd, self->buf, sizeof(self->buf)));
	close(fds[0]);
	close(fds[1]);
}

TEST_F(block, many_readers)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(self->r); i++) {
		int fd = dev_open(O_RDONLY);

		ASSERT_LE(0, fd);
		ASSERT_EQ(0, dev_go(fd, SEEK_END));
		ASSERT_TRUE(reader_start(&self->r[i], fd));
	}
	ASSERT_EQ(4, puts_dev(self->wr, "all\n"));
	for (i = 0; i < ARRAY_SIZE(self->r); i++) {
		pthread_join(self->r[i].thread, NULL);
		EXPECT_EQ(4, self->r[i].ret);
		close(self->r[i].fd);
	}
}

/* Two threads on one cursor: each record goes to one of them. */
TEST_F(block, two_on_one_file)
{
	ASSERT_TRUE(reader_start(&self->r[0], self->rd));
	ASSERT_TRUE(reader_start(&self->r[1], self->rd));
	ASSERT_EQ(2, puts_dev(self->wr, "a\n"));
	sleep_ms(50);
	ASSERT_EQ(2, puts_dev(self->wr, "b\n"));
	pthread_join(self->r[0].thread, NULL);
	pthread_join(self->r[1].thread, NULL);
	EXPECT_EQ(2, self->r[0].ret);
	EXPECT_EQ(2, self->r[1].ret);
	EXPECT_EQ('a' + 'b', self->r[0].buf[0] + self->r[1].buf[0]);
}

TEST_F(block, a_signal_interrupts)
{
	struct reader *r = self->r;

	ASSERT_TRUE(reader_start(r, self->rd));
	ASSERT_EQ(0, pthread_kill(r->thread, SIGUSR1));
	pthread_join(r->thread, NULL);
	EXPECT_EQ(-EINTR, r->ret);
	/* And nothing is gone. */
	puts_dev(self->wr, "x\n");
	EXPECT_EQ(2, get(self->rd, self->buf, 10));
}

TEST_F(block, a_signal_restarts)
{
	struct reader *r = self->r;
	int i;

	ASSERT_TRUE(reader_start(r, self->rd));
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, pthread_kill(r->thread, SIGUSR2));
		ASSERT_TRUE(wait_asleep(r->tid));
	}
	puts_dev(self->wr, "again\n");
	pthread_join(r->thread, NULL);
	EXPECT_EQ(6, r->ret);
}

/* What is there comes before a signal: a read never ends with less. */
TEST_F(block, a_pending_signal_and_a_record)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR1);
	puts_dev(self->wr, "here\n");
	EXPECT_EQ(5, get(self->rd, self->buf, 10));
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

TEST_F(block, a_kill_ends_it)
{
	pid_t pid = fork();
	int status;

	ASSERT_LE(0, pid);
	if (!pid) {
		get(self->rd, self->buf, 10);
		_exit(1);
	}
	ASSERT_TRUE(wait_asleep(pid));
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
}

/* The file lives until the read is done. */
TEST_F(block, closed_by_another_thread)
{
	struct reader *r = self->r;
	int fd = dev_open(O_RDONLY);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, dev_go(fd, SEEK_END));
	ASSERT_TRUE(reader_start(r, fd));
	ASSERT_EQ(0, close(fd));
	EXPECT_TRUE(wait_asleep(r->tid));
	puts_dev(self->wr, "late\n");
	pthread_join(r->thread, NULL);
	EXPECT_EQ(5, r->ret);
}

TEST_F(block, closed_and_interrupted)
{
	struct reader *r = self->r;
	int fd = dev_open(O_RDONLY);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, dev_go(fd, SEEK_END));
	ASSERT_TRUE(reader_start(r, fd));
	ASSERT_EQ(0, close(fd));
	ASSERT_EQ(0, pthread_kill(r->thread, SIGUSR1));
	pthread_join(r->thread, NULL);
	EXPECT_EQ(-EINTR, r->ret);
}

/* Text of what could not be delivered is delivered by the next read. */
TEST_F(block, a_fault_loses_no_text)
{
	struct iovec iov[2] = { { self->buf, 3 }, { NULL, 100 } };
	size_t have = 0;
	ssize_t n;

	puts_dev(self->wr, "0123456789\n");
	puts_dev(self->wr, "abcdefghij\n");
	EXPECT_EQ(-EFAULT, get(self->rd, NULL, 100));
	EXPECT_EQ(-EFAULT, get(self->rd, self->end, 100));
	EXPECT_EQ(-EFAULT, get(self->rd, (void *)-50L, 100));

	/* Some of it may come; then the rest follows, and no byte twice. */
	n = get(self->rd, self->end - 5, 100);
	if (n != -EFAULT) {
		ASSERT_LT(0, n);
		ASSERT_GE(5, n);
		memcpy(self->buf, self->end - 5, n);
		have = n;
	}
	iov[0].iov_base = self->buf + have;
	n = readv(self->rd, iov, 2);
	if (n >= 0) {
		ASSERT_EQ(3, n);
		have += n;
	}
	n = get(self->rd, self->buf + have, 100);
	ASSERT_EQ(22 - have, n);
	EXPECT_EQ(0, memcmp("0123456789\nabcdefghij\n", self->buf, 22));
}

TEST_F(block, a_fault_loses_no_record)
{
	const struct memlog_record *rec = (void *)self->buf;
	__u64 next = dev_next(self->rd);
	ssize_t n;

	ASSERT_EQ(0, dev_format(self->rd, MEMLOG_FORMAT_RECORD, 0));
	puts_dev(self->wr, "12345678");
	puts_dev(self->wr, "abcdefgh");
	EXPECT_EQ(-EFAULT, get(self->rd, NULL, 1000));
	EXPECT_EQ(-EFAULT, get(self->rd, self->end - 1, 1000));
	EXPECT_EQ(-EFAULT, get(self->rd, self->end - 64, 1000));
	EXPECT_EQ(-EFAULT, get(self->rd, self->end - 71, 1000));

	/* One fits in front of the hole. */
	n = get(self->rd, self->end - 100, 1000);
	if (n == -EFAULT) {
		ASSERT_EQ(144, get(self->rd, self->buf, 1000));
		EXPECT_EQ(next, rec->seq);
		return;
	}
	ASSERT_EQ(72, n);
	ASSERT_EQ(72, get(self->rd, self->buf, 1000));
	EXPECT_EQ(next + 1, rec->seq);
}

TEST_F(block, a_fault_loses_no_lost_line)
{
	char want[100];
	struct memlog_info a, b;
	ssize_t n, have = 0;

	ASSERT_EQ(0, dev_info(self->rd, &a));
	ASSERT_EQ(0, put_n(self->wr, 400, 100));
	ASSERT_EQ(0, dev_info(self->rd, &b));
	snprintf(want, sizeof(want), "memlog: lost %llu records, %llu bytes\n",
		 b.oldest_seq - a.next_seq, b.oldest_pos - a.next_pos);
	EXPECT_EQ(-EFAULT, get(self->rd, NULL, 100));
	n = get(self->rd, self->end - 9, 1000);
	if (n != -EFAULT) {
		ASSERT_LT(0, n);
		ASSERT_GE(9, n);
		memcpy(self->buf, self->end - 9, n);
		have = n;
	}
	n = get(self->rd, self->buf + have, 1000);
	ASSERT_LT(0, n);
	EXPECT_EQ(0, strncmp(want, self->buf, strlen(want)));
	EXPECT_EQ('n', self->buf[strlen(want)]);
}

/* Read into pages nobody has touched yet. */
TEST_F(block, into_pages_not_present)
{
	ASSERT_EQ(0, put_n(self->wr, 60, 100));
	ASSERT_EQ(0, madvise(self->map, 2 * PAGE, MADV_DONTNEED));
	EXPECT_EQ(6000, get(self->rd, self->map, 2 * PAGE));
	EXPECT_EQ(100, strspn(self->map + 5900, "n\n"));
}

TEST_F(block, two_gigabytes)
{
	ASSERT_EQ(0, put_n(self->wr, 20, 100));
	EXPECT_EQ(2000, get(self->rd, self->map, 0x80000000UL));
	EXPECT_GT(0, get(self->rd, self->map, -1));
}

TEST_HARNESS_MAIN
