// SPDX-License-Identifier: GPL-2.0-only
/*
 * The power fails while a batch is written that ends one data file and begins the
 * next: as in power_test.c, every byte of it in each of the four files. Or one of
 * its calls fails, as in fault_test.c.
 */
#include "common.h"
#include "fault.h"
#include "kselftest_harness.h"

#define FILES		4
#define COMMITTED	(ARCHIVE_FILE_ROWS - 2)
#define LAST		5
#define ROW		(ARCHIVE_HEAD_SIZE + 1)		/* bytes of data */

static const char * const names[FILES] = {
	"20260101/data000000", "20260101/data000001", "20260101/index", "20260101/meta",
};

/* Bytes of a file that has @rows rows. */
static size_t size_with(int file, uint64_t rows)
{
	switch (file) {
	case 0:
		return (rows < ARCHIVE_FILE_ROWS ? rows : ARCHIVE_FILE_ROWS) * ROW;
	case 1:
		return rows < ARCHIVE_FILE_ROWS ? 0 : (rows - ARCHIVE_FILE_ROWS) * ROW;
	case 2:
		return rows * ARCHIVE_INDEX_SIZE;
	default:
		return ARCHIVE_META_HEAD + rows * ARCHIVE_META_SIZE;
	}
}

FIXTURE(span) {
	char path[128];
	int dirfd;
	struct hand hand;
	struct archive_clock clock;
	struct archive_options options;
	struct archive_writer *writer;
	char *tail[FILES];
	size_t size[FILES];
	char *lock;
	size_t lock_size;
};

static int add_short(struct archive_writer *writer, uint64_t seq)
{
	struct memlog_record rec = {
		.seq = seq, .pos = seq, .time_ns = NOON, .len = 1, .pri = 13,
	};

	return archive_append(writer, STREAM, &rec, "x");
}

FIXTURE_SETUP(span)
{
	if (!access("/dev/shm", W_OK)) {
		strcpy(test_dir, "/dev/shm/memlog-test.XXXXXX");
		ASSERT_NE(NULL, mkdtemp(test_dir));
	}
	self->hand = (struct hand) { NOON, 1000 * SEC };
	self->clock = (struct archive_clock) { hand_real, hand_boot, &self->hand };
	self->options = (struct archive_options) {
		.sync = ARCHIVE_SYNC_BATCH, .gid = -1, .clock = &self->clock, .say = hear,
	};
	in_test_dir(self->path, "archive");
	ASSERT_EQ(0, archive_writer_open(&self->writer, self->path, &self->options));
	self->dirfd = open(self->path, O_RDONLY | O_DIRECTORY);
	for (uint64_t seq = 0; seq < COMMITTED; seq++)
		if (add_short(self->writer, seq)) {
			ASSERT_EQ(0, archive_commit(self->writer));
			ASSERT_EQ(0, add_short(self->writer, seq));
		}
	ASSERT_EQ(0, archive_commit(self->writer));
	self->lock = slurp(self->dirfd, "lock", &self->lock_size);
	for (int i = 0; i < LAST; i++)
		ASSERT_EQ(0, add_short(self->writer, COMMITTED + i));
	ASSERT_EQ(0, archive_commit(self->writer));
	for (int file = 0; file < FILES; file++) {
		size_t before = size_with(file, COMMITTED);
		int fd = openat(self->dirfd, names[file], O_RDONLY);

		self->size[file] = size_with(file, COMMITTED + LAST) - before;
		self->tail[file] = malloc(self->size[file]);
		ASSERT_EQ(self->size[file],
			  pread(fd, self->tail[file], self->size[file] + 1, before));
		close(fd);
	}
	archive_writer_close(self->writer);
}

FIXTURE_TEARDOWN(span)
{
	close(self->dirfd);
	remove_test_dir();
}

static bool put_tail(int dirfd, int file, const char *bytes, size_t size)
{
	int fd = openat(dirfd, names[file], O_WRONLY | O_CREAT, 0640);
	off_t before = size_with(file, COMMITTED);
	bool good = fd >= 0 && !ftruncate(fd, before) &&
		    pwrite(fd, bytes, size, before) == (ssize_t)size;

	close(fd);
	return good;
}

static bool read_at(int dirfd, int file, void *buf, size_t size, off_t at)
{
	int fd = openat(dirfd, names[file], O_RDONLY);
	bool good = fd >= 0 && pread(fd, buf, size, at) == (ssize_t)size;

	close(fd);
	return good;
}

/* Whether a row is there, whole, and the one that was written. */
static bool is_whole(int dirfd, uint64_t row)
{
	uint8_t index[ARCHIVE_INDEX_SIZE], data[ROW], meta[ARCHIVE_META_SIZE];
	int file = row >= ARCHIVE_FILE_ROWS;

	return read_at(dirfd, 2, index, sizeof(index), row * sizeof(index)) &&
	       read_at(dirfd, 3, meta, sizeof(meta), ARCHIVE_META_HEAD + row * sizeof(meta)) &&
	       read_at(dirfd, file, data, ROW, row % ARCHIVE_FILE_ROWS * ROW) &&
	       data[ROW - 1] == 'x' && archive_meta_seq(meta) == row &&
	       archive_meta_sum(meta) == archive_row_sum(index, data, data + ARCHIVE_HEAD_SIZE,
							 1, meta);
}

static const char *wrong(int dirfd, uint64_t rows)
{
	struct stat st;

	if (rows < COMMITTED)
		return "committed rows are gone";
	for (int file = 0; file < FILES; file++) {
		off_t size = fstatat(dirfd, names[file], &st, 0) ? 0 : st.st_size;

		if (size != (off_t)size_with(file, rows))
			return names[file];
	}
	for (uint64_t row = COMMITTED - 2; row < rows; row++)
		if (!is_whole(dirfd, row))
			return "a row is not whole";
	return NULL;
}

TEST_F_TIMEOUT(span, every_byte, 200)
{
	char bytes[512];

	for (int file = 0; file < FILES; file++)
		for (size_t at = 0; at < self->size[file]; at++)
			for (int kind = 0; kind < 3; kind++) {
				size_t size = kind ? self->size[file] : at;
				struct archive_writer *writer;
				const char *what;
				uint64_t rows;

				for (int i = 0; i < FILES; i++)
					ASSERT_TRUE(put_tail(self->dirfd, i, self->tail[i],
							     self->size[i]));
				memcpy(bytes, self->tail[file], self->size[file]);
				for (size_t i = at; kind == 1 && i < size; i++)
					bytes[i] = i * 73 + at;
				if (kind == 2)
					bytes[at] ^= 1;
				ASSERT_TRUE(put_tail(self->dirfd, file, bytes, size));
				ASSERT_TRUE(spill(self->dirfd, "lock", self->lock, self->lock_size));
				forget();
				ASSERT_EQ(0, archive_writer_open(&writer, self->path,
								 &self->options));
				rows = archive_writer_end(writer)->rows;
				what = wrong(self->dirfd, rows);
				if (!what && (add_short(writer, rows) || archive_commit(writer)))
					what = "it does not go on";
				if (!what)
					what = wrong(self->dirfd, rows + 1);
				archive_writer_close(writer);
				ASSERT_EQ(NULL, what) {
					TH_LOG("%s, byte %zu, kind %d: %s; %s", names[file], at,
					       kind, what, heard);
				}
			}
}

/* Each call of such a commit fails once. */
TEST_F(span, each_call)
{
	int faults = 0;

	for (int call = 0; call < CUT; call++)
		for (int nth = 0; ; nth++) {
			struct archive_writer *writer;
			int err;

			for (int i = 0; i < FILES; i++)
				ASSERT_TRUE(put_tail(self->dirfd, i, "", 0));
			ASSERT_TRUE(spill(self->dirfd, "lock", self->lock, self->lock_size));
			ASSERT_EQ(0, archive_writer_open(&writer, self->path, &self->options));
			for (int i = 0; i < LAST; i++)
				ASSERT_EQ(0, add_short(writer, COMMITTED + i));
			fail_next(call, nth, 1, errors[call]);
			err = archive_commit(writer);
			if (err) {
				faults++;
				EXPECT_EQ(-errors[call], err);
				EXPECT_EQ(COMMITTED, archive_writer_end(writer)->rows);
				EXPECT_EQ(NULL, wrong(self->dirfd, COMMITTED));
				EXPECT_EQ(0, archive_commit(writer));
			}
			err = fault.failed;
			fail_next(WRITE, -1, 0, 0);
			EXPECT_EQ(COMMITTED + LAST, archive_writer_end(writer)->rows);
			EXPECT_EQ(NULL, wrong(self->dirfd, COMMITTED + LAST));
			archive_writer_close(writer);
			if (!err)
				break;
		}
	EXPECT_LT(8, faults);
}

TEST_HARNESS_MAIN
