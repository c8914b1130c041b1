// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device and the archive that is made from it, read as one: mapped, and by read(2).
 * The device is $MEMLOG_DEV, or /dev/memlog.
 */
#include "archive/writer.h"
#include "history.h"
#include "kselftest_harness.h"
#include "read_lib.h"

FIXTURE(device) {
	char dir[128];
	const char *path;
	struct memlog_writer *to;
	struct memlog_reader *from, *reader;
	struct archive_writer *archive;
	struct memlog_reader_options options;
	const struct memlog_record *rec;
	const char *text;
	uint64_t first, written;
};

FIXTURE_VARIANT(device) { uint32_t flags; };
FIXTURE_VARIANT_ADD(device, mapped) { .flags = 0 };
FIXTURE_VARIANT_ADD(device, read) { .flags = MEMLOG_READ_NO_MMAP };

FIXTURE_SETUP(device)
{
	struct memlog_reader_options new_ones = {
		.size = sizeof(new_ones), .flags = MEMLOG_READ_FOLLOW | MEMLOG_READ_TAIL,
	};
	struct archive_options options = { .sync = ARCHIVE_SYNC_NONE, .gid = (gid_t)-1 };

	self->path = getenv("MEMLOG_DEV") ?: "/dev/memlog";
	self->reader = NULL;
	self->from = NULL;
	self->to = NULL;
	self->archive = NULL;
	in_test_dir(self->dir, "archive");
	if (access(self->path, R_OK | W_OK))
		return;
	ASSERT_EQ(0, memlog_writer_open(&self->to, self->path));
	ASSERT_EQ(0, memlog_reader_open(&self->from, self->path, &new_ones));
	ASSERT_EQ(0, archive_writer_open(&self->archive, self->dir, &options));
	self->first = memlog_place(self->from);
	self->written = 0;
	self->options = (struct memlog_reader_options){
		.size = sizeof(self->options), .archive = self->dir,
		.from_seq = self->first,
	};
}

FIXTURE_TEARDOWN(device)
{
	memlog_reader_close(self->reader);
	memlog_reader_close(self->from);
	archive_writer_close(self->archive);
	memlog_writer_close(self->to);
	remove_test_dir();
}

static void write_lines(FIXTURE_DATA(device) *self, unsigned int count)
{
	char text[LINE];

	for (; count; count--, self->written++) {
		make_text(text, 1, self->written, LINE);
		memlog_write(self->to, MEMLOG_PRI_NONE, text, LINE);
	}
}

static bool archive_now(FIXTURE_DATA(device) *self)
{
	const struct memlog_record *rec;
	const char *text;
	int event;

	while ((event = memlog_next(self->from, &rec, &text)) == MEMLOG_RECORD)
		if (archive_append(self->archive, memlog_stream(self->from), rec, text))
			return false;
	return event == MEMLOG_NOTHING && !archive_commit(self->archive);
}

#define EXPECT_WRITTEN(from, to)					\
	do {								\
		for (uint64_t n_ = (from); n_ < (to); n_++) {		\
			unsigned int writer_;				\
			uint64_t said_ = 0;				\
			ASSERT_EQ(MEMLOG_RECORD, NEXT());		\
			ASSERT_EQ(self->first + n_, self->rec->seq);	\
			ASSERT_TRUE(check_text(self->text, self->rec->len, &writer_, &said_)); \
			ASSERT_EQ(n_, said_);				\
		}							\
	} while (0)

TEST_F(device, joined)
{
	struct memlog_info info;

	if (!self->to)
		SKIP(return, "there is no %s", self->path);
	/* Ten times what it has room for. */
	ASSERT_EQ(0, memlog_info(self->path, &info));
	self->options.flags = MEMLOG_READ_ARCHIVE | MEMLOG_READ_FROM | MEMLOG_READ_FOLLOW |
			      variant->flags;
	write_lines(self, 1);
	ASSERT_EQ(0, memlog_reader_open(&self->reader, self->path, &self->options));
	EXPECT_WRITTEN(0, 1);
	EXPECT_TRUE(self->reader->history->in_ring);
	for (int lap = 0; lap < 5; lap++) {
		uint64_t from = self->written;

		while ((self->written - from) * LINE < 2 * info.text_size) {
			write_lines(self, 50);
			ASSERT_TRUE(archive_now(self));
		}
		write_lines(self, 5);
		EXPECT_WRITTEN(from, from + 1);
		EXPECT_FALSE(self->reader->history->in_ring);
		EXPECT_WRITTEN(from + 1, self->written);
		EXPECT_TRUE(self->reader->history->in_ring);
		EXPECT_EQ(MEMLOG_NOTHING, memlog_next(self->reader, &self->rec, &self->text));
		EXPECT_EQ(0, memlog_wait(self->reader, 0));
	}
	ASSERT_EQ(0, memlog_reader_info(self->reader, &info));
	EXPECT_EQ(self->first, info.oldest_seq);
	EXPECT_EQ(self->first + self->written, info.next_seq);
	EXPECT_EQ(-ERANGE, memlog_seek(self->reader, MEMLOG_SEEK_SEQ, 0, info.next_seq + 1,
				       NULL));
	write_lines(self, 3);
	EXPECT_WRITTEN(self->written - 3, self->written);
}

TEST_HARNESS_MAIN
