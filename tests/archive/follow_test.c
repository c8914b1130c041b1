// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reader that follows an archive: what wakes it, and how soon.
 */
#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "reader_fixture.h"

/* A follower sees rows, the end of a day and new days, and sleeps in between. */
TEST_F(archive, follow)
{
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FOLLOW));
	EXPECT_EQ(MEMLOG_NOTHING, memlog_next(self->reader, &self->rec, &self->text));
	EXPECT_EQ(0, memlog_wait(self->reader, 0) & ~1);
	day(self, D1);
	put_lines(&self->maker, 7, 30, 40, T(0));
	maker_flush(&self->maker);
	EXPECT_STREAM(7);
	EXPECT_LINES(7, 30, 40);
	EXPECT_EQ(-ETIMEDOUT, NEXT());
	put_lines(&self->maker, 7, 40, 45, T(0));
	maker_flush(&self->maker);
	EXPECT_LINES(7, 40, 45);
	EXPECT_EQ(MEMLOG_NOTHING, memlog_next(self->reader, &self->rec, &self->text));
	EXPECT_EQ(0, memlog_wait(self->reader, 50));
	finish(self);
	EXPECT_EQ(MEMLOG_NOTHING, memlog_next(self->reader, &self->rec, &self->text));
	day(self, D2);
	put_lines(&self->maker, 7, 45, 50, T(1));
	maker_flush(&self->maker);
	EXPECT_LINES(7, 45, 50);
	put_lines(&self->maker, 9, 0, 5, T(1));
	finish(self);
	EXPECT_STREAM(9);
	EXPECT_LINES(9, 0, 5);
	EXPECT_EQ(MEMLOG_NOTHING, memlog_next(self->reader, &self->rec, &self->text));
	EXPECT_EQ(0, memlog_wait(self->reader, 50));
}

struct clocked { struct maker maker; struct timespec at[200]; };

static void *write_slowly(void *arg)
{
	struct clocked *clocked = arg;

	for (uint64_t i = 0; i < 200; i++) {
		usleep(2000);
		put_line(&clocked->maker, 7, i, T(0) + i);
		clock_gettime(CLOCK_MONOTONIC, &clocked->at[i]);
		maker_flush(&clocked->maker);
	}
	return NULL;
}

/* It is woken within a millisecond or so of what is written. */
TEST_F(archive, latency)
{
	static struct clocked clocked;
	unsigned int late = 0;
	pthread_t thread;
	long worst = 0;

	maker_open(&clocked.maker, self->dir, D1, true, true);
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FOLLOW));
	ASSERT_EQ(0, pthread_create(&thread, NULL, write_slowly, &clocked));
	EXPECT_STREAM(7);
	for (uint64_t i = 0; i < 200; i++) {
		struct timespec now;
		long us;

		EXPECT_LINES(7, i, i + 1);
		clock_gettime(CLOCK_MONOTONIC, &now);
		us = (now.tv_sec - clocked.at[i].tv_sec) * 1000000 +
		     (now.tv_nsec - clocked.at[i].tv_nsec) / 1000;
		worst = us > worst ? us : worst;
		late += us > 5000;
	}
	pthread_join(thread, NULL);
	maker_close(&clocked.maker);
	TH_LOG("worst %ld us, %u of 200 above 5 ms", worst, late);
	EXPECT_GT(20, late);
}

/* A day that is put aside and made again under a follower. */
TEST_F(archive, replaced)
{
	char command[300];

	day(self, D1);
	put_lines(&self->maker, 7, 0, 20, T(0));
	maker_close(&self->maker);
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FOLLOW));
	EXPECT_LINES(7, 0, 20);
	EXPECT_EQ(MEMLOG_NOTHING, memlog_next(self->reader, &self->rec, &self->text));
	EXPECT_EQ(0, memlog_wait(self->reader, 0) & ~1);
	snprintf(command, sizeof(command), "mv %s/%u %s/%u.replaced-1", self->dir, D1,
		 self->dir, D1);
	ASSERT_EQ(0, system(command));
	EXPECT_EQ(MEMLOG_NOTHING, memlog_next(self->reader, &self->rec, &self->text));
	day(self, D1);
	put_lines(&self->maker, 7, 0, 10, T(0));
	maker_flush(&self->maker);
	EXPECT_EQ(MEMLOG_NOTHING, memlog_next(self->reader, &self->rec, &self->text));
	put_lines(&self->maker, 7, 10, 25, T(0));
	maker_flush(&self->maker);
	EXPECT_LINES(7, 20, 25);
	maker_close(&self->maker);
}

TEST_HARNESS_MAIN
