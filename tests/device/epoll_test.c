// SPDX-License-Identifier: GPL-2.0-only
/* epoll sets of every kind: each is told of each change, and none is missed. */
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"

#include "device.h"

#define SETS 12

FIXTURE(epoll)
{
	int wr;
	int rd;
	int ep;
	char buf[1 << 16];
};

FIXTURE_SETUP(epoll)
{
	ASSERT_EQ(0, dev_reset());
	self->wr = dev_open(O_WRONLY);
	ASSERT_LE(0, self->wr);
	self->rd = dev_open(O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->rd);
	ASSERT_EQ(0, dev_go(self->rd, SEEK_END));
	self->ep = epoll_create1(EPOLL_CLOEXEC);
	ASSERT_LE(0, self->ep);
}

FIXTURE_TEARDOWN(epoll)
{
	close(self->ep);
	close(self->wr);
	close(self->rd);
	dev_reset();
}

static int ctl(int ep, int op, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };

	return epoll_ctl(ep, op, fd, &ev) ? -errno : 0;
}

static int add(int ep, int fd, uint32_t events)
{
	return ctl(ep, EPOLL_CTL_ADD, fd, events);
}

/* What one epoll_wait gives for its one file: events, 0 for none. */
static int wait_for(int ep, int ms)
{
	struct epoll_event ev;
	int n = epoll_wait(ep, &ev, 1, ms);

	return n < 0 ? -errno : n ? (int)ev.events : 0;
}

static ssize_t drain(int fd, char *buf)
{
	return get_all(fd, buf, 1 << 16, 4096);
}

TEST_F(epoll, level)
{
	ASSERT_EQ(0, add(self->ep, self->rd, EPOLLIN));
	EXPECT_EQ(0, wait_for(self->ep, 0));
	puts_dev(self->wr, "abcd\n");
	EXPECT_EQ(EPOLLIN, wait_for(self->ep, 0));
	EXPECT_EQ(EPOLLIN, wait_for(self->ep, 0));
	EXPECT_EQ(2, get(self->rd, self->buf, 2));
	EXPECT_EQ(EPOLLIN, wait_for(self->ep, 0));
	EXPECT_EQ(3, drain(self->rd, self->buf));
	EXPECT_EQ(0, wait_for(self->ep, 0));
	puts_dev(self->wr, "again\n");
	EXPECT_EQ(EPOLLIN, wait_for(self->ep, 0));
}

TEST_F(epoll, edge)
{
	int i;

	ASSERT_EQ(0, add(self->ep, self->rd, EPOLLIN | EPOLLET));
	EXPECT_EQ(0, wait_for(self->ep, 0));
	for (i = 0; i < 20; i++) {
		/* Each record is an edge, read or not. */
		puts_dev(self->wr, "edge\n");
		ASSERT_EQ(EPOLLIN, wait_for(self->ep, 0));
		ASSERT_EQ(0, wait_for(self->ep, 0));
		if (i % 3 == 0)
			drain(self->rd, self->buf);
	}
}

/* Several records before anybody looks are one edge, and not none. */
TEST_F(epoll, edge_of_many)
{
	ASSERT_EQ(0, add(self->ep, self->rd, EPOLLIN | EPOLLET));
	ASSERT_EQ(0, put_n(self->wr, 10, 20));
	EXPECT_EQ(EPOLLIN, wait_for(self->ep, 0));
	EXPECT_EQ(0, wait_for(self->ep, 0));
	ASSERT_EQ(0, put_n(self->wr, 10, 20));
	EXPECT_EQ(EPOLLIN, wait_for(self->ep, 0));
}

TEST_F(epoll, oneshot)
{
	int i;

	ASSERT_EQ(0, add(self->ep, self->rd, EPOLLIN | EPOLLONESHOT));
	for (i = 0; i < 5; i++) {
		puts_dev(self->wr, "shot\n");
		EXPECT_EQ(EPOLLIN, wait_for(self->ep, 0));
		puts_dev(self->wr, "shot\n");
		EXPECT_EQ(0, wait_for(self->ep, 0));
		drain(self->rd, self->buf);
		ASSERT_EQ(0, ctl(self->ep, EPOLL_CTL_MOD, self->rd,
				 EPOLLIN | EPOLLONESHOT));
		EXPECT_EQ(0, wait_for(self->ep, 0));
	}
	/* Armed again with something there already. */
	puts_dev(self->wr, "shot\n");
	EXPECT_EQ(EPOLLIN, wait_for(self->ep, 0));
	ASSERT_EQ(0, ctl(self->ep, EPOLL_CTL_MOD, self->rd,
			 EPOLLIN | EPOLLONESHOT));
	EXPECT_EQ(EPOLLIN, wait_for(self->ep, 0));
}

TEST_F(epoll, nested)
{
	int outer = epoll_create1(EPOLL_CLOEXEC);
	int i;

	ASSERT_LE(0, outer);
	ASSERT_EQ(0, add(self->ep, self->rd, EPOLLIN));
	ASSERT_EQ(0, add(outer, self->ep, EPOLLIN));
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(0, wait_for(outer, 0));
		puts_dev(self->wr, "deep\n");
		EXPECT_EQ(EPOLLIN, wait_for(outer, 0));
		EXPECT_EQ(EPOLLIN, wait_for(self->ep, 0));
		drain(self->rd, self->buf);
	}
	close(outer);
}

TEST_F(epoll, pri_alone)
{
	int i;

	ASSERT_EQ(0, add(self->ep, self->rd, EPOLLPRI));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, put_n(self->wr, 100, 100));
		EXPECT_EQ(0, wait_for(self->ep, 0));
		ASSERT_EQ(0, put_n(self->wr, 100, 100));
		EXPECT_EQ(EPOLLPRI, wait_for(self->ep, 0));
		ASSERT_EQ(0, dev_go(self->rd, SEEK_END));
		EXPECT_EQ(0, wait_for(self->ep, 0));
	}
}

TEST_F(epoll, write_only)
{
	ASSERT_EQ(0, add(self->ep, self->wr, EPOLLIN | EPOLLPRI | EPOLLOUT));
	EXPECT_EQ(EPOLLOUT, wait_for(self->ep, 0));
	ASSERT_EQ(0, put_n(self->wr, 400, 100));
	EXPECT_EQ(EPOLLOUT, wait_for(self->ep, 0));
}

/* Every set that holds the file hears of it, whoever of them looked last. */
TEST_F(epoll, several_sets)
{
	int sets[SETS], i, round;

	for (i = 0; i < SETS; i++) {
		sets[i] = epoll_create1(EPOLL_CLOEXEC);
		ASSERT_LE(0, sets[i]);
		ASSERT_EQ(0, add(sets[i], self->rd,
				 i % 2 ? EPOLLIN | EPOLLET : EPOLLIN));
	}
	for (round = 0; round < 20; round++) {
		for (i = 0; i < SETS; i++)
			if (round % (i + 1) == 0)
				ASSERT_EQ(0, wait_for(sets[i], 0));
		puts_dev(self->wr, "round\n");
		for (i = SETS - 1; i >= 0; i--)
			ASSERT_EQ(EPOLLIN, wait_for(sets[i], 0));
		drain(self->rd, self->buf);
		for (i = 0; i < SETS; i++)
			ASSERT_EQ(0, wait_for(sets[i], 0));
	}
	for (i = 0; i < SETS; i++)
		close(sets[i]);
}

/* A set nobody looked at for many records has not lost its place. */
TEST_F(epoll, a_set_left_alone)
{
	int idle = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_LE(0, idle);
	ASSERT_EQ(0, add(idle, self->rd, EPOLLIN | EPOLLET));
	ASSERT_EQ(0, add(self->ep, self->rd, EPOLLIN));
	ASSERT_EQ(0, put_n(self->wr, 300, 100));
	EXPECT_EQ(EPOLLIN, wait_for(self->ep, 0));
	drain(self->rd, self->buf);
	ASSERT_EQ(0, put_n(self->wr, 1, 100));
	EXPECT_EQ(EPOLLIN, wait_for(idle, 0));
	EXPECT_EQ(EPOLLIN, wait_for(self->ep, 0));
	close(idle);
}

/* Two readers in one set: each with its own place. */
TEST_F(epoll, two_files_in_a_set)
{
	int other = dev_open(O_RDONLY | O_NONBLOCK);
	struct epoll_event ev[2];

	ASSERT_LE(0, other);
	ASSERT_EQ(0, dev_go(other, SEEK_END));
	ASSERT_EQ(0, add(self->ep, self->rd, EPOLLIN));
	ASSERT_EQ(0, add(self->ep, other, EPOLLIN));
	puts_dev(self->wr, "two\n");
	EXPECT_EQ(2, epoll_wait(self->ep, ev, 2, 0));
	drain(self->rd, self->buf);
	ASSERT_EQ(1, epoll_wait(self->ep, ev, 2, 0));
	EXPECT_EQ(other, ev[0].data.fd);
	close(other);
}

/* A file that is closed leaves its set; the set works on. */
TEST_F(epoll, close_removes)
{
	int other = dev_open(O_RDONLY | O_NONBLOCK);

	ASSERT_LE(0, other);
	ASSERT_EQ(0, add(self->ep, other, EPOLLIN));
	close(other);
	puts_dev(self->wr, "x\n");
	EXPECT_EQ(0, wait_for(self->ep, 0));
	ASSERT_EQ(0, add(self->ep, self->rd, EPOLLIN));
	EXPECT_EQ(EPOLLIN, wait_for(self->ep, 0));
}

struct waiter {
	pthread_t thread;
	pid_t tid;
	int ep;
	int got;
};

static void *wait_in_set(void *arg)
{
	struct waiter *w = arg;

	__atomic_store_n(&w->tid, syscall(SYS_gettid), __ATOMIC_RELEASE);
	__atomic_store_n(&w->got, wait_for(w->ep, 10000), __ATOMIC_RELEASE);
	return NULL;
}

static bool waiter_start(struct waiter *w, int ep)
{
	*w = (struct waiter){ .ep = ep };
	if (pthread_create(&w->thread, NULL, wait_in_set, w))
		return false;
	while (!__atomic_load_n(&w->tid, __ATOMIC_ACQUIRE))
		sleep_ms(1);
	return wait_asleep(w->tid);
}

TEST_F(epoll, wakes_sleepers_of_every_set)
{
	struct waiter w[SETS];
	int i;

	for (i = 0; i < SETS; i++) {
		int ep = epoll_create1(EPOLL_CLOEXEC);

		ASSERT_LE(0, ep);
		ASSERT_EQ(0, add(ep, self->rd, i % 2 ? EPOLLIN | EPOLLET :
				 EPOLLIN | EPOLLONESHOT));
		ASSERT_TRUE(waiter_start(&w[i], ep));
	}
	puts_dev(self->wr, "wake\n");
	for (i = 0; i < SETS; i++) {
		pthread_join(w[i].thread, NULL);
		EXPECT_EQ(EPOLLIN, w[i].got);
		close(w[i].ep);
	}
}

/* Of sets that hold it exclusively, at least one wakes, each time. */
TEST_F(epoll, exclusive)
{
	struct waiter w[4];
	int i, woken;

	for (i = 0; i < 4; i++) {
		int ep = epoll_create1(EPOLL_CLOEXEC);

		ASSERT_LE(0, ep);
		ASSERT_EQ(0, add(ep, self->rd, EPOLLIN | EPOLLEXCLUSIVE));
		ASSERT_TRUE(waiter_start(&w[i], ep));
	}
	/* Each wakeup may take one of them: four records reach all four. */
	for (i = 0; i < 4; i++) {
		int tries = 0;

		puts_dev(self->wr, "one\n");
		do {
			int k;

			sleep_ms(10);
			for (woken = 0, k = 0; k < 4; k++)
				woken += !!__atomic_load_n(&w[k].got,
							   __ATOMIC_ACQUIRE);
		} while (woken < i + 1 && ++tries < 300);
		ASSERT_LE(i + 1, woken);
		drain(self->rd, self->buf);
	}
	for (i = 0; i < 4; i++) {
		pthread_join(w[i].thread, NULL);
		EXPECT_EQ(EPOLLIN, w[i].got);
	}
}

#define PINGS 1000

struct echo {
	int ep;
	int rd;
	int back;
	int failed;
};

static void *echo(void *arg)
{
	struct echo *e = arg;
	char buf[64];
	int i;

	for (i = 0; i < PINGS && !e->failed; i++) {
		if (wait_for(e->ep, 10000) != EPOLLIN)
			e->failed = 1;
		while (get(e->rd, buf, sizeof(buf)) > 0)
			;
		if (write(e->back, "p", 1) != 1)
			e->failed = 1;
	}
	return NULL;
}

FIXTURE(missed)
{
	int wr;
	int back[2];
	struct echo e[2];
	pthread_t threads[2];
};

FIXTURE_VARIANT(missed)
{
	uint32_t events;
	int sets;
};

FIXTURE_VARIANT_ADD(missed, level) { EPOLLIN, 1 };
FIXTURE_VARIANT_ADD(missed, edge) { EPOLLIN | EPOLLET, 1 };
FIXTURE_VARIANT_ADD(missed, two_edges) { EPOLLIN | EPOLLET, 2 };
FIXTURE_VARIANT_ADD(missed, two_levels) { EPOLLIN, 2 };

FIXTURE_SETUP(missed)
{
	int i;

	self->wr = dev_open(O_WRONLY);
	ASSERT_LE(0, self->wr);
	ASSERT_EQ(0, pipe(self->back));
	for (i = 0; i < variant->sets; i++) {
		struct echo *e = &self->e[i];

		e->back = self->back[1];
		e->rd = dev_open(O_RDONLY | O_NONBLOCK);
		ASSERT_LE(0, e->rd);
		ASSERT_EQ(0, dev_go(e->rd, SEEK_END));
		e->ep = epoll_create1(EPOLL_CLOEXEC);
		ASSERT_EQ(0, add(e->ep, e->rd, variant->events));
		ASSERT_EQ(0, pthread_create(&self->threads[i], NULL, echo, e));
	}
}

FIXTURE_TEARDOWN(missed)
{
	close(self->wr);
}

/* A record at a time, and every set answers it before the next. */
TEST_F_TIMEOUT(missed, none, 120)
{
	int i, k;
	char c;

	for (i = 0; i < PINGS; i++) {
		ASSERT_EQ(2, puts_dev(self->wr, "p\n"));
		for (k = 0; k < variant->sets; k++)
			ASSERT_EQ(1, read(self->back[0], &c, 1));
	}
	for (k = 0; k < variant->sets; k++) {
		pthread_join(self->threads[k], NULL);
		EXPECT_EQ(0, self->e[k].failed);
	}
}

TEST_HARNESS_MAIN
