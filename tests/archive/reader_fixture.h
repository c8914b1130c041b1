/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A reader over an archive of days that a test makes.
 */
#ifndef TESTS_ARCHIVE_READER_FIXTURE_H
#define TESTS_ARCHIVE_READER_FIXTURE_H

#include <fcntl.h>
#include <unistd.h>
#include "kselftest_harness.h"
#include "read_lib.h"

#define T(day)	((1769817600ULL + (day) * 86400) * SEC)
#define D1	20260131
#define D2	20260201
#define D3	20260203

FIXTURE(archive) {
	char dir[128];
	struct maker maker;
	struct memlog_reader *reader;
	struct memlog_reader_options options;
	const struct memlog_record *rec;
	const char *text;
};

FIXTURE_SETUP(archive)
{
	char lock[sizeof(self->dir) + 8];

	in_test_dir(self->dir, "archive");
	mkdir(self->dir, 0700);
	/* without days, it is this that makes a folder an archive */
	snprintf(lock, sizeof(lock), "%s/lock", self->dir);
	close(open(lock, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	self->reader = NULL;
	self->options = (struct memlog_reader_options){ .size = sizeof(self->options) };
}

FIXTURE_TEARDOWN(archive)
{
	memlog_reader_close(self->reader);
	remove_test_dir();
}

static inline int reopen(FIXTURE_DATA(archive) *self, uint32_t flags)
{
	memlog_reader_close(self->reader);
	self->reader = NULL;
	self->options.flags = flags;
	return memlog_reader_open(&self->reader, self->dir, &self->options);
}

static inline void day(FIXTURE_DATA(archive) *self, uint32_t date)
{
	maker_open(&self->maker, self->dir, date, true, true);
}

static inline void finish(FIXTURE_DATA(archive) *self)
{
	maker_finish(&self->maker);
	maker_close(&self->maker);
}

#endif /* TESTS_ARCHIVE_READER_FIXTURE_H */
