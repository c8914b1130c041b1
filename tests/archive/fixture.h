/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An archive in a folder of its own, a writer that has it open, and a clock set by
 * hand.
 */
#ifndef TESTS_ARCHIVE_FIXTURE_H
#define TESTS_ARCHIVE_FIXTURE_H

#include "common.h"
#include "kselftest_harness.h"

FIXTURE(folder) {
	char path[128];
	int dirfd;
	struct hand hand;
	struct archive_clock clock;
	struct archive_options options;
	struct archive_writer *writer;
};

FIXTURE_SETUP(folder)
{
	self->hand = (struct hand) { NOON, 1000 * SEC };
	self->clock = (struct archive_clock) { hand_real, hand_boot, &self->hand };
	self->options = (struct archive_options) {
		.sync = ARCHIVE_SYNC_BATCH, .gid = -1, .clock = &self->clock, .say = hear,
	};
	in_test_dir(self->path, "archive");
	forget();
	ASSERT_EQ(0, archive_writer_open(&self->writer, self->path, &self->options));
	self->dirfd = open(self->path, O_RDONLY | O_DIRECTORY);
	ASSERT_LE(0, self->dirfd);
}

FIXTURE_TEARDOWN(folder)
{
	archive_writer_close(self->writer);
	close(self->dirfd);
	remove_test_dir();
}

#define SHUT() do {								\
	archive_writer_close(self->writer);					\
	self->writer = NULL;							\
} while (0)

#define OPEN() ASSERT_EQ(0, archive_writer_open(&self->writer, self->path, &self->options))

#define REOPEN() do {								\
	SHUT();									\
	OPEN();									\
} while (0)

#define ADD(seq, time) do {							\
	ASSERT_EQ(0, add(self->writer, seq, time));				\
	ASSERT_EQ(0, archive_commit(self->writer));				\
} while (0)

#endif /* TESTS_ARCHIVE_FIXTURE_H */
