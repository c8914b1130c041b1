// SPDX-License-Identifier: GPL-2.0-only
/*
 * Embedded rings: what is written is read, one process writes, and sizes
 * change with nothing lost but what no longer fits.
 */
#include "common.h"
#include "kselftest_harness.h"
#include "expect.h"

FIXTURE(ring) {
	char path[128];
	struct memlog_embedded *ring;
	struct memlog_reader *reader;
	const struct memlog_record *rec;
	const char *text;
};

FIXTURE_SETUP(ring)
{
	in_test_dir(self->path, "ring");
	ASSERT_EQ(0, open_ring(&self->ring, self->path, 4096, 0));
	ASSERT_EQ(0, memlog_reader_open(&self->reader, self->path, NULL));
}

FIXTURE_TEARDOWN(ring)
{
	memlog_reader_close(self->reader);
	memlog_embedded_close(self->ring);
	remove_test_dir();
}

TEST_F(ring, empty)
{
	EXPECT_EQ(MEMLOG_END, NEXT());
	EXPECT_EQ(MEMLOG_END, NEXT());
	EXPECT_EQ(0, memlog_place(self->reader));
	EXPECT_TRUE(memlog_mapped(self->reader));
	EXPECT_EQ(-EINVAL, memlog_fd(self->reader));
	EXPECT_EQ(-EINVAL, memlog_wait(self->reader, 0));
}

TEST_F(ring, facts)
{
	struct memlog_attr attr = MEMLOG_ATTR_INIT;
	struct memlog_written written;
	uint64_t pos = first_pos(self->ring);

	EXPECT_EQ(3, memlog_embedded_write(self->ring, NULL, "one", 3, &written));
	EXPECT_EQ(0, written.first_seq);
	EXPECT_EQ(0, written.last_seq);
	attr.type = 7;
	attr.pri = 30;
	attr.pid = 1;
	attr.uid = 2;
	attr.cgroup = 3;
	attr.comm = "sixteen letters!";
	EXPECT_EQ(4, memlog_embedded_write(self->ring, &attr, "t\0wo", 4, &written));
	EXPECT_EQ(1, written.last_seq);
	EXPECT_EQ(0, memlog_embedded_write(self->ring, NULL, "", 0, &written));
	EXPECT_EQ(MEMLOG_SEQ_NONE, written.first_seq);

	READ_ALL();
	EXPECT_TEXT("one");
	EXPECT_EQ(0, self->rec->seq);
	EXPECT_EQ(pos, self->rec->pos);
	EXPECT_EQ(13, self->rec->pri);
	EXPECT_EQ(MEMLOG_TYPE_TEXT, self->rec->type);
	EXPECT_EQ(MEMLOG_ID_NONE, self->rec->pid);
	EXPECT_EQ(MEMLOG_ID_NONE, self->rec->uid);
	EXPECT_EQ(0, self->rec->cgroup);
	EXPECT_EQ(0, self->rec->flags);
	EXPECT_STREQ("test", self->rec->comm);
	EXPECT_EQ(MEMLOG_RECORD, NEXT());
	EXPECT_EQ(4, self->rec->len);
	EXPECT_EQ(0, memcmp(self->text, "t\0wo", 4));
	EXPECT_EQ(pos + 3, self->rec->pos);
	EXPECT_EQ(7, self->rec->type);
	EXPECT_EQ(30, self->rec->pri);
	EXPECT_EQ(1, self->rec->pid);
	EXPECT_EQ(2, self->rec->uid);
	EXPECT_EQ(3, self->rec->cgroup);
	EXPECT_STREQ("sixteen letters", self->rec->comm);
	EXPECT_EQ(MEMLOG_END, NEXT());
}

TEST_F(ring, bad_attr)
{
	struct memlog_attr attr = MEMLOG_ATTR_INIT;
	char text[1025] = "x";

	attr.type = MEMLOG_TYPE_INVALID;
	EXPECT_EQ(-EINVAL, memlog_embedded_write(self->ring, &attr, "x", 1, NULL));
	attr.type = 1;
	attr.pri = 192;
	EXPECT_EQ(-EINVAL, memlog_embedded_write(self->ring, &attr, "x", 1, NULL));
	attr.pri = 0;
	attr.size--;
	EXPECT_EQ(-EINVAL, memlog_embedded_write(self->ring, &attr, "x", 1, NULL));
	attr.size++;
	EXPECT_EQ(-EMSGSIZE, memlog_embedded_write(self->ring, &attr, text, 1025, NULL));
	EXPECT_EQ(1024, memlog_embedded_write(self->ring, &attr, text, 1024, NULL));
}

TEST_F(ring, pieces)
{
	struct memlog_written written;
	char text[2600];

	memset(text, 'x', sizeof(text));
	text[99] = '\n';
	text[199] = '\n';
	EXPECT_EQ(2600, memlog_embedded_write(self->ring, NULL, text, 2600, &written));
	EXPECT_EQ(0, written.first_seq);
	EXPECT_EQ(3, written.last_seq);

	READ_ALL();
	ASSERT_EQ(MEMLOG_RECORD, NEXT());
	EXPECT_EQ(200, self->rec->len);
	EXPECT_EQ(0, self->rec->flags);
	ASSERT_EQ(MEMLOG_RECORD, NEXT());
	EXPECT_EQ(1024, self->rec->len);
	EXPECT_EQ(MEMLOG_PARTIAL, self->rec->flags);
	ASSERT_EQ(MEMLOG_RECORD, NEXT());
	EXPECT_EQ(1024, self->rec->len);
	EXPECT_EQ(MEMLOG_PARTIAL | MEMLOG_JOIN, self->rec->flags);
	ASSERT_EQ(MEMLOG_RECORD, NEXT());
	EXPECT_EQ(352, self->rec->len);
	EXPECT_EQ(MEMLOG_JOIN, self->rec->flags);
}

TEST_F(ring, writer_handle)
{
	struct memlog_writer *writer;
	struct memlog_info info;
	char long_text[1100];

	ASSERT_EQ(0, memlog_writer_open_embedded(&writer, self->ring));
	EXPECT_EQ(6, memlog_write(writer, MEMLOG_PRI_NONE, "<30>ab", 6));
	EXPECT_EQ(4, memlog_write(writer, MEMLOG_PRI_NONE, "<30>", 4));
	EXPECT_EQ(6, memlog_write(writer, 3, "<30>cd", 6));
	EXPECT_EQ(8, memlog_printf(writer, 14, "%s %d", "number", 5));
	EXPECT_EQ(-EINVAL, memlog_write(writer, 192, "x", 1));
	EXPECT_EQ(-EINVAL, memlog_write(writer, -2, "x", 1));
	EXPECT_EQ(-EINVAL, memlog_write_typed(writer, 0xffff, 13, "x", 1));
	EXPECT_EQ(-EINVAL, memlog_write_typed(writer, 1, 7, "x", 1));
	EXPECT_EQ(1, memlog_write_typed(writer, 9, 14, "x", 1));
	EXPECT_EQ(0, memlog_writer_stamp(writer, 5, 15));
	EXPECT_EQ(6, memlog_write(writer, MEMLOG_PRI_NONE, "<30>ef", 6));
	memset(long_text, 'y', sizeof(long_text));
	EXPECT_EQ(1001, memlog_printf(writer, 14, "%.1001s", long_text));
	EXPECT_EQ(0, memlog_writer_info(writer, &info));
	EXPECT_EQ(6, info.written_seq);
	memlog_writer_close(writer);

	READ_ALL();
	EXPECT_TEXT("ab");
	EXPECT_EQ(30, self->rec->pri);
	EXPECT_TEXT("<30>");
	EXPECT_EQ(13, self->rec->pri);
	EXPECT_TEXT("<30>cd");
	EXPECT_EQ(11, self->rec->pri);
	EXPECT_TEXT("number 5");
	EXPECT_EQ(14, self->rec->pri);
	EXPECT_TEXT("x");
	EXPECT_EQ(9, self->rec->type);
	EXPECT_TEXT("<30>ef");
	EXPECT_EQ(5, self->rec->type);
	EXPECT_EQ(15, self->rec->pri);
	EXPECT_EQ(MEMLOG_RECORD, NEXT());
	EXPECT_EQ(1001, self->rec->len);
	EXPECT_EQ(MEMLOG_END, NEXT());
}

TEST_F(ring, one_writer)
{
	struct memlog_embedded *other;
	struct memlog_writer *writer;

	EXPECT_EQ(-EBUSY, open_ring(&other, self->path, 4096, 0));
	EXPECT_EQ(-EBUSY, open_ring(&other, self->path, 4096, MEMLOG_EMBEDDED_NEW));
	EXPECT_EQ(-EBUSY, memlog_writer_open(&writer, self->path));
	memlog_embedded_close(self->ring);
	self->ring = NULL;
	ASSERT_EQ(0, memlog_writer_open(&writer, self->path));
	EXPECT_EQ(-EBUSY, open_ring(&other, self->path, 4096, 0));
	memlog_writer_close(writer);
	ASSERT_EQ(0, open_ring(&self->ring, self->path, 4096, 0));
}

TEST_F(ring, reopen)
{
	uint64_t stream = memlog_stream(self->reader);
	uint64_t pos = first_pos(self->ring);

	put(self->ring, "one");
	memlog_embedded_close(self->ring);
	ASSERT_EQ(0, open_ring(&self->ring, self->path, 0, MEMLOG_EMBEDDED_EXISTING));
	put(self->ring, "two");
	READ_ALL();
	EXPECT_EQ(stream, memlog_stream(self->reader));
	EXPECT_TEXT("one");
	EXPECT_TEXT("two");
	EXPECT_EQ(1, self->rec->seq);
	EXPECT_EQ(pos + 3, self->rec->pos);
	memlog_embedded_close(self->ring);

	ASSERT_EQ(0, open_ring(&self->ring, self->path, 4096, MEMLOG_EMBEDDED_NEW));
	READ_ALL();
	EXPECT_NE(stream, memlog_stream(self->reader));
	EXPECT_EQ(MEMLOG_END, NEXT());
}

TEST_F(ring, finished)
{
	uint64_t stream = memlog_stream(self->reader);

	put(self->ring, "last");
	EXPECT_EQ(0, memlog_embedded_finish(self->ring));
	EXPECT_EQ(-ESHUTDOWN, put(self->ring, "more"));
	memlog_reader_close(self->reader);
	ASSERT_EQ(0, follow(&self->reader, self->path));
	EXPECT_TEXT("last");
	EXPECT_EQ(MEMLOG_END, NEXT());
	memlog_embedded_close(self->ring);
	ASSERT_EQ(0, open_ring(&self->ring, self->path, 4096, 0));
	READ_ALL();
	EXPECT_NE(stream, memlog_stream(self->reader));
}

TEST_F(ring, options)
{
	struct memlog_embedded_options options = { .size = sizeof(options) };
	struct memlog_embedded *ring;
	char path[128];

	in_test_dir(path, "other");
	EXPECT_EQ(-ENOENT, open_ring(&ring, path, 0, MEMLOG_EMBEDDED_EXISTING));
	EXPECT_EQ(-EINVAL, open_ring(&ring, path, 5000, 0));
	EXPECT_EQ(-EINVAL, open_ring(&ring, path, 2048, 0));
	EXPECT_EQ(-EINVAL, open_ring(&ring, path, 2ULL << 30, 0));
	EXPECT_EQ(-EINVAL, open_ring(&ring, path, 4096, 4));
	options.records = 64;
	EXPECT_EQ(-EINVAL, memlog_embedded_open(&ring, path, &options));
	options.text_size = 4096;
	options.max_record = 1025;
	EXPECT_EQ(-EINVAL, memlog_embedded_open(&ring, path, &options));
	options.max_record = 0;
	options.mode = 01777;
	EXPECT_EQ(-EINVAL, memlog_embedded_open(&ring, path, &options));
	options.mode = 0;
	options.size--;
	EXPECT_EQ(-EINVAL, memlog_embedded_open(&ring, path, &options));
	EXPECT_EQ(-1, access(path, F_OK));
	EXPECT_EQ(-EISDIR, open_ring(&ring, test_dir, 0, 0));
}

/* The newest records are kept, numbers and positions go on. */
static void resize_and_look(struct __test_metadata *_metadata,
			    FIXTURE_DATA(ring) *self, uint64_t size, int fits)
{
	struct memlog_resize resize = { .text_size = size };
	uint64_t stream = memlog_stream(self->reader);
	struct memlog_info info;
	char text[100];
	uint64_t n;
	unsigned int w;

	for (int i = 0; i < 100; i++)
		memlog_embedded_write(self->ring, NULL, text, make_text(text, 1, i, 100), NULL);
	ASSERT_EQ(0, memlog_embedded_resize(self->ring, &resize));
	memlog_embedded_write(self->ring, NULL, text, make_text(text, 1, 100, 100), NULL);
	EXPECT_EQ(0, memlog_embedded_info(self->ring, &info));
	EXPECT_EQ(1, info.generation);
	EXPECT_EQ(size, info.text_size);
	EXPECT_EQ(101, info.next_seq);
	READ_ALL();
	EXPECT_EQ(stream, memlog_stream(self->reader));
	for (int i = 101 - fits; i <= 100; i++) {
		ASSERT_EQ(MEMLOG_RECORD, NEXT());
		EXPECT_EQ(i, self->rec->seq);
		EXPECT_TRUE(check_text(self->text, self->rec->len, &w, &n));
		EXPECT_EQ(i, n);
	}
	EXPECT_EQ(MEMLOG_END, NEXT());
}

TEST_F(ring, grow)
{
	resize_and_look(_metadata, self, 65536, 41);
}

TEST_F(ring, shrink)
{
	struct memlog_resize resize = { .text_size = 65536 };

	ASSERT_EQ(0, memlog_embedded_resize(self->ring, &resize));
	memlog_embedded_close(self->ring);
	ASSERT_EQ(0, open_ring(&self->ring, self->path, 16384, MEMLOG_EMBEDDED_NEW));
	READ_ALL();
	resize_and_look(_metadata, self, 4096, 40);
}

TEST_F(ring, shrink_below_record)
{
	struct memlog_resize resize = { .text_size = 1 << 20, .max_record = 65536 };
	char *text = calloc(1, 65536);
	struct memlog_info info;
	uint64_t pos;

	ASSERT_NE(NULL, text);
	ASSERT_EQ(0, memlog_embedded_resize(self->ring, &resize));
	pos = first_pos(self->ring);
	EXPECT_EQ(65536, memlog_embedded_write(self->ring, NULL, text, 65536, NULL));
	free(text);
	resize.text_size = 4096;
	resize.max_record = 0;
	ASSERT_EQ(0, memlog_embedded_resize(self->ring, &resize));
	EXPECT_EQ(0, memlog_embedded_info(self->ring, &info));
	EXPECT_EQ(1, info.oldest_seq);
	READ_ALL();
	EXPECT_EQ(MEMLOG_END, NEXT());
	put(self->ring, "next");
	READ_ALL();
	EXPECT_TEXT("next");
	EXPECT_EQ(pos + 65536, self->rec->pos);
	resize.text_size = 4095;
	EXPECT_EQ(-EINVAL, memlog_embedded_resize(self->ring, &resize));
}

TEST_F(ring, opened_with_other_size)
{
	struct memlog_info info;

	put(self->ring, "kept");
	memlog_embedded_close(self->ring);
	ASSERT_EQ(0, open_ring(&self->ring, self->path, 8192, 0));
	memlog_embedded_info(self->ring, &info);
	EXPECT_EQ(8192, info.text_size);
	READ_ALL();
	EXPECT_TEXT("kept");
}

TEST_F(ring, memory)
{
	struct memlog_embedded *ring;
	struct memlog_reader *reader;
	const struct memlog_record *rec;
	const char *text;
	int fd;

	ASSERT_EQ(0, open_ring(&ring, NULL, 4096, 0));
	put(ring, "in memory");
	fd = memlog_embedded_fd(ring);
	ASSERT_LE(0, fd);
	EXPECT_NE(0, ftruncate(fd, 0));
	ASSERT_EQ(0, memlog_reader_open_fd(&reader, fd, NULL));
	close(fd);
	EXPECT_EQ(MEMLOG_RECORD, memlog_next(reader, &rec, &text));
	EXPECT_EQ(9, rec->len);
	memlog_reader_close(reader);
	memlog_embedded_close(ring);
}

TEST_HARNESS_MAIN
