// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ring files in bad hands: a writer that was killed leaves a ring that opens,
 * and what is damaged, or no ring at all, is refused.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "common.h"
#include "kselftest_harness.h"
#include "expect.h"

FIXTURE(damage) {
	char path[128];
	struct memlog_embedded *ring;
	struct memlog_reader *reader;
	const struct memlog_record *rec;
	const char *text;
};

FIXTURE_SETUP(damage)
{
	in_test_dir(self->path, "ring");
	ASSERT_EQ(0, open_ring(&self->ring, self->path, 4096, 0));
	ASSERT_EQ(0, memlog_reader_open(&self->reader, self->path, NULL));
}

FIXTURE_TEARDOWN(damage)
{
	memlog_reader_close(self->reader);
	memlog_embedded_close(self->ring);
	remove_test_dir();
}

/* Writes until it is killed, at any instruction. */
static void write_forever(const char *path)
{
	struct memlog_embedded *ring;
	char text[1024];

	if (open_ring(&ring, path, 4096, 0))
		_exit(1);
	for (uint64_t n = 0;; n++)
		memlog_embedded_write(ring, NULL, text,
				      make_text(text, 1, n, 64 + n % 900), NULL);
}

TEST_F(damage, killed_writer)
{
	uint64_t stream = memlog_stream(self->reader);
	uint64_t last_seq = 0, end_pos = first_pos(self->ring);
	struct memlog_info info;
	unsigned int w;
	uint64_t n;

	memlog_embedded_close(self->ring);
	self->ring = NULL;
	for (int i = 0; i < 50; i++) {
		pid_t pid = fork();
		int status;

		ASSERT_LE(0, pid);
		if (!pid)
			write_forever(self->path);
		usleep(3000 + (unsigned int)(i * 37 % 1000));
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		ASSERT_TRUE(WIFSIGNALED(status));

		ASSERT_EQ(0, open_ring(&self->ring, self->path, 4096, 0));
		memlog_embedded_info(self->ring, &info);
		EXPECT_EQ(stream, info.stream);
		EXPECT_LE(last_seq, info.next_seq);
		EXPECT_LE(end_pos, info.next_pos);
		READ_ALL();
		while (NEXT() == MEMLOG_RECORD)
			EXPECT_TRUE(check_text(self->text, self->rec->len, &w, &n));
		EXPECT_EQ(MEMLOG_END, NEXT());
		EXPECT_EQ(info.next_seq, memlog_place(self->reader));
		last_seq = info.next_seq;
		end_pos = info.next_pos;
		memlog_embedded_close(self->ring);
		self->ring = NULL;
	}
	EXPECT_LT(0, last_seq);
}

/* Changes 8 bytes of the file and tries to open it. */
static int open_changed(const char *path, off_t offset, uint64_t value)
{
	struct memlog_reader *reader;
	uint64_t before;
	int fd, err;

	fd = open(path, O_RDWR);
	if (fd < 0 || pread(fd, &before, 8, offset) != 8 ||
	    pwrite(fd, &value, 8, offset) != 8)
		abort();
	err = memlog_reader_open(&reader, path, NULL);
	if (!err)
		memlog_reader_close(reader);
	if (pwrite(fd, &before, 8, offset) != 8)
		abort();
	close(fd);
	return err;
}

TEST_F(damage, damaged)
{
#define AT(field)	offsetof(struct memlog_control, field)
	static const struct {
		off_t offset;
		uint64_t value;
	} changes[] = {
		{ AT(stream), 0 }, { AT(desc_off), 0 }, { AT(desc_off), 4100 },
		{ AT(desc_off), 1ULL << 63 }, { AT(text_off), 4096 },
		{ AT(text_off), 1ULL << 39 }, { AT(map_size), 0 },
		{ AT(map_size), 1ULL << 62 }, { AT(text_map), 4097 },
		{ AT(text_map), 1ULL << 63 }, { AT(text_map), 0 },
		{ AT(text_size), 0 }, { AT(text_size), 12288 },
		{ AT(text_size), 8192 }, { AT(text_size), 1ULL << 40 },
		{ AT(records), 0 }, { AT(records), 100 }, { AT(records), 1ULL << 20 },
		{ AT(max_record), 0 }, { AT(max_record), 4096 },
		{ AT(oldest), 1 }, { AT(oldest), ~0ULL }, { AT(next), 1000000 },
		{ AT(next), ~0ULL },
	};
#undef AT
	struct memlog_embedded *ring;
	int fd;

	EXPECT_EQ(0, open_changed(self->path, 0, 64ULL << 32 | MEMLOG_ABI));
	EXPECT_EQ(-EBADMSG, open_changed(self->path, 0, 32ULL << 32 | MEMLOG_ABI));
	EXPECT_EQ(-EPROTONOSUPPORT, open_changed(self->path, 0, 64ULL << 32 | 2));
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		EXPECT_EQ(-EBADMSG, open_changed(self->path, changes[i].offset,
						 changes[i].value))
			TH_LOG("offset %lld value %#llx", (long long)changes[i].offset,
			       (unsigned long long)changes[i].value);
	}
	memlog_embedded_close(self->ring);
	self->ring = NULL;

	ASSERT_EQ(0, truncate(self->path, 8192));
	EXPECT_EQ(-EBADMSG, open_ring(&ring, self->path, 0, 0));
	EXPECT_EQ(-EBADMSG, open_changed(self->path, 0, 64ULL << 32 | MEMLOG_ABI));
	ASSERT_EQ(0, truncate(self->path, 0));
	EXPECT_EQ(-EBADMSG, open_ring(&ring, self->path, 0, 0));
	ASSERT_EQ(0, open_ring(&ring, self->path, 4096, MEMLOG_EMBEDDED_NEW));
	put(ring, "mended");
	memlog_embedded_close(ring);
	READ_ALL();
	EXPECT_TEXT("mended");

	/* A record that contradicts the next one. */
	fd = open(self->path, O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(8, pwrite(fd, "12345678", 8, 4096));
	close(fd);
	EXPECT_EQ(-EBADMSG, open_ring(&ring, self->path, 0, 0));
	READ_ALL();
	EXPECT_EQ(-EBADMSG, NEXT());
}

TEST_F(damage, not_a_ring)
{
	struct memlog_reader *reader;
	struct memlog_writer *writer;
	char path[128];

	EXPECT_EQ(-ENOENT, memlog_reader_open(&reader, in_test_dir(path, "none"), NULL));
	EXPECT_EQ(-ENOENT, memlog_writer_open(&writer, path));
	EXPECT_EQ(-ENOTTY, memlog_reader_open(&reader, "/dev/null", NULL));
	EXPECT_EQ(-ENOTTY, memlog_writer_open(&writer, "/dev/null"));
	EXPECT_EQ(-EBADMSG, memlog_reader_open(&reader, "/proc/self/exe", NULL));
	EXPECT_EQ(-ENOTTY, memlog_reader_open(&reader, test_dir, NULL));
	EXPECT_EQ(0, mkfifo(path, 0600));
	EXPECT_EQ(-ENOTTY, memlog_reader_open(&reader, path, NULL));
	EXPECT_EQ(-EBADF, memlog_reader_open_fd(&reader, 9999, NULL));
}

TEST_HARNESS_MAIN
