// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading a day: what is in it comes back, searches agree with looking at every
 * row, and whatever is done to its files, no row comes back as something else.
 */
#include <errno.h>
#include <sys/file.h>

#include "../lib/common.h"
#include "kselftest_harness.h"
#include "make_day.h"

#define DAY	20260131
#define T0	1769817600ULL		/* its first second */

FIXTURE(day) {
	char dir[128];
	int dirfd;
	struct maker maker;
	struct archive_day *day;
};

FIXTURE_SETUP(day)
{
	in_test_dir(self->dir, "archive");
	mkdir(self->dir, 0700);
	self->dirfd = open(self->dir, O_RDONLY | O_DIRECTORY);
	ASSERT_LE(0, self->dirfd);
	self->day = NULL;
}

FIXTURE_TEARDOWN(day)
{
	archive_day_close(self->day);
	close(self->dirfd);
	remove_test_dir();
}

static void put_row(struct maker *maker, uint64_t stream, uint64_t seq, uint64_t pos,
		uint64_t ns, const char *text)
{
	struct memlog_record rec = {
		.seq = seq, .pos = pos, .time_ns = ns, .len = strlen(text), .type = seq % 7,
		.pid = 100, .uid = 1000, .pri = 14, .cgroup = 77, .comm = "maker",
	};

	maker_put(maker, stream, &rec, text);
}

static int open_day(FIXTURE_DATA(day) *self)
{
	archive_day_close(self->day);
	self->day = NULL;
	return archive_day_open(&self->day, self->dirfd, DAY);
}

TEST_F(day, list)
{
	static const char *const names[] = {
		"20260131", "20251231", "20260230", "2026013", "20260131.replaced-5",
		"lock", "19691231", "20270101",
	};
	char path[256];
	uint32_t *dates;
	size_t count;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "%s/%s", self->dir, names[i]);
		ASSERT_EQ(0, mkdir(path, 0700));
	}
	snprintf(path, sizeof(path), "%s/20260201", self->dir);
	fclose(fopen(path, "w"));
	snprintf(path, sizeof(path), "%s/20260202", self->dir);
	ASSERT_EQ(0, symlink("20260131", path));
	ASSERT_EQ(0, archive_days(self->dirfd, &dates, &count));
	ASSERT_EQ(3, count);
	EXPECT_EQ(20251231, dates[0]);
	EXPECT_EQ(20260131, dates[1]);
	EXPECT_EQ(20270101, dates[2]);
	free(dates);
	EXPECT_EQ(-ENOENT, archive_day_open(&self->day, self->dirfd, 20260101));
	EXPECT_EQ(-ENOENT, archive_day_open(&self->day, self->dirfd, 20260230));
	EXPECT_EQ(-ENOTDIR, archive_day_open(&self->day, self->dirfd, 20260202));
	/* A folder without files is a day without rows. */
	ASSERT_EQ(0, open_day(self));
	EXPECT_EQ(0, archive_day_rows(self->day));
	EXPECT_FALSE(archive_day_finished(self->day));
}

TEST_F(day, rows)
{
	struct archive_row rows[8];
	uint64_t pos = 5000;
	char buf[64];

	maker_open(&self->maker, self->dir, DAY, true, true);
	for (uint64_t i = 0; i < 5; i++, pos += 6)
		put_row(&self->maker, 0xabc, 40 + i, pos, (T0 + i) * SEC, "hello\n");
	ASSERT_EQ(0, open_day(self));
	EXPECT_EQ(0, archive_day_rows(self->day));
	maker_finish(&self->maker);
	ASSERT_EQ(0, archive_day_refresh(self->day));
	EXPECT_EQ(5, archive_day_rows(self->day));
	EXPECT_TRUE(archive_day_finished(self->day));
	EXPECT_TRUE(archive_day_has_meta(self->day));
	EXPECT_EQ(DAY, archive_day_date(self->day));

	ASSERT_EQ(3, archive_day_read(self->day, 2, rows, 8, buf, sizeof(buf), true));
	EXPECT_EQ(0xabc, rows[1].stream);
	EXPECT_EQ(43, rows[1].rec.seq);
	EXPECT_EQ(5018, rows[1].rec.pos);
	EXPECT_EQ((T0 + 3) * SEC, rows[1].rec.time_ns);
	EXPECT_EQ(6, rows[1].rec.len);
	EXPECT_EQ(43 % 7, rows[1].rec.type);
	EXPECT_EQ(77, rows[1].rec.cgroup);
	EXPECT_EQ(100, rows[1].rec.pid);
	EXPECT_STREQ("maker", rows[1].rec.comm);
	EXPECT_EQ(48, rows[1].index.offset);
	EXPECT_EQ(0, memcmp(buf, "hello\nhello\nhello\n", 18));

	EXPECT_EQ(0, archive_day_read(self->day, 5, rows, 8, buf, sizeof(buf), true));
	EXPECT_EQ(2, archive_day_read(self->day, 0, rows, 8, buf, 17, true));
	EXPECT_EQ(-ENOBUFS, archive_day_read(self->day, 0, rows, 8, buf, 5, true));
	EXPECT_EQ(6, rows[0].rec.len);
	EXPECT_EQ(0, archive_day_row(self->day, 4, &rows[0]));
	EXPECT_EQ(44, rows[0].rec.seq);
	EXPECT_EQ(-EINVAL, archive_day_row(self->day, 5, &rows[0]));
	EXPECT_EQ(-EINVAL, archive_day_raw(self->day, 4, 2, NULL, NULL));
	maker_close(&self->maker);
}

/* What go-filelog wrote. */
TEST_F(day, golden)
{
	int dirfd = open("tests/archive/golden", O_RDONLY | O_DIRECTORY);
	struct archive_row rows[8];
	uint64_t row, ns;
	char buf[1024];

	ASSERT_LE(0, dirfd);
	ASSERT_EQ(0, archive_day_open(&self->day, dirfd, 20261120));
	close(dirfd);
	EXPECT_FALSE(archive_day_has_meta(self->day));
	EXPECT_TRUE(archive_day_finished(self->day));
	ASSERT_EQ(4, archive_day_read(self->day, 0, rows, 8, buf, sizeof(buf), true));
	EXPECT_EQ(0x20261120, rows[3].stream);
	EXPECT_EQ(3, rows[3].rec.seq);
	EXPECT_EQ(4, rows[3].rec.pos);
	EXPECT_EQ(300, rows[3].rec.len);
	EXPECT_EQ(1201, rows[3].rec.type);
	EXPECT_EQ(1700000000 * SEC, rows[3].rec.time_ns);
	EXPECT_EQ(MEMLOG_ID_NONE, rows[3].rec.pid);
	EXPECT_EQ(13, rows[3].rec.pri);
	EXPECT_EQ(0, memcmp(buf, "acccxxxx", 8));
	EXPECT_EQ(0, archive_day_find_seq(self->day, 0x20261120, 2, &row));
	EXPECT_EQ(2, row);
	EXPECT_EQ(-ENOENT, archive_day_find_seq(self->day, 1, 2, &row));
	EXPECT_EQ(0, archive_day_find_time(self->day, 1700000001 * SEC, &row));
	EXPECT_EQ(4, row);
	EXPECT_EQ(0, archive_day_max_time(self->day, &ns));
	EXPECT_EQ(1700000000 * SEC, ns);
}

static const char *const file_names[] = { "index", "meta", "data000000" };

static void file_path(char path[300], FIXTURE_DATA(day) *self, const char *name)
{
	snprintf(path, 300, "%s/%08u/%s", self->dir, DAY, name);
}

/* Every bit of every file flipped, one after another. */
TEST_F(day, flipped)
{
	struct archive_row good[4], rows[4];
	char path[300], text[4][32], buf[64];
	unsigned int found = 0;

	maker_open(&self->maker, self->dir, DAY, true, true);
	for (uint64_t i = 0; i < 4; i++) {
		snprintf(text[i], sizeof(text[i]), "this is line %u\n", (unsigned int)i);
		put_row(&self->maker, 0xabc, i, i * 15, (T0 + i) * SEC, text[i]);
	}
	maker_close(&self->maker);
	ASSERT_EQ(0, open_day(self));
	ASSERT_EQ(4, archive_day_read(self->day, 0, good, 4, buf, sizeof(buf), true));
	for (unsigned int f = 0; f < 3; f++) {
		struct stat st;
		int fd;

		file_path(path, self, file_names[f]);
		fd = open(path, O_RDWR);
		ASSERT_EQ(0, fstat(fd, &st));
		for (off_t bit = 0; bit < st.st_size * 8; bit++) {
			uint8_t byte;
			int err;

			ASSERT_EQ(1, pread(fd, &byte, 1, bit / 8));
			byte ^= 1 << bit % 8;
			ASSERT_EQ(1, pwrite(fd, &byte, 1, bit / 8));
			err = open_day(self);
			for (unsigned int i = 0; !err && i < 4; i++) {
				int n = archive_day_read(self->day, i, rows, 1, buf,
							 sizeof(buf), true);

				if (n != 1) {
					EXPECT_TRUE(n == -EBADMSG || n == -ENOBUFS);
					found++;
					continue;
				}
				ASSERT_EQ(0, memcmp(&good[i].rec, &rows[0].rec,
						    sizeof(rows[0].rec)));
				ASSERT_EQ(0, memcmp(text[i], buf, rows[0].rec.len));
			}
			found += err ? 1 : 0;
			byte ^= 1 << bit % 8;
			ASSERT_EQ(1, pwrite(fd, &byte, 1, bit / 8));
		}
		/* None passed for a good one. */
		EXPECT_LE(st.st_size * 8, found);
		found = 0;
		close(fd);
	}
}

/* Each file cut at every length. */
TEST_F(day, torn)
{
	char path[300], buf[64];
	struct archive_row rows[4];
	uint64_t row;

	for (unsigned int f = 0; f < 3; f++) {
		struct stat st;

		maker_open(&self->maker, self->dir, DAY, true, false);
		for (uint64_t i = 0; i < 4; i++)
			put_row(&self->maker, 0xabc, i, i * 7, (T0 + i) * SEC, "a line\n");
		maker_close(&self->maker);
		file_path(path, self, file_names[f]);
		ASSERT_EQ(0, stat(path, &st));
		for (off_t len = st.st_size - 1; len >= 0; len--) {
			uint64_t whole;

			ASSERT_EQ(0, truncate(path, len));
			ASSERT_EQ(0, open_day(self));
			whole = archive_day_rows(self->day);
			EXPECT_EQ(f == 0 ? len / 12 : f == 1 ? (len - 16) / 72 : 4,
				  len < 16 && f == 1 ? 0 : whole);
			whole = f == 2 ? len / 17 : whole;
			for (unsigned int i = 0; i < archive_day_rows(self->day); i++)
				EXPECT_EQ(i < whole ? 1 : -EBADMSG,
					  archive_day_read(self->day, i, rows, 1, buf,
							   sizeof(buf), true));
			archive_day_find_seq(self->day, 0xabc, 2, &row);
			archive_day_find_time(self->day, T0 * SEC, &row);
		}
		archive_day_close(self->day);
		self->day = NULL;
		snprintf(path, sizeof(path), "rm -r %s/%08u", self->dir, DAY);
		ASSERT_EQ(0, system(path));
	}
}

/* What somebody puts there in the place of a file: nothing hangs, no link counts. */
TEST_F(day, not_files)
{
	char path[300], buf[64];
	struct archive_row row;

	for (unsigned int f = 0; f < 3; f++) {
		maker_open(&self->maker, self->dir, DAY, true, false);
		put_row(&self->maker, 0xabc, 0, 0, T0 * SEC, "a line\n");
		maker_close(&self->maker);
		file_path(path, self, file_names[f]);
		for (int kind = 0; kind < 3; kind++) {
			ASSERT_EQ(0, remove(path));
			ASSERT_EQ(0, kind == 0 ? symlink("/etc/passwd", path) :
				     kind == 1 ? mkfifo(path, 0600) : mkdir(path, 0700));
			if (!open_day(self))
				EXPECT_GE(0, archive_day_read(self->day, 0, &row, 1, buf,
							      sizeof(buf), true));
			archive_day_close(self->day);
			self->day = NULL;
		}
		snprintf(path, sizeof(path), "rm -r %s/%08u", self->dir, DAY);
		ASSERT_EQ(0, system(path));
	}
}

TEST_F(day, offsets_that_lie)
{
	static const uint64_t offsets[] = {
		INT64_MAX, INT64_MAX - 10, INT64_MAX / 2, 1 << 20, 17, 1,
	};
	struct archive_index index = { 0 };
	uint8_t bytes[ARCHIVE_INDEX_SIZE];
	struct archive_row row;
	char path[300], buf[64];
	int fd;

	maker_open(&self->maker, self->dir, DAY, false, false);
	put_row(&self->maker, 0, 0, 0, T0 * SEC, "a line\n");
	maker_close(&self->maker);
	file_path(path, self, "index");
	fd = open(path, O_WRONLY);
	for (size_t i = 0; i < sizeof(offsets) / sizeof(*offsets); i++) {
		index.offset = offsets[i];
		archive_index_put(bytes, &index);
		ASSERT_EQ(12, pwrite(fd, bytes, 12, 0));
		ASSERT_EQ(0, open_day(self));
		EXPECT_EQ(-EBADMSG, archive_day_read(self->day, 0, &row, 1, buf,
						     sizeof(buf), true));
		EXPECT_EQ(-EBADMSG, archive_day_row(self->day, 0, &row));
	}
	index.offset = 0;
	index.file = 32767;
	archive_index_put(bytes, &index);
	ASSERT_EQ(12, pwrite(fd, bytes, 12, 0));
	ASSERT_EQ(0, open_day(self));
	EXPECT_EQ(-EBADMSG, archive_day_row(self->day, 0, &row));
	close(fd);
}

/* Positions of a day without meta go on over its data files. */
TEST_F(day, files)
{
	struct archive_row row;
	char buf[64];

	maker_open(&self->maker, self->dir, DAY, false, false);
	for (uint64_t i = 0; i < ARCHIVE_FILE_ROWS + 2; i++)
		put_row(&self->maker, 0, i, i * 2, T0 * SEC, "x\n");
	maker_close(&self->maker);
	ASSERT_EQ(0, open_day(self));
	ASSERT_EQ(1, archive_day_read(self->day, ARCHIVE_FILE_ROWS + 1, &row, 1, buf,
				      sizeof(buf), true));
	EXPECT_EQ(1, row.index.file);
	EXPECT_EQ(2 * (ARCHIVE_FILE_ROWS + 1), row.rec.pos);
	ASSERT_EQ(1, archive_day_read(self->day, 5, &row, 1, buf, sizeof(buf), true));
	EXPECT_EQ(10, row.rec.pos);
}

TEST_F(day, locked)
{
	char path[300];
	int fd;

	maker_open(&self->maker, self->dir, DAY, true, false);
	put_row(&self->maker, 1, 0, 0, T0 * SEC, "x\n");
	maker_close(&self->maker);
	ASSERT_EQ(0, open_day(self));
	snprintf(path, sizeof(path), "%s/%08u", self->dir, DAY);
	fd = open(path, O_RDONLY | O_DIRECTORY);
	EXPECT_EQ(-1, flock(fd, LOCK_EX | LOCK_NB));
	archive_day_close(self->day);
	self->day = NULL;
	EXPECT_EQ(0, flock(fd, LOCK_EX | LOCK_NB));
	close(fd);

	ASSERT_EQ(0, open_day(self));
	snprintf(path, sizeof(path), "mv %s/%08u %s/%08u.replaced-1", self->dir, DAY,
		 self->dir, DAY);
	ASSERT_EQ(0, system(path));
	EXPECT_EQ(-ESTALE, archive_day_refresh(self->day));
}

TEST_HARNESS_MAIN
