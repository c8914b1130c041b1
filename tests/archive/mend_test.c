// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is opened is not always what was left: files that are gone, cut, longer,
 * damaged, of another kind. What can be kept is kept, what is wrong is said.
 */
#include "fixture.h"

/* 40 rows, in tens, and closed. */
#define FORTY() do {								\
	for (int seq = 0; seq < 40; seq += 10) {				\
		for (int n = 0; n < 10; n++)					\
			ASSERT_EQ(0, add(self->writer, seq + n, NOON));		\
		ASSERT_EQ(0, archive_commit(self->writer));			\
	}									\
	SHUT();									\
	forget();								\
} while (0)

/* The size of a file becomes what it is and @by. */
static bool resize(int dirfd, const char *path, long by)
{
	int fd = openat(dirfd, path, O_RDWR);
	struct stat st;
	bool good = fd >= 0 && !fstat(fd, &st) && !ftruncate(fd, st.st_size + by);

	close(fd);
	return good;
}

static bool flip(int dirfd, const char *path, off_t at)
{
	int fd = openat(dirfd, path, O_RDWR);
	char byte = 0;
	bool good = fd >= 0 && pread(fd, &byte, 1, at) == 1;

	byte ^= 4;
	good = good && pwrite(fd, &byte, 1, at) == 1;
	close(fd);
	return good;
}

static uint64_t size_of(int dirfd, const char *path)
{
	struct stat st;

	return fstatat(dirfd, path, &st, 0) ? ~0ULL : st.st_size;
}

TEST_F(folder, index_ahead)
{
	FORTY();
	ASSERT_TRUE(resize(self->dirfd, "20260101/data000000", -(ARCHIVE_HEAD_SIZE + 40 + 39 * 37 % 200 + 3)));
	OPEN();
	EXPECT_EQ(38, archive_writer_end(self->writer)->rows);
	EXPECT_TRUE(said("20260101: cut behind 38 whole rows: 2 rows were not whole ("));
	EXPECT_TRUE(said("index: 24 bytes"));
	EXPECT_TRUE(said("meta: 144 bytes"));
	/* They had been committed: so what is left of them is kept. */
	EXPECT_TRUE(said("what was cut is in 20260101.cut-20260101T120000Z"));
	EXPECT_EQ(24, size_of(self->dirfd, "20260101.cut-20260101T120000Z/index"));
	EXPECT_EQ(144, size_of(self->dirfd, "20260101.cut-20260101T120000Z/meta"));
	EXPECT_TRUE(has_exactly(self->dirfd, NEWYEAR, 0, 38));
	ADD(38, NOON);
	EXPECT_TRUE(has_exactly(self->dirfd, NEWYEAR, 0, 39));
}

TEST_F(folder, data_ahead)
{
	FORTY();
	ASSERT_TRUE(resize(self->dirfd, "20260101/data000000", 777));
	ASSERT_TRUE(resize(self->dirfd, "20260101/index", 13));
	ASSERT_TRUE(spill(self->dirfd, "20260101/data000001", "rest", 4));
	OPEN();
	EXPECT_EQ(40, archive_writer_end(self->writer)->rows);
	EXPECT_TRUE(said("cut behind 40 whole rows: 1 rows were not whole ("));
	EXPECT_TRUE(said("data000000: 777 bytes"));
	EXPECT_TRUE(said("data000001: 4 bytes"));
	EXPECT_TRUE(said("index: 13 bytes"));
	EXPECT_EQ(NULL, strstr(heard, "what was cut is in"));
	EXPECT_STREQ("data000000 index meta times ", names_in(self->dirfd, "20260101"));
	EXPECT_TRUE(has_exactly(self->dirfd, NEWYEAR, 0, 40));
}

/* Never is it taken for an empty day. */
TEST_F(folder, meta_missing)
{
	FORTY();
	ASSERT_EQ(0, unlinkat(self->dirfd, "20260101/meta", 0));
	EXPECT_EQ(-EBADMSG, archive_writer_open(&self->writer, self->path, &self->options));
	EXPECT_TRUE(said("20260101/meta is gone"));
	EXPECT_TRUE(said("nothing was changed"));
	EXPECT_TRUE(said("run `memlog archive repair --add-meta /"));
	EXPECT_EQ(480, size_of(self->dirfd, "20260101/index"));
	/* By whom it was, is not known without the lock. */
	ASSERT_EQ(0, unlinkat(self->dirfd, "lock", 0));
	forget();
	EXPECT_EQ(-EBADMSG, archive_writer_open(&self->writer, self->path, &self->options));
	EXPECT_TRUE(said("20260101 has 40 rows and no meta: another program writes it"));
	EXPECT_EQ(480, size_of(self->dirfd, "20260101/index"));
}

TEST_F(folder, files_gone)
{
	static const char * const files[] = { "index", "data000000" };
	char path[64];

	for (int i = 0; i < 2; i++) {
		if (i)
			OPEN();
		FORTY();
		snprintf(path, sizeof(path), "20260101/%s", files[i]);
		ASSERT_EQ(0, unlinkat(self->dirfd, path, 0));
		OPEN();
		EXPECT_EQ(0, archive_writer_end(self->writer)->rows);
		EXPECT_TRUE(said("cut behind 0 whole rows: 40 rows were not whole ("));
		snprintf(path, sizeof(path), "20260101.cut-20260101T120000Z%s/meta", i ? "-2" : "");
		EXPECT_EQ(2880, size_of(self->dirfd, path));
		ADD(0, NOON);
		EXPECT_TRUE(has_exactly(self->dirfd, NEWYEAR, 0, 1));
		ASSERT_EQ(0, archive_replace(self->writer, NEWYEAR));
		SHUT();
	}
}

/* A flipped bit costs the one row it is in. */
TEST_F(folder, damage)
{
	static struct seen seen;

	FORTY();
	ASSERT_TRUE(flip(self->dirfd, "20260101/data000000", 200));
	ASSERT_TRUE(flip(self->dirfd, "20260101/meta", ARCHIVE_META_HEAD + 20 * 72 + 30));
	OPEN();
	EXPECT_EQ(40, archive_writer_end(self->writer)->rows);
	EXPECT_TRUE(said("20260101: 2 rows are damaged, the first is row 2; they are left"));
	EXPECT_TRUE(said("`memlog archive verify "));
	ADD(40, NOON);
	see_day(&seen, self->dirfd, NEWYEAR);
	EXPECT_EQ(39, seen.rows);
	EXPECT_EQ(2, seen.bad);
	EXPECT_EQ(40, seen.seqs[38]);
}

TEST_F(folder, meta_header)
{
	char *meta;
	size_t size;

	FORTY();
	meta = slurp(self->dirfd, "20260101/meta", &size);
	/* Its rows prove that it is one. */
	for (int at = 0; at < ARCHIVE_META_HEAD; at++) {
		ASSERT_TRUE(flip(self->dirfd, "20260101/meta", at));
		REOPEN();
		EXPECT_EQ(40, archive_writer_end(self->writer)->rows);
		EXPECT_TRUE(has_exactly(self->dirfd, NEWYEAR, 0, 40));
	}
	SHUT();
	/* A later version, of which we know nothing. */
	meta[11] = 2;
	memset(meta + ARCHIVE_META_HEAD, 0x55, size - ARCHIVE_META_HEAD);
	ASSERT_TRUE(spill(self->dirfd, "20260101/meta", meta, size));
	EXPECT_EQ(-EPROTONOSUPPORT,
		  archive_writer_open(&self->writer, self->path, &self->options));
	EXPECT_TRUE(said("20260101: its meta is of version 2, this program knows version 1"));
	EXPECT_EQ(480, size_of(self->dirfd, "20260101/index"));
	free(meta);
}

TEST_F(folder, times)
{
	uint64_t max = 0;
	char *times, *again;
	size_t size;

	self->options.sync = ARCHIVE_SYNC_NONE;
	REOPEN();
	for (int seq = 0; seq < 3 * 4096 + 100; seq++) {
		/* A clock that goes back and forth. */
		uint64_t time = NOON + seq * 1000 + seq % 7 * 50000;

		max = time > max ? time : max;
		if (add(self->writer, seq, time)) {
			ASSERT_EQ(0, archive_commit(self->writer));
			ASSERT_EQ(0, add(self->writer, seq, time));
		}
	}
	ASSERT_EQ(0, archive_commit(self->writer));
	times = slurp(self->dirfd, "20260101/times", &size);
	ASSERT_EQ(16 + 3 * 8, size);
	EXPECT_EQ(0, memcmp(times, "MLOGTIME\0\0\0\1\0\0\x10\0", 16));
	for (int kind = 0; kind < 6; kind++) {
		SHUT();
		switch (kind) {
		case 0:
			unlinkat(self->dirfd, "20260101/times", 0);
			break;
		case 1:
			resize(self->dirfd, "20260101/times", -8);
			break;
		case 2:
			resize(self->dirfd, "20260101/times", 80);
			break;
		case 3:
			resize(self->dirfd, "20260101/times", -37);
			break;
		case 4:
			flip(self->dirfd, "20260101/times", 16 + 2 * 8 + 5);
			break;
		default:
			flip(self->dirfd, "20260101/times", 3);
		}
		OPEN();
		again = slurp(self->dirfd, "20260101/times", &size);
		EXPECT_EQ(16 + 3 * 8, size);
		EXPECT_EQ(0, memcmp(times, again, 40)) {
			TH_LOG("kind %d", kind);
		}
		free(again);
	}
	free(times);
}

TEST_F(folder, not_folders)
{
	char path[256];

	SHUT();
	ASSERT_TRUE(spill(self->dirfd, "file", "x", 1));
	snprintf(path, sizeof(path), "%s/file", self->path);
	EXPECT_EQ(-ENOTDIR, archive_writer_open(&self->writer, path, &self->options));
	EXPECT_TRUE(said("/file: the folder can't be opened: Not a directory; a folder is needed"));
	snprintf(path, sizeof(path), "%s/none/archive", self->path);
	EXPECT_EQ(-ENOENT, archive_writer_open(&self->writer, path, &self->options));
	EXPECT_TRUE(said("/none/archive: the folder can't be made: No such file or directory; "
			 "make the folder that it is in"));

	/* A day that is a file, or a link to somebody else's folder. */
	ASSERT_TRUE(spill(self->dirfd, "20260101", "x", 1));
	OPEN();
	ASSERT_EQ(0, add(self->writer, 0, NOON));
	EXPECT_EQ(-ENOTDIR, archive_commit(self->writer));
	EXPECT_TRUE(said("20260101 is there and is not a folder"));
	ASSERT_EQ(0, unlinkat(self->dirfd, "20260101", 0));
	ASSERT_EQ(0, mkdirat(self->dirfd, "elsewhere", 0750));
	ASSERT_EQ(0, symlinkat("elsewhere", self->dirfd, "20260101"));
	EXPECT_GT(0, archive_commit(self->writer));
	EXPECT_STREQ("", names_in(self->dirfd, "elsewhere"));
	ASSERT_EQ(0, unlinkat(self->dirfd, "20260101", 0));
	EXPECT_EQ(0, archive_commit(self->writer));
	EXPECT_TRUE(said("writing goes on"));
	EXPECT_TRUE(has_exactly(self->dirfd, NEWYEAR, 0, 1));
	SHUT();

	/* Files that are none. */
	ASSERT_EQ(0, unlinkat(self->dirfd, "20260101/index", 0));
	ASSERT_EQ(0, symlinkat("../file", self->dirfd, "20260101/index"));
	EXPECT_EQ(-ELOOP, archive_writer_open(&self->writer, self->path, &self->options));
	ASSERT_EQ(0, unlinkat(self->dirfd, "20260101/index", 0));
	ASSERT_EQ(0, mkfifoat(self->dirfd, "20260101/index", 0600));
	EXPECT_EQ(-EBADMSG, archive_writer_open(&self->writer, self->path, &self->options));
	ASSERT_EQ(0, unlinkat(self->dirfd, "lock", 0));
	ASSERT_EQ(0, mkdirat(self->dirfd, "lock", 0700));
	EXPECT_GT(0, archive_writer_open(&self->writer, self->path, &self->options));
}

/* A day of rows that were not there when we looked is not begun anew. */
TEST_F(folder, put_there)
{
	ADD(0, NOON);
	SHUT();
	ASSERT_EQ(0, renameat(self->dirfd, "20260101", self->dirfd, "kept"));
	OPEN();
	ASSERT_EQ(0, add(self->writer, 1, NOON));
	ASSERT_EQ(0, renameat(self->dirfd, "kept", self->dirfd, "20260101"));
	EXPECT_EQ(-EEXIST, archive_commit(self->writer));
	EXPECT_TRUE(said("20260101 was put there by somebody"));
	REOPEN();
	EXPECT_TRUE(has_exactly(self->dirfd, NEWYEAR, 0, 1));
}

TEST_HARNESS_MAIN
