// SPDX-License-Identifier: GPL-2.0-only
/*
 * Verifying days: what is good is good, and any bit that has changed is found.
 */
#include "../lib/common.h"
#include "archive/repair.h"
#include "archive/verify.h"
#include "archive/writer.h"
#include "make_day.h"

#include "kselftest_harness.h"

#define DATE	20261120
#define STREAM	0x0123456789abcdefULL
#define NOON	(1763640000 * SEC)

FIXTURE(verify) {
	char path[128];
	int dirfd;
	struct maker maker;
	unsigned int faults;
	char said[512];
	uint64_t row;
};

static unsigned int fixtures;

FIXTURE_SETUP(verify)
{
	char name[32];

	memset(self, 0, sizeof(*self));
	snprintf(name, sizeof(name), "%u.%d", fixtures++, (int)getpid());
	in_test_dir(self->path, name);
	ASSERT_EQ(0, mkdir(self->path, 0700));
	self->dirfd = open(self->path, O_RDONLY | O_DIRECTORY);
	ASSERT_LE(0, self->dirfd);
}

FIXTURE_TEARDOWN(verify)
{
	close(self->dirfd);
	remove_test_dir();
}

typedef FIXTURE_DATA(verify) fixture;

static int hear(void *arg, const struct archive_fault *fault)
{
	fixture *self = arg;

	if (!self->faults++) {
		self->row = fault->row;
		snprintf(self->said, sizeof(self->said), "%s at %llu: %s", fault->file,
			 (unsigned long long)fault->offset, fault->text);
	}
	if (getenv("VERBOSE"))
		printf("# row %lld: %s at %llu: %s\n", (long long)fault->row, fault->file,
		       (unsigned long long)fault->offset, fault->text);
	return 0;
}

static int verify(fixture *self, uint32_t date)
{
	int ret;

	self->faults = 0;
	self->said[0] = '\0';
	ret = archive_verify_day(self->dirfd, date, hear, self);
	return ret < 0 || ret == (self->faults ? 1 : 0) ? ret : -EPROTO;
}

/* Both that there is a fault, and what is told of it first. */
static bool finds(fixture *self, const char *words)
{
	if (verify(self, DATE) == 1 && strstr(self->said, words))
		return true;
	printf("# \"%s\" is not in what was found: %s\n", words, self->said);
	return false;
}

static void put_row(fixture *self, uint64_t stream, uint64_t seq, uint64_t pos, uint16_t type,
		const char *text)
{
	struct memlog_record rec = {
		.seq = seq, .pos = pos, .time_ns = NOON + seq * SEC / 3, .cgroup = 77,
		.len = (uint32_t)strlen(text), .pid = 5, .uid = 6, .pri = 14, .type = type,
		.comm = "test",
	};

	maker_put(&self->maker, stream, &rec, text);
}

/* A small day with all there can be: types, a gap, two streams. */
static void make_small(fixture *self, bool meta, bool finish)
{
	maker_open(&self->maker, self->path, DATE, meta, meta);
	put_row(self, STREAM, 0, 0, 0, "one\n");
	put_row(self, STREAM, 1, 4, 1001, "two\r\n");
	put_row(self, STREAM, 2, 9, 0xfffe, "three");
	maker_gap(&self->maker, STREAM, 3, 14, 5, 100, NOON);
	put_row(self, STREAM, 8, 114, 32767, "eight\n");
	put_row(self, STREAM + 1, 0, 0, 1201, "{\"a\":1}");
	put_row(self, STREAM + 1, 1, 7, 1101, "");
	if (finish)
		maker_finish(&self->maker);
	maker_close(&self->maker);
}

static int open_in(fixture *self, const char *name, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "%08u/%s", DATE, name);
	return openat(self->dirfd, path, flags, 0600);
}

static void append(fixture *self, const char *name, const char *bytes, size_t len)
{
	int fd = open_in(self, name, O_WRONLY | O_APPEND | O_CREAT);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len)
		abort();
	close(fd);
}

static off_t size_of(fixture *self, const char *name)
{
	int fd = open_in(self, name, O_RDONLY);
	off_t size = lseek(fd, 0, SEEK_END);

	close(fd);
	return size;
}

/* Changes each bit of a file, one at a time: all of them must be found. */
static unsigned int flip_all(fixture *self, const char *name, unsigned int *unseen)
{
	int fd = open_in(self, name, O_RDWR);
	off_t size = lseek(fd, 0, SEEK_END);
	unsigned int flips = 0;

	for (off_t at = 0; at < size; at++) {
		for (unsigned int bit = 0; bit < 8; bit++, flips++) {
			uint8_t byte, wrong;

			if (pread(fd, &byte, 1, at) != 1)
				abort();
			wrong = byte ^ 1U << bit;
			if (pwrite(fd, &wrong, 1, at) != 1)
				abort();
			if (verify(self, DATE) != 1) {
				printf("# %s: bit %u at %lld was not found\n", name, bit,
				       (long long)at);
				++*unseen;
			}
			if (pwrite(fd, &byte, 1, at) != 1)
				abort();
		}
	}
	close(fd);
	return flips;
}

TEST_F(verify, every_bit)
{
	static const char * const files[] = { "index", "data000000", "meta", "times" };
	unsigned int unseen = 0;

	make_small(self, true, true);
	ASSERT_EQ(0, verify(self, DATE));
	for (unsigned int i = 0; i < 4; i++)
		EXPECT_LT(100U, flip_all(self, files[i], &unseen));
	EXPECT_EQ(0U, unseen);
	EXPECT_EQ(0, verify(self, DATE));
}

TEST_F(verify, every_bit_of_an_open_day)
{
	static const char * const files[] = { "index", "data000000", "meta" };
	unsigned int unseen = 0;

	make_small(self, true, false);
	ASSERT_EQ(0, verify(self, DATE));
	for (unsigned int i = 0; i < 3; i++)
		EXPECT_LT(100U, flip_all(self, files[i], &unseen));
	EXPECT_EQ(0U, unseen);
}

TEST_F(verify, every_byte_that_is_missing)
{
	static const char * const files[] = { "index", "data000000", "meta", "times" };

	make_small(self, true, true);
	for (unsigned int i = 0; i < 4; i++) {
		off_t size = size_of(self, files[i]);
		int fd = open_in(self, files[i], O_RDWR);
		char *bytes = malloc((size_t)size);

		ASSERT_EQ(size, pread(fd, bytes, (size_t)size, 0));
		for (off_t at = 0; at < size; at++) {
			ASSERT_EQ(0, ftruncate(fd, at));
			ASSERT_EQ(1, verify(self, DATE)) {
				TH_LOG("%s cut to %lld", files[i], (long long)at);
			}
			ASSERT_EQ(size - at, pwrite(fd, bytes + at, (size_t)(size - at), at));
		}
		ASSERT_EQ(0, verify(self, DATE));
		free(bytes);
		close(fd);
	}
}

TEST_F(verify, files)
{
	make_small(self, true, true);
	append(self, "data000001", "", 0);
	EXPECT_TRUE(finds(self, "data000001 at 0: expected no such file"));
	unlinkat(self->dirfd, "20261120/data000001", 0);
	append(self, "finish", "x", 1);
	EXPECT_TRUE(finds(self, "expected an empty file"));
	unlinkat(self->dirfd, "20261120/finish", 0);
	append(self, "finish", "", 0);
	EXPECT_EQ(0, verify(self, DATE));
	append(self, "data000000", "x", 1);
	EXPECT_TRUE(finds(self, "nothing stands behind the last row"));
}

TEST_F(verify, files_that_are_gone)
{
	static const char * const files[] = { "index", "data000000", "meta" };

	make_small(self, true, true);
	for (unsigned int i = 0; i < 3; i++) {
		char from[64];

		snprintf(from, sizeof(from), "%08u/%s", DATE, files[i]);
		ASSERT_EQ(0, renameat(self->dirfd, from, self->dirfd, "away"));
		EXPECT_TRUE(finds(self, files[i]));
		ASSERT_EQ(0, mkdirat(self->dirfd, from, 0700));
		EXPECT_EQ(1, verify(self, DATE));
		ASSERT_EQ(0, unlinkat(self->dirfd, from, AT_REMOVEDIR));
		ASSERT_EQ(0, renameat(self->dirfd, "away", self->dirfd, from));
	}
	EXPECT_EQ(0, verify(self, DATE));
	EXPECT_EQ(-ENOENT, verify(self, DATE + 1));
	EXPECT_EQ(-ENOENT, verify(self, 20261131));
}

/* Rows that are whole, in the wrong place. */
TEST_F(verify, order)
{
	maker_open(&self->maker, self->path, DATE, true, false);
	put_row(self, STREAM, 0, 0, 0, "one\n");
	put_row(self, STREAM, 2, 8, 0, "three");
	maker_close(&self->maker);
	EXPECT_TRUE(finds(self, "meta at 96: number 2, expected 1"));
	EXPECT_EQ(1, self->row);
}

TEST_F(verify, positions)
{
	maker_open(&self->maker, self->path, DATE, true, false);
	put_row(self, STREAM, 0, 0, 0, "one\n");
	put_row(self, STREAM, 1, 5, 0, "two\n");
	maker_close(&self->maker);
	EXPECT_TRUE(finds(self, "position 5, expected 4"));
}

TEST_F(verify, a_gap_whose_bytes_nobody_knows)
{
	maker_open(&self->maker, self->path, DATE, true, false);
	put_row(self, STREAM, 0, 0, 0, "one\n");
	maker_gap(&self->maker, STREAM, 1, 4, 5, 0, NOON);
	put_row(self, STREAM, 6, 1000, 0, "six\n");
	maker_close(&self->maker);
	EXPECT_EQ(0, verify(self, DATE));
}

TEST_F(verify, a_stream_in_two_pieces)
{
	maker_open(&self->maker, self->path, DATE, true, false);
	put_row(self, STREAM, 0, 0, 0, "one\n");
	put_row(self, STREAM + 1, 0, 0, 0, "one\n");
	put_row(self, STREAM, 1, 4, 0, "two\n");
	maker_close(&self->maker);
	EXPECT_TRUE(finds(self, "stream 0123456789abcdef again"));
}

TEST_F(verify, bytes_between_rows)
{
	maker_open(&self->maker, self->path, DATE, true, false);
	put_row(self, STREAM, 0, 0, 0, "one\n");
	fwrite("x", 1, 1, self->maker.data);
	self->maker.offset++;
	put_row(self, STREAM, 1, 4, 0, "two\n");
	maker_close(&self->maker);
	EXPECT_TRUE(finds(self, "index at 14: offset 15, expected 14"));
}

TEST_F(verify, days_that_follow)
{
	struct archive_verify days = { .fn = hear, .arg = self };

	make_small(self, true, true);
	maker_open(&self->maker, self->path, DATE + 1, true, false);
	put_row(self, STREAM + 1, 2, 7, 0, "x");
	maker_close(&self->maker);
	maker_open(&self->maker, self->path, DATE + 2, true, false);
	put_row(self, STREAM + 1, 4, 9, 0, "y");
	maker_close(&self->maker);
	EXPECT_EQ(0, archive_verify_next(&days, self->dirfd, DATE));
	EXPECT_EQ(7, days.rows);
	EXPECT_EQ(1, days.gaps);
	EXPECT_TRUE(days.finished);
	EXPECT_EQ(0, archive_verify_next(&days, self->dirfd, DATE + 1));
	EXPECT_EQ(1, archive_verify_next(&days, self->dirfd, DATE + 2));
	EXPECT_NE(NULL, strstr(self->said, "number 4, expected 3, which follows the day before"));
}

/* Rows of a writer that is in the middle of one. */
TEST_F(verify, a_day_that_grows)
{
	make_small(self, true, false);
	append(self, "data000000", "half a row", 10);
	EXPECT_EQ(0, verify(self, DATE));
	append(self, "index", "half a row..half", 16);
	EXPECT_EQ(0, verify(self, DATE));
	append(self, "meta", "half a row", 10);
	EXPECT_EQ(0, verify(self, DATE));
	append(self, "data000001", "", 0);
	EXPECT_EQ(0, verify(self, DATE));
}

TEST_F(verify, times)
{
	unsigned int unseen = 0;

	maker_open(&self->maker, self->path, DATE, true, false);
	for (uint64_t i = 0; i < 2 * ARCHIVE_TIMES_ROWS + 1; i++)
		put_row(self, STREAM, i, i, 0, "x");
	maker_finish(&self->maker);
	maker_close(&self->maker);
	ASSERT_EQ(0, archive_make_times(self->dirfd, DATE));
	ASSERT_EQ(ARCHIVE_TIMES_HEAD + 2 * ARCHIVE_TIMES_SIZE, size_of(self, "times"));
	ASSERT_EQ(0, verify(self, DATE));
	EXPECT_LT(200U, flip_all(self, "times", &unseen));
	EXPECT_EQ(0U, unseen);
	append(self, "times", "12345678", 8);
	EXPECT_TRUE(finds(self, "3 entries, expected at most 2"));
	ASSERT_EQ(0, archive_make_times(self->dirfd, DATE));
	EXPECT_EQ(0, verify(self, DATE));
}

/* More than one data file, of others' programs. */
TEST_F(verify, a_million_rows_a_file)
{
	struct memlog_record rec = { .time_ns = NOON, .len = 1 };
	uint8_t row[ARCHIVE_INDEX_SIZE];
	struct archive_index index = { .file = 1, .offset = 11 };
	int fd;

	maker_open(&self->maker, self->path, DATE, false, false);
	for (uint64_t i = 0; i < ARCHIVE_FILE_ROWS + 2; i++)
		maker_put(&self->maker, 0, &rec, "x");
	maker_finish(&self->maker);
	maker_close(&self->maker);
	ASSERT_EQ(0, verify(self, DATE));
	append(self, "data000000", "x", 1);
	EXPECT_TRUE(finds(self, "data000000 at 11000000: 11000001 bytes, expected 11000000"));
	fd = open_in(self, "index", O_WRONLY);
	archive_index_put(row, &index);
	ASSERT_EQ(ARCHIVE_INDEX_SIZE, pwrite(fd, row, sizeof(row),
					     (off_t)ARCHIVE_FILE_ROWS * ARCHIVE_INDEX_SIZE));
	close(fd);
	EXPECT_EQ(1, verify(self, DATE));
	EXPECT_EQ(3, self->faults);
}

/* ---- Days that are given a meta. */

/* All rows of a day as readers see them. */
static unsigned int read_all(fixture *self, struct archive_row *rows, char *buf, size_t size)
{
	struct archive_day *day;
	int n;

	if (archive_day_open(&day, self->dirfd, DATE))
		abort();
	n = archive_day_read(day, 0, rows, 16, buf, size, true);
	archive_day_close(day);
	return n < 0 ? 0 : (unsigned int)n;
}

TEST_F(verify, add_meta)
{
	struct archive_row before[16], after[16];
	char text[1024], again[1024];
	uint64_t row;

	/* what is between the fields counts for memcmp() */
	memset(before, 0, sizeof(before));
	memset(after, 0, sizeof(after));
	maker_open(&self->maker, self->path, DATE, false, false);
	put_row(self, 0, 0, 0, 1201, "a");
	put_row(self, 0, 0, 0, 1201, "");
	put_row(self, 0, 0, 0, 0xfffe, "ccc");
	put_row(self, 0, 0, 0, 0, "four\r\n");
	maker_finish(&self->maker);
	maker_close(&self->maker);
	ASSERT_EQ(4U, read_all(self, before, text, sizeof(text)));
	ASSERT_EQ(1, archive_add_meta(self->dirfd, DATE, &row));
	ASSERT_EQ(4U, read_all(self, after, again, sizeof(again)));
	for (unsigned int i = 0; i < 4; i++) {
		after[i].sum = 0;
		EXPECT_EQ(0, memcmp(&before[i], &after[i], sizeof(before[i])));
	}
	EXPECT_EQ(0, memcmp(text, again, 10));
	EXPECT_EQ(0, verify(self, DATE));
	EXPECT_EQ(0, archive_add_meta(self->dirfd, DATE, &row));
}

TEST_F(verify, add_meta_to_a_gap)
{
	uint64_t row;

	make_small(self, false, true);
	ASSERT_EQ(1, archive_add_meta(self->dirfd, DATE, &row));
	EXPECT_EQ(0, verify(self, DATE));
}

TEST_F(verify, no_meta_for_what_is_damaged)
{
	uint64_t row = 0;
	int fd;

	make_small(self, false, true);
	fd = open_in(self, "data000000", O_WRONLY);
	ASSERT_EQ(1, pwrite(fd, "x", 1, 14));
	close(fd);
	EXPECT_EQ(-EBADMSG, archive_add_meta(self->dirfd, DATE, &row));
	EXPECT_EQ(1, row);
	EXPECT_EQ(-1, open_in(self, "meta", O_RDONLY));
	EXPECT_EQ(-1, open_in(self, "meta.new", O_RDONLY));
	EXPECT_TRUE(finds(self, "data000000 at 14: magic"));
}

TEST_HARNESS_MAIN
