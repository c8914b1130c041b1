// SPDX-License-Identifier: GPL-2.0-only
/*
 * A ring that is overwritten all the time, an archiver, and readers of both: for each,
 * delivered + lost = written, and nothing is lost where the archiver keeps up.
 */
#include "joined_fixture.h"

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
