// SPDX-License-Identifier: GPL-2.0-only
/*
 * A ring and the archive that is made from it, read as one: what the ring has no
 * more comes from the archive, in order, once, and without a seam.
 */
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

static void archiver_open(struct archiver *archiver, const char *ring, const char *dir)
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

static int archive_one(struct archiver *archiver, int event,
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
static void archive_now(struct archiver *archiver)
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

static void open_new_ring(FIXTURE_DATA(joined) *self)
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

static void write_lines(FIXTURE_DATA(joined) *self, unsigned int count)
{
	char text[LINE];

	for (; count; count--, self->written++) {
		make_text(text, 1, self->written, LINE);
		memlog_embedded_write(self->ring, NULL, text, LINE, NULL);
	}
}

/* Writes much more than the ring holds, and archives all of it. */
static void write_archived(FIXTURE_DATA(joined) *self, unsigned int count)
{
	for (unsigned int i = 0; i < count; i += 20) {
		write_lines(self, 20);
		archive_now(&self->archiver);
	}
}

static int open_way(FIXTURE_DATA(joined) *self, struct memlog_reader **reader, uint32_t flags)
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

static int reopen(FIXTURE_DATA(joined) *self, uint32_t flags)
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

static bool in_ring(FIXTURE_DATA(joined) *self)
{
	return self->reader->history->in_ring;
}

TEST_F(joined, history_then_ring)
{
	write_archived(self, 1000);
	write_lines(self, 30);
	ASSERT_EQ(0, reopen(self, 0));
	EXPECT_EQ(self->way != UNMAPPED, memlog_mapped(self->reader));
	EXPECT_FALSE(in_ring(self));
	EXPECT_WRITTEN(0, 1000);
	/* These are nowhere but in the ring. */
	EXPECT_WRITTEN(1000, 1030);
	EXPECT_TRUE(in_ring(self));
	EXPECT_EQ(MEMLOG_END, NEXT());
}

TEST_F(joined, lapped)
{
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FOLLOW));
	NOTHING();
	write_lines(self, 20);
	EXPECT_WRITTEN(0, 20);
	EXPECT_TRUE(in_ring(self));
	archive_now(&self->archiver);
	for (uint64_t n = 20; n < 2020; n += 500) {
		write_archived(self, 500);
		EXPECT_WRITTEN(n, n + 1);
		EXPECT_FALSE(in_ring(self));
		EXPECT_WRITTEN(n + 1, n + 500);
		EXPECT_TRUE(in_ring(self));
		NOTHING();
		EXPECT_EQ(0, memlog_wait(self->reader, 0));
	}
}

/* Neither has them: told once the archive was given its time. */
TEST_F(joined, lost)
{
	struct timespec begin, end;
	long ms;

	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FOLLOW));
	write_lines(self, 10);
	archive_now(&self->archiver);
	EXPECT_WRITTEN(0, 10);
	write_lines(self, 200);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	NOTHING();
	ASSERT_EQ(MEMLOG_LOSS, NEXT());
	clock_gettime(CLOCK_MONOTONIC, &end);
	ms = (end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000;
	EXPECT_LE(195, ms);
	EXPECT_GT(1000, ms);
	EXPECT_EQ(10, memlog_loss(self->reader)->from_seq);
	EXPECT_EQ(128, memlog_loss(self->reader)->to_seq);
	EXPECT_EQ(119 * LINE, memlog_loss(self->reader)->bytes);
	EXPECT_WRITTEN(129, 210);
	/* The archiver has missed as much, and says so. */
	archive_now(&self->archiver);
	ASSERT_EQ(0, reopen(self, 0));
	EXPECT_WRITTEN(0, 10);
	ASSERT_EQ(MEMLOG_LOSS, NEXT());
	EXPECT_EQ(10, memlog_loss(self->reader)->from_seq);
	EXPECT_EQ(128, memlog_loss(self->reader)->to_seq);
	EXPECT_EQ(119 * LINE, memlog_loss(self->reader)->bytes);
	EXPECT_WRITTEN(129, 210);
	EXPECT_EQ(MEMLOG_END, NEXT());
}

static void *archive_late(void *arg)
{
	usleep(60000);
	archive_now(arg);
	return NULL;
}

/* The archive is a little behind the ring, whether somebody follows or not. */
TEST_F(joined, patience)
{
	for (int follow = 0; follow < 2; follow++) {
		uint64_t from = self->written;
		pthread_t thread;

		ASSERT_EQ(0, reopen(self, follow ? MEMLOG_READ_FOLLOW : 0));
		if (follow)
			EXPECT_WRITTEN(0, from);
		/* The archiver has read these, and not committed. */
		for (int i = 0; i < 5; i++) {
			const struct memlog_record *rec;
			const char *text;

			write_lines(self, 40);
			while (memlog_next(self->archiver.reader, &rec, &text) == MEMLOG_RECORD)
				ASSERT_EQ(0, archive_one(&self->archiver, MEMLOG_RECORD, rec,
							 text));
		}
		if (!follow)
			ASSERT_EQ(0, reopen(self, 0));
		self->options.from_seq = from;
		if (!follow)
			ASSERT_EQ(0, reopen(self, MEMLOG_READ_FROM));
		ASSERT_EQ(0, pthread_create(&thread, NULL, archive_late, &self->archiver));
		EXPECT_WRITTEN(from, self->written);
		pthread_join(thread, NULL);
	}
}

TEST_F(joined, places)
{
	struct memlog_info info;
	uint64_t missed;

	write_archived(self, 400);
	write_lines(self, 10);
	ASSERT_EQ(0, reopen(self, 0));
	ASSERT_EQ(0, memlog_reader_info(self->reader, &info));
	EXPECT_EQ(self->stream, info.stream);
	EXPECT_EQ(0, info.oldest_seq);
	EXPECT_EQ(410, info.next_seq);
	EXPECT_EQ(4096, info.text_size);

	self->options.tail = 5;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_TAIL));
	EXPECT_TRUE(in_ring(self));
	EXPECT_WRITTEN(405, 410);
	self->options.tail = 300;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_TAIL));
	EXPECT_WRITTEN(110, 410);
	EXPECT_EQ(MEMLOG_END, NEXT());
	self->options.tail = 1000;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_TAIL));
	EXPECT_WRITTEN(0, 410);

	self->options.from_seq = 50;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FROM));
	EXPECT_WRITTEN(50, 60);
	self->options.from_stream = self->stream;
	self->options.from_seq = 380;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FROM));
	EXPECT_WRITTEN(380, 410);
	self->options.from_seq = 411;
	EXPECT_EQ(-ERANGE, reopen(self, MEMLOG_READ_FROM));
	self->options.from_stream++;
	EXPECT_EQ(-ESTALE, reopen(self, MEMLOG_READ_FROM));

	ASSERT_EQ(0, reopen(self, 0));
	ASSERT_EQ(0, memlog_seek(self->reader, MEMLOG_SEEK_SEQ, self->stream, 7, &missed));
	EXPECT_EQ(0, missed);
	EXPECT_WRITTEN(7, 9);
	ASSERT_EQ(0, memlog_seek(self->reader, MEMLOG_SEEK_LAST, 0, 2, &missed));
	EXPECT_WRITTEN(408, 410);
	EXPECT_EQ(MEMLOG_END, NEXT());
	ASSERT_EQ(0, memlog_seek(self->reader, MEMLOG_SEEK_SINCE, 0, 1, &missed));
	EXPECT_WRITTEN(0, 410);

	/* What can't be leaves the reader where it is, in the archive and in the ring. */
	for (uint64_t seq = 100; seq < 410; seq += 280) {
		ASSERT_EQ(0, memlog_seek(self->reader, MEMLOG_SEEK_SEQ, 0, seq, NULL));
		EXPECT_WRITTEN(seq, seq + 1);
		EXPECT_EQ(-ERANGE, memlog_seek(self->reader, MEMLOG_SEEK_SEQ, 0, 411, NULL));
		EXPECT_EQ(-ESTALE, memlog_seek(self->reader, MEMLOG_SEEK_SEQ, 1, 0, NULL));
		EXPECT_EQ(-EINVAL, memlog_seek(self->reader, 9, 0, 0, NULL));
		EXPECT_WRITTEN(seq + 1, 410);
		EXPECT_EQ(MEMLOG_END, NEXT());
	}

	self->options.archive = "/nonexistent";
	EXPECT_EQ(-ENOENT, reopen(self, 0));
	self->options.archive = NULL;
	EXPECT_EQ(-EINVAL, reopen(self, 0));
}

/* A ring that took the place of others, one of which this reader never saw. */
TEST_F(joined, streams)
{
	uint64_t first = self->stream, second = 0;

	if (self->way == FD)
		SKIP(return, "without a path a ring can't be replaced");
	write_archived(self, 200);
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FOLLOW));
	for (int life = 0; life < 2; life++) {
		memlog_reader_close(self->archiver.reader);
		if (self->way == EMBEDDED) {
			memlog_reader_close(self->reader);
			self->reader = NULL;
		}
		memlog_embedded_close(self->ring);
		ASSERT_EQ(0, unlink(self->path));
		open_new_ring(self);
		second = life ? second : self->stream;
		archiver_open(&self->archiver, self->path, self->dir);
		write_archived(self, 100 + 100 * life);
	}
	write_lines(self, 10);
	if (self->way == EMBEDDED)
		ASSERT_EQ(0, reopen(self, 0));
	EXPECT_EQ(first, memlog_stream(self->reader));
	EXPECT_WRITTEN(0, 200);
	if (self->way == UNMAPPED)
		return;
	EXPECT_STREAM(second);
	EXPECT_WRITTEN(0, 100);
	EXPECT_STREAM(self->stream);
	EXPECT_WRITTEN(0, 210);

	ASSERT_EQ(0, reopen(self, 0));
	EXPECT_WRITTEN(0, 200);
	EXPECT_STREAM(second);
	EXPECT_WRITTEN(0, 100);
	EXPECT_STREAM(self->stream);
	EXPECT_WRITTEN(0, 210);
	EXPECT_EQ(MEMLOG_END, NEXT());
	self->options.from_stream = second;
	self->options.from_seq = 90;
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FROM));
	EXPECT_WRITTEN(90, 100);
	EXPECT_STREAM(self->stream);
}

/* The ring ends: what was archived is there, and then the end. */
TEST_F(joined, finished)
{
	write_archived(self, 200);
	ASSERT_EQ(0, reopen(self, MEMLOG_READ_FOLLOW));
	write_lines(self, 10);
	EXPECT_WRITTEN(0, 5);
	ASSERT_EQ(0, memlog_embedded_finish(self->ring));
	EXPECT_WRITTEN(5, 210);
	EXPECT_EQ(MEMLOG_END, NEXT());
}

static void *archive_all(void *arg)
{
	struct archiver *archiver = arg;

	while (!archiver->stop) {
		archive_now(archiver);
		if (memlog_wait(archiver->reader, 20) < 0)
			archiver->failed = true;
		/* So that there are batches, and readers who have to wait for one. */
		usleep(500);
	}
	return NULL;
}

struct follower {
	struct memlog_reader *reader;
	unsigned int pause;
	uint64_t first_pos, until;
	uint64_t records, bytes, lost, lost_bytes, next, pos;
	uint64_t from_ring, from_archive;
	const char *wrong;
	pthread_t thread;
};

static const char *take(struct follower *f, const struct memlog_record *rec, const char *text)
{
	unsigned int writer;
	uint64_t n;

	if (rec->seq != f->next || rec->pos != f->pos)
		return "a record out of its place";
	if (!check_text(text, rec->len, &writer, &n) || n != rec->seq)
		return "another record's text";
	f->records++;
	f->bytes += rec->len;
	f->next++;
	f->pos += rec->len;
	if (f->reader->history->in_ring)
		f->from_ring++;
	else
		f->from_archive++;
	return NULL;
}

static const char *take_loss(struct follower *f)
{
	const struct memlog_loss *loss = memlog_loss(f->reader);

	if (loss->from_seq != f->next || loss->flags)
		return "a loss out of its place";
	f->lost += loss->records;
	f->lost_bytes += loss->bytes;
	f->next = loss->to_seq + 1;
	f->pos += loss->bytes;
	return NULL;
}

static void *follow_all(void *arg)
{
	struct follower *f = arg;

	while (!f->wrong && f->next < f->until) {
		const struct memlog_record *rec;
		const char *text;
		int event = memlog_next(f->reader, &rec, &text);

		if (event == MEMLOG_RECORD)
			f->wrong = take(f, rec, text);
		else if (event == MEMLOG_LOSS)
			f->wrong = take_loss(f);
		else if (event != MEMLOG_NOTHING)
			f->wrong = "an error";
		else if (memlog_wait(f->reader, 20000) != 1)
			f->wrong = "it was not woken";
		if (f->pause && event == MEMLOG_RECORD && f->records % 500 == 0)
			usleep(f->pause);
	}
	return NULL;
}

#define FOLLOWERS	4
#define WRITTEN		60000
#define PACED		20000

/* A ring that is overwritten all the time, an archiver, and readers of all speeds. */
TEST_F_TIMEOUT(joined, seam, 120)
{
	struct follower followers[FOLLOWERS] = { 0 };
	struct archiver *archiver = &self->archiver;

	ASSERT_EQ(0, pthread_create(&archiver->thread, NULL, archive_all, archiver));
	for (int i = 0; i < FOLLOWERS; i++) {
		struct follower *f = &followers[i];

		f->pause = i * 5000;
		f->until = WRITTEN + 10;
		f->pos = self->first_pos;
		ASSERT_EQ(0, open_way(self, &f->reader, MEMLOG_READ_FOLLOW));
		ASSERT_EQ(0, pthread_create(&f->thread, NULL, follow_all, f));
	}
	for (int i = 0; i < WRITTEN / 20; i++) {
		write_lines(self, 20);
		/* Now and then faster than any archiver. */
		if (i % 1000 > 10)
			usleep(200);
	}
	usleep(300000);
	archiver->stop = true;
	pthread_join(archiver->thread, NULL);
	write_lines(self, 10);
	for (int i = 0; i < FOLLOWERS; i++) {
		struct follower *f = &followers[i];

		pthread_join(f->thread, NULL);
		TH_LOG("%llu from the ring, %llu from the archive, %llu lost",
		       (unsigned long long)f->from_ring,
		       (unsigned long long)f->from_archive, (unsigned long long)f->lost);
		EXPECT_EQ(NULL, f->wrong) TH_LOG("%s", f->wrong);
		EXPECT_EQ(self->written, f->records + f->lost);
		EXPECT_EQ(self->written * LINE, f->bytes + f->lost_bytes);
		EXPECT_LT(0, f->from_ring);
		if (i) {
			EXPECT_LT(0, f->from_archive);
		}
		memlog_reader_close(f->reader);
	}
	TH_LOG("%llu archived", (unsigned long long)archiver->records);
	EXPECT_LT(WRITTEN / 2, archiver->records);
}

/* Where the archiver keeps up nobody loses anything, however slow. */
TEST_F_TIMEOUT(joined, paced, 120)
{
	struct follower followers[FOLLOWERS] = { 0 };
	struct archiver *archiver = &self->archiver;

	ASSERT_EQ(0, pthread_create(&archiver->thread, NULL, archive_all, archiver));
	for (int i = 0; i < FOLLOWERS; i++) {
		struct follower *f = &followers[i];

		f->pause = i * 3000;
		f->until = PACED;
		f->pos = self->first_pos;
		ASSERT_EQ(0, open_way(self, &f->reader, MEMLOG_READ_FOLLOW));
		ASSERT_EQ(0, pthread_create(&f->thread, NULL, follow_all, f));
	}
	while (self->written < PACED) {
		write_lines(self, 20);
		while (self->written - atomic_load(&archiver->taken) > 40)
			usleep(100);
	}
	for (int i = 0; i < FOLLOWERS; i++) {
		struct follower *f = &followers[i];

		pthread_join(f->thread, NULL);
		EXPECT_EQ(NULL, f->wrong) TH_LOG("%s", f->wrong);
		EXPECT_EQ(PACED, f->records);
		EXPECT_EQ(0, f->lost);
		EXPECT_EQ(PACED, f->from_ring + f->from_archive);
		memlog_reader_close(f->reader);
	}
	archiver->stop = true;
	pthread_join(archiver->thread, NULL);
}

TEST_HARNESS_MAIN
