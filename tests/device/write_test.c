// SPDX-License-Identifier: GPL-2.0-only
/* One call, one record: write(2) and writev(2), cutting, types. */
#include <pthread.h>
#include <sys/uio.h>

#include "kselftest_harness.h"

#include "device.h"

FIXTURE(write)
{
	int wr;
	int rd;
	struct rec_reader rr;
	char buf[1 << 16];
};

FIXTURE_SETUP(write)
{
	ASSERT_EQ(0, dev_reset());
	self->wr = dev_open(O_WRONLY);
	ASSERT_LE(0, self->wr);
	self->rd = dev_open(O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->rd);
	ASSERT_EQ(0, dev_format(self->rd, MEMLOG_FORMAT_RECORD, 0));
	ASSERT_EQ(0, dev_go(self->rd, SEEK_END));
	rec_init(&self->rr, self->rd);
}

FIXTURE_TEARDOWN(write)
{
	close(self->wr);
	close(self->rd);
	dev_reset();
}

TEST_F(write, one_call_one_record)
{
	static const char *const texts[] = {
		"a line\n", "no newline", "\n", "x", "two\nlines\n", "\n\n\n",
		"nul\n",
	};
	const struct memlog_record *rec;
	const char *text;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(texts); i++)
		ASSERT_EQ(strlen(texts[i]), puts_dev(self->wr, texts[i]));
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
		ASSERT_EQ(strlen(texts[i]), rec->len);
		EXPECT_EQ(0, memcmp(text, texts[i], rec->len));
		EXPECT_EQ(0, rec->flags);
		EXPECT_EQ(MEMLOG_TYPE_TEXT, rec->type);
		EXPECT_EQ(MEMLOG_PRI_DEFAULT, rec->pri);
	}
	EXPECT_EQ(0, rec_next(&self->rr, &rec, &text));
}

TEST_F(write, bytes_pass_untouched)
{
	const struct memlog_record *rec;
	const char *text;
	char all[256];
	size_t i;

	for (i = 0; i < sizeof(all); i++)
		all[i] = i;
	ASSERT_EQ(sizeof(all), put(self->wr, all, sizeof(all)));
	ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
	ASSERT_EQ(sizeof(all), rec->len);
	EXPECT_EQ(0, memcmp(text, all, sizeof(all)));
}

TEST_F(write, every_length)
{
	struct memlog_record prev = { .len = 0 };
	const struct memlog_record *rec;
	const char *text;
	size_t len;

	for (len = 1; len <= DEFAULT_MAX_RECORD; len += len < 300 ? 1 : 97) {
		memset(self->buf, 'a' + len % 26, len);
		ASSERT_EQ(len, put(self->wr, self->buf, len));
		ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
		ASSERT_EQ(len, rec->len);
		ASSERT_EQ(0, memcmp(text, self->buf, len));
		if (prev.len) {
			ASSERT_EQ(prev.seq + 1, rec->seq);
			ASSERT_EQ(prev.pos + prev.len, rec->pos);
		}
		prev = *rec;
	}
}

TEST_F(write, unaligned_source)
{
	const struct memlog_record *rec;
	const char *text;
	size_t off;

	for (off = 0; off < 64; off++)
		self->buf[off + PAGE] = 'A' + off;
	for (off = 0; off < 64; off++) {
		ASSERT_EQ(17, put(self->wr, self->buf + PAGE - off, 17));
		ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
		ASSERT_EQ(0, memcmp(text, self->buf + PAGE - off, 17));
	}
}

TEST_F(write, zero_bytes)
{
	struct iovec none[2] = { { "x", 0 }, { NULL, 0 } };
	__u64 next = dev_next(self->wr);

	EXPECT_EQ(0, put(self->wr, "x", 0));
	EXPECT_EQ(0, put(self->wr, NULL, 0));
	EXPECT_EQ(0, put_vec(self->wr, none, 2));
	EXPECT_EQ(0, put_vec(self->wr, none, 0));
	EXPECT_EQ(next, dev_next(self->wr));
}

TEST_F(write, writev_is_one_record)
{
	struct iovec iov[5] = {
		{ "one ", 4 }, { "", 0 }, { "two ", 4 }, { NULL, 0 },
		{ "three\n", 6 },
	};
	const struct memlog_record *rec;
	const char *text;

	ASSERT_EQ(14, put_vec(self->wr, iov, 5));
	ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
	ASSERT_EQ(14, rec->len);
	EXPECT_EQ(0, memcmp(text, "one two three\n", 14));
	EXPECT_EQ(0, rec_next(&self->rr, &rec, &text));
}

TEST_F(write, writev_of_1024_parts)
{
	const struct memlog_record *rec;
	struct iovec iov[1024];
	const char *text;
	int i;

	for (i = 0; i < 1024; i++) {
		self->buf[i * 3] = 'a' + i % 26;
		iov[i] = (struct iovec){ self->buf + i * 3, 1 };
	}
	ASSERT_EQ(1024, put_vec(self->wr, iov, 1024));
	ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
	ASSERT_EQ(1024, rec->len);
	for (i = 0; i < 1024; i++)
		ASSERT_EQ('a' + i % 26, text[i]);
}

TEST_F(write, pwrite_does_the_same)
{
	const struct memlog_record *rec;
	const char *text;
	ssize_t n = pwrite(self->wr, "here\n", 5, 1000);

	/* A stream may refuse an offset; it must not invent a place. */
	if (n < 0) {
		EXPECT_EQ(ESPIPE, errno);
		EXPECT_EQ(0, rec_next(&self->rr, &rec, &text));
		return;
	}
	ASSERT_EQ(5, n);
	ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
	EXPECT_EQ(5, rec->len);
}

TEST_F(write, wrong_mode)
{
	__u64 next = dev_next(self->rd);

	EXPECT_EQ(-EBADF, put(self->rd, "x", 1));
	EXPECT_EQ(-EBADF, get(self->wr, self->buf, 1));
	EXPECT_EQ(next, dev_next(self->rd));
}

TEST_F(write, written_seq)
{
	struct memlog_info info;
	int other = dev_open(O_WRONLY);
	__u64 next = dev_next(self->wr);

	ASSERT_LE(0, other);
	ASSERT_EQ(0, dev_info(other, &info));
	EXPECT_EQ(MEMLOG_SEQ_NONE, info.written_seq);
	ASSERT_EQ(2, puts_dev(self->wr, "a\n"));
	ASSERT_EQ(2, puts_dev(other, "b\n"));
	ASSERT_EQ(2, puts_dev(self->wr, "c\n"));
	ASSERT_EQ(0, dev_info(other, &info));
	EXPECT_EQ(next + 1, info.written_seq);
	ASSERT_EQ(0, dev_info(self->wr, &info));
	EXPECT_EQ(next + 2, info.written_seq);

	/* What is refused leaves it where it was. */
	EXPECT_EQ(-EFAULT, put(self->wr, NULL, 5));
	ASSERT_EQ(0, dev_info(self->wr, &info));
	EXPECT_EQ(next + 2, info.written_seq);
	EXPECT_EQ(next + 3, info.next_seq);
	close(other);
}

/* Pieces of one write that end in newlines are records of their own. */
TEST_F(write, cut_after_the_last_newline)
{
	const struct memlog_record *rec;
	const char *text;
	size_t len = 10000, off = 0;

	memset(self->buf, 'c', len);
	for (off = 99; off < len; off += 100)
		self->buf[off] = '\n';
	ASSERT_EQ(len, put(self->wr, self->buf, len));

	/* 40 lines fit 4096 bytes, 40 more, and 20 remain. */
	ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
	EXPECT_EQ(4000, rec->len);
	EXPECT_EQ(0, rec->flags & MEMLOG_PARTIAL);
	ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
	EXPECT_EQ(4000, rec->len);
	EXPECT_EQ(0, rec->flags & MEMLOG_PARTIAL);
	ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
	EXPECT_EQ(2000, rec->len);
	EXPECT_EQ(0, rec->flags & MEMLOG_PARTIAL);
	EXPECT_EQ(0, rec_next(&self->rr, &rec, &text));
}

/* The last piece is what is left, not cut again at its newlines. */
TEST_F(write, the_rest_is_whole)
{
	const struct memlog_record *rec;
	const char *text;

	memset(self->buf, 'r', 5000);
	self->buf[4000] = '\n';
	self->buf[4500] = '\n';
	ASSERT_EQ(5000, put(self->wr, self->buf, 5000));
	ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
	EXPECT_EQ(4001, rec->len);
	ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
	EXPECT_EQ(999, rec->len);
	EXPECT_EQ(0, rec->flags & MEMLOG_PARTIAL);
	EXPECT_EQ(0, rec_next(&self->rr, &rec, &text));
}

TEST_F(write, exactly_max_record)
{
	const struct memlog_record *rec;
	const char *text;

	memset(self->buf, 'm', DEFAULT_MAX_RECORD + 1);
	self->buf[100] = '\n';
	ASSERT_EQ(DEFAULT_MAX_RECORD,
		  put(self->wr, self->buf, DEFAULT_MAX_RECORD));
	ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
	EXPECT_EQ(DEFAULT_MAX_RECORD, rec->len);
	EXPECT_EQ(0, rec->flags);
	EXPECT_EQ(0, rec_next(&self->rr, &rec, &text));

	ASSERT_EQ(DEFAULT_MAX_RECORD + 1,
		  put(self->wr, self->buf, DEFAULT_MAX_RECORD + 1));
	ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
	EXPECT_EQ(101, rec->len);
	ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
	EXPECT_EQ(DEFAULT_MAX_RECORD - 100, rec->len);
}

TEST_F(write, a_newline_as_the_last_byte_of_a_piece)
{
	const struct memlog_record *rec;
	const char *text;

	memset(self->buf, 'e', 2 * DEFAULT_MAX_RECORD);
	self->buf[DEFAULT_MAX_RECORD - 1] = '\n';
	ASSERT_EQ(2 * DEFAULT_MAX_RECORD,
		  put(self->wr, self->buf, 2 * DEFAULT_MAX_RECORD));
	ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
	EXPECT_EQ(DEFAULT_MAX_RECORD, rec->len);
	EXPECT_EQ(0, rec->flags & MEMLOG_PARTIAL);
	ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
	EXPECT_EQ(DEFAULT_MAX_RECORD, rec->len);
	EXPECT_EQ(0, rec->flags & MEMLOG_PARTIAL);
}

TEST_F(write, partial_and_join)
{
	const struct memlog_record *rec;
	const char *text;
	size_t off = 0;
	int i;

	/* 2.5 pieces with no newline, then a short line. */
	memset(self->buf, 'p', 10240);
	self->buf[10240 - 1] = '\n';
	ASSERT_EQ(10240, put(self->wr, self->buf, 10240));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
		EXPECT_EQ(i < 2 ? 4096 : 2048, rec->len);
		EXPECT_EQ((i < 2 ? MEMLOG_PARTIAL : 0) |
			  (i > 0 ? MEMLOG_JOIN : 0), rec->flags);
		EXPECT_EQ(0, memcmp(text, self->buf + off, rec->len));
		off += rec->len;
	}
	EXPECT_EQ(10240, off);
	EXPECT_EQ(0, rec_next(&self->rr, &rec, &text));
}

TEST_F(write, writev_in_pieces)
{
	struct iovec iov[3] = {
		{ self->buf, 3000 }, { self->buf + 3000, 3000 },
		{ self->buf + 6000, 3000 },
	};
	const struct memlog_record *rec;
	const char *text;
	size_t off = 0;

	for (off = 0; off < 9000; off++)
		self->buf[off] = 'a' + off % 23;
	self->buf[3500] = '\n';
	ASSERT_EQ(9000, put_vec(self->wr, iov, 3));
	for (off = 0; off < 9000; off += rec->len) {
		ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
		ASSERT_GE(9000 - off, rec->len);
		ASSERT_EQ(0, memcmp(text, self->buf + off, rec->len));
	}
	EXPECT_EQ(9000, off);
}

TEST_F(write, typed)
{
	const struct memlog_record *rec;
	const char *text;

	ASSERT_EQ(0, dev_stamp(self->wr, 0xfffe, 191));
	ASSERT_EQ(6, puts_dev(self->wr, "<11>ab"));
	ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
	EXPECT_EQ(0xfffe, rec->type);
	EXPECT_EQ(191, rec->pri);
	ASSERT_EQ(6, rec->len);
	EXPECT_EQ(0, memcmp(text, "<11>ab", 6));

	/* Back to type 0 is still a stamp: no prefix. */
	ASSERT_EQ(0, dev_stamp(self->wr, 0, 8));
	ASSERT_EQ(6, puts_dev(self->wr, "<11>ab"));
	ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
	EXPECT_EQ(0, rec->type);
	EXPECT_EQ(8, rec->pri);
	EXPECT_EQ(6, rec->len);
}

TEST_F(write, typed_too_long)
{
	const struct memlog_record *rec;
	const char *text;

	memset(self->buf, 't', sizeof(self->buf));
	ASSERT_EQ(0, dev_stamp(self->wr, 7, 13));
	ASSERT_EQ(DEFAULT_MAX_RECORD,
		  put(self->wr, self->buf, DEFAULT_MAX_RECORD));
	EXPECT_EQ(-EMSGSIZE, put(self->wr, self->buf, DEFAULT_MAX_RECORD + 1));
	EXPECT_EQ(-EMSGSIZE, put(self->wr, self->buf, sizeof(self->buf)));
	ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
	EXPECT_EQ(DEFAULT_MAX_RECORD, rec->len);
	EXPECT_EQ(0, rec_next(&self->rr, &rec, &text));

	/* Stamped text is taken in pieces as any text. */
	ASSERT_EQ(0, dev_stamp(self->wr, 0, 13));
	EXPECT_EQ(DEFAULT_MAX_RECORD + 1,
		  put(self->wr, self->buf, DEFAULT_MAX_RECORD + 1));
}

#define WRITERS		4
#define LONG_WRITES	25

struct long_writer {
	int fd;
	unsigned int id;
	bool failed;
};

/* Lines of 6000 bytes, two pieces each, of one letter a writer. */
static void *write_long(void *arg)
{
	struct long_writer *w = arg;
	char text[6000];
	int i;

	memset(text, 'a' + w->id, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\n';
	for (i = 0; i < LONG_WRITES; i++)
		if (put(w->fd, text, sizeof(text)) != sizeof(text))
			w->failed = true;
	return NULL;
}

/* Nothing of another writer stands in a record; a JOIN joins its own. */
TEST_F(write, pieces_of_several_writers)
{
	const struct memlog_record *rec;
	struct long_writer w[WRITERS];
	char last = 0, last_flags = 0;
	pthread_t threads[WRITERS];
	size_t sum[WRITERS] = { 0 }, i;
	const char *text;

	ASSERT_EQ(0, dev_resize(self->rd, 1 << 20, 0, 4096));
	for (i = 0; i < WRITERS; i++) {
		w[i] = (struct long_writer){ self->wr, i, false };
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, write_long,
					    &w[i]));
	}
	for (i = 0; i < WRITERS; i++) {
		pthread_join(threads[i], NULL);
		EXPECT_FALSE(w[i].failed);
	}
	while (rec_next(&self->rr, &rec, &text) == 1) {
		ASSERT_LE('a', text[0]);
		ASSERT_GT('a' + WRITERS, text[0]);
		for (i = 0; i < rec->len - 1; i++)
			ASSERT_EQ(text[0], text[i]);
		if (rec->flags & MEMLOG_JOIN) {
			ASSERT_EQ(last, text[0]);
			ASSERT_EQ(MEMLOG_PARTIAL, last_flags & MEMLOG_PARTIAL);
		}
		last = text[0];
		last_flags = rec->flags;
		sum[text[0] - 'a'] += rec->len;
	}
	for (i = 0; i < WRITERS; i++)
		EXPECT_EQ(6000 * LONG_WRITES, sum[i]);
}

TEST_HARNESS_MAIN
