// SPDX-License-Identifier: GPL-2.0-only
/*
 * A ring and the archive that is made from it, read as one: what the ring has no
 * more comes from the archive, in order, once, and without a seam.
 */
#include "joined_fixture.h"

TEST_F(joined, history_then_ring)
{
	write_archived(self, 1000);
	write_lines(self, 30);
	ASSERT_EQ(0, reopen(self, 0));
	EXPECT_EQ(self->way != UNMAPPED, memlog_mapped(self->reader));
	EXPECT_FALSE(in_ring(self));
	EXPECT_WRITTEN(0, 1000);
	/* These are nowhere but in the ring. */
	EXPECT_WRITTEN(1000, 1030);
	EXPECT_TRUE(in_ring(self));
	EXPECT_EQ(MEMLOG_END, NEXT());
}

TEST_F(joined, lapped)
{
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FOLLOW));
	NOTHING();
	write_lines(self, 20);
	EXPECT_WRITTEN(0, 20);
	EXPECT_TRUE(in_ring(self));
	archive_now(&self->archiver);
	for (uint64_t n = 20; n < 2020; n += 500) {
		write_archived(self, 500);
		EXPECT_WRITTEN(n, n + 1);
		EXPECT_FALSE(in_ring(self));
		EXPECT_WRITTEN(n + 1, n + 500);
		EXPECT_TRUE(in_ring(self));
		NOTHING();
		EXPECT_EQ(0, memlog_wait(self->reader, 0));
	}
}

/* Neither has them: told once the archive was given its time. */
TEST_F(joined, lost)
{
	struct timespec begin, end;
	long ms;

	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FOLLOW));
	write_lines(self, 10);
	archive_now(&self->archiver);
	EXPECT_WRITTEN(0, 10);
	write_lines(self, 200);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	NOTHING();
	ASSERT_EQ(MEMLOG_LOSS, NEXT());
	clock_gettime(CLOCK_MONOTONIC, &end);
	ms = (end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000;
	EXPECT_LE(195, ms);
	EXPECT_GT(1000, ms);
	EXPECT_EQ(10, memlog_loss(self->reader)->from_seq);
	EXPECT_EQ(128, memlog_loss(self->reader)->to_seq);
	EXPECT_EQ(119 * LINE, memlog_loss(self->reader)->bytes);
	EXPECT_WRITTEN(129, 210);
	/* The archiver has missed as much, and says so. */
	archive_now(&self->archiver);
	ASSERT_EQ(0, reopen(self, 0));
	EXPECT_WRITTEN(0, 10);
	ASSERT_EQ(MEMLOG_LOSS, NEXT());
	EXPECT_EQ(10, memlog_loss(self->reader)->from_seq);
	EXPECT_EQ(128, memlog_loss(self->reader)->to_seq);
	EXPECT_EQ(119 * LINE, memlog_loss(self->reader)->bytes);
	EXPECT_WRITTEN(129, 210);
	EXPECT_EQ(MEMLOG_END, NEXT());
}

static void *archive_late(void *arg)
{
	usleep(10000);
	archive_now(arg);
	return NULL;
}

/* The archive is a little behind the ring, whether somebody follows or not. */
TEST_F(joined, patience)
{
	for (int follow = 0; follow < 2; follow++) {
		uint64_t from = self->written;
		pthread_t thread;

		ASSERT_EQ(0, reopen(self, follow ? MEMLOG_READ_FOLLOW : 0));
		if (follow)
			EXPECT_WRITTEN(0, from);
		/* The archiver has read these, and not committed. */
		for (int i = 0; i < 5; i++) {
			const struct memlog_record *rec;
			const char *text;

			write_lines(self, 40);
			while (memlog_next(self->archiver.reader, &rec, &text) == MEMLOG_RECORD)
				ASSERT_EQ(0, archive_one(&self->archiver, MEMLOG_RECORD, rec,
							 text));
		}
		if (!follow)
			ASSERT_EQ(0, reopen(self, 0));
		self->options.from_seq = from;
		if (!follow)
			ASSERT_EQ(0, reopen(self, MEMLOG_READ_FROM));
		ASSERT_EQ(0, pthread_create(&thread, NULL, archive_late, &self->archiver));
		EXPECT_WRITTEN(from, self->written);
		pthread_join(thread, NULL);
	}
}

TEST_F(joined, places)
{
	struct memlog_info info;
	uint64_t missed;

	write_archived(self, 400);
	write_lines(self, 10);
	ASSERT_EQ(0, reopen(self, 0));
	ASSERT_EQ(0, memlog_reader_info(self->reader, &info));
	EXPECT_EQ(self->stream, info.stream);
	EXPECT_EQ(0, info.oldest_seq);
	EXPECT_EQ(410, info.next_seq);
	EXPECT_EQ(4096, info.text_size);

	self->options.tail = 5;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_TAIL));
	EXPECT_TRUE(in_ring(self));
	EXPECT_WRITTEN(405, 410);
	self->options.tail = 300;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_TAIL));
	EXPECT_WRITTEN(110, 410);
	EXPECT_EQ(MEMLOG_END, NEXT());
	self->options.tail = 1000;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_TAIL));
	EXPECT_WRITTEN(0, 410);

	self->options.from_seq = 50;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FROM));
	EXPECT_WRITTEN(50, 60);
	self->options.from_stream = self->stream;
	self->options.from_seq = 380;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FROM));
	EXPECT_WRITTEN(380, 410);
	self->options.from_seq = 411;
	EXPECT_EQ(-ERANGE, reopen(self, MEMLOG_READ_FROM));
	self->options.from_stream++;
	EXPECT_EQ(-ESTALE, reopen(self, MEMLOG_READ_FROM));

	ASSERT_EQ(0, reopen(self, 0));
	ASSERT_EQ(0, memlog_seek(self->reader, MEMLOG_SEEK_SEQ, self->stream, 7, &missed));
	EXPECT_EQ(0, missed);
	EXPECT_WRITTEN(7, 9);
	ASSERT_EQ(0, memlog_seek(self->reader, MEMLOG_SEEK_LAST, 0, 2, &missed));
	EXPECT_WRITTEN(408, 410);
	EXPECT_EQ(MEMLOG_END, NEXT());
	ASSERT_EQ(0, memlog_seek(self->reader, MEMLOG_SEEK_SINCE, 0, 1, &missed));
	EXPECT_WRITTEN(0, 410);

	/* What can't be leaves the reader where it is, in the archive and in the ring. */
	for (uint64_t seq = 100; seq < 410; seq += 280) {
		ASSERT_EQ(0, memlog_seek(self->reader, MEMLOG_SEEK_SEQ, 0, seq, NULL));
		EXPECT_WRITTEN(seq, seq + 1);
		EXPECT_EQ(-ERANGE, memlog_seek(self->reader, MEMLOG_SEEK_SEQ, 0, 411, NULL));
		EXPECT_EQ(-ESTALE, memlog_seek(self->reader, MEMLOG_SEEK_SEQ, 1, 0, NULL));
		EXPECT_EQ(-EINVAL, memlog_seek(self->reader, 9, 0, 0, NULL));
		EXPECT_WRITTEN(seq + 1, 410);
		EXPECT_EQ(MEMLOG_END, NEXT());
	}

	self->options.archive = "/nonexistent";
	EXPECT_EQ(-ENOENT, reopen(self, 0));
	self->options.archive = NULL;
	EXPECT_EQ(-EINVAL, reopen(self, 0));
}

/* A ring that took the place of others, one of which this reader never saw. */
TEST_F(joined, streams)
{
	uint64_t first = self->stream, second = 0;

	if (self->way == FD)
		SKIP(return, "without a path a ring can't be replaced");
	write_archived(self, 200);
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FOLLOW));
	for (int life = 0; life < 2; life++) {
		memlog_reader_close(self->archiver.reader);
		if (self->way == EMBEDDED) {
			memlog_reader_close(self->reader);
			self->reader = NULL;
		}
		memlog_embedded_close(self->ring);
		ASSERT_EQ(0, unlink(self->path));
		open_new_ring(self);
		second = life ? second : self->stream;
		archiver_open(&self->archiver, self->path, self->dir);
		write_archived(self, 100 + 100 * life);
	}
	write_lines(self, 10);
	if (self->way == EMBEDDED)
		ASSERT_EQ(0, reopen(self, 0));
	EXPECT_EQ(first, memlog_stream(self->reader));
	EXPECT_WRITTEN(0, 200);
	if (self->way == UNMAPPED)
		return;
	EXPECT_STREAM(second);
	EXPECT_WRITTEN(0, 100);
	EXPECT_STREAM(self->stream);
	EXPECT_WRITTEN(0, 210);

	ASSERT_EQ(0, reopen(self, 0));
	EXPECT_WRITTEN(0, 200);
	EXPECT_STREAM(second);
	EXPECT_WRITTEN(0, 100);
	EXPECT_STREAM(self->stream);
	EXPECT_WRITTEN(0, 210);
	EXPECT_EQ(MEMLOG_END, NEXT());
	self->options.from_stream = second;
	self->options.from_seq = 90;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FROM));
	EXPECT_WRITTEN(90, 100);
	EXPECT_STREAM(self->stream);
}

/* The ring ends: what was archived is there, and then the end. */
TEST_F(joined, finished)
{
	write_archived(self, 200);
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FOLLOW));
	write_lines(self, 10);
	EXPECT_WRITTEN(0, 5);
	ASSERT_EQ(0, memlog_embedded_finish(self->ring));
	EXPECT_WRITTEN(5, 210);
	EXPECT_EQ(MEMLOG_END, NEXT());
}

TEST_HARNESS_MAIN
