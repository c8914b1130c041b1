// SPDX-License-Identifier: GPL-2.0-only
/*
 * Disks that are full, that fail, that can't be written, and folders that go away.
 * A batch that can't be written leaves nothing, waits, and is written later; what
 * was committed stays.
 */
#include <sched.h>
#include <sys/mount.h>

#include "fault.h"
#include "fixture.h"

/* Whether the archive has rows 0 to @rows - 1, in the day's files or in none yet. */
static bool holds(int dirfd, uint64_t rows)
{
	return rows ? has_exactly(dirfd, NEWYEAR, 0, rows) :
		      !there(dirfd, "20260101/index") || has_exactly(dirfd, NEWYEAR, 0, 0);
}

/* Each call of a commit fails once, in a new day and in one that grows. */
TEST_F(folder, each_call)
{
	int faults = 0;

	for (int rows = 0; rows <= 50; rows += 50)
		for (int call = 0; call < CUT; call++)
			for (int nth = 0; ; nth++) {
				int err;

				for (int seq = 0; seq < rows; seq++)
					ASSERT_EQ(0, add(self->writer, seq, NOON));
				ASSERT_EQ(0, archive_commit(self->writer));
				for (int seq = rows; seq < rows + 9; seq++)
					ASSERT_EQ(0, add(self->writer, seq, NOON));
				fail_next(call, nth, 1, errors[call]);
				err = archive_commit(self->writer);
				if (err) {
					EXPECT_EQ(true, fault.failed);
					EXPECT_EQ(-errors[call], err);
					EXPECT_EQ(9, archive_batched(self->writer));
					EXPECT_EQ(rows, archive_writer_end(self->writer)->rows);
					/* meta's own header is written before rows are. */
					if (rows || call == SYNC)
						EXPECT_TRUE(holds(self->dirfd, rows));
					faults++;
					ASSERT_EQ(0, archive_commit(self->writer));
					EXPECT_TRUE(said("writing goes on"));
				}
				EXPECT_TRUE(holds(self->dirfd, rows + 9));
				err = fault.failed;
				fail_next(WRITE, -1, 0, 0);
				REOPEN();
				EXPECT_EQ(NULL, strstr(heard, "cut behind"));
				EXPECT_EQ(rows + 9, archive_writer_end(self->writer)->rows);
				ASSERT_EQ(0, archive_replace(self->writer, NEWYEAR));
				hand_pass(&self->hand, SEC);
				forget();
				if (!err)
					break;
			}
	EXPECT_LT(15, faults);
}

/* That a file can't be opened just now says nothing about its rows. */
TEST_F(folder, opening)
{
	bool finished = false;
	int faults = 0;

	for (int seq = 0; seq < 50; seq++)
		ASSERT_EQ(0, add(self->writer, seq, NOON));
	ASSERT_EQ(0, archive_commit(self->writer));
	for (int nth = 0; ; nth++) {
		bool failed;

		/* Once with a day that is open, once with a finished one. */
		if (finished)
			archive_finish(self->writer);
		SHUT();
		fail_next(OPEN_CALL, nth, 1, EMFILE);
		if (archive_writer_open(&self->writer, self->path, &self->options)) {
			fail_next(OPEN_CALL, -1, 0, 0);
			fault.failed = true;
			self->writer = NULL;
			OPEN();
		}
		failed = fault.failed;
		fail_next(OPEN_CALL, -1, 0, 0);
		ASSERT_EQ(50, archive_writer_end(self->writer)->rows);
		EXPECT_TRUE(holds(self->dirfd, 50));
		EXPECT_EQ(50, archive_writer_end(self->writer)->seq);
		EXPECT_EQ(NULL, strstr(heard, "cut behind"));
		faults += failed;
		if (failed)
			continue;
		if (finished)
			break;
		finished = true;
		nth = -1;
	}
	EXPECT_LT(8, faults);
}

/* A day that could not be finished gets more rows, so nobody may take it for complete. */
TEST_F(folder, not_finished)
{
	ADD(0, NOON);
	fail_next(FOLDER_SYNC, 0, 1, EIO);
	EXPECT_EQ(-EIO, archive_finish(self->writer));
	EXPECT_TRUE(fault.failed);
	EXPECT_FALSE(there(self->dirfd, "20260101/finish"));
	ADD(1, NOON);
	EXPECT_EQ(0, archive_finish(self->writer));
	EXPECT_TRUE(there(self->dirfd, "20260101/finish"));
	EXPECT_TRUE(holds(self->dirfd, 2));
}

/* What can't even be taken back is taken back later, or by the next opening. */
TEST_F(folder, not_taken_back)
{
	for (int again = 0; again < 2; again++) {
		ASSERT_EQ(0, add(self->writer, 0, NOON));
		ASSERT_EQ(0, archive_commit(self->writer));
		for (int seq = 1; seq < 9; seq++)
			ASSERT_EQ(0, add(self->writer, seq, NOON));
		fail_next(WRITE, 2, 1, ENOSPC);
		/* The first write that fails is meta's; then cutting does. */
		EXPECT_EQ(-ENOSPC, archive_commit(self->writer));
		archive_drop(self->writer);
		ASSERT_EQ(0, add(self->writer, 1, NOON));
		fail_next(CUT, 0, 100, EIO);
		ASSERT_EQ(0, archive_commit(self->writer));
		ASSERT_EQ(0, add(self->writer, 2, NOON));
		fail_next(SYNC, 0, 1, EIO);
		EXPECT_EQ(-EIO, archive_commit(self->writer));
		fail_next(WRITE, -1, 0, 0);
		archive_drop(self->writer);
		if (again) {
			ASSERT_EQ(0, add(self->writer, 2, NOON));
		} else {
			REOPEN();
		}
		EXPECT_EQ(0, archive_commit(self->writer));
		EXPECT_TRUE(has_exactly(self->dirfd, NEWYEAR, 0, again ? 3 : 2));
		ASSERT_EQ(0, archive_replace(self->writer, NEWYEAR));
	}
}

/*
 * After a failed fdatasync(2) the kernel takes the pages for clean: asked once more
 * it would say that all is well. So they must be written once more.
 */
TEST_F(folder, failed_sync)
{
	uint64_t bytes = 0;

	for (int seq = 0; seq < 20; seq++) {
		ASSERT_EQ(0, add(self->writer, seq, NOON));
		bytes += ARCHIVE_HEAD_SIZE + ARCHIVE_INDEX_SIZE + ARCHIVE_META_SIZE + 40 +
			 seq * 37 % 200;
	}
	for (int nth = 0; nth < 3; nth++) {
		fail_next(SYNC, 2 - nth + (nth ? 0 : 1), 1, EIO);
		EXPECT_EQ(-EIO, archive_commit(self->writer));
		EXPECT_TRUE(holds(self->dirfd, 0));
	}
	EXPECT_TRUE(said("20260101: 20 rows can't be written, and wait: Input/output error; "
			 "the disk has an error: the kernel's log says more"));
	fail_next(SYNC, -1, 0, 0);
	ASSERT_EQ(0, archive_commit(self->writer));
	EXPECT_LE(bytes, fault.written);

	/* With a second between them, the batch is no longer in memory. */
	self->options.sync = ARCHIVE_SYNC_SECOND;
	REOPEN();
	for (int seq = 20; seq < 40; seq++)
		ASSERT_EQ(0, add(self->writer, seq, NOON));
	ASSERT_EQ(0, archive_commit(self->writer));
	for (bytes = 0; bytes < 3; bytes++) {
		fail_next(SYNC, bytes, 1, EIO);
		EXPECT_EQ(-EIO, archive_sync(self->writer));
	}
	EXPECT_TRUE(said("20260101 can't be synced: Input/output error"));
	bytes = 0;
	for (int seq = 20; seq < 40; seq++)
		bytes += ARCHIVE_HEAD_SIZE + ARCHIVE_INDEX_SIZE + ARCHIVE_META_SIZE + 40 +
			 seq * 37 % 200;
	fail_next(SYNC, -1, 0, 0);
	ASSERT_EQ(0, archive_sync(self->writer));
	EXPECT_LE(bytes, fault.written);
	fail_next(SYNC, -1, 0, 0);
	ASSERT_EQ(0, archive_sync(self->writer));
	EXPECT_GT(1000, fault.written);
	EXPECT_TRUE(has_exactly(self->dirfd, NEWYEAR, 0, 40));
}

static bool mount_small(const char *path)
{
	return !unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	       !mkdir(path, 0755) && !mount("tmpfs", path, "tmpfs", 0, "size=256k");
}

TEST_F(folder, disk_full)
{
	char small[128], path[160];
	uint64_t seq = 0, committed;
	int err = 0, dirfd;

	in_test_dir(small, "small");
	if (!mount_small(small))
		SKIP(return, "no right to mount a tmpfs: %s", strerror(errno));
	SHUT();
	snprintf(path, sizeof(path), "%s/archive", small);
	ASSERT_EQ(0, archive_writer_open(&self->writer, path, &self->options));
	dirfd = open(path, O_RDONLY | O_DIRECTORY);
	while (!err) {
		for (int i = 0; i < 50; i++)
			ASSERT_EQ(0, add(self->writer, seq++, NOON));
		err = archive_commit(self->writer);
	}
	committed = seq - 50;
	EXPECT_LT(300, committed);
	EXPECT_EQ(-ENOSPC, err);
	EXPECT_TRUE(said("No space left on device; make room, or keep fewer days: it goes on"));
	EXPECT_TRUE(has_exactly(dirfd, NEWYEAR, 0, committed));
	forget();
	EXPECT_EQ(-ENOSPC, archive_commit(self->writer));
	EXPECT_STREQ("", heard);
	/* A machine that starts with a full disk. */
	archive_writer_close(self->writer);
	ASSERT_EQ(0, archive_writer_open(&self->writer, path, &self->options));
	EXPECT_EQ(committed, archive_writer_end(self->writer)->seq);
	for (seq = committed; seq < committed + 50; seq++)
		ASSERT_EQ(0, add(self->writer, seq, NOON));
	EXPECT_EQ(-ENOSPC, archive_commit(self->writer));
	ASSERT_EQ(0, mount("tmpfs", small, NULL, MS_REMOUNT, "size=512k"));
	EXPECT_EQ(0, archive_commit(self->writer));
	EXPECT_TRUE(said("writing goes on"));
	EXPECT_TRUE(has_exactly(dirfd, NEWYEAR, 0, seq));

	/* Read-only, which a file system becomes when its disk fails. */
	ASSERT_EQ(0, add(self->writer, seq, NOON));
	SHUT();
	ASSERT_EQ(0, mount("tmpfs", small, NULL, MS_REMOUNT | MS_RDONLY, NULL));
	forget();
	EXPECT_EQ(-EROFS, archive_writer_open(&self->writer, path, &self->options));
	EXPECT_TRUE(said("lock: Read-only file system; mount it for writing"));
	EXPECT_TRUE(has_exactly(dirfd, NEWYEAR, 0, seq));
	close(dirfd);
	EXPECT_EQ(0, umount2(small, MNT_DETACH));
}

TEST_F(folder, no_right)
{
	char path[160];

	if (getuid())
		SKIP(return, "only root has other users to be");
	SHUT();
	ASSERT_EQ(0, chmod(test_dir, 0755));
	ASSERT_EQ(0, chmod(self->path, 0555));
	ASSERT_EQ(0, unlinkat(self->dirfd, "lock", 0));
	ASSERT_EQ(0, seteuid(65534));
	EXPECT_EQ(-EACCES, archive_writer_open(&self->writer, self->path, &self->options));
	EXPECT_TRUE(said("lock: Permission denied; give this program's user the right to write"));
	snprintf(path, sizeof(path), "%s/new", self->path);
	EXPECT_EQ(-EACCES, archive_writer_open(&self->writer, path, &self->options));
	EXPECT_TRUE(said("/new: the folder can't be made: Permission denied"));
	ASSERT_EQ(0, seteuid(0));
}

static void remove_all(const char *path)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -rf '%s'", path);
	if (system(command))
		abort();
}

/* Rows that were in a folder that is gone are gone; those that wait are not. */
TEST_F(folder, removed)
{
	static const char * const what[] = { "", "/20260101", "/20260101/index", "/lock" };
	const struct archive_end *end = archive_writer_end(self->writer);
	char path[160];

	for (int i = 0; i < 4; i++) {
		ADD(0, NOON);
		ADD(1, NOON);
		ASSERT_EQ(0, add(self->writer, 2, NOON));
		snprintf(path, sizeof(path), "%s%s", self->path, what[i]);
		remove_all(path);
		forget();
		EXPECT_EQ(-ENOENT, archive_commit(self->writer));
		EXPECT_TRUE(said("removed or moved while it was written; it is opened anew"));
		EXPECT_EQ(1, archive_batched(self->writer));
		EXPECT_EQ(i == 3 ? 2 : 0, end->rows);
		EXPECT_EQ(0, archive_commit(self->writer));
		close(self->dirfd);
		self->dirfd = open(self->path, O_RDONLY | O_DIRECTORY);
		EXPECT_TRUE(has_exactly(self->dirfd, NEWYEAR, i == 3 ? 0 : 2, 3));
		EXPECT_EQ(i == 3 ? 3 : 1, end->rows);
		ASSERT_EQ(0, archive_replace(self->writer, NEWYEAR));
		hand_pass(&self->hand, SEC);
	}
	/* Moved: it goes on where it was told to write. */
	ADD(0, NOON);
	snprintf(path, sizeof(path), "%s.moved", self->path);
	ASSERT_EQ(0, rename(self->path, path));
	EXPECT_EQ(-ENOENT, archive_finish(self->writer));
	EXPECT_EQ(0, end->date);
	EXPECT_TRUE(has_exactly(self->dirfd, NEWYEAR, 0, 1));
	ADD(1, NOON);
	EXPECT_EQ(1, end->rows);
	/* meta alone: nothing can go on behind rows without one. */
	close(self->dirfd);
	self->dirfd = open(self->path, O_RDONLY | O_DIRECTORY);
	ASSERT_EQ(0, unlinkat(self->dirfd, "20260101/meta", 0));
	ASSERT_EQ(0, add(self->writer, 2, NOON));
	EXPECT_EQ(-EBADMSG, archive_commit(self->writer));
	EXPECT_TRUE(said("20260101/meta is gone"));
	EXPECT_EQ(-EBADMSG, archive_commit(self->writer));
	EXPECT_EQ(1, archive_batched(self->writer));
	/* Put aside by a person, as the message says. */
	ASSERT_EQ(0, renameat(self->dirfd, "20260101", self->dirfd, "old"));
	EXPECT_EQ(-ENOENT, archive_commit(self->writer));
	EXPECT_EQ(0, archive_commit(self->writer));
	EXPECT_TRUE(has_exactly(self->dirfd, NEWYEAR, 2, 3));
}

TEST_HARNESS_MAIN
