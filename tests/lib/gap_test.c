// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a reader begins and ends, and what it is told about what it missed:
 * exact numbers and bytes, in the place where the records would have been.
 */
#include "common.h"
#include "kselftest_harness.h"

FIXTURE(gap) {
	char path[128];
	struct memlog_embedded *ring;
	struct memlog_reader *reader;
	struct memlog_reader_options options;
	const struct memlog_record *rec;
	const char *text;
	uint64_t pos;
	uint64_t written;
	uint32_t flags;
};

FIXTURE_VARIANT(gap) {
	uint32_t flags;
};

FIXTURE_VARIANT_ADD(gap, mapped) { .flags = 0 };
FIXTURE_VARIANT_ADD(gap, read) { .flags = MEMLOG_READ_NO_MMAP };

FIXTURE_SETUP(gap)
{
	self->flags = variant->flags;
	in_test_dir(self->path, "ring");
	ASSERT_EQ(0, open_ring(&self->ring, self->path, 4096, 0));
	self->reader = NULL;
	self->options = (struct memlog_reader_options){ .size = sizeof(self->options) };
	self->pos = first_pos(self->ring);
	self->written = 0;
}

FIXTURE_TEARDOWN(gap)
{
	memlog_reader_close(self->reader);
	memlog_embedded_close(self->ring);
	remove_test_dir();
}

/* Records of 100 bytes, of which 40 fit. */
static void write_some(FIXTURE_DATA(gap) *self, unsigned int count)
{
	char text[100];

	for (; count; count--)
		memlog_embedded_write(self->ring, NULL, text,
				      make_text(text, 1, self->written++, 100), NULL);
}

static int reopen(FIXTURE_DATA(gap) *self, uint32_t flags)
{
	memlog_reader_close(self->reader);
	self->reader = NULL;
	self->options.flags = flags | self->flags;
	return memlog_reader_open(&self->reader, self->path, &self->options);
}

#define NEXT()	memlog_next(self->reader, &self->rec, &self->text)

#define EXPECT_RECORDS(from, to)					\
	do {								\
		for (uint64_t seq_ = (from); seq_ < (to); seq_++) {	\
			EXPECT_EQ(seq_, memlog_place(self->reader));	\
			ASSERT_EQ(MEMLOG_RECORD, NEXT());		\
			EXPECT_EQ(seq_, self->rec->seq);		\
			EXPECT_EQ(self->pos + 100 * seq_, self->rec->pos); \
		}							\
	} while (0)

#define EXPECT_LOSS(from, to)						\
	do {								\
		const struct memlog_loss *loss_;			\
		ASSERT_EQ(MEMLOG_LOSS, NEXT());				\
		loss_ = memlog_loss(self->reader);			\
		EXPECT_EQ((from), loss_->from_seq);			\
		EXPECT_EQ((to), loss_->to_seq);				\
		EXPECT_EQ((to) - (from) + 1, loss_->records);		\
		EXPECT_EQ(100 * loss_->records, loss_->bytes);		\
		EXPECT_EQ(0, loss_->flags);				\
	} while (0)

TEST_F(gap, lapped)
{
	uint64_t records, bytes;

	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FOLLOW));
	EXPECT_EQ(MEMLOG_NOTHING, NEXT());
	write_some(self, 50);
	EXPECT_LOSS(0, 9);
	EXPECT_RECORDS(10, 20);
	write_some(self, 100);
	/* What was copied already is given: at least one more. */
	ASSERT_EQ(MEMLOG_RECORD, NEXT());
	while (NEXT() == MEMLOG_RECORD)
		;
	EXPECT_EQ(109, memlog_loss(self->reader)->to_seq);
	EXPECT_RECORDS(110, 150);
	EXPECT_EQ(MEMLOG_NOTHING, NEXT());
	memlog_lost(self->reader, &records, &bytes);
	EXPECT_EQ(100 * records, bytes);
	write_some(self, 1);
	EXPECT_RECORDS(150, 151);
	EXPECT_EQ(MEMLOG_NOTHING, NEXT());
}

/* A reader that does not follow ends where the ring ended when it was opened. */
TEST_F(gap, end)
{
	write_some(self, 20);
	ASSERT_EQ(0, reopen(self, 0));
	write_some(self, 5);
	EXPECT_RECORDS(0, 20);
	EXPECT_EQ(MEMLOG_END, NEXT());
	EXPECT_EQ(MEMLOG_END, NEXT());
	EXPECT_EQ(20, memlog_place(self->reader));
}

TEST_F(gap, end_overrun)
{
	write_some(self, 20);
	ASSERT_EQ(0, reopen(self, 0));
	write_some(self, 50);
	/* 30 to 69 are left, all behind the end. */
	EXPECT_LOSS(0, 19);
	EXPECT_EQ(MEMLOG_END, NEXT());
	ASSERT_EQ(0, reopen(self, 0));
	write_some(self, 10);
	EXPECT_LOSS(30, 39);
	EXPECT_RECORDS(40, 70);
	EXPECT_EQ(MEMLOG_END, NEXT());
}

TEST_F(gap, tail)
{
	write_some(self, 60);
	self->options.tail = 5;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_TAIL));
	EXPECT_RECORDS(55, 60);
	EXPECT_EQ(MEMLOG_END, NEXT());
	self->options.tail = 0;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_TAIL | MEMLOG_READ_FOLLOW));
	EXPECT_EQ(MEMLOG_NOTHING, NEXT());
	write_some(self, 1);
	EXPECT_RECORDS(60, 61);
	/* More than there are: no loss, the oldest. */
	self->options.tail = ~0ULL;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_TAIL));
	EXPECT_RECORDS(21, 61);
}

TEST_F(gap, from)
{
	write_some(self, 60);
	self->options.from_seq = 30;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FROM));
	self->options.from_stream = memlog_stream(self->reader);
	EXPECT_RECORDS(30, 60);
	EXPECT_EQ(MEMLOG_END, NEXT());
	self->options.from_seq = 60;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FROM | MEMLOG_READ_FOLLOW));
	EXPECT_EQ(MEMLOG_NOTHING, NEXT());
	self->options.from_seq = 61;
	EXPECT_EQ(-ERANGE, reopen(self, MEMLOG_READ_FROM));
	self->options.from_stream++;
	self->options.from_seq = 30;
	EXPECT_EQ(-ESTALE, reopen(self, MEMLOG_READ_FROM));
}

TEST_F(gap, from_gone)
{
	const struct memlog_loss *loss;
	uint64_t records, bytes;

	write_some(self, 60);
	self->options.from_seq = 7;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FROM | MEMLOG_READ_FOLLOW));
	EXPECT_EQ(7, memlog_place(self->reader));
	ASSERT_EQ(MEMLOG_LOSS, NEXT());
	loss = memlog_loss(self->reader);
	EXPECT_EQ(7, loss->from_seq);
	EXPECT_EQ(19, loss->to_seq);
	EXPECT_EQ(13, loss->records);
	EXPECT_EQ(0, loss->bytes);
	EXPECT_EQ(MEMLOG_LOSS_BYTES_UNKNOWN, loss->flags);
	EXPECT_RECORDS(20, 60);
	write_some(self, 41);
	EXPECT_LOSS(60, 60);
	memlog_lost(self->reader, &records, &bytes);
	EXPECT_EQ(14, records);
	EXPECT_EQ(100, bytes);
	/* The first record of all has a position that is known. */
	self->options.from_seq = 0;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FROM));
	EXPECT_LOSS(0, 60);
	EXPECT_RECORDS(61, 101);
}

TEST_F(gap, since_until)
{
	uint64_t times[30];

	for (int i = 0; i < 30; i++) {
		write_some(self, 1);
		usleep(1000);
	}
	ASSERT_EQ(0, reopen(self, 0));
	for (int i = 0; i < 30; i++) {
		ASSERT_EQ(MEMLOG_RECORD, NEXT());
		times[i] = self->rec->time_ns;
	}
	self->options.since_ns = times[10];
	self->options.until_ns = times[20];
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_SINCE | MEMLOG_READ_UNTIL));
	EXPECT_RECORDS(10, 21);
	EXPECT_EQ(MEMLOG_END, NEXT());
	EXPECT_EQ(MEMLOG_END, NEXT());
	self->options.since_ns++;
	self->options.until_ns--;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_SINCE | MEMLOG_READ_UNTIL |
				  MEMLOG_READ_FOLLOW));
	EXPECT_RECORDS(11, 20);
	EXPECT_EQ(MEMLOG_END, NEXT());
	/* The later of the two wins. */
	self->options.tail = 3;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_SINCE | MEMLOG_READ_TAIL));
	EXPECT_RECORDS(27, 30);
	self->options.tail = 25;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_SINCE | MEMLOG_READ_TAIL));
	EXPECT_RECORDS(11, 30);
	self->options.since_ns = ~0ULL;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_SINCE));
	EXPECT_EQ(MEMLOG_END, NEXT());
}

TEST_F(gap, seek)
{
	uint64_t missed = 99, stream, time_ns;
	struct memlog_info info;

	write_some(self, 60);
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FOLLOW));
	stream = memlog_stream(self->reader);
	EXPECT_RECORDS(20, 22);
	EXPECT_EQ(0, memlog_seek(self->reader, MEMLOG_SEEK_SEQ, stream, 40, &missed));
	EXPECT_EQ(0, missed);
	EXPECT_RECORDS(40, 42);
	time_ns = self->rec->time_ns;
	EXPECT_EQ(0, memlog_seek(self->reader, MEMLOG_SEEK_SEQ, 0, 5, &missed));
	EXPECT_EQ(15, missed);
	EXPECT_RECORDS(20, 21);
	EXPECT_EQ(0, memlog_seek(self->reader, MEMLOG_SEEK_LAST, 0, 1, &missed));
	EXPECT_RECORDS(59, 60);
	EXPECT_EQ(MEMLOG_NOTHING, NEXT());
	EXPECT_EQ(0, memlog_seek(self->reader, MEMLOG_SEEK_LAST, 0, 100, &missed));
	EXPECT_EQ(20, missed);
	EXPECT_EQ(0, memlog_seek(self->reader, MEMLOG_SEEK_SINCE, 0, time_ns, &missed));
	EXPECT_LE(memlog_place(self->reader), 41);
	EXPECT_EQ(-ERANGE, memlog_seek(self->reader, MEMLOG_SEEK_SEQ, 0, 61, NULL));
	EXPECT_EQ(-ESTALE, memlog_seek(self->reader, MEMLOG_SEEK_SEQ, stream + 1, 1, NULL));
	EXPECT_EQ(-EINVAL, memlog_seek(self->reader, 3, 0, 1, NULL));
	EXPECT_EQ(0, memlog_reader_info(self->reader, &info));
	EXPECT_EQ(memlog_place(self->reader), info.reader_seq);
	EXPECT_EQ(60, info.next_seq);
	EXPECT_EQ(20, info.oldest_seq);
	EXPECT_EQ(0, info.lost_records);
	/* Without following, a seek gives a new end. */
	ASSERT_EQ(0, reopen(self, 0));
	EXPECT_RECORDS(20, 60);
	EXPECT_EQ(MEMLOG_END, NEXT());
	write_some(self, 1);
	EXPECT_EQ(MEMLOG_END, NEXT());
	EXPECT_EQ(0, memlog_seek(self->reader, MEMLOG_SEEK_SEQ, 0, 60, NULL));
	EXPECT_RECORDS(60, 61);
	EXPECT_EQ(MEMLOG_END, NEXT());
}

/* What takes a file's place is followed only where the file is trusted. */
TEST_F(gap, resize)
{
	struct memlog_resize resize = { .text_size = 16384 };

	write_some(self, 30);
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FOLLOW));
	EXPECT_RECORDS(0, 10);
	ASSERT_EQ(0, memlog_embedded_resize(self->ring, &resize));
	write_some(self, 30);
	if (variant->flags) {
		EXPECT_RECORDS(10, 30);
		EXPECT_EQ(MEMLOG_END, NEXT());
		return;
	}
	EXPECT_RECORDS(10, 60);
	EXPECT_EQ(MEMLOG_NOTHING, NEXT());
	resize.text_size = 4096;
	write_some(self, 100);
	ASSERT_EQ(0, memlog_embedded_resize(self->ring, &resize));
	write_some(self, 100);
	/* The old mapping is as it was, and still full. */
	EXPECT_RECORDS(60, 160);
	EXPECT_LOSS(160, 219);
	EXPECT_RECORDS(220, 260);
	EXPECT_EQ(MEMLOG_NOTHING, NEXT());
	/* One that does not follow goes through a resize to its end, too. */
	ASSERT_EQ(0, reopen(self, 0));
	ASSERT_EQ(0, memlog_embedded_resize(self->ring, &resize));
	EXPECT_RECORDS(220, 260);
	EXPECT_EQ(MEMLOG_END, NEXT());
}

TEST_F(gap, new_stream)
{
	uint64_t stream;

	write_some(self, 60);
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FOLLOW));
	stream = memlog_stream(self->reader);
	EXPECT_RECORDS(20, 30);
	memlog_embedded_close(self->ring);
	ASSERT_EQ(0, open_ring(&self->ring, self->path, 4096, MEMLOG_EMBEDDED_NEW));
	write_some(self, 50);
	EXPECT_RECORDS(30, 60);
	if (variant->flags) {
		EXPECT_EQ(MEMLOG_END, NEXT());
		return;
	}
	ASSERT_EQ(MEMLOG_STREAM, NEXT());
	EXPECT_NE(stream, memlog_stream(self->reader));
	EXPECT_EQ(0, memlog_place(self->reader));
	EXPECT_LOSS(0, 9);
	EXPECT_RECORDS(10, 50);
	EXPECT_EQ(MEMLOG_NOTHING, NEXT());
}

/* Cutting off a file that is read must not kill who reads it. */
TEST_F(gap, truncated)
{
	if (!variant->flags) {
		/* It would, mapped: this is what MEMLOG_READ_NO_MMAP is for. */
		return;
	}
	write_some(self, 30);
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FOLLOW));
	EXPECT_FALSE(memlog_mapped(self->reader));
	ASSERT_EQ(MEMLOG_RECORD, NEXT());
	ASSERT_EQ(0, truncate(self->path, 4096 + 8192));
	while (NEXT() == MEMLOG_RECORD)
		;
	EXPECT_EQ(-EBADMSG, NEXT());
	ASSERT_EQ(0, truncate(self->path, 0));
	EXPECT_EQ(-EBADMSG, NEXT());
	EXPECT_EQ(-EBADMSG, memlog_seek(self->reader, MEMLOG_SEEK_LAST, 0, 1, NULL));
	/* Its writer would die as well. */
	remove_test_dir();
	_exit(!_metadata->passed);
}

TEST_F(gap, options)
{
	struct {
		struct memlog_reader_options known;
		uint64_t later;
	} options = { .known = { .size = sizeof(options) } };

	EXPECT_EQ(0, memlog_reader_open(&self->reader, self->path, &options.known));
	memlog_reader_close(self->reader);
	self->reader = NULL;
	options.later = 1;
	EXPECT_EQ(-EINVAL, memlog_reader_open(&self->reader, self->path, &options.known));
	EXPECT_EQ(-EINVAL, reopen(self, 1U << 7));
	EXPECT_EQ(-EINVAL, reopen(self, MEMLOG_READ_ARCHIVE));
	self->options.reserved = 1;
	EXPECT_EQ(-EINVAL, reopen(self, 0));
	self->options.reserved = 0;
	/* what older programs know */
	self->options.archive = "/";
	self->options.size = offsetof(struct memlog_reader_options, archive);
	EXPECT_EQ(-EINVAL, reopen(self, MEMLOG_READ_ARCHIVE));
	EXPECT_EQ(0, reopen(self, 0));
	self->options.size--;
	EXPECT_EQ(-EINVAL, reopen(self, 0));
}

TEST_HARNESS_MAIN
