// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reader over an archive: each record in its order, over days and streams, and
 * what is missing or damaged as a loss in its place.
 */
#include <errno.h>

#include "reader_fixture.h"

/*
 * Stream 7: 100 to 299, of which 150 to 159 are a gap and 180 to 184 just missing;
 * over two days, the second of which begins with 250 and also has stream 8: 0 to 49.
 * The third day has stream 8: 60 to 199.
 */
static void make_three(FIXTURE_DATA(archive) *self)
{
	day(self, D1);
	put_lines(&self->maker, 7, 100, 150, T(0));
	maker_gap(&self->maker, 7, 150, 150 * LINE, 10, 10 * LINE, T(0) + 150);
	put_lines(&self->maker, 7, 160, 180, T(0));
	put_lines(&self->maker, 7, 185, 250, T(0));
	finish(self);
	day(self, D2);
	put_lines(&self->maker, 7, 250, 300, T(1));
	put_lines(&self->maker, 8, 0, 50, T(1) + 1000);
	finish(self);
	day(self, D3);
	put_lines(&self->maker, 8, 60, 200, T(3));
	maker_close(&self->maker);
}

TEST_F(archive, all)
{
	uint64_t records, bytes;

	make_three(self);
	ASSERT_EQ(0, reopen(self, 0));
	EXPECT_EQ(7, memlog_stream(self->reader));
	EXPECT_FALSE(memlog_mapped(self->reader));
	EXPECT_EQ(-EINVAL, memlog_fd(self->reader));
	EXPECT_LINES(7, 100, 150);
	EXPECT_LOSS(150, 160);
	EXPECT_LINES(7, 160, 180);
	EXPECT_LOSS(180, 185);
	EXPECT_LINES(7, 185, 300);
	EXPECT_STREAM(8);
	EXPECT_LINES(8, 0, 50);
	EXPECT_LOSS(50, 60);
	EXPECT_LINES(8, 60, 200);
	EXPECT_EQ(MEMLOG_END, NEXT());
	EXPECT_EQ(MEMLOG_END, NEXT());
	EXPECT_EQ(200, memlog_place(self->reader));
	memlog_lost(self->reader, &records, &bytes);
	EXPECT_EQ(25, records);
	EXPECT_EQ(25 * LINE, bytes);
}

/* It ends where the archive did when it was opened. */
TEST_F(archive, end)
{
	day(self, D1);
	put_lines(&self->maker, 7, 0, 10, T(0));
	maker_flush(&self->maker);
	ASSERT_EQ(0, reopen(self, 0));
	put_lines(&self->maker, 7, 10, 20, T(0));
	maker_flush(&self->maker);
	EXPECT_LINES(7, 0, 10);
	EXPECT_EQ(MEMLOG_END, NEXT());
	ASSERT_EQ(0, memlog_seek(self->reader, MEMLOG_SEEK_SEQ, 7, 5, NULL));
	EXPECT_LINES(7, 5, 20);
	EXPECT_EQ(MEMLOG_END, NEXT());
	maker_close(&self->maker);
}

TEST_F(archive, from)
{
	make_three(self);
	self->options.from_stream = 7;
	self->options.from_seq = 270;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FROM));
	EXPECT_LINES(7, 270, 300);
	EXPECT_STREAM(8);

	/* The end of a stream, and beyond it. */
	self->options.from_seq = 300;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FROM));
	EXPECT_STREAM(8);
	EXPECT_LINES(8, 0, 1);
	self->options.from_seq = 301;
	EXPECT_EQ(-ERANGE, reopen(self, MEMLOG_READ_FROM));

	/* Inside of what is missing. */
	self->options.from_seq = 182;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FROM));
	EXPECT_LOSS_OF(182, 185);
	EXPECT_EQ(MEMLOG_LOSS_BYTES_UNKNOWN, memlog_loss(self->reader)->flags);
	EXPECT_LINES(7, 185, 190);
	self->options.from_seq = 155;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FROM));
	EXPECT_LOSS_OF(155, 160);
	EXPECT_EQ(MEMLOG_LOSS_BYTES_UNKNOWN, memlog_loss(self->reader)->flags);
	EXPECT_LINES(7, 160, 161);

	/* Before all there is. */
	self->options.from_seq = 0;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FROM));
	EXPECT_LOSS_OF(0, 100);
	EXPECT_LINES(7, 100, 101);

	/* The newest stream's, unless another one is named. */
	self->options.from_stream = 0;
	self->options.from_seq = 40;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FROM));
	EXPECT_LINES(8, 40, 50);
	EXPECT_LOSS(50, 60);
	self->options.from_stream = 9;
	EXPECT_EQ(-ESTALE, reopen(self, MEMLOG_READ_FROM));
}

TEST_F(archive, since_and_until)
{
	make_three(self);
	self->options.since_ns = T(0) + 200;
	self->options.until_ns = T(0) + 210;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_SINCE | MEMLOG_READ_UNTIL));
	EXPECT_LINES(7, 200, 211);
	EXPECT_EQ(MEMLOG_END, NEXT());

	/* The gap has a time, but is no record. */
	self->options.since_ns = T(0) + 150;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_SINCE));
	EXPECT_LINES(7, 160, 161);

	self->options.since_ns = T(2);
	self->options.until_ns = T(3) + 60;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_SINCE | MEMLOG_READ_UNTIL));
	EXPECT_LINES(8, 60, 61);
	EXPECT_EQ(MEMLOG_END, NEXT());

	self->options.since_ns = T(4);
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_SINCE));
	EXPECT_EQ(MEMLOG_END, NEXT());

	/* Whichever is later. */
	self->options.since_ns = T(1) + 260;
	self->options.from_stream = 7;
	self->options.from_seq = 255;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_SINCE | MEMLOG_READ_FROM));
	EXPECT_LINES(7, 260, 261);
	self->options.from_seq = 265;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_SINCE | MEMLOG_READ_FROM));
	EXPECT_LINES(7, 265, 266);
}

TEST_F(archive, tail)
{
	make_three(self);
	self->options.tail = 10;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_TAIL));
	EXPECT_LINES(8, 190, 200);
	EXPECT_EQ(MEMLOG_END, NEXT());
	self->options.tail = 150;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_TAIL));
	EXPECT_LINES(8, 40, 50);
	EXPECT_LOSS(50, 60);
	self->options.tail = 140 + 50 + 7;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_TAIL));
	EXPECT_LINES(7, 293, 300);
	EXPECT_STREAM(8);
	/* The gap does not count. */
	self->options.tail = 140 + 50 + 50 + 65 + 20 + 5;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_TAIL));
	EXPECT_LINES(7, 145, 150);
	self->options.tail = ~0ULL;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_TAIL));
	EXPECT_LINES(7, 100, 101);
	self->options.tail = 0;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_TAIL));
	EXPECT_EQ(MEMLOG_END, NEXT());
}

TEST_F(archive, seek_and_info)
{
	struct memlog_info info;
	uint64_t missed;

	make_three(self);
	ASSERT_EQ(0, reopen(self, 0));
	ASSERT_EQ(0, memlog_reader_info(self->reader, &info));
	EXPECT_EQ(7, info.stream);
	EXPECT_EQ(100, info.oldest_seq);
	EXPECT_EQ(100 * LINE, info.oldest_pos);
	EXPECT_EQ(300, info.next_seq);
	EXPECT_EQ(100, info.reader_seq);
	ASSERT_EQ(0, memlog_seek(self->reader, MEMLOG_SEEK_SEQ, 8, 55, &missed));
	EXPECT_EQ(5, missed);
	EXPECT_LINES(8, 60, 62);
	ASSERT_EQ(0, memlog_reader_info(self->reader, &info));
	EXPECT_EQ(8, info.stream);
	EXPECT_EQ(0, info.oldest_seq);
	EXPECT_EQ(200, info.next_seq);
	EXPECT_EQ(200 * LINE, info.next_pos);
	EXPECT_EQ(62, info.reader_seq);
	ASSERT_EQ(0, memlog_seek(self->reader, MEMLOG_SEEK_LAST, 0, 3, &missed));
	EXPECT_LINES(8, 197, 200);
	EXPECT_EQ(MEMLOG_END, NEXT());
	ASSERT_EQ(0, memlog_seek(self->reader, MEMLOG_SEEK_SINCE, 0, T(1), &missed));
	EXPECT_LINES(7, 250, 251);
	EXPECT_EQ(-ESTALE, memlog_seek(self->reader, MEMLOG_SEEK_SEQ, 9, 0, NULL));
	EXPECT_EQ(-ESTALE, memlog_seek(self->reader, MEMLOG_SEEK_LAST, 7, 0, NULL));
	EXPECT_EQ(-ERANGE, memlog_seek(self->reader, MEMLOG_SEEK_SEQ, 8, 201, NULL));
	EXPECT_EQ(-EINVAL, memlog_seek(self->reader, 99, 8, 201, NULL));
	/* They have changed nothing. */
	EXPECT_LINES(7, 251, 300);
	EXPECT_STREAM(8);
	EXPECT_LINES(8, 0, 50);
}

/* Days without rows, which a crash may leave, hide nothing that is before them. */
TEST_F(archive, oldest)
{
	struct memlog_info info;

	day(self, D1);
	put_lines(&self->maker, 7, 100, 150, T(0));
	finish(self);
	day(self, D2);
	finish(self);
	day(self, D2 + 1);
	finish(self);
	day(self, D3);
	put_lines(&self->maker, 7, 150, 200, T(3));
	maker_close(&self->maker);
	ASSERT_EQ(0, reopen(self, 0));
	ASSERT_EQ(0, memlog_reader_info(self->reader, &info));
	EXPECT_EQ(100, info.oldest_seq);
	EXPECT_EQ(200, info.next_seq);
	EXPECT_LINES(7, 100, 200);
}

/* Byte @at of a file is changed. */
static void damage(FIXTURE_DATA(archive) *self, const char *name, off_t at)
{
	char path[300], byte;
	int fd;

	snprintf(path, sizeof(path), "%s/%08u/%s", self->dir, D1, name);
	fd = open(path, O_RDWR);
	if (pread(fd, &byte, 1, at) != 1)
		abort();
	byte ^= 0x10;
	if (pwrite(fd, &byte, 1, at) != 1)
		abort();
	close(fd);
}

TEST_F(archive, damaged)
{
	day(self, D1);
	put_lines(&self->maker, 7, 100, 300, T(0));
	finish(self);
	damage(self, "data000000", 10 * (LINE + 10) + 30);	/* text of 110 */
	damage(self, "data000000", 20 * (LINE + 10));		/* head of 120 */
	damage(self, "index", 30 * 12 + 9);			/* of 130 */
	damage(self, "meta", 16 + 40 * 72 + 14);		/* seq of 140 */
	damage(self, "meta", 16 + 50 * 72 + 4);			/* stream of 150 */
	damage(self, "meta", 16 + 60 * 72 + 22);		/* pos of 160 */
	damage(self, "data000000", 70 * (LINE + 10) + 8);	/* length of 170 */
	damage(self, "data000000", 199 * (LINE + 10) + 30);	/* text of 299, the last */
	ASSERT_EQ(0, reopen(self, 0));
	EXPECT_LINES(7, 100, 110);
	for (uint64_t seq = 110; seq < 180; seq += 10) {
		EXPECT_LOSS(seq, seq + 1);
		EXPECT_LINES(7, seq + 1, seq + 10);
	}
	EXPECT_LINES(7, 180, 299);
	EXPECT_LOSS(299, 300);
	EXPECT_EQ(MEMLOG_END, NEXT());
}

TEST_F(archive, damaged_last)
{
	day(self, D1);
	put_lines(&self->maker, 7, 0, 10, T(0));
	finish(self);
	damage(self, "data000000", 9 * (LINE + 10) + 30);
	ASSERT_EQ(0, reopen(self, 0));
	EXPECT_LINES(7, 0, 9);
	EXPECT_LOSS(9, 10);
	EXPECT_EQ(MEMLOG_END, NEXT());
	damage(self, "index", 8 * 12 + 5);
	ASSERT_EQ(0, reopen(self, 0));
	EXPECT_LINES(7, 0, 8);
	EXPECT_LOSS_OF(8, 10);
	EXPECT_EQ(MEMLOG_END, NEXT());
}

/* Rows that were there before, as after a repair that was cut short. */
TEST_F(archive, doubled)
{
	day(self, D1);
	put_lines(&self->maker, 7, 0, 20, T(0));
	put_lines(&self->maker, 7, 10, 30, T(0));
	finish(self);
	ASSERT_EQ(0, reopen(self, 0));
	EXPECT_LINES(7, 0, 30);
	EXPECT_EQ(MEMLOG_END, NEXT());
}

/* A day that can't be read at all is an error for who comes there, and for no other. */
TEST_F(archive, damaged_day)
{
	make_three(self);
	damage(self, "meta", 3);
	EXPECT_EQ(-EBADMSG, reopen(self, 0));
	self->options.since_ns = T(1);
	EXPECT_EQ(-EBADMSG, reopen(self, MEMLOG_READ_SINCE));
	self->options.since_ns = T(3);
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_SINCE));
	EXPECT_LINES(8, 60, 70);
	self->options.tail = 200;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_TAIL));
	EXPECT_LINES(7, 290, 300);
	self->options.from_stream = 8;
	self->options.from_seq = 30;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FROM));
	EXPECT_LINES(8, 30, 50);
}

TEST_F(archive, long_texts)
{
	struct memlog_record rec = { .pri = 13, .time_ns = T(0) };
	char *text = malloc(3000000);

	memset(text, 'x', 3000000);
	day(self, D1);
	for (rec.seq = 0; rec.seq < 40; rec.seq++, rec.pos += rec.len) {
		rec.len = rec.seq % 4 == 3 ? 3000000 : rec.seq % 4 * 40000;
		maker_put(&self->maker, 7, &rec, text);
	}
	finish(self);
	ASSERT_EQ(0, reopen(self, 0));
	for (uint64_t seq = 0; seq < 40; seq++) {
		ASSERT_EQ(MEMLOG_RECORD, NEXT());
		ASSERT_EQ(seq, self->rec->seq);
		ASSERT_EQ(seq % 4 == 3 ? 3000000 : seq % 4 * 40000, self->rec->len);
		ASSERT_EQ(0, memcmp(self->text, text, self->rec->len));
	}
	EXPECT_EQ(MEMLOG_END, NEXT());
	free(text);
}

/* Days of other programs: each is a stream of its own. */
TEST_F(archive, without_meta)
{
	maker_open(&self->maker, self->dir, D1, false, false);
	put_lines(&self->maker, 0, 0, 20, T(0));
	finish(self);
	maker_open(&self->maker, self->dir, D2, false, false);
	put_lines(&self->maker, 0, 0, 10, T(1));
	finish(self);
	ASSERT_EQ(0, reopen(self, 0));
	EXPECT_EQ(0x20260131, memlog_stream(self->reader));
	EXPECT_LINES(0, 0, 20);
	EXPECT_STREAM(0x20260201);
	EXPECT_LINES(0, 0, 10);
	EXPECT_EQ(MEMLOG_END, NEXT());
	self->options.since_ns = T(1);
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_SINCE));
	EXPECT_EQ(0x20260201, memlog_stream(self->reader));
	EXPECT_LINES(0, 0, 10);
	damage(self, "data000000", 5 * (LINE + 10));
	ASSERT_EQ(0, reopen(self, 0));
	EXPECT_LINES(0, 0, 5);
	EXPECT_LOSS(5, 6);
	EXPECT_LINES(0, 6, 20);
}

/* Whoever names a folder that is none does not wait in it. */
TEST_F(archive, no_archive)
{
	char lock[sizeof(self->dir) + 8];

	snprintf(lock, sizeof(lock), "%s/lock", self->dir);
	ASSERT_EQ(0, unlink(lock));
	EXPECT_EQ(-ENOTTY, reopen(self, MEMLOG_READ_FOLLOW));
	EXPECT_EQ(-ENOTTY, memlog_reader_open(&self->reader, "/etc", NULL));
	day(self, D1);
	EXPECT_EQ(0, reopen(self, 0));
}

TEST_F(archive, empty)
{
	ASSERT_EQ(0, reopen(self, 0));
	EXPECT_EQ(0, memlog_stream(self->reader));
	EXPECT_EQ(MEMLOG_END, NEXT());
	self->options.tail = 5;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_TAIL));
	self->options.from_seq = 0;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FROM));
	self->options.from_seq = 1;
	EXPECT_EQ(-ERANGE, reopen(self, MEMLOG_READ_FROM));
	self->options.from_stream = 1;
	EXPECT_EQ(-ESTALE, reopen(self, MEMLOG_READ_FROM));
	self->options.archive = self->dir;
	EXPECT_EQ(-EINVAL, reopen(self, MEMLOG_READ_ARCHIVE));
}

/* Days that go while a reader is before them are a loss. */
TEST_F(archive, removed)
{
	char command[300];

	for (unsigned int i = 0; i < 3; i++) {
		day(self, 20260201 + i);
		put_lines(&self->maker, 7, i * 10, i * 10 + 10, T(1 + i));
		finish(self);
	}
	ASSERT_EQ(0, reopen(self, 0));
	EXPECT_LINES(7, 0, 1);
	snprintf(command, sizeof(command), "rm -r %s/20260202", self->dir);
	ASSERT_EQ(0, system(command));
	EXPECT_LINES(7, 1, 10);
	EXPECT_LOSS(10, 20);
	EXPECT_LINES(7, 20, 30);
	EXPECT_EQ(MEMLOG_END, NEXT());
}

TEST_HARNESS_MAIN
