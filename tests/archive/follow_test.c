// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reader that follows an archive: what wakes it, and how soon.
 */
#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>
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

/* A writer that takes rows back and writes them again, between two reads of a reader. */
static struct {
	ino_t meta;
	int fd;
	off_t all;
	off_t cut;
	int reads;
} back;

static char back_bytes[30000];

static ino_t inode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : st.st_ino;
}

ssize_t pread64(int fd, void *buf, size_t size, off64_t at)
{
	bool watched = back.meta && size > ARCHIVE_META_HEAD && inode_of(fd) == back.meta;
	ssize_t n;

	if (watched && !back.reads++ && ftruncate(back.fd, back.cut))
		abort();
	n = syscall(SYS_pread64, fd, buf, size, at);
	if (watched && back.reads == 4 &&
	    syscall(SYS_pwrite64, back.fd, back_bytes + back.cut, back.all - back.cut, back.cut) < 0)
		abort();
	return n;
}

/* They are neither damaged nor lost. */
TEST_F(archive, taken_back)
{
	char path[300];

	day(self, D1);
	put_lines(&self->maker, 7, 0, 300, T(0));
	maker_flush(&self->maker);
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FOLLOW));
	snprintf(path, sizeof(path), "%s/%08u/meta", self->dir, D1);
	back.fd = open(path, O_RDWR);
	back.all = syscall(SYS_pread64, back.fd, back_bytes, sizeof(back_bytes), 0);
	ASSERT_EQ(ARCHIVE_META_HEAD + 300 * ARCHIVE_META_SIZE, back.all);
	back.cut = ARCHIVE_META_HEAD + 150 * ARCHIVE_META_SIZE;
	back.reads = 0;
	back.meta = inode_of(back.fd);
	EXPECT_LINES(7, 0, 300);
	EXPECT_LE(4, back.reads);
	EXPECT_EQ(MEMLOG_NOTHING, memlog_next(self->reader, &self->rec, &self->text));
	back.meta = 0;
	close(back.fd);
	maker_close(&self->maker);
}

TEST_HARNESS_MAIN
