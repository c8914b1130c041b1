// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting: a reader that sleeps is woken by the next record, by a resize, by the
 * end, from its own process and from another one, and nobody else costs a system
 * call.
 */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "common.h"
#include "kselftest_harness.h"

/* Far longer than any wake-up takes, far shorter than the harness waits. */
#define LONG_MS		8000

FIXTURE(wake) {
	char path[128];
	struct memlog_embedded *ring;
	struct memlog_reader *reader;
	const struct memlog_record *rec;
	const char *text;
};

/* How the reader gets at the ring. */
FIXTURE_VARIANT(wake) {
	bool own;		/* the handle, in the writer's process */
	bool read_only;		/* can't tell the writer that it sleeps */
	bool memory;		/* no path */
};

FIXTURE_VARIANT_ADD(wake, own) { .own = true };
FIXTURE_VARIANT_ADD(wake, own_memory) { .own = true, .memory = true };
FIXTURE_VARIANT_ADD(wake, path) { };
FIXTURE_VARIANT_ADD(wake, memory) { .memory = true };
FIXTURE_VARIANT_ADD(wake, read_only) { .read_only = true };

static int open_reader(const FIXTURE_DATA(wake) *self,
		       const FIXTURE_VARIANT(wake) *variant,
		       struct memlog_reader **reader)
{
	struct memlog_reader_options options = {
		.size = sizeof(options), .flags = MEMLOG_READ_FOLLOW,
	};
	int fd, err;

	if (variant->own)
		return memlog_reader_open_embedded(reader, self->ring, &options);
	if (!variant->memory)
		return memlog_reader_open(reader, self->path, &options);
	fd = memlog_embedded_fd(self->ring);
	err = memlog_reader_open_fd(reader, fd, &options);
	close(fd);
	return err;
}

FIXTURE_SETUP(wake)
{
	in_test_dir(self->path, "ring");
	ASSERT_EQ(0, open_ring(&self->ring, variant->memory ? NULL : self->path,
			       4096, 0));
	if (variant->read_only) {
		if (getuid())
			SKIP(return, "needs root, to stop being it");
		ASSERT_EQ(0, chmod(test_dir, 0755));
		ASSERT_EQ(0, chmod(self->path, 0444));
		ASSERT_EQ(0, seteuid(65534));
	}
	ASSERT_EQ(0, open_reader(self, variant, &self->reader));
	ASSERT_EQ(MEMLOG_NOTHING, memlog_next(self->reader, &self->rec, &self->text));
}

FIXTURE_TEARDOWN(wake)
{
	memlog_reader_close(self->reader);
	if (variant->read_only)
		EXPECT_EQ(0, seteuid(0));
	memlog_embedded_close(self->ring);
	remove_test_dir();
}

#define NEXT()		memlog_next(self->reader, &self->rec, &self->text)

struct later {
	struct memlog_embedded *ring;
	int (*what)(struct memlog_embedded *ring);
	pthread_t thread;
};

static void *do_later(void *arg)
{
	struct later *later = arg;

	usleep(50000);
	later->what(later->ring);
	return NULL;
}

static int write_one(struct memlog_embedded *ring)
{
	return (int)put(ring, "wake up");
}

static int grow(struct memlog_embedded *ring)
{
	struct memlog_resize resize = { .text_size = 8192 };

	return memlog_embedded_resize(ring, &resize);
}

#define LATER(function)							\
	struct later later = { self->ring, function, 0 };		\
	ASSERT_EQ(0, pthread_create(&later.thread, NULL, do_later, &later))

#define JOIN()	pthread_join(later.thread, NULL)

TEST_F(wake, timeout)
{
	/* One that looks for itself is ready when it is time to look. */
	if (!variant->read_only) {
		EXPECT_EQ(0, memlog_wait(self->reader, 50));
	}
	EXPECT_EQ(-ETIMEDOUT, next_within(self->reader, 1, &self->rec, &self->text));
}

TEST_F(wake, by_record)
{
	for (int i = 0; i < 3; i++) {
		LATER(write_one);
		EXPECT_EQ(MEMLOG_RECORD, next_within(self->reader, LONG_MS, &self->rec,
						     &self->text));
		EXPECT_EQ(7, self->rec->len);
		EXPECT_EQ(MEMLOG_NOTHING, NEXT());
		JOIN();
	}
}

/* Whether it is readable within @ms. */
static int readable(struct memlog_reader *reader, int ms)
{
	struct pollfd fd = { .fd = memlog_fd(reader), .events = POLLIN };

	return fd.fd < 0 ? fd.fd : poll(&fd, 1, ms);
}

/* What came before anybody asked for the descriptor makes it readable. */
TEST_F(wake, before_fd)
{
	ASSERT_EQ(7, put(self->ring, "wake up"));
	EXPECT_EQ(1, readable(self->reader, LONG_MS));
	EXPECT_EQ(MEMLOG_RECORD, NEXT());
	EXPECT_EQ(MEMLOG_NOTHING, NEXT());
	/* One that looks for itself is ready when it is time to look. */
	if (!variant->read_only) {
		EXPECT_EQ(0, readable(self->reader, 50));
	}
	ASSERT_EQ(7, put(self->ring, "wake up"));
	EXPECT_EQ(1, readable(self->reader, LONG_MS));
	EXPECT_EQ(MEMLOG_RECORD, NEXT());
}

TEST_F(wake, before_fd_by_resize)
{
	ASSERT_EQ(7, put(self->ring, "wake up"));
	EXPECT_EQ(MEMLOG_RECORD, NEXT());
	EXPECT_EQ(MEMLOG_NOTHING, NEXT());
	if (variant->read_only)
		ASSERT_EQ(0, seteuid(0));
	ASSERT_EQ(0, grow(self->ring));
	EXPECT_EQ(1, readable(self->reader, LONG_MS));
	/* without a path there is no way to the new file */
	EXPECT_EQ(variant->memory && !variant->own ? MEMLOG_END : MEMLOG_NOTHING, NEXT());
}

TEST_F(wake, before_fd_by_end)
{
	ASSERT_EQ(0, memlog_embedded_finish(self->ring));
	EXPECT_EQ(1, readable(self->reader, LONG_MS));
	EXPECT_EQ(MEMLOG_END, NEXT());
}

TEST_F(wake, before_fd_by_removal)
{
	/* no name to lose, or a ring that it stays with */
	if (variant->memory || variant->own)
		return;
	if (variant->read_only)
		ASSERT_EQ(0, seteuid(0));
	ASSERT_EQ(0, unlink(self->path));
	EXPECT_EQ(1, readable(self->reader, LONG_MS));
	EXPECT_EQ(MEMLOG_END, NEXT());
}

static int count_fds(void)
{
	int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* A reader nobody waits on has its file and nothing else. */
TEST_F(wake, no_fds_unasked)
{
	struct memlog_reader *other;
	int before = count_fds();

	ASSERT_EQ(0, open_reader(self, variant, &other));
	EXPECT_EQ(MEMLOG_NOTHING, memlog_next(other, &self->rec, &self->text));
	EXPECT_EQ(before + 1, count_fds());
	EXPECT_LE(0, memlog_fd(other));
	EXPECT_EQ(memlog_fd(other), memlog_fd(other));
	EXPECT_LT(before + 1, count_fds());
	memlog_reader_close(other);
	EXPECT_EQ(before, count_fds());
}

TEST_F(wake, by_poll)
{
	struct pollfd fd = { .fd = memlog_fd(self->reader), .events = POLLIN };
	LATER(write_one);

	ASSERT_LE(0, fd.fd);
	do {
		ASSERT_EQ(1, poll(&fd, 1, LONG_MS));
	} while (NEXT() == MEMLOG_NOTHING);
	EXPECT_EQ(0, self->rec->seq);
	JOIN();
}

TEST_F(wake, by_resize)
{
	int event;

	LATER(grow);
	JOIN();
	write_one(self->ring);
	event = next_within(self->reader, LONG_MS, &self->rec, &self->text);
	/* Without a path, another process can't find the new ring. */
	EXPECT_EQ(variant->memory && !variant->own ? MEMLOG_END : MEMLOG_RECORD, event);
}

TEST_F(wake, by_end)
{
	LATER(memlog_embedded_finish);
	EXPECT_EQ(MEMLOG_END, next_within(self->reader, LONG_MS, &self->rec, &self->text));
	JOIN();
}

/* The only system calls a test of "none" needs to end; and the clock is asked by
 * one where the machine has no better. */
static void forbid_system_calls(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_gettime, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 5, filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(2);
}

static void write_without_system_calls(struct memlog_embedded *ring)
{
	forbid_system_calls();
	for (int i = 0; i < 1000; i++)
		if (put(ring, "no system call") != 14)
			_exit(1);
	_exit(0);
}

static void read_without_system_calls(struct memlog_reader *reader)
{
	const struct memlog_record *rec;
	const char *text;

	forbid_system_calls();
	if (memlog_next(reader, &rec, &text) != MEMLOG_LOSS)
		_exit(1);
	for (int i = 0; i < 100; i++)
		if (memlog_next(reader, &rec, &text) != MEMLOG_RECORD)
			_exit(1);
	_exit(0);
}

TEST_F(wake, no_system_calls)
{
	int status;
	pid_t pid;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	/* They make system calls of their own. */
	return;
#endif
	/* The word a reader leaves behind costs the first write one call. */
	put(self->ring, "x");
	EXPECT_EQ(MEMLOG_RECORD, NEXT());
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		write_without_system_calls(self->ring);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);

	/* The ring is shared with that process, its writers' side is not. */
	for (int i = 0; i < 1000; i++)
		put(self->ring, "0123456789");
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		read_without_system_calls(self->reader);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/* What only a reader of another process's file does. */
FIXTURE(file) {
	char path[128];
	struct memlog_embedded *ring;
	struct memlog_reader *reader;
	const struct memlog_record *rec;
	const char *text;
};

FIXTURE_SETUP(file)
{
	in_test_dir(self->path, "ring");
	ASSERT_EQ(0, open_ring(&self->ring, self->path, 4096, 0));
	ASSERT_EQ(0, follow(&self->reader, self->path));
	ASSERT_EQ(MEMLOG_NOTHING, NEXT());
}

FIXTURE_TEARDOWN(file)
{
	memlog_reader_close(self->reader);
	memlog_embedded_close(self->ring);
	remove_test_dir();
}

TEST_F(file, by_removal)
{
	put(self->ring, "all that was written");
	ASSERT_EQ(0, unlink(self->path));
	EXPECT_EQ(MEMLOG_RECORD, next_within(self->reader, LONG_MS, &self->rec, &self->text));
	EXPECT_EQ(MEMLOG_END, next_within(self->reader, LONG_MS, &self->rec, &self->text));
}

/* A file that was put there without the old one being told. */
TEST_F(file, by_replacement)
{
	struct memlog_embedded *other;
	char path[128];

	ASSERT_EQ(0, open_ring(&other, in_test_dir(path, "other"), 4096, 0));
	put(other, "other");
	memlog_embedded_close(other);
	ASSERT_EQ(0, rename(path, self->path));
	EXPECT_EQ(MEMLOG_STREAM, next_within(self->reader, LONG_MS, &self->rec, &self->text));
	EXPECT_EQ(MEMLOG_RECORD, NEXT());
	EXPECT_EQ(5, self->rec->len);
}

TEST_F(file, until)
{
	struct memlog_reader_options options = {
		.size = sizeof(options), .flags = MEMLOG_READ_FOLLOW | MEMLOG_READ_UNTIL,
	};
	struct timespec now;

	memlog_reader_close(self->reader);
	clock_gettime(CLOCK_REALTIME, &now);
	options.until_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec +
			   100000000;
	ASSERT_EQ(0, memlog_reader_open(&self->reader, self->path, &options));
	EXPECT_EQ(MEMLOG_NOTHING, NEXT());
	EXPECT_EQ(MEMLOG_END, next_within(self->reader, LONG_MS, &self->rec, &self->text));
}

/* Two processes, each sleeping until the other one has answered. */
#define ROUNDS	2000

static void answer(struct memlog_reader *reader, const char *path)
{
	const struct memlog_record *rec;
	struct memlog_embedded *ring;
	const char *text;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (open_ring(&ring, path, 0, MEMLOG_EMBEDDED_EXISTING))
		_exit(1);
	for (int i = 0; i < ROUNDS; i++)
		if (next_within(reader, LONG_MS, &rec, &text) != MEMLOG_RECORD ||
		    put(ring, "pong") != 4)
			_exit(1);
	_exit(0);
}

TEST_F(file, ping_pong)
{
	struct memlog_embedded *ring;
	struct memlog_reader *reader;
	char path[128];
	int status;
	pid_t pid;

	in_test_dir(path, "back");
	ASSERT_EQ(0, open_ring(&ring, path, 4096, 0));
	ASSERT_EQ(0, follow(&reader, path));
	memlog_embedded_close(ring);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		answer(self->reader, path);
	for (int i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(7, write_one(self->ring));
		ASSERT_EQ(MEMLOG_RECORD, next_within(reader, LONG_MS, &self->rec,
						     &self->text));
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	memlog_reader_close(reader);
}

TEST_HARNESS_MAIN
