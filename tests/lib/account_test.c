// SPDX-License-Identifier: GPL-2.0-only
/*
 * The promise: for every reader, delivered + lost = written, in records and in
 * bytes; at full speed both above zero; paced below capacity, nothing lost.
 * Every text proves itself.
 *
 * Four threads write, eight read: through the writers' handle, by path, by file
 * descriptor, each with a mapping of its own, and by read(2).
 */
#include <pthread.h>
#include <time.h>

#include "common.h"
#include "kselftest_harness.h"

#define WRITERS		4
#define READERS		8
#define TEXT_MAX	256

FIXTURE(account) {
	char path[128];
	struct memlog_embedded *ring;
};

FIXTURE_VARIANT(account) {
	uint64_t size;
	uint64_t records;	/* in all */
	unsigned int per_second; /* 0: as fast as it goes */
};

FIXTURE_VARIANT_ADD(account, small) { .size = 4096, .records = 1000000 };
FIXTURE_VARIANT_ADD(account, middle) { .size = 16384, .records = 1000000 };
FIXTURE_VARIANT_ADD(account, paced) {
	.size = 1 << 20, .records = 30000, .per_second = 10000,
};

FIXTURE_SETUP(account)
{
	in_test_dir(self->path, "ring");
	ASSERT_EQ(0, open_ring(&self->ring, self->path, variant->size, 0));
}

FIXTURE_TEARDOWN(account)
{
	memlog_embedded_close(self->ring);
	remove_test_dir();
}

struct writer {
	struct memlog_embedded *ring;
	unsigned int id;
	uint64_t count;
	unsigned int per_second;
	uint64_t bytes;
	bool failed;
	pthread_t thread;
};

static void *write_all(void *arg)
{
	struct writer *writer = arg;
	char text[TEXT_MAX];

	for (uint64_t n = 0; n < writer->count; n++) {
		size_t len = make_text(text, writer->id, n,
				       TEXT_HEAD + 1 + (n * 7 + writer->id) % 200);

		if (memlog_embedded_write(writer->ring, NULL, text, len, NULL) !=
		    (ssize_t)len)
			writer->failed = true;
		writer->bytes += len;
		/* In bursts of 10, because sleeping takes its time as well. */
		if (writer->per_second && n % 10 == 9)
			usleep(10 * 1000000 / writer->per_second);
	}
	return NULL;
}

struct reader {
	struct memlog_reader *reader;
	bool slow;
	uint64_t records, bytes;
	uint64_t lost_records, lost_bytes;
	uint64_t next, pos;
	uint64_t after[WRITERS];	/* number of its next text, at least */
	const char *wrong;
	pthread_t thread;
};

static const char *take_record(struct reader *reader, const struct memlog_record *rec,
			       const char *text)
{
	unsigned int id;
	uint64_t n;

	reader->records++;
	reader->bytes += rec->len;
	if (rec->seq != reader->next || rec->pos != reader->pos)
		return "a record out of its place";
	reader->next++;
	reader->pos += rec->len;
	if (!check_text(text, rec->len, &id, &n) || id >= WRITERS)
		return "a torn text";
	if (n < reader->after[id])
		return "a writer's records out of order";
	reader->after[id] = n + 1;
	return NULL;
}

static const char *take_loss(struct reader *reader)
{
	const struct memlog_loss *loss = memlog_loss(reader->reader);

	reader->lost_records += loss->records;
	reader->lost_bytes += loss->bytes;
	if (loss->from_seq != reader->next || loss->flags)
		return "a loss out of its place";
	reader->next = loss->to_seq + 1;
	reader->pos += loss->bytes;
	return NULL;
}

static void *read_all(void *arg)
{
	struct reader *reader = arg;

	while (!reader->wrong) {
		const struct memlog_record *rec;
		const char *text;
		int event = memlog_next(reader->reader, &rec, &text);

		if (event == MEMLOG_RECORD) {
			reader->wrong = take_record(reader, rec, text);
			if (reader->slow && reader->records % 100 == 0)
				usleep(1000);
		} else if (event == MEMLOG_LOSS) {
			reader->wrong = take_loss(reader);
		} else if (event == MEMLOG_NOTHING) {
			if (memlog_wait(reader->reader, 60000) != 1)
				reader->wrong = "it was not woken";
		} else {
			if (event != MEMLOG_END)
				reader->wrong = "an error";
			break;
		}
	}
	return NULL;
}

static int open_one(FIXTURE_DATA(account) *self, struct reader *reader, int i)
{
	struct memlog_reader_options options = {
		.size = sizeof(options), .flags = MEMLOG_READ_FOLLOW,
	};
	int fd, err;

	switch (i % 4) {
	case 3:
		options.flags |= MEMLOG_READ_NO_MMAP;
		return memlog_reader_open(&reader->reader, self->path, &options);
	case 0:
		return memlog_reader_open_embedded(&reader->reader, self->ring, &options);
	case 1:
		return memlog_reader_open(&reader->reader, self->path, &options);
	default:
		fd = memlog_embedded_fd(self->ring);
		err = memlog_reader_open_fd(&reader->reader, fd, &options);
		close(fd);
		return err;
	}
}

static void check_sums(struct __test_metadata *_metadata, struct reader *reader,
		       uint64_t records, uint64_t bytes, bool paced)
{
	uint64_t lost_records, lost_bytes;

	EXPECT_EQ(NULL, reader->wrong) TH_LOG("%s", reader->wrong);
	EXPECT_EQ(records, reader->records + reader->lost_records);
	EXPECT_EQ(bytes, reader->bytes + reader->lost_bytes);
	memlog_lost(reader->reader, &lost_records, &lost_bytes);
	EXPECT_EQ(lost_records, reader->lost_records);
	EXPECT_EQ(lost_bytes, reader->lost_bytes);
	EXPECT_LT(0, reader->records);
	if (paced) {
		EXPECT_EQ(0, reader->lost_records);
	} else {
		EXPECT_LT(0, reader->lost_records);
	}
	TH_LOG("delivered %llu lost %llu", (unsigned long long)reader->records,
	       (unsigned long long)reader->lost_records);
}

TEST_F_TIMEOUT(account, sums, 300)
{
	struct writer writers[WRITERS] = { 0 };
	struct reader readers[READERS] = { 0 };
	uint64_t bytes = 0;

	for (int i = 0; i < READERS; i++) {
		readers[i].slow = !variant->per_second && i % 2;
		readers[i].pos = first_pos(self->ring);
		ASSERT_EQ(0, open_one(self, &readers[i], i));
		ASSERT_EQ(0, pthread_create(&readers[i].thread, NULL, read_all,
					    &readers[i]));
	}
	for (unsigned int i = 0; i < WRITERS; i++) {
		writers[i].ring = self->ring;
		writers[i].id = i;
		writers[i].count = variant->records / WRITERS;
		writers[i].per_second = variant->per_second / WRITERS;
		ASSERT_EQ(0, pthread_create(&writers[i].thread, NULL, write_all,
					    &writers[i]));
	}
	for (int i = 0; i < WRITERS; i++) {
		pthread_join(writers[i].thread, NULL);
		EXPECT_FALSE(writers[i].failed);
		bytes += writers[i].bytes;
	}
	memlog_embedded_finish(self->ring);
	for (int i = 0; i < READERS; i++) {
		pthread_join(readers[i].thread, NULL);
		check_sums(_metadata, &readers[i], variant->records, bytes,
			   variant->per_second);
		memlog_reader_close(readers[i].reader);
	}
}

/* A ring that is resized all the time, by its writer, loses no count either. */
TEST_F_TIMEOUT(account, resized, 300)
{
	struct writer writer = { .ring = self->ring, .count = variant->records / 10,
				 .per_second = variant->per_second };
	struct reader readers[2] = { 0 };
	struct memlog_info info;

	for (int i = 0; i < 2; i++) {
		readers[i].pos = first_pos(self->ring);
		ASSERT_EQ(0, open_one(self, &readers[i], i));
		ASSERT_EQ(0, pthread_create(&readers[i].thread, NULL, read_all,
					    &readers[i]));
	}
	ASSERT_EQ(0, pthread_create(&writer.thread, NULL, write_all, &writer));
	for (int i = 0; i < 100; i++) {
		struct memlog_resize resize = { .text_size = variant->size << (i % 3) };

		EXPECT_EQ(0, memlog_embedded_resize(self->ring, &resize));
		usleep(500);
	}
	pthread_join(writer.thread, NULL);
	memlog_embedded_finish(self->ring);
	memlog_embedded_info(self->ring, &info);
	EXPECT_EQ(100, info.generation);
	for (int i = 0; i < 2; i++) {
		pthread_join(readers[i].thread, NULL);
		EXPECT_EQ(NULL, readers[i].wrong) TH_LOG("%s", readers[i].wrong);
		EXPECT_EQ(writer.count, readers[i].records + readers[i].lost_records);
		EXPECT_EQ(writer.bytes, readers[i].bytes + readers[i].lost_bytes);
		EXPECT_LT(0, readers[i].records);
		memlog_reader_close(readers[i].reader);
	}
}

TEST_HARNESS_MAIN
