// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cursor by itself: what the two formats give, to the byte.
 */
#include <stdlib.h>
#include <unistd.h>

#include "cursor.h"
#include "kselftest_harness.h"
#include "mem.h"

FIXTURE(cursor) {
	struct mem mem;
	struct memlog_ring ring;
	struct memlog_cursor cur;
	char out[65536];
};

FIXTURE_SETUP(cursor)
{
	ASSERT_EQ(0, mem_init(&self->mem, 4096, 64, 0));
	memlog_ring_init(&self->ring, &self->mem.buf);
	memlog_cursor_init(&self->cur, &self->mem.buf);
}

FIXTURE_TEARDOWN(cursor)
{
	mem_uninit(&self->mem);
}

#define WRITE(text, flags) mem_write(&self->ring, text, strlen(text), flags)

static long take(FIXTURE_DATA(cursor) *self, size_t room)
{
	struct memlog_out out = { .to = self->out, .room = room };

	return memlog_cursor_read(&self->cur, &self->mem.buf, &out);
}

/* What a read of @room bytes gives. */
#define EXPECT_READ(room, text)						\
do {									\
	const char *want_ = text;					\
	long n_ = take(self, room);					\
									\
	EXPECT_EQ((long)strlen(want_), n_);				\
	self->out[n_ < 0 ? 0 : n_] = '\0';				\
	EXPECT_STREQ(want_, self->out);					\
} while (0)

static void write_lines(struct memlog_ring *ring, unsigned int n)
{
	char text[100];

	memset(text, 'l', 99);
	text[99] = '\n';
	while (n--)
		mem_write(ring, text, sizeof(text), 0);
}

TEST_F(cursor, newlines)
{
	EXPECT_EQ(-EAGAIN, take(self, 100));
	WRITE("one\n", 0);
	WRITE("two", 0);
	WRITE("three\n", 0);
	EXPECT_READ(100, "one\ntwo\nthree\n");
	EXPECT_EQ(-EAGAIN, take(self, 100));
}

TEST_F(cursor, partial_and_join)
{
	WRITE("a", MEMLOG_PARTIAL);
	EXPECT_READ(100, "a");
	EXPECT_FALSE(memlog_cursor_readable(&self->cur, &self->mem.buf));
	EXPECT_EQ(-EAGAIN, take(self, 100));
	WRITE("b", MEMLOG_PARTIAL | MEMLOG_JOIN);
	WRITE("c", MEMLOG_JOIN);
	WRITE("d", MEMLOG_PARTIAL);
	WRITE("e", 0);
	EXPECT_READ(100, "bc\nd\ne\n");
}

/* A lap between the pieces of a write ends the line that was begun. */
TEST_F(cursor, lost_before_the_join)
{
	WRITE("aaaa", MEMLOG_PARTIAL);
	WRITE("bbbb\n", MEMLOG_JOIN);
	EXPECT_READ(6, "aaaa");
	write_lines(&self->ring, 41);
	EXPECT_READ(50, "\nmemlog: lost 2 records, 105 bytes\n");
}

TEST_F(cursor, lost_before_the_join_quiet)
{
	memlog_cursor_format(&self->cur, MEMLOG_FORMAT_TEXT, true);
	WRITE("aaaa", MEMLOG_PARTIAL);
	WRITE("bbbb\n", MEMLOG_JOIN);
	EXPECT_READ(6, "aaaa");
	port_lock(&self->ring.lock);
	memlog_ring_begin(&self->ring, 4096);
	port_unlock(&self->ring.lock);
	EXPECT_TRUE(memlog_cursor_readable(&self->cur, &self->mem.buf));
	EXPECT_READ(50, "\n");
	EXPECT_FALSE(memlog_cursor_readable(&self->cur, &self->mem.buf));
}

TEST_F(cursor, lost_inside_the_join)
{
	WRITE("aaaa", MEMLOG_PARTIAL);
	WRITE("bbbb\n", MEMLOG_JOIN);
	EXPECT_READ(4, "aaaa");
	EXPECT_READ(2, "bb");
	write_lines(&self->ring, 41);
	EXPECT_READ(50, "\nmemlog: lost 2 records, 103 bytes\n");
}

TEST_F(cursor, whole_records_only)
{
	WRITE("12345\n", 0);
	WRITE("12345", 0);
	WRITE("123\n", 0);
	EXPECT_READ(11, "12345\n");
	EXPECT_READ(6, "12345\n");
	EXPECT_READ(3, "123");
	EXPECT_READ(3, "\n");
}

TEST_F(cursor, newline_that_did_not_fit)
{
	WRITE("12345", 0);
	WRITE("x\n", 0);
	EXPECT_READ(5, "12345");
	EXPECT_TRUE(memlog_cursor_readable(&self->cur, &self->mem.buf));
	EXPECT_READ(1, "\n");
	EXPECT_READ(9, "x\n");
}

TEST_F(cursor, lost)
{
	WRITE("gone\n", 0);
	write_lines(&self->ring, 41);
	EXPECT_TRUE(memlog_cursor_behind(&self->cur, &self->mem.buf));
	EXPECT_READ(50, "memlog: lost 2 records, 105 bytes\n");
	EXPECT_FALSE(memlog_cursor_behind(&self->cur, &self->mem.buf));
	EXPECT_EQ(2, self->cur.lost_records);
	EXPECT_EQ(105, self->cur.lost_bytes);
	EXPECT_EQ(4000, take(self, 65536));
}

TEST_F(cursor, lost_inside_a_record)
{
	WRITE("gone", 0);
	EXPECT_READ(3, "gon");
	write_lines(&self->ring, 42);
	EXPECT_READ(50, "\nmemlog: lost 3 records, 201 bytes\n");
	EXPECT_EQ(201, self->cur.lost_bytes);
}

TEST_F(cursor, lost_behind_an_inner_newline)
{
	WRITE("go\nne", 0);
	EXPECT_READ(3, "go\n");
	write_lines(&self->ring, 41);
	EXPECT_READ(50, "memlog: lost 2 records, 102 bytes\n");
}

TEST_F(cursor, lost_before_the_newline)
{
	WRITE("gone", 0);
	EXPECT_READ(4, "gone");
	write_lines(&self->ring, 42);
	EXPECT_READ(50, "\nmemlog: lost 2 records, 200 bytes\n");
	EXPECT_EQ(2, self->cur.lost_records);
}

TEST_F(cursor, lost_line_stays)
{
	WRITE("gone\n", 0);
	write_lines(&self->ring, 41);
	EXPECT_READ(7, "memlog:");
	write_lines(&self->ring, 100);
	EXPECT_READ(8, " lost 2 ");
	EXPECT_TRUE(memlog_cursor_behind(&self->cur, &self->mem.buf));
	EXPECT_READ(19, "records, 105 bytes\n");
	EXPECT_READ(99, "memlog: lost 100 records, 10000 bytes\n");
	EXPECT_EQ(102, self->cur.lost_records);
	EXPECT_EQ(10105, self->cur.lost_bytes);
}

TEST_F(cursor, lost_line_does_not_fit)
{
	WRITE("12345\n", 0);
	EXPECT_READ(6, "12345\n");
	WRITE("12345", 0);
	EXPECT_READ(5, "12345");
	write_lines(&self->ring, 41);
	/* behind the newline there is no room for all of the lost line */
	EXPECT_READ(20, "\n");
	EXPECT_READ(19, "memlog: lost 1 reco");
	EXPECT_READ(99, "rds, 100 bytes\n");
}

TEST_F(cursor, quiet)
{
	memlog_cursor_format(&self->cur, MEMLOG_FORMAT_TEXT, true);
	WRITE("gone", 0);
	EXPECT_READ(2, "go");
	write_lines(&self->ring, 42);
	EXPECT_EQ(1, take(self, 50));
	EXPECT_EQ('\n', self->out[0]);
	EXPECT_EQ(3, self->cur.lost_records);
	EXPECT_EQ(202, self->cur.lost_bytes);
}

TEST_F(cursor, all_gone)
{
	WRITE("gone\n", 0);
	port_lock(&self->ring.lock);
	memlog_ring_begin(&self->ring, 4096);
	port_unlock(&self->ring.lock);
	EXPECT_TRUE(memlog_cursor_readable(&self->cur, &self->mem.buf));
	EXPECT_READ(99, "memlog: lost 1 records, 5 bytes\n");
	EXPECT_EQ(-EAGAIN, take(self, 99));

	memlog_cursor_format(&self->cur, MEMLOG_FORMAT_RECORD, false);
	WRITE("gone\n", 0);
	port_lock(&self->ring.lock);
	memlog_ring_begin(&self->ring, 4096);
	port_unlock(&self->ring.lock);
	EXPECT_FALSE(memlog_cursor_readable(&self->cur, &self->mem.buf));
	EXPECT_EQ(-EAGAIN, take(self, 99));
	EXPECT_EQ(2, self->cur.lost_records);
	EXPECT_FALSE(memlog_cursor_behind(&self->cur, &self->mem.buf));
}

TEST_F(cursor, records)
{
	struct memlog_record rec;

	memlog_cursor_format(&self->cur, MEMLOG_FORMAT_RECORD, false);
	WRITE("12345", 0);
	WRITE("12345678", 0);
	EXPECT_EQ(-EINVAL, take(self, 71));
	EXPECT_EQ(72, take(self, 143));
	memcpy(&rec, self->out, sizeof(rec));
	EXPECT_EQ(0, rec.seq);
	EXPECT_EQ(5, rec.len);
	EXPECT_EQ(0, memcmp(self->out + 64, "12345\0\0\0", 8));
	EXPECT_EQ(72, take(self, 72));
	memcpy(&rec, self->out, sizeof(rec));
	EXPECT_EQ(1, rec.seq);
	EXPECT_EQ(MEMLOG_FIRST_POS + 5, rec.pos);
	EXPECT_EQ(-EAGAIN, take(self, 72));
}

TEST_F(cursor, record_format_in_mid_record)
{
	WRITE("12345\n", 0);
	EXPECT_READ(3, "123");
	memlog_cursor_format(&self->cur, MEMLOG_FORMAT_RECORD, false);
	EXPECT_EQ(72, take(self, 100));
	EXPECT_EQ(0, memcmp(self->out + 64, "12345\n", 6));
}

TEST_F(cursor, seek)
{
	u64 missed;

	write_lines(&self->ring, 100);
	ASSERT_EQ(0, memlog_cursor_seek(&self->cur, &self->mem.buf,
					MEMLOG_SEEK_SEQ, 99, &missed));
	EXPECT_EQ(99, self->cur.at.seq);
	EXPECT_EQ(MEMLOG_FIRST_POS + 9900, self->cur.at.pos);
	EXPECT_EQ(0, missed);
	EXPECT_EQ(-ERANGE, memlog_cursor_seek(&self->cur, &self->mem.buf,
					      MEMLOG_SEEK_SEQ, 101, &missed));
	EXPECT_EQ(99, self->cur.at.seq);
	ASSERT_EQ(0, memlog_cursor_seek(&self->cur, &self->mem.buf,
					MEMLOG_SEEK_SEQ, 1, &missed));
	EXPECT_EQ(60, self->cur.at.seq);
	EXPECT_EQ(59, missed);
	ASSERT_EQ(0, memlog_cursor_seek(&self->cur, &self->mem.buf,
					MEMLOG_SEEK_LAST, 50, &missed));
	EXPECT_EQ(60, self->cur.at.seq);
	EXPECT_EQ(10, missed);
	ASSERT_EQ(0, memlog_cursor_seek(&self->cur, &self->mem.buf,
					MEMLOG_SEEK_LAST, ~0ULL, &missed));
	EXPECT_EQ(60, missed);
	ASSERT_EQ(0, memlog_cursor_seek(&self->cur, &self->mem.buf,
					MEMLOG_SEEK_LAST, 0, &missed));
	EXPECT_EQ(100, self->cur.at.seq);
	EXPECT_EQ(0, missed);
	EXPECT_EQ(-EINVAL, memlog_cursor_seek(&self->cur, &self->mem.buf, 3, 0,
					      &missed));
}

/* Random records of up to 200 bytes, and reads of any size give the same. */
TEST_F(cursor, any_buffer_gives_the_same)
{
	static char whole[65536], pieces[65536];

	for (unsigned int round = 0; round < 2000; round++) {
		struct memlog_cursor start = self->cur;
		size_t got = 0;
		long n, all;

		srand(round);
		for (unsigned int i = rand() % 20; i; i--) {
			char text[200];
			u32 len = 1 + rand() % sizeof(text);

			memset(text, 'a' + rand() % 26, len);
			text[rand() % len] = '\n';
			if (rand() % 2)
				text[len - 1] = '\n';
			mem_write(&self->ring, text, len, rand() % 4);
		}
		all = take(self, sizeof(self->out));
		memcpy(whole, self->out, all > 0 ? all : 0);
		self->cur = start;
		do {
			n = take(self, 1 + rand() % (round % 2 ? 3 : 300));
			if (n > 0)
				memcpy(pieces + got, self->out, n);
			got += n > 0 ? n : 0;
		} while (n > 0);
		ASSERT_EQ(all > 0 ? all : 0, got) TH_LOG("round %u", round);
		ASSERT_EQ(0, memcmp(whole, pieces, got)) TH_LOG("round %u", round);
	}
}

/* Laps at any place: text given + bytes lost = bytes written. */
TEST_F(cursor, every_byte_accounted)
{
	u64 given = 0;

	/* without newlines of their own, so that the added ones can be told */
	for (unsigned int round = 0; round < 20000; round++) {
		srand(round);
		for (unsigned int i = rand() % 12; i; i--) {
			char text[1000];
			u32 len = 1 + rand() % (rand() % 8 ? 50 : sizeof(text));

			memset(text, 'X', len);
			mem_write(&self->ring, text, len, rand() % 4);
		}
		for (unsigned int i = rand() % 12; i; i--) {
			long n = take(self, 1 + rand() % 200);

			for (long at = 0; at < n; at++)
				given += self->out[at] == 'X';
		}
		ASSERT_EQ(self->cur.at.pos + self->cur.off - MEMLOG_FIRST_POS,
			  given + self->cur.lost_bytes)
			TH_LOG("round %u", round);
	}
	EXPECT_GT(given, 0);
	EXPECT_GT(self->cur.lost_bytes, 0);
	EXPECT_GT(self->cur.lost_records, 0);
}

TEST_HARNESS_MAIN
