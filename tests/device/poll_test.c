// SPDX-License-Identifier: GPL-2.0-only
/* poll(2) and select(2). epoll_test.c has the sets. */
#include <poll.h>
#include <pthread.h>
#include <sys/select.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"

#include "device.h"

#define ALL_EVENTS (POLLIN | POLLRDNORM | POLLPRI | POLLOUT | POLLWRNORM | \
		    POLLRDBAND | POLLWRBAND | POLLRDHUP)
#define READABLE (POLLIN | POLLRDNORM)
#define WRITABLE (POLLOUT | POLLWRNORM)

FIXTURE(poll)
{
	int wr;
	int rd;
	char buf[1 << 16];
};

FIXTURE_SETUP(poll)
{
	ASSERT_EQ(0, dev_reset());
	self->wr = dev_open(O_WRONLY);
	ASSERT_LE(0, self->wr);
	self->rd = dev_open(O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->rd);
	ASSERT_EQ(0, dev_go(self->rd, SEEK_END));
}

FIXTURE_TEARDOWN(poll)
{
	close(self->wr);
	close(self->rd);
	dev_reset();
}

static int events(int fd)
{
	struct pollfd p = { .fd = fd, .events = ALL_EVENTS };

	return poll(&p, 1, 0) < 0 ? -errno : p.revents;
}

TEST_F(poll, reader)
{
	EXPECT_EQ(0, events(self->rd));
	puts_dev(self->wr, "abc\n");
	EXPECT_EQ(READABLE, events(self->rd));
	EXPECT_EQ(2, get(self->rd, self->buf, 2));
	EXPECT_EQ(READABLE, events(self->rd));
	EXPECT_EQ(2, get(self->rd, self->buf, 2));
	EXPECT_EQ(0, events(self->rd));
}

/* The newline we add is something to read. */
TEST_F(poll, an_added_newline)
{
	puts_dev(self->wr, "abc");
	EXPECT_EQ(3, get(self->rd, self->buf, 3));
	EXPECT_EQ(READABLE, events(self->rd));
	EXPECT_EQ(1, get(self->rd, self->buf, 3));
	EXPECT_EQ(0, events(self->rd));
}

TEST_F(poll, writer)
{
	EXPECT_EQ(WRITABLE, events(self->wr));
	ASSERT_EQ(0, put_n(self->wr, 500, 100));
	EXPECT_EQ(WRITABLE, events(self->wr));
}

TEST_F(poll, both)
{
	int fd = dev_open(O_RDWR);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, dev_go(fd, SEEK_END));
	EXPECT_EQ(WRITABLE, events(fd));
	ASSERT_EQ(0, put_n(fd, 1, 100));
	EXPECT_EQ(WRITABLE | READABLE, events(fd));
	ASSERT_EQ(0, put_n(fd, 400, 100));
	EXPECT_EQ(WRITABLE | READABLE | POLLPRI, events(fd));
	close(fd);
}

TEST_F(poll, pri_while_behind_the_oldest)
{
	ASSERT_EQ(0, put_n(self->wr, 100, 100));
	EXPECT_EQ(READABLE, events(self->rd));
	ASSERT_EQ(0, put_n(self->wr, 100, 100));
	EXPECT_EQ(READABLE | POLLPRI, events(self->rd));
	/* poll does not clear it, */
	EXPECT_EQ(READABLE | POLLPRI, events(self->rd));
	/* a read does. */
	ASSERT_LT(0, get(self->rd, self->buf, 1000));
	EXPECT_EQ(READABLE, events(self->rd));
}

TEST_F(poll, seek_clears_pri)
{
	ASSERT_EQ(0, put_n(self->wr, 200, 100));
	ASSERT_EQ(READABLE | POLLPRI, events(self->rd));
	ASSERT_EQ(0, dev_go(self->rd, SEEK_SET));
	EXPECT_EQ(READABLE, events(self->rd));

	ASSERT_EQ(0, put_n(self->wr, 200, 100));
	ASSERT_EQ(READABLE | POLLPRI, events(self->rd));
	ASSERT_EQ(0, dev_seek(self->rd, MEMLOG_SEEK_SEQ, 0, NULL));
	EXPECT_EQ(READABLE, events(self->rd));

	ASSERT_EQ(0, put_n(self->wr, 200, 100));
	ASSERT_EQ(0, dev_go(self->rd, SEEK_END));
	EXPECT_EQ(0, events(self->rd));
}

/* An INFO looks, and moves nothing. */
TEST_F(poll, info_clears_nothing)
{
	struct memlog_info info;

	ASSERT_EQ(0, put_n(self->wr, 200, 100));
	ASSERT_EQ(0, dev_info(self->rd, &info));
	EXPECT_EQ(READABLE | POLLPRI, events(self->rd));
}

TEST_F(poll, record_format)
{
	ASSERT_EQ(0, dev_format(self->rd, MEMLOG_FORMAT_RECORD, 0));
	EXPECT_EQ(0, events(self->rd));
	ASSERT_EQ(0, put_n(self->wr, 1, 10));
	EXPECT_EQ(READABLE, events(self->rd));
	/* A buffer too small leaves it there. */
	EXPECT_EQ(-EINVAL, get(self->rd, self->buf, 10));
	EXPECT_EQ(READABLE, events(self->rd));
}

TEST_F(poll, select)
{
	struct timeval now = { 0, 0 };
	fd_set in, out;

	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(self->rd, &in);
	FD_SET(self->wr, &out);
	EXPECT_EQ(1, select((self->wr > self->rd ? self->wr : self->rd) + 1, &in, &out, NULL, &now));
	EXPECT_FALSE(FD_ISSET(self->rd, &in));
	EXPECT_TRUE(FD_ISSET(self->wr, &out));

	puts_dev(self->wr, "s\n");
	FD_SET(self->rd, &in);
	FD_ZERO(&out);
	FD_SET(self->rd, &out);
	EXPECT_EQ(1, select(self->rd + 1, &in, NULL, &out, &now));
	EXPECT_TRUE(FD_ISSET(self->rd, &in));
	/* What is lost is the exceptional condition. */
	ASSERT_EQ(0, put_n(self->wr, 400, 100));
	FD_SET(self->rd, &out);
	EXPECT_EQ(2, select(self->rd + 1, &in, NULL, &out, &now));
	EXPECT_TRUE(FD_ISSET(self->rd, &out));
}

/*
 * One that sleeps until it is woken. There is no time limit: at its end poll(2)
 * looks once more, and would hide that nobody woke it.
 */
struct sleeper {
	pthread_t thread;
	pid_t tid;
	int fd;
	short want;
	short got;
	bool by_select;
};

static void *sleep_in_poll(void *arg)
{
	struct sleeper *s = arg;
	struct pollfd p = { .fd = s->fd, .events = s->want };
	fd_set in;

	__atomic_store_n(&s->tid, syscall(SYS_gettid), __ATOMIC_RELEASE);
	if (s->by_select) {
		FD_ZERO(&in);
		FD_SET(s->fd, &in);
		s->got = select(s->fd + 1, &in, NULL, NULL, NULL) == 1 ?
			 POLLIN : -1;
	} else {
		s->got = poll(&p, 1, -1) == 1 ? p.revents : -1;
	}
	return NULL;
}

static bool sleeper_start(struct sleeper *s)
{
	if (pthread_create(&s->thread, NULL, sleep_in_poll, s))
		return false;
	while (!__atomic_load_n(&s->tid, __ATOMIC_ACQUIRE))
		sleep_ms(1);
	return wait_asleep(s->tid);
}

TEST_F(poll, wakes_every_sleeper)
{
	struct sleeper s[6] = {
		{ .want = POLLIN }, { .want = POLLRDNORM },
		{ .by_select = true }, { .want = POLLIN | POLLPRI },
		{ .want = POLLIN }, { .by_select = true },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(s); i++) {
		s[i].fd = i < 4 ? self->rd : dev_open(O_RDONLY);
		ASSERT_LE(0, s[i].fd);
		ASSERT_EQ(0, dev_go(s[i].fd, SEEK_END));
		ASSERT_TRUE(sleeper_start(&s[i]));
	}
	ASSERT_EQ(2, puts_dev(self->wr, "w\n"));
	for (i = 0; i < ARRAY_SIZE(s); i++) {
		pthread_join(s[i].thread, NULL);
		EXPECT_LT(0, s[i].got);
		if (i >= 4)
			close(s[i].fd);
	}
}

/* Who waits for PRI alone is woken once it is lapped, not before. */
TEST_F(poll, wakes_for_pri)
{
	struct sleeper s = { .fd = self->rd, .want = POLLPRI };

	ASSERT_TRUE(sleeper_start(&s));
	ASSERT_EQ(0, put_n(self->wr, 100, 100));
	ASSERT_TRUE(wait_asleep(s.tid));
	ASSERT_EQ(0, put_n(self->wr, 100, 100));
	pthread_join(s.thread, NULL);
	EXPECT_EQ(POLLPRI, s.got);
}

/* A RESIZE that drops what a reader has not read is a loss like any. */
TEST_F(poll, pri_after_resize)
{
	ASSERT_EQ(0, put_n(self->wr, 100, 100));
	ASSERT_EQ(READABLE, events(self->rd));
	ASSERT_EQ(0, dev_resize(self->rd, 4096, 0, 0));
	EXPECT_EQ(READABLE | POLLPRI, events(self->rd));
}

/* It is one for who sleeps, too. */
TEST_F(poll, wakes_for_pri_of_resize)
{
	struct sleeper s = { .fd = self->rd, .want = POLLPRI };

	ASSERT_EQ(0, put_n(self->wr, 100, 100));
	ASSERT_TRUE(sleeper_start(&s));
	ASSERT_EQ(0, dev_resize(self->rd, 4096, 0, 0));
	pthread_join(s.thread, NULL);
	EXPECT_EQ(POLLPRI, s.got);
}

TEST_F(poll, a_sleeper_outlives_resize)
{
	struct sleeper s = { .fd = self->rd, .want = POLLIN };

	ASSERT_TRUE(sleeper_start(&s));
	ASSERT_EQ(0, dev_resize(self->rd, 65536, 0, 0));
	ASSERT_TRUE(wait_asleep(s.tid));
	puts_dev(self->wr, "after\n");
	pthread_join(s.thread, NULL);
	EXPECT_EQ(POLLIN, s.got);
}

#define PINGS 1000

static void *echo(void *arg)
{
	int *fds = arg, i;
	char buf[64];

	for (i = 0; i < PINGS; i++) {
		struct pollfd p = { .fd = fds[0], .events = POLLIN };

		if (poll(&p, 1, -1) != 1)
			return (void *)1;
		while (get(fds[0], buf, sizeof(buf)) > 0)
			;
		if (write(fds[1], "p", 1) != 1)
			return (void *)1;
	}
	return NULL;
}

/* No wakeup is ever missed: one record at a time, and wait for its answer. */
TEST_F_TIMEOUT(poll, never_misses_a_wakeup, 120)
{
	int back[2], fds[2], i;
	pthread_t thread;
	void *failed;
	char c;

	ASSERT_EQ(0, pipe(back));
	fds[0] = self->rd;
	fds[1] = back[1];
	ASSERT_EQ(0, pthread_create(&thread, NULL, echo, fds));
	for (i = 0; i < PINGS; i++) {
		ASSERT_EQ(2, puts_dev(self->wr, "p\n"));
		ASSERT_EQ(1, read(back[0], &c, 1));
	}
	pthread_join(thread, &failed);
	EXPECT_EQ(NULL, failed);
}

TEST_HARNESS_MAIN
