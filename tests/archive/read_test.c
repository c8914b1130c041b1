// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading an archive by callback: its answers, and when it waits.
 */
#include <pthread.h>
#include <sys/eventfd.h>
#include <time.h>

#include "kselftest_harness.h"
#include "read_lib.h"

/* Days that are over wherever this runs. */
#define D1	20200131
#define D2	20200201
#define D3	20200203
#define T0	(1580428800ULL * SEC)

#define SEEN	64

/* What the callback was told, and what it answers. */
struct seen {
	struct { uint32_t date; uint64_t row, stream, seq, lost; bool whole, good; } calls[SEEN];
	unsigned int count, stop_after;
	int (*answer)(struct seen *seen);
	int stop_fd;
};

FIXTURE(read) {
	char dir[128];
	struct maker maker;
	struct memlog_archive_options options;
	struct seen seen;
};

FIXTURE_SETUP(read)
{
	in_test_dir(self->dir, "archive");
	mkdir(self->dir, 0700);
	memset(&self->seen, 0, sizeof(self->seen));
	self->seen.stop_fd = eventfd(0, EFD_CLOEXEC);
	self->options = (struct memlog_archive_options){
		.size = sizeof(self->options), .flags = MEMLOG_ARCHIVE_STOP_FD,
		.stop_fd = self->seen.stop_fd,
	};
}

FIXTURE_TEARDOWN(read)
{
	close(self->seen.stop_fd);
	remove_test_dir();
}

static int take(void *arg, const struct memlog_archive_entry *entry)
{
	struct seen *seen = arg;
	unsigned int i = seen->count++;

	if (i >= SEEN)
		return MEMLOG_ARCHIVE_STOP;
	seen->calls[i].date = entry->date;
	seen->calls[i].row = entry->row;
	seen->calls[i].stream = entry->stream;
	seen->calls[i].whole = !entry->rec && !entry->loss;
	if (entry->rec) {
		seen->calls[i].seq = entry->rec->seq;
		seen->calls[i].good = line_is(entry->rec, entry->text, 7, entry->rec->seq);
	} else if (entry->loss) {
		seen->calls[i].seq = entry->loss->from_seq;
		seen->calls[i].lost = entry->loss->records;
	}
	if (seen->stop_after && seen->count >= seen->stop_after)
		return MEMLOG_ARCHIVE_STOP;
	return seen->answer ? seen->answer(seen) : MEMLOG_ARCHIVE_NEXT;
}

static void make_day(FIXTURE_DATA(read) *self, uint32_t date, uint64_t from, uint64_t to,
		     bool finish)
{
	maker_open(&self->maker, self->dir, date, true, true);
	put_lines(&self->maker, 7, from, to, T0);
	if (finish)
		maker_finish(&self->maker);
	maker_close(&self->maker);
}

static int read_all(FIXTURE_DATA(read) *self)
{
	return memlog_archive_read(self->dir, &self->options, take, &self->seen);
}

static int stop_at_second_end(struct seen *seen)
{
	unsigned int ends = 0;

	for (unsigned int i = 0; i < seen->count; i++)
		ends += seen->calls[i].whole;
	return ends == 2 ? MEMLOG_ARCHIVE_STOP : MEMLOG_ARCHIVE_NEXT;
}

TEST_F(read, days)
{
	make_day(self, D1, 0, 5, true);
	make_day(self, D2, 5, 8, true);
	self->seen.answer = stop_at_second_end;
	ASSERT_EQ(0, read_all(self));
	ASSERT_EQ(10, self->seen.count);
	for (unsigned int i = 0; i < 10; i++) {
		EXPECT_EQ(i < 6 ? D1 : D2, self->seen.calls[i].date);
		EXPECT_EQ(i == 5 || i == 9, self->seen.calls[i].whole);
		if (self->seen.calls[i].whole)
			continue;
		EXPECT_EQ(i < 6 ? i : i - 6, self->seen.calls[i].row);
		EXPECT_EQ(i < 6 ? i : i - 1, self->seen.calls[i].seq);
		EXPECT_EQ(7, self->seen.calls[i].stream);
		EXPECT_TRUE(self->seen.calls[i].good);
	}
}

TEST_F(read, from_a_row)
{
	make_day(self, D1, 0, 5, true);
	make_day(self, D2, 5, 8, true);
	self->options.date = D2;
	self->options.row = 2;
	self->seen.stop_after = 2;
	ASSERT_EQ(0, read_all(self));
	EXPECT_EQ(7, self->seen.calls[0].seq);
	EXPECT_TRUE(self->seen.calls[1].whole);
	/* A day that is not there: the next one, from its first row. */
	memset(&self->seen.calls, 0, sizeof(self->seen.calls));
	self->seen.count = 0;
	self->seen.stop_after = 1;
	self->options.date = D1 - 1;
	ASSERT_EQ(0, read_all(self));
	EXPECT_EQ(D1, self->seen.calls[0].date);
	EXPECT_EQ(0, self->seen.calls[0].row);
	self->options.flags = 1 << 7;
	EXPECT_EQ(-EINVAL, read_all(self));
	EXPECT_EQ(-ENOENT, memlog_archive_read("/nonexistent", NULL, take, &self->seen));
}

static int twice(struct seen *seen)
{
	return seen->count % 2 ? MEMLOG_ARCHIVE_AGAIN : MEMLOG_ARCHIVE_NEXT;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

/* The same row, and the same question, a second later. */
TEST_F(read, again)
{
	uint64_t begin = now_ms();

	make_day(self, D1, 3, 4, true);
	self->seen.answer = twice;
	self->seen.stop_after = 4;
	ASSERT_EQ(0, read_all(self));
	EXPECT_LE(1990, now_ms() - begin);
	EXPECT_EQ(3, self->seen.calls[0].seq);
	EXPECT_EQ(3, self->seen.calls[1].seq);
	EXPECT_FALSE(self->seen.calls[1].whole);
	EXPECT_TRUE(self->seen.calls[2].whole);
	EXPECT_TRUE(self->seen.calls[3].whole);
}

static int nonsense(struct seen *seen)
{
	return 17;
}

TEST_F(read, no_answer)
{
	make_day(self, D1, 3, 4, true);
	self->seen.answer = nonsense;
	EXPECT_EQ(-EINVAL, read_all(self));
}

TEST_F(read, gaps_and_damage)
{
	char path[300];
	int fd;

	maker_open(&self->maker, self->dir, D1, true, true);
	put_lines(&self->maker, 7, 0, 2, T0);
	maker_gap(&self->maker, 7, 2, 2 * LINE, 5, 5 * LINE, T0);
	put_lines(&self->maker, 7, 7, 10, T0);
	maker_finish(&self->maker);
	maker_close(&self->maker);
	snprintf(path, sizeof(path), "%s/%u/meta", self->dir, D1);
	fd = open(path, O_RDWR);
	ASSERT_EQ(1, pwrite(fd, "x", 1, 16 + 4 * 72 + 40));
	close(fd);
	self->seen.stop_after = 7;
	ASSERT_EQ(0, read_all(self));
	EXPECT_EQ(2, self->seen.calls[2].seq);
	EXPECT_EQ(5, self->seen.calls[2].lost);
	EXPECT_TRUE(self->seen.calls[3].good);
	EXPECT_EQ(8, self->seen.calls[4].seq);
	EXPECT_EQ(1, self->seen.calls[4].lost);
	EXPECT_TRUE(self->seen.calls[5].good);
	EXPECT_EQ(9, self->seen.calls[5].seq);
	EXPECT_TRUE(self->seen.calls[6].whole);
}

static void *read_in_thread(void *arg)
{
	FIXTURE_DATA(read) *self = arg;

	return (void *)(long)read_all(self);
}

static bool comes_to(struct seen *seen, unsigned int count)
{
	for (int i = 0; i < 500; i++, usleep(10000))
		if (__atomic_load_n(&seen->count, __ATOMIC_ACQUIRE) >= count)
			return true;
	return false;
}

/* It stays in a day until that is finished, is woken by each step, and can be stopped. */
TEST_F(read, waits)
{
	pthread_t thread;
	void *ret;

	ASSERT_EQ(0, pthread_create(&thread, NULL, read_in_thread, self));
	usleep(50000);
	maker_open(&self->maker, self->dir, D1, true, true);
	put_lines(&self->maker, 7, 0, 3, T0);
	maker_flush(&self->maker);
	EXPECT_TRUE(comes_to(&self->seen, 3));
	put_lines(&self->maker, 7, 3, 4, T0);
	maker_flush(&self->maker);
	EXPECT_TRUE(comes_to(&self->seen, 4));
	/* A later day does not end it. */
	struct maker first = self->maker;

	make_day(self, D2, 4, 5, false);
	usleep(100000);
	EXPECT_EQ(4, __atomic_load_n(&self->seen.count, __ATOMIC_ACQUIRE));
	maker_finish(&first);
	EXPECT_TRUE(comes_to(&self->seen, 6));
	EXPECT_TRUE(self->seen.calls[4].whole);
	EXPECT_EQ(D2, self->seen.calls[5].date);
	usleep(100000);
	EXPECT_EQ(6, __atomic_load_n(&self->seen.count, __ATOMIC_ACQUIRE));
	eventfd_write(self->seen.stop_fd, 1);
	pthread_join(thread, &ret);
	EXPECT_EQ(NULL, ret);
	maker_close(&first);
}

/* Today may be finished, but it is not over. */
TEST_F(read, today)
{
	struct archive_span today;
	struct timespec now;
	pthread_t thread;
	void *ret;

	clock_gettime(CLOCK_REALTIME, &now);
	archive_date_of(&today, now.tv_sec * SEC, false);
	/* Not across midnight. */
	if (today.end_ns - now.tv_sec * SEC < 10 * SEC)
		sleep(11);
	clock_gettime(CLOCK_REALTIME, &now);
	archive_date_of(&today, now.tv_sec * SEC, false);
	make_day(self, today.date, 0, 3, true);
	ASSERT_EQ(0, pthread_create(&thread, NULL, read_in_thread, self));
	EXPECT_TRUE(comes_to(&self->seen, 3));
	usleep(1200000);
	EXPECT_EQ(3, __atomic_load_n(&self->seen.count, __ATOMIC_ACQUIRE));
	eventfd_write(self->seen.stop_fd, 1);
	pthread_join(thread, &ret);
	EXPECT_EQ(NULL, ret);
}

TEST_HARNESS_MAIN
