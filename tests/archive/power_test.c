// SPDX-License-Identifier: GPL-2.0-only
/*
 * The power fails while a batch is written: each of the files may have any part of
 * it, and anything in the place of the rest. Cut and garbled at every byte of the
 * last batch, in one file and in all, what was committed before is there, as it
 * was, once, and the archive goes on.
 */
#include "common.h"
#include "kselftest_harness.h"

#define FILES		3
#define COMMITTED	18
#define LAST		3
#define ROUNDS		3000	/* of damage to all files at once */

/* A sanitizer looks for other things, and takes its time. */
#ifdef __SANITIZE_ADDRESS__
#define STEP		5
#else
#define STEP		1
#endif

static const char * const names[FILES] = { "data000000", "index", "meta" };

enum damage { CUT, ZEROS, NOISE, FLIP, HOLE, KINDS };

/* What the lock says about the time before. */
enum lock { SAME_BOOT, OTHER_BOOT, OLDER, NONE, TOO_NEW, LOCKS };

struct image {
	char *bytes[FILES];
	size_t size[FILES];
	char lock[256];
};

FIXTURE(power) {
	char path[128];
	int dirfd;
	struct hand hand;
	struct archive_clock clock;
	struct archive_options options;
	struct image older, before, after;
	int committed;
	unsigned int cases;
};

FIXTURE_VARIANT(power) {
	int batches;
};

FIXTURE_VARIANT_ADD(power, first_batch) { .batches = 0 };
FIXTURE_VARIANT_ADD(power, later_batch) { .batches = 3 };

static void take(struct image *image, int dirfd)
{
	char path[64], *lock;
	size_t size;

	for (int i = 0; i < FILES; i++) {
		snprintf(path, sizeof(path), "20260101/%s", names[i]);
		free(image->bytes[i]);
		image->bytes[i] = slurp(dirfd, path, &image->size[i]);
	}
	lock = slurp(dirfd, "lock", &size);
	snprintf(image->lock, sizeof(image->lock), "%s", lock);
	free(lock);
}

FIXTURE_SETUP(power)
{
	struct archive_writer *writer;

	/* Thousands of openings; memory is as good as a disk for that. */
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
	ASSERT_EQ(0, archive_writer_open(&writer, self->path, &self->options));
	self->dirfd = open(self->path, O_RDONLY | O_DIRECTORY);
	for (int batch = 0; batch <= variant->batches; batch++) {
		int rows = batch < variant->batches ? COMMITTED / variant->batches : LAST;

		self->older = self->before;
		memset(&self->before, 0, sizeof(self->before));
		take(&self->before, self->dirfd);
		for (int i = 0; i < rows; i++)
			ASSERT_EQ(0, add(writer, self->committed + i, NOON));
		if (batch < variant->batches)
			self->committed += rows;
		ASSERT_EQ(0, archive_commit(writer));
	}
	take(&self->after, self->dirfd);
	/* As if it had been killed: closing would say more. */
	archive_writer_close(writer);
	/* The lock as it was when the first batch began says the day, and no rows. */
	if (!variant->batches)
		strcpy(self->before.lock, self->after.lock);
}

FIXTURE_TEARDOWN(power)
{
	close(self->dirfd);
	remove_test_dir();
}

/* Puts other digits behind a word of the lock's line, and its checksum right. */
static void change_lock(char *line, const char *word, const char *value)
{
	char *at = strstr(line, word), *sum = strstr(line, " sum=");

	if (!at || !sum)
		return;
	memcpy(at + strlen(word), value, strlen(value));
	sprintf(sum + 5, "%08x\n", archive_crc32c(0, line, sum - line));
}

static void lock_of(const struct image *before, const struct image *older,
		    const struct image *after, enum lock lock, bool first, char line[256])
{
	strcpy(line, lock == TOO_NEW ? after->lock : lock == OLDER ? older->lock : before->lock);
	if (first && lock != TOO_NEW) {
		change_lock(line, " rows=", "00000000000000000000");
		change_lock(line, " durable=", "00000000000000000000");
	}
	if (lock == OTHER_BOOT || lock == OLDER)
		change_lock(line, " boot=", "00000000-0000-0000-0000-000000000000");
	if (lock == NONE)
		line[0] = '\0';
}

static uint32_t random_state = 12345;

static uint32_t noise(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

/* Damages @bytes of @size from @at on; returns the size then. */
static size_t damage(enum damage kind, char *bytes, size_t at, size_t size)
{
	switch (kind) {
	case CUT:
		return at;
	case FLIP:
		bytes[at] ^= 1 << noise() % 8;
		return size;
	case HOLE:
		for (size_t i = at; i < size && i < at + 64; i++)
			bytes[i] = 0;
		return size;
	default:
		for (size_t i = at; i < size; i++)
			bytes[i] = kind == ZEROS ? 0 : noise();
		return size;
	}
}

static void put_file(int dirfd, int file, const char *bytes, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "20260101/%s", names[file]);
	spill(dirfd, path, bytes, size);
}

/* What is wrong with the archive after an opening; NULL: nothing. */
static const char *wrong(struct archive_writer *writer, int dirfd, int committed, bool strict)
{
	static struct seen seen;
	uint64_t rows = archive_writer_end(writer)->rows;

	see_day(&seen, dirfd, NEWYEAR);
	if (seen.rows < committed)
		return "a committed row is gone";
	for (int i = 0; i < seen.rows; i++) {
		if (i < committed && seen.seqs[i] != (uint64_t)i)
			return "a committed row is not in its place";
		if (i && seen.seqs[i] <= seen.seqs[i - 1])
			return "a row is there twice";
	}
	if (seen.tail)
		return "there are bytes behind the last row";
	if ((uint64_t)(seen.rows + seen.bad) != rows)
		return "the writer counts other rows";
	if (strict && seen.bad)
		return "a torn row is left";
	return NULL;
}

/* Opens, looks, adds a row, looks again. */
static const char *try_case(const char *path, const struct archive_options *options, int dirfd,
			    int committed, bool strict)
{
	struct archive_writer *writer;
	const char *what;
	uint64_t seq;

	forget();
	if (archive_writer_open(&writer, path, options))
		return "it does not open";
	what = wrong(writer, dirfd, committed, strict);
	seq = archive_writer_end(writer)->seq;
	if (!what && (add(writer, seq, NOON) || archive_commit(writer)))
		what = "it does not go on";
	if (!what && strict && !has_exactly(dirfd, NEWYEAR, 0, seq + 1))
		what = "what is added is not behind what was there";
	archive_writer_close(writer);
	return what;
}

/* Removes what was put aside, and the times of rows that are no more. */
static void clean(int dirfd)
{
	static const char aside[] = "20260101.cut-20260101T120000Z";
	char path[64];

	unlinkat(dirfd, "20260101/times", 0);
	for (int i = 0; i < FILES; i++) {
		snprintf(path, sizeof(path), "%s/%s", aside, names[i]);
		unlinkat(dirfd, path, 0);
	}
	unlinkat(dirfd, aside, AT_REMOVEDIR);
}

#define TRY(lock_kind, ...) do {						\
	char line[256];								\
	const char *what;							\
										\
	lock_of(&self->before, &self->older, &self->after, lock_kind,		\
		!variant->batches, line);					\
	spill(self->dirfd, "lock", line, strlen(line));				\
	what = try_case(self->path, &self->options, self->dirfd, self->committed, \
			(lock_kind) != TOO_NEW);				\
	self->cases++;								\
	if (what) {								\
		TH_LOG("lock %d, " __VA_ARGS__);				\
		TH_LOG("%s; said: %s", what, heard);				\
		ASSERT_EQ(NULL, what);						\
	}									\
	clean(self->dirfd);						\
} while (0)

/* Every byte of the last batch, in one of the files. */
TEST_F_TIMEOUT(power, one_file, 200)
{
	char bytes[8192];

	for (int file = 0; file < FILES; file++)
		for (size_t at = self->before.size[file]; at < self->after.size[file];
		     at += STEP)
			for (int kind = 0; kind < KINDS; kind++)
				for (int lock = 0; lock < LOCKS; lock++) {
					size_t size = self->after.size[file];

					if ((lock == OLDER || lock == NONE) && at % 3)
						continue;
					for (int i = 0; i < FILES; i++)
						put_file(self->dirfd, i, self->after.bytes[i],
							 self->after.size[i]);
					ASSERT_GT(sizeof(bytes), size);
					memcpy(bytes, self->after.bytes[file], size);
					size = damage(kind, bytes, at, size);
					put_file(self->dirfd, file, bytes, size);
					TRY(lock, "%s, kind %d, byte %zu", lock, names[file],
					    kind, at);
				}
	TH_LOG("%u cases", self->cases);
}

/* Every one of them at once, each in its own way. */
TEST_F_TIMEOUT(power, all_files, 100)
{
	char bytes[8192];

	for (int round = 0; round < ROUNDS; round++) {
		int lock = round % LOCKS;
		int kind[FILES];
		size_t at[FILES];

		for (int file = 0; file < FILES; file++) {
			size_t from = self->before.size[file], size = self->after.size[file];

			kind[file] = noise() % (KINDS + 1);
			at[file] = from + noise() % (size - from);
			memcpy(bytes, self->after.bytes[file], size);
			if (kind[file] < KINDS)
				size = damage(kind[file], bytes, at[file], size);
			put_file(self->dirfd, file, bytes, size);
		}
		TRY(lock, "%d %zu, %d %zu, %d %zu", lock, kind[0], at[0], kind[1], at[1],
		    kind[2], at[2]);
	}
}

/* The folder's entries for new files may not have been written. */
TEST_F(power, files_missing)
{
	/* Files that were there before do not go. */
	if (variant->batches)
		return;
	for (int mask = 0; mask < 1 << FILES; mask++)
		for (int lock = 0; lock < LOCKS - 1; lock++) {
			/* Without meta or a lock that knows it, the rows may be anybody's. */
			if (lock == NONE || lock == OLDER)
				continue;
			for (int i = 0; i < FILES; i++) {
				char path[64];

				put_file(self->dirfd, i, self->after.bytes[i], self->after.size[i]);
				snprintf(path, sizeof(path), "20260101/%s", names[i]);
				if (mask & 1 << i)
					unlinkat(self->dirfd, path, 0);
			}
			TRY(lock, "without %d", lock, mask);
		}
}

TEST_HARNESS_MAIN
