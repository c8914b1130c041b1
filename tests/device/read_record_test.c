// SPDX-License-Identifier: GPL-2.0-only
/* read(2) in the record format: layout, sizes, gaps. */
#include <sys/uio.h>

#include "kselftest_harness.h"

#include "device.h"

FIXTURE(record)
{
	int wr;
	int rd;
	struct rec_reader rr;
	char buf[1 << 16] __attribute__((aligned(8)));
};

FIXTURE_SETUP(record)
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

FIXTURE_TEARDOWN(record)
{
	close(self->wr);
	close(self->rd);
	dev_reset();
}

TEST_F(record, padded_to_eight)
{
	struct memlog_record *rec = (void *)self->buf;
	size_t len, pad;

	for (len = 1; len <= 64; len++) {
		memset(self->buf, 'p', len);
		ASSERT_EQ(len, put(self->wr, self->buf, len));
		memset(self->buf, 0xee, 256);
		ASSERT_EQ(64 + ((len + 7) & ~7), get(self->rd, self->buf, 256));
		ASSERT_EQ(len, rec->len);
		for (pad = len; pad % 8; pad++)
			ASSERT_EQ(0, self->buf[64 + pad]);
		/* Not a byte behind it. */
		ASSERT_EQ(0xee, (unsigned char)self->buf[64 + pad]);
	}
}

TEST_F(record, nothing_yet)
{
	EXPECT_EQ(-EAGAIN, get(self->rd, self->buf, sizeof(self->buf)));
}

TEST_F(record, as_many_as_fit)
{
	ASSERT_EQ(0, put_n(self->wr, 5, 24));
	EXPECT_EQ(2 * 88, get(self->rd, self->buf, 3 * 88 - 1));
	EXPECT_EQ(2 * 88, get(self->rd, self->buf, 2 * 88));
	EXPECT_EQ(1 * 88, get(self->rd, self->buf, 10 * 88));
}

TEST_F(record, too_small_a_buffer)
{
	struct memlog_record *rec = (void *)self->buf;
	__u64 next = dev_next(self->rd);
	size_t size;

	ASSERT_EQ(0, put_n(self->wr, 2, 21));
	for (size = 1; size < 88; size++)
		ASSERT_EQ(-EINVAL, get(self->rd, self->buf, size));
	ASSERT_EQ(88, get(self->rd, self->buf, 88));
	EXPECT_EQ(next, rec->seq);
	EXPECT_EQ(-EINVAL, get(self->rd, self->buf, 87));
	ASSERT_EQ(88, get(self->rd, self->buf, 88));
	EXPECT_EQ(next + 1, rec->seq);
}

TEST_F(record, vectors)
{
	struct memlog_record rec;
	char text[24];
	struct iovec iov[3] = {
		{ &rec, 10 }, { (char *)&rec + 10, sizeof(rec) - 10 },
		{ text, sizeof(text) },
	};

	ASSERT_EQ(20, puts_dev(self->wr, "12345678901234567890"));
	ASSERT_EQ(88, readv(self->rd, iov, 3));
	EXPECT_EQ(20, rec.len);
	EXPECT_EQ(0, memcmp(text, "12345678901234567890\0\0\0\0", 24));
}

/* At an address that is not a multiple of anything. */
TEST_F(record, unaligned)
{
	struct memlog_record rec;
	size_t off;

	for (off = 1; off < 16; off++) {
		ASSERT_EQ(5, puts_dev(self->wr, "odd\n\n"));
		ASSERT_EQ(72, get(self->rd, self->buf + off, 100));
		memcpy(&rec, self->buf + off, sizeof(rec));
		ASSERT_EQ(5, rec.len);
		ASSERT_EQ(0, memcmp(self->buf + off + 64, "odd\n\n\0\0\0", 8));
	}
}

TEST_F(record, seq_and_pos_run_on)
{
	const struct memlog_record *rec;
	struct memlog_info info;
	__u64 seq, pos;
	int i;

	ASSERT_EQ(0, dev_info(self->rd, &info));
	seq = info.next_seq;
	pos = info.next_pos;
	for (i = 0; i < 100; i++)
		ASSERT_EQ(1 + i % 50, put(self->wr, self->buf, 1 + i % 50));
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(1, rec_next(&self->rr, &rec, NULL));
		ASSERT_EQ(seq++, rec->seq);
		ASSERT_EQ(pos, rec->pos);
		pos += rec->len;
	}
	ASSERT_EQ(0, dev_info(self->rd, &info));
	EXPECT_EQ(seq, info.next_seq);
	EXPECT_EQ(pos, info.next_pos);
	EXPECT_EQ(seq, info.reader_seq);
	EXPECT_EQ(pos, info.reader_pos);
}

/* What is lost is a gap in both, and nothing else. */
TEST_F(record, gaps)
{
	const struct memlog_record *rec;
	struct memlog_info a, b;

	ASSERT_EQ(0, dev_info(self->rd, &a));
	ASSERT_EQ(0, put_n(self->wr, 400, 100));
	ASSERT_EQ(0, dev_info(self->rd, &b));
	ASSERT_EQ(1, rec_next(&self->rr, &rec, NULL));
	EXPECT_EQ(b.oldest_seq, rec->seq);
	EXPECT_EQ(b.oldest_pos, rec->pos);
	EXPECT_EQ((rec->seq - a.next_seq) * 100, rec->pos - a.next_pos);
	ASSERT_EQ(0, dev_info(self->rd, &b));
	EXPECT_EQ(rec->seq - a.next_seq, b.lost_records);
	EXPECT_EQ(rec->pos - a.next_pos, b.lost_bytes);
}

TEST_F(record, no_lost_line_for_what_a_gap_said)
{
	ASSERT_EQ(0, put_n(self->wr, 400, 100));
	ASSERT_EQ(168, get(self->rd, self->buf, 168));
	ASSERT_EQ(0, dev_format(self->rd, MEMLOG_FORMAT_TEXT, 0));
	ASSERT_EQ(100, get(self->rd, self->buf, 100));
	EXPECT_EQ('n', self->buf[0]);
}

TEST_F(record, a_record_begun_as_text_comes_whole)
{
	struct memlog_record *rec = (void *)self->buf;
	__u64 next = dev_next(self->rd);

	ASSERT_EQ(0, dev_format(self->rd, MEMLOG_FORMAT_TEXT, 0));
	ASSERT_EQ(8, puts_dev(self->wr, "1234567\n"));
	ASSERT_EQ(3, get(self->rd, self->buf, 3));
	ASSERT_EQ(0, dev_format(self->rd, MEMLOG_FORMAT_RECORD, 0));
	ASSERT_EQ(72, get(self->rd, self->buf, 100));
	EXPECT_EQ(next, rec->seq);
	EXPECT_EQ(8, rec->len);
	EXPECT_EQ(0, memcmp(rec + 1, "1234567\n", 8));
}

TEST_F(record, formats_take_turns)
{
	struct memlog_record *rec = (void *)self->buf;
	__u64 next = dev_next(self->rd);
	int i;

	ASSERT_EQ(0, put_n(self->wr, 20, 10));
	for (i = 0; i < 20; i++) {
		bool text = i % 2;

		ASSERT_EQ(0, dev_format(self->rd, text ? MEMLOG_FORMAT_TEXT :
					MEMLOG_FORMAT_RECORD, 0));
		ASSERT_EQ(text ? 10 : 80, get(self->rd, self->buf,
					      text ? 10 : 80));
		if (!text)
			ASSERT_EQ(next + i, rec->seq);
	}
}

TEST_F(record, the_longest)
{
	const struct memlog_record *rec;
	const char *text;
	size_t i;

	ASSERT_EQ(0, dev_resize(self->rd, 1 << 20, 0, 65536));
	for (i = 0; i < 65536; i++)
		self->buf[i] = 'a' + i % 25;
	ASSERT_EQ(65536, put(self->wr, self->buf, 65536));
	EXPECT_EQ(-EINVAL, get(self->rd, self->rr.buf, 65536));
	ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
	ASSERT_EQ(65536, rec->len);
	EXPECT_EQ(0, memcmp(self->buf, text, 65536));
}

/* Records that wrap around the end of the ring stay whole. */
TEST_F(record, around_the_end)
{
	const struct memlog_record *rec;
	struct payload p = { .writer = 1 }, q;
	const char *text;

	for (p.seq = 0; p.seq < 5000; p.seq++) {
		p.len = PAYLOAD_MIN + p.seq * 7 % 900;
		payload_make(self->buf, &p);
		ASSERT_EQ(p.len, put(self->wr, self->buf, p.len));
		ASSERT_EQ(1, rec_next(&self->rr, &rec, &text));
		ASSERT_TRUE(payload_parse(text, rec->len, &q));
		ASSERT_EQ(p.seq, q.seq);
	}
}

TEST_HARNESS_MAIN
