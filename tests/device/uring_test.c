// SPDX-License-Identifier: GPL-2.0-only
/* io_uring: a read that waits is a poll that is armed, and no thread. */
#include <poll.h>
#include <sys/uio.h>

#include "kselftest_harness.h"

#include "device.h"
#include "uring.h"

FIXTURE(uring)
{
	int wr;
	int rd;
	struct uring u;
	char buf[1 << 16];
};

FIXTURE_SETUP(uring)
{
	int ret;

	ASSERT_EQ(0, dev_reset());
	ret = uring_init(&self->u, 64);
	if (ret == -ENOSYS || ret == -EPERM)
		SKIP_SETUP("no io_uring here: %s", strerror(-ret));
	ASSERT_EQ(0, ret);
	self->wr = dev_open(O_WRONLY);
	ASSERT_LE(0, self->wr);
	self->rd = dev_open(O_RDONLY);
	ASSERT_LE(0, self->rd);
	ASSERT_EQ(0, dev_go(self->rd, SEEK_END));
}

FIXTURE_TEARDOWN(uring)
{
	uring_exit(&self->u);
	close(self->wr);
	close(self->rd);
	dev_reset();
}

TEST_F(uring, write)
{
	struct io_uring_cqe cqe;
	int i;

	for (i = 0; i < 10; i++)
		uring_sqe(&self->u, IORING_OP_WRITE, self->wr, "written\n", 8,
			  i);
	ASSERT_EQ(10, uring_submit(&self->u, 10));
	for (i = 0; i < 10; i++) {
		ASSERT_TRUE(uring_cqe(&self->u, &cqe));
		EXPECT_EQ(8, cqe.res);
	}
	EXPECT_EQ(80, get(self->rd, self->buf, 1000));
	EXPECT_EQ(0, uring_workers());
}

TEST_F(uring, read_of_what_is_there)
{
	struct io_uring_cqe cqe;

	puts_dev(self->wr, "there\n");
	uring_sqe(&self->u, IORING_OP_READ, self->rd, self->buf, 100, 1);
	ASSERT_EQ(1, uring_submit(&self->u, 0));
	ASSERT_TRUE(uring_wait(&self->u, &cqe, 1000));
	ASSERT_EQ(6, cqe.res);
	EXPECT_EQ(0, memcmp(self->buf, "there\n", 6));
	EXPECT_EQ(0, uring_workers());
}

TEST_F(uring, read_waits_without_a_thread)
{
	struct io_uring_cqe cqe;
	int round;

	for (round = 0; round < 5; round++) {
		uring_sqe(&self->u, IORING_OP_READ, self->rd, self->buf, 100,
			  round);
		ASSERT_EQ(1, uring_submit(&self->u, 0));
		EXPECT_FALSE(uring_wait(&self->u, &cqe, 50));
		EXPECT_EQ(0, uring_workers());
		puts_dev(self->wr, "came\n");
		ASSERT_TRUE(uring_wait(&self->u, &cqe, 5000));
		EXPECT_EQ(5, cqe.res);
		EXPECT_EQ(0, memcmp(self->buf, "came\n", 5));
	}
	EXPECT_EQ(0, uring_workers());
}

/* As many waiting reads as you like: none of them costs a thread. */
TEST_F(uring, many_waiting_reads)
{
	struct io_uring_cqe cqe;
	int fds[20], i;

	for (i = 0; i < 20; i++) {
		fds[i] = dev_open(O_RDONLY);
		ASSERT_LE(0, fds[i]);
		ASSERT_EQ(0, dev_go(fds[i], SEEK_END));
		uring_sqe(&self->u, IORING_OP_READ, fds[i],
			  self->buf + 100 * i, 100, i);
	}
	ASSERT_EQ(20, uring_submit(&self->u, 0));
	EXPECT_FALSE(uring_wait(&self->u, &cqe, 100));
	EXPECT_EQ(0, uring_workers());
	puts_dev(self->wr, "all of you\n");
	for (i = 0; i < 20; i++) {
		ASSERT_TRUE(uring_wait(&self->u, &cqe, 5000));
		EXPECT_EQ(11, cqe.res);
		close(fds[i]);
	}
}

TEST_F(uring, vectors)
{
	struct iovec out[3] = { { "one ", 4 }, { "two ", 4 }, { "three\n", 6 } };
	struct iovec in[2] = { { self->buf, 5 }, { self->buf + 5, 100 } };
	struct io_uring_cqe cqe;

	uring_sqe(&self->u, IORING_OP_READV, self->rd, in, 2, 1);
	ASSERT_EQ(1, uring_submit(&self->u, 0));
	uring_sqe(&self->u, IORING_OP_WRITEV, self->wr, out, 3, 2);
	ASSERT_EQ(1, uring_submit(&self->u, 0));
	ASSERT_TRUE(uring_wait(&self->u, &cqe, 5000));
	EXPECT_EQ(14, cqe.res);
	ASSERT_TRUE(uring_wait(&self->u, &cqe, 5000));
	EXPECT_EQ(14, cqe.res);
	EXPECT_EQ(0, memcmp(self->buf, "one two three\n", 14));
	EXPECT_EQ(0, uring_workers());
}

TEST_F(uring, faults)
{
	struct io_uring_cqe cqe;
	__u64 next = dev_next(self->wr);

	uring_sqe(&self->u, IORING_OP_WRITE, self->wr, (void *)8, 10, 1);
	ASSERT_EQ(1, uring_submit(&self->u, 1));
	ASSERT_TRUE(uring_wait(&self->u, &cqe, 5000));
	EXPECT_EQ(-EFAULT, cqe.res);
	EXPECT_EQ(next, dev_next(self->wr));
	puts_dev(self->wr, "kept\n");
	uring_sqe(&self->u, IORING_OP_READ, self->rd, (void *)8, 10, 1);
	ASSERT_EQ(1, uring_submit(&self->u, 1));
	ASSERT_TRUE(uring_wait(&self->u, &cqe, 5000));
	EXPECT_EQ(-EFAULT, cqe.res);
	EXPECT_EQ(5, get(self->rd, self->buf, 10));
}

TEST_F(uring, nowait_is_eagain)
{
	struct io_uring_cqe cqe;

	uring_sqe(&self->u, IORING_OP_READ, self->rd, self->buf, 100, 1)
		->rw_flags = RWF_NOWAIT;
	ASSERT_EQ(1, uring_submit(&self->u, 0));
	ASSERT_TRUE(uring_wait(&self->u, &cqe, 5000));
	EXPECT_EQ(-EAGAIN, cqe.res);
}

TEST_F(uring, multishot_poll)
{
	struct io_uring_sqe *sqe;
	struct io_uring_cqe cqe;
	int i;

	sqe = uring_sqe(&self->u, IORING_OP_POLL_ADD, self->rd, NULL,
			IORING_POLL_ADD_MULTI, 7);
	sqe->off = 0;
	sqe->poll32_events = POLLIN;
	ASSERT_EQ(1, uring_submit(&self->u, 0));
	EXPECT_FALSE(uring_wait(&self->u, &cqe, 50));
	for (i = 0; i < 10; i++) {
		puts_dev(self->wr, "shot\n");
		ASSERT_TRUE(uring_wait(&self->u, &cqe, 5000)) {
			TH_LOG("shot %d", i);
		}
		ASSERT_EQ(7, cqe.user_data);
		EXPECT_TRUE(cqe.res > 0 && (cqe.res & POLLIN));
		EXPECT_TRUE(cqe.flags & IORING_CQE_F_MORE);
		EXPECT_EQ(5, get(self->rd, self->buf, 100));
		while (uring_cqe(&self->u, &cqe))
			;
	}
	EXPECT_EQ(0, uring_workers());
}

/* A waiting read that is cancelled takes nothing with it. */
TEST_F(uring, cancel)
{
	struct io_uring_cqe cqe;
	int got;

	uring_sqe(&self->u, IORING_OP_READ, self->rd, self->buf, 100, 1);
	ASSERT_EQ(1, uring_submit(&self->u, 0));
	uring_sqe(&self->u, IORING_OP_ASYNC_CANCEL, -1, (void *)1, 0, 2)->off =
		0;
	ASSERT_EQ(1, uring_submit(&self->u, 0));
	for (got = 0; got < 2; got++) {
		ASSERT_TRUE(uring_wait(&self->u, &cqe, 5000));
		EXPECT_EQ(cqe.user_data == 1 ? -ECANCELED : 0, cqe.res);
	}
	puts_dev(self->wr, "mine\n");
	EXPECT_EQ(5, get(self->rd, self->buf, 100));
}

/* The ring goes with a read still waiting in it. */
TEST_F(uring, exit_with_a_waiting_read)
{
	struct uring u;

	ASSERT_EQ(0, uring_init(&u, 4));
	uring_sqe(&u, IORING_OP_READ, self->rd, self->buf, 100, 1);
	ASSERT_EQ(1, uring_submit(&u, 0));
	uring_exit(&u);
	puts_dev(self->wr, "x\n");
}

TEST_HARNESS_MAIN
