// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watches: every record or its loss, one last call, closed once and again.
 */
#include <pthread.h>

#include "common.h"
#include "kselftest_harness.h"

FIXTURE(watch) {
	char path[128];
	struct memlog_embedded *ring;
	struct memlog_watch *watch;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t next;
	uint64_t records, bytes;
	uint64_t lost_records, lost_bytes;
	int ends, bad, last;
	unsigned int delay_us;
	bool close_inside;
};

FIXTURE_SETUP(watch)
{
	in_test_dir(self->path, "ring");
	ASSERT_EQ(0, open_ring(&self->ring, self->path, 16384, 0));
	pthread_mutex_init(&self->lock, NULL);
	pthread_cond_init(&self->changed, NULL);
	self->watch = NULL;
	self->next = 0;
	self->records = self->bytes = 0;
	self->lost_records = self->lost_bytes = 0;
	self->ends = self->bad = self->last = 0;
	self->delay_us = 0;
	self->close_inside = false;
}

FIXTURE_TEARDOWN(watch)
{
	memlog_watch_close(&self->watch);
	memlog_embedded_close(self->ring);
	remove_test_dir();
}

static void on_event(void *arg, int event, const struct memlog_record *rec,
		     const char *text, const struct memlog_loss *loss)
{
	FIXTURE_DATA(watch) *self = arg;
	unsigned int writer;
	uint64_t n;

	if (self->delay_us)
		usleep(self->delay_us);
	pthread_mutex_lock(&self->lock);
	if (self->ends)
		self->bad++;
	if (event == MEMLOG_RECORD) {
		if (rec->seq != self->next || !check_text(text, rec->len, &writer, &n))
			self->bad++;
		self->next = rec->seq + 1;
		self->records++;
		self->bytes += rec->len;
	} else if (event == MEMLOG_LOSS) {
		if (loss->from_seq != self->next)
			self->bad++;
		self->next = loss->to_seq + 1;
		self->lost_records += loss->records;
		self->lost_bytes += loss->bytes;
	} else {
		self->ends++;
		self->last = event;
	}
	pthread_cond_broadcast(&self->changed);
	pthread_mutex_unlock(&self->lock);
	if (self->close_inside)
		memlog_watch_close(&self->watch);
}

static uint64_t write_some(FIXTURE_DATA(watch) *self, int count)
{
	uint64_t bytes = 0;
	char text[300];

	for (int i = 0; i < count; i++) {
		size_t len = make_text(text, 1, i, 30 + i % 200);

		memlog_embedded_write(self->ring, NULL, text, len, NULL);
		bytes += len;
	}
	return bytes;
}

/* Waits until all up to @next was given, or told as lost, or it ended. */
static void wait_for(FIXTURE_DATA(watch) *self, uint64_t next)
{
	pthread_mutex_lock(&self->lock);
	while (self->next < next && !self->ends)
		pthread_cond_wait(&self->changed, &self->lock);
	pthread_mutex_unlock(&self->lock);
}

TEST_F(watch, all)
{
	uint64_t bytes;

	ASSERT_EQ(0, memlog_watch_open(&self->watch, self->path, NULL, 0, on_event, self));
	bytes = write_some(self, 100);
	wait_for(self, 100);
	EXPECT_EQ(100, self->records);
	EXPECT_EQ(bytes, self->bytes);
	memlog_watch_close(&self->watch);
	EXPECT_EQ(NULL, self->watch);
	EXPECT_EQ(1, self->ends);
	EXPECT_EQ(MEMLOG_END, self->last);
	memlog_watch_close(&self->watch);
	EXPECT_EQ(1, self->ends);
	EXPECT_EQ(0, self->bad);
}

/* A callback slower than the writer: the queue is full, and the ring laps it. */
TEST_F(watch, slow)
{
	uint64_t bytes;

	self->delay_us = 500;
	ASSERT_EQ(0, memlog_watch_open(&self->watch, self->path, NULL, 4096, on_event, self));
	bytes = write_some(self, 3000);
	memlog_embedded_finish(self->ring);
	wait_for(self, ~0ULL);
	EXPECT_LT(0, self->records);
	EXPECT_LT(0, self->lost_records);
	EXPECT_EQ(3000, self->records + self->lost_records);
	EXPECT_EQ(bytes, self->bytes + self->lost_bytes);
	EXPECT_EQ(1, self->ends);
	memlog_watch_close(&self->watch);
	EXPECT_EQ(1, self->ends);
	EXPECT_EQ(0, self->bad);
}

TEST_F(watch, record_above_queue)
{
	struct memlog_resize resize = { .text_size = 1 << 20, .max_record = 65536 };
	char *text = malloc(65536);

	ASSERT_NE(NULL, text);
	ASSERT_EQ(0, memlog_embedded_resize(self->ring, &resize));
	ASSERT_EQ(0, memlog_watch_open(&self->watch, self->path, NULL, 1, on_event, self));
	for (int i = 0; i < 5; i++)
		memlog_embedded_write(self->ring, NULL, text,
				      make_text(text, 1, i, 65536), NULL);
	wait_for(self, 5);
	EXPECT_EQ(5, self->records);
	EXPECT_EQ(0, self->bad);
	free(text);
}

TEST_F(watch, close_inside)
{
	self->close_inside = true;
	ASSERT_EQ(0, memlog_watch_open(&self->watch, self->path, NULL, 0, on_event, self));
	write_some(self, 10);
	wait_for(self, ~0ULL);
	EXPECT_EQ(NULL, __atomic_load_n(&self->watch, __ATOMIC_ACQUIRE));
	EXPECT_EQ(1, self->ends);
	/* Its threads free the rest; give them the time. */
	usleep(100000);
}

static void *close_watch(void *arg)
{
	memlog_watch_close(arg);
	return NULL;
}

TEST_F(watch, close_twice_at_once)
{
	for (int i = 0; i < 200; i++) {
		pthread_t threads[2];

		self->ends = 0;
		self->next = (uint64_t)(i * 3);
		ASSERT_EQ(0, memlog_watch_open(&self->watch, self->path, NULL, 0,
					       on_event, self));
		write_some(self, 3);
		for (int t = 0; t < 2; t++)
			ASSERT_EQ(0, pthread_create(&threads[t], NULL, close_watch,
						    &self->watch));
		for (int t = 0; t < 2; t++)
			pthread_join(threads[t], NULL);
		EXPECT_EQ(1, self->ends);
	}
	EXPECT_EQ(0, self->bad);
}

TEST_F(watch, not_following)
{
	struct memlog_reader_options options = { .size = sizeof(options) };

	write_some(self, 20);
	ASSERT_EQ(0, memlog_watch_open(&self->watch, self->path, &options, 0, on_event, self));
	wait_for(self, ~0ULL);
	EXPECT_EQ(20, self->records);
	EXPECT_EQ(1, self->ends);
	EXPECT_EQ(-ENOENT, memlog_watch_open(&self->watch, "/nonexistent", NULL, 0,
					     on_event, self));
}

TEST_HARNESS_MAIN
