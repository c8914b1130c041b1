// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records become rows, in the right day, once, and an archive goes on where it
 * ended.
 */
#include "fixture.h"

TEST_F(folder, rows)
{
	const struct archive_end *end = archive_writer_end(self->writer);
	struct stat st;

	EXPECT_EQ(0, end->date);
	EXPECT_EQ(0, archive_commit(self->writer));
	EXPECT_STREQ("lock ", names_in(self->dirfd, ""));
	for (int seq = 0; seq < 1000; seq++) {
		ASSERT_EQ(0, add(self->writer, seq, NOON + seq));
		if (seq % 100 == 99) {
			EXPECT_EQ(100, archive_batched(self->writer));
			ASSERT_EQ(0, archive_commit(self->writer));
			EXPECT_EQ(0, archive_batched(self->writer));
			EXPECT_EQ(seq + 1, end->rows);
			EXPECT_EQ(seq + 1, end->seq);
		}
	}
	EXPECT_EQ(NEWYEAR, end->date);
	EXPECT_EQ(STREAM, end->stream);
	EXPECT_EQ(false, end->finished);
	EXPECT_TRUE(has_exactly(self->dirfd, NEWYEAR, 0, 1000));
	EXPECT_STREQ("data000000 index meta times ", names_in(self->dirfd, "20260101"));

	EXPECT_EQ(0, fstat(self->dirfd, &st));
	EXPECT_EQ(0750, st.st_mode & 07777);
	EXPECT_EQ(0, fstatat(self->dirfd, "20260101", &st, 0));
	EXPECT_EQ(0750, st.st_mode & 07777);
	EXPECT_EQ(0, fstatat(self->dirfd, "20260101/meta", &st, 0));
	EXPECT_EQ(0640, st.st_mode & 07777);
	EXPECT_EQ(0, fstatat(self->dirfd, "lock", &st, 0));
	EXPECT_EQ(0640, st.st_mode & 07777);
}

/* Whatever the umask, readers of the group may read. */
TEST_F(folder, group)
{
	static const char * const files[] = {
		"", "lock", "20260101", "20260101/data000000", "20260101/index", "20260101/meta",
		"20260101/times", "20260101/finish", "20260101/cgroups",
	};
	struct stat st;

	if (getuid())
		SKIP(return, "only root may give files to any group");
	SHUT();
	ASSERT_EQ(0, unlinkat(self->dirfd, "lock", 0));
	ASSERT_EQ(0, rmdir(self->path));
	close(self->dirfd);
	umask(0077);
	self->options.gid = 4;
	OPEN();
	self->dirfd = open(self->path, O_RDONLY | O_DIRECTORY);
	ADD(0, NOON);
	ASSERT_EQ(0, archive_add_cgroup(self->writer, 7, "/"));
	ASSERT_EQ(0, archive_finish(self->writer));
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		EXPECT_EQ(0, fstatat(self->dirfd, files[i], &st, files[i][0] ? 0 : AT_EMPTY_PATH));
		EXPECT_EQ(S_ISDIR(st.st_mode) ? 0750 : 0640, st.st_mode & 07777);
		EXPECT_EQ(4, st.st_gid);
	}
	/* Those of somebody else stay as they are. */
	ASSERT_EQ(0, fchmodat(self->dirfd, "lock", 0660, 0));
	REOPEN();
	EXPECT_EQ(0, fstatat(self->dirfd, "lock", &st, 0));
	EXPECT_EQ(0660, st.st_mode & 07777);
}

TEST_F(folder, goes_on)
{
	struct archive_end before;

	for (int seq = 0; seq < 300; seq++) {
		ASSERT_EQ(0, add(self->writer, seq, NOON));
		if (seq % 7)
			continue;
		ASSERT_EQ(0, archive_commit(self->writer));
		before = *archive_writer_end(self->writer);
		REOPEN();
		EXPECT_EQ(0, memcmp(&before, archive_writer_end(self->writer), sizeof(before)));
	}
	/* What is not committed is dropped. */
	ASSERT_EQ(0, add(self->writer, 300, NOON));
	REOPEN();
	EXPECT_TRUE(has_exactly(self->dirfd, NEWYEAR, 0, before.seq));
	EXPECT_EQ(0, archive_finish(self->writer));
	EXPECT_EQ(true, archive_writer_end(self->writer)->finished);
	REOPEN();
	before.finished = true;
	EXPECT_EQ(0, memcmp(&before, archive_writer_end(self->writer), sizeof(before)));
	EXPECT_STREQ("data000000 finish index meta times ", names_in(self->dirfd, "20260101"));
}

TEST_F(folder, full_batches)
{
	static char text[ARCHIVE_TEXT_MAX + 1];
	struct memlog_record rec;
	uint64_t pos = 0;
	int count = 0;

	while (!add(self->writer, count, NOON))
		count++;
	EXPECT_EQ(ARCHIVE_BATCH_ROWS, count);
	archive_drop(self->writer);
	EXPECT_EQ(0, archive_batched(self->writer));
	EXPECT_EQ(0, archive_writer_end(self->writer)->rows);

	memset(text, 'x', sizeof(text));
	for (count = 0; ; count++, pos += 60000) {
		record_of(count, pos, NOON, 60000, &rec);
		if (archive_append(self->writer, STREAM, &rec, text))
			break;
	}
	EXPECT_EQ(17, count);
	EXPECT_EQ(0, archive_commit(self->writer));
	rec.len = ARCHIVE_TEXT_MAX + 1;
	EXPECT_EQ(-EMSGSIZE, archive_append(self->writer, STREAM, &rec, text));
	rec.len = ARCHIVE_TEXT_MAX;
	EXPECT_EQ(0, archive_append(self->writer, STREAM, &rec, text));
	EXPECT_EQ(-ENOBUFS, archive_append(self->writer, STREAM, &rec, text));
	EXPECT_EQ(0, archive_commit(self->writer));
	EXPECT_EQ(18, archive_writer_end(self->writer)->rows);
	REOPEN();
	EXPECT_EQ(18, archive_writer_end(self->writer)->rows);
	EXPECT_EQ(pos + ARCHIVE_TEXT_MAX, archive_writer_end(self->writer)->pos);
	rec.type = ARCHIVE_TYPE_GAP;
	EXPECT_EQ(-EINVAL, archive_append(self->writer, STREAM, &rec, text));
}

TEST_F(folder, gaps)
{
	struct memlog_loss loss = { .from_seq = 5, .to_seq = 14, .records = 10, .bytes = 1234 };
	const struct archive_end *end = archive_writer_end(self->writer);
	struct archive_index index;
	char *text;
	size_t size;

	ASSERT_EQ(0, archive_append_gap(self->writer, STREAM, 500, &loss, NOON));
	ASSERT_EQ(0, archive_commit(self->writer));
	EXPECT_EQ(1, end->rows);
	EXPECT_EQ(15, end->seq);
	EXPECT_EQ(1734, end->pos);
	text = slurp(self->dirfd, "20260101/index", &size);
	ASSERT_EQ(ARCHIVE_INDEX_SIZE, size);
	archive_index_get((uint8_t *)text, &index);
	EXPECT_EQ(ARCHIVE_TYPE_GAP, index.type);
	free(text);
	text = slurp(self->dirfd, "20260101/data000000", &size);
	EXPECT_STREQ("memlog: lost 10 records, 1234 bytes\n", text + ARCHIVE_HEAD_SIZE);
	free(text);
	REOPEN();
	EXPECT_EQ(15, archive_writer_end(self->writer)->seq);
	EXPECT_EQ(1734, archive_writer_end(self->writer)->pos);
	loss.records = 0;
	EXPECT_EQ(-EINVAL, archive_append_gap(self->writer, STREAM, 500, &loss, NOON));
}

TEST_F(folder, two_writers)
{
	struct archive_writer *other = NULL;
	char pid[64];

	snprintf(pid, sizeof(pid), "another process (%d) writes this archive", getpid());
	EXPECT_EQ(-EBUSY, archive_writer_open(&other, self->path, &self->options));
	EXPECT_EQ(NULL, other);
	EXPECT_TRUE(said(pid));
	EXPECT_EQ(0, add(self->writer, 0, NOON));
	EXPECT_EQ(0, archive_commit(self->writer));
	REOPEN();
}

TEST_F(folder, cgroups)
{
	char *text;
	size_t size;

	EXPECT_EQ(-ENOENT, archive_add_cgroup(self->writer, 7, "/system.slice/one.service"));
	ASSERT_EQ(0, add(self->writer, 0, NOON));
	ASSERT_EQ(0, archive_commit(self->writer));
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(0, archive_add_cgroup(self->writer, 7, "/system.slice/one.service"));
		EXPECT_EQ(0, archive_add_cgroup(self->writer, 8, "/a b"));
		REOPEN();
	}
	EXPECT_EQ(-EINVAL, archive_add_cgroup(self->writer, 9, "/a\nb"));
	text = slurp(self->dirfd, "20260101/cgroups", &size);
	EXPECT_STREQ("7 /system.slice/one.service\n8 /a b\n", text);
	free(text);
	/* The end of a line that a crash cut is not taken for one. */
	ASSERT_TRUE(spill(self->dirfd, "20260101/cgroups", "7 /system", 9));
	REOPEN();
	EXPECT_EQ(0, archive_add_cgroup(self->writer, 7, "/system.slice/one.service"));
	text = slurp(self->dirfd, "20260101/cgroups", &size);
	EXPECT_STREQ("7 /system.slice/one.service\n", text);
	free(text);
}

/* A million rows, and then another file, in the midst of a batch. */
TEST_F(folder, data_files)
{
	struct memlog_record rec;
	struct stat one, two;
	uint64_t seq = 0;

	while (seq < ARCHIVE_FILE_ROWS + 500) {
		record_of(seq, seq, NOON, 1, &rec);
		if (archive_append(self->writer, STREAM, &rec, "x")) {
			ASSERT_EQ(0, archive_commit(self->writer));
			continue;
		}
		seq++;
	}
	ASSERT_EQ(0, archive_commit(self->writer));
	EXPECT_EQ(0, fstatat(self->dirfd, "20260101/data000000", &one, 0));
	EXPECT_EQ(0, fstatat(self->dirfd, "20260101/data000001", &two, 0));
	EXPECT_EQ(ARCHIVE_FILE_ROWS * 11, one.st_size);
	EXPECT_EQ(500 * 11, two.st_size);
	REOPEN();
	EXPECT_EQ(seq, archive_writer_end(self->writer)->rows);
	EXPECT_EQ(seq, archive_writer_end(self->writer)->seq);
	EXPECT_EQ(seq, archive_writer_end(self->writer)->pos);
	EXPECT_EQ(NULL, strstr(heard, "cut"));
	/* Back to the very end of the first. */
	archive_writer_close(self->writer);
	self->writer = NULL;
	ASSERT_EQ(0, truncate((snprintf(heard, sizeof(heard), "%s/20260101/index", self->path), heard),
			      ARCHIVE_FILE_ROWS * ARCHIVE_INDEX_SIZE));
	forget();
	ASSERT_EQ(0, archive_writer_open(&self->writer, self->path, &self->options));
	EXPECT_EQ(ARCHIVE_FILE_ROWS, archive_writer_end(self->writer)->rows);
	EXPECT_FALSE(there(self->dirfd, "20260101/data000001"));
	record_of(ARCHIVE_FILE_ROWS, ARCHIVE_FILE_ROWS, NOON, 1, &rec);
	EXPECT_EQ(0, archive_append(self->writer, STREAM, &rec, "x"));
	EXPECT_EQ(0, archive_commit(self->writer));
	EXPECT_EQ(0, fstatat(self->dirfd, "20260101/data000001", &two, 0));
	EXPECT_EQ(11, two.st_size);
	REOPEN();
	EXPECT_EQ(ARCHIVE_FILE_ROWS + 1, archive_writer_end(self->writer)->rows);
}

TEST_HARNESS_MAIN
