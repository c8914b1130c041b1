/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A ring, the archive that is made from it, and a reader of both.
 */
#ifndef TESTS_ARCHIVE_JOINED_FIXTURE_H
#define TESTS_ARCHIVE_JOINED_FIXTURE_H

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "archive/writer.h"
#include "history.h"
#include "kselftest_harness.h"
#include "read_lib.h"

/* How a reader gets at the ring. */
enum way { EMBEDDED, PATH, FD, UNMAPPED };

/* Moves what a ring has into an archive. */
struct archiver {
	struct memlog_reader *reader;
	struct archive_writer *writer;
	uint64_t records;
	bool failed;
	pthread_t thread;
	atomic_bool stop;
	atomic_ullong taken;	/* records read, archived or not */
};

FIXTURE(joined) {
	char dir[128], path[128];
	struct memlog_embedded *ring;
	struct archiver archiver;
	struct memlog_reader *reader;
	struct memlog_reader_options options;
	const struct memlog_record *rec;
	const char *text;
	uint64_t stream;
	uint64_t first_pos;
	uint64_t written;
	enum way way;
};

FIXTURE_VARIANT(joined) { enum way way; };
FIXTURE_VARIANT_ADD(joined, embedded) { .way = EMBEDDED };
FIXTURE_VARIANT_ADD(joined, path) { .way = PATH };
FIXTURE_VARIANT_ADD(joined, fd) { .way = FD };
FIXTURE_VARIANT_ADD(joined, unmapped) { .way = UNMAPPED };

static inline void archiver_open(struct archiver *archiver, const char *ring, const char *dir)
{
	struct memlog_reader_options follow = {
		.size = sizeof(follow), .flags = MEMLOG_READ_FOLLOW,
	};
	struct archive_options options = { .sync = ARCHIVE_SYNC_NONE, .gid = (gid_t)-1 };

	archiver->reader = NULL;
	if (memlog_reader_open(&archiver->reader, ring, &follow))
		abort();
	if (!archiver->writer && archive_writer_open(&archiver->writer, dir, &options))
		abort();
}

static inline int archive_one(struct archiver *archiver, int event,
		       const struct memlog_record *rec, const char *text)
{
	uint64_t stream = memlog_stream(archiver->reader);
	const struct memlog_loss *loss = memlog_loss(archiver->reader);
	struct timespec now;

	if (event == MEMLOG_RECORD)
		return archive_append(archiver->writer, stream, rec, text);
	clock_gettime(CLOCK_REALTIME, &now);
	return archive_append_gap(archiver->writer, stream, LINE * loss->from_seq, loss,
				  now.tv_sec * SEC + now.tv_nsec);
}

/* All that the ring has now. */
static inline void archive_now(struct archiver *archiver)
{
	const struct memlog_record *rec;
	const char *text;
	int event, err;

	while ((event = memlog_next(archiver->reader, &rec, &text)) > 0 &&
	       event != MEMLOG_END) {
		if (event == MEMLOG_STREAM)
			continue;
		err = archive_one(archiver, event, rec, text);
		if (err == -ENOBUFS && !archive_commit(archiver->writer))
			err = archive_one(archiver, event, rec, text);
		archiver->failed |= err != 0;
		archiver->records += event == MEMLOG_RECORD;
		atomic_store(&archiver->taken, memlog_place(archiver->reader));
	}
	archiver->failed |= archive_commit(archiver->writer) != 0;
}

static inline void open_new_ring(FIXTURE_DATA(joined) *self)
{
	struct memlog_info info;

	if (open_ring(&self->ring, self->path, 4096, 0))
		abort();
	memlog_embedded_info(self->ring, &info);
	self->stream = info.stream;
	self->first_pos = info.next_pos;
	self->written = 0;
}

FIXTURE_SETUP(joined)
{
	in_test_dir(self->dir, "archive");
	in_test_dir(self->path, "ring");
	self->way = variant->way;
	self->reader = NULL;
	self->options = (struct memlog_reader_options){
		.size = sizeof(self->options), .archive = self->dir,
	};
	memset(&self->archiver, 0, sizeof(self->archiver));
	open_new_ring(self);
	archiver_open(&self->archiver, self->path, self->dir);
}

FIXTURE_TEARDOWN(joined)
{
	EXPECT_FALSE(self->archiver.failed);
	memlog_reader_close(self->reader);
	memlog_reader_close(self->archiver.reader);
	archive_writer_close(self->archiver.writer);
	memlog_embedded_close(self->ring);
	remove_test_dir();
}

static inline void write_lines(FIXTURE_DATA(joined) *self, unsigned int count)
{
	char text[LINE];

	for (; count; count--, self->written++) {
		make_text(text, 1, self->written, LINE);
		memlog_embedded_write(self->ring, NULL, text, LINE, NULL);
	}
}

/* Writes much more than the ring holds, and archives all of it. */
static inline void write_archived(FIXTURE_DATA(joined) *self, unsigned int count)
{
	for (unsigned int i = 0; i < count; i += 20) {
		write_lines(self, 20);
		archive_now(&self->archiver);
	}
}

static inline int open_way(FIXTURE_DATA(joined) *self, struct memlog_reader **reader, uint32_t flags)
{
	int fd, err;

	self->options.flags = flags | MEMLOG_READ_ARCHIVE;
	switch (self->way) {
	case EMBEDDED:
		return memlog_reader_open_embedded(reader, self->ring, &self->options);
	case FD:
		fd = memlog_embedded_fd(self->ring);
		err = memlog_reader_open_fd(reader, fd, &self->options);
		close(fd);
		return err;
	case UNMAPPED:
		self->options.flags |= MEMLOG_READ_NO_MMAP;
		/* fall through */
	default:
		return memlog_reader_open(reader, self->path, &self->options);
	}
}

static inline int reopen(FIXTURE_DATA(joined) *self, uint32_t flags)
{
	memlog_reader_close(self->reader);
	self->reader = NULL;
	return open_way(self, &self->reader, flags);
}

#define EXPECT_WRITTEN(from, to)					\
	do {								\
		for (uint64_t seq_ = (from); seq_ < (to); seq_++) {	\
			unsigned int writer_;				\
			uint64_t n_ = 0;				\
			ASSERT_EQ(MEMLOG_RECORD, NEXT());		\
			ASSERT_EQ(seq_, self->rec->seq);		\
			ASSERT_EQ(self->first_pos + LINE * seq_, self->rec->pos); \
			ASSERT_TRUE(check_text(self->text, self->rec->len, &writer_, &n_)); \
			ASSERT_EQ(seq_, n_);				\
		}							\
	} while (0)

#define NOTHING()	EXPECT_EQ(MEMLOG_NOTHING, \
				  memlog_next(self->reader, &self->rec, &self->text))

static inline bool in_ring(FIXTURE_DATA(joined) *self)
{
	return self->reader->history->in_ring;
}

#endif /* TESTS_ARCHIVE_JOINED_FIXTURE_H */
