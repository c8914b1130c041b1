// SPDX-License-Identifier: GPL-2.0-only
/* The mapping is read-only for good, and ends where it ends. */
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "map.h"

FIXTURE(guard)
{
	int rw;
	size_t size;
	char *map;
};

FIXTURE_SETUP(guard)
{
	struct memlog_info info;

	ASSERT_EQ(0, dev_reset());
	self->rw = dev_open(O_RDWR | O_NONBLOCK);
	ASSERT_LE(0, self->rw);
	ASSERT_EQ(0, dev_info(self->rw, &info));
	if (!info.map_size)
		SKIP_SETUP("this kernel maps no ring");
	self->size = info.map_size;
	self->map = mmap(NULL, self->size, PROT_READ, MAP_SHARED, self->rw, 0);
	ASSERT_NE(MAP_FAILED, self->map);
}

FIXTURE_TEARDOWN(guard)
{
	munmap(self->map, self->size);
	close(self->rw);
}

/* 0, having unmapped it, or -errno. */
static int try_map(int fd, size_t size, int prot, int flags, off_t off)
{
	void *p = mmap(NULL, size, prot, flags, fd, off);

	if (p == MAP_FAILED)
		return -errno;
	munmap(p, size);
	return 0;
}

TEST_F(guard, neither_written_nor_executed)
{
	static const int bad[] = {
		PROT_WRITE, PROT_READ | PROT_WRITE, PROT_EXEC,
		PROT_READ | PROT_EXEC, PROT_READ | PROT_WRITE | PROT_EXEC,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		int shared = try_map(self->rw, self->size, bad[i], MAP_SHARED,
				     0);
		int private = try_map(self->rw, self->size, bad[i],
				      MAP_PRIVATE, 0);

		EXPECT_EQ(-EPERM, shared) {
			TH_LOG("shared, prot %d", bad[i]);
		}
		EXPECT_EQ(-EPERM, private) {
			TH_LOG("private, prot %d", bad[i]);
		}
	}
}

TEST_F(guard, not_later_either)
{
	static const int bad[] = {
		PROT_WRITE, PROT_READ | PROT_WRITE, PROT_EXEC,
		PROT_READ | PROT_EXEC,
	};
	char *private;
	size_t i;

	private = mmap(NULL, self->size, PROT_READ, MAP_PRIVATE, self->rw, 0);
	ASSERT_NE(MAP_FAILED, private);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-1, mprotect(self->map, self->size, bad[i]));
		EXPECT_EQ(EACCES, errno);
		EXPECT_EQ(-1, mprotect(private, PAGE, bad[i]));
		EXPECT_EQ(EACCES, errno);
	}
	EXPECT_EQ(0, mprotect(self->map, self->size, PROT_NONE));
	EXPECT_EQ(0, mprotect(self->map, self->size, PROT_READ));
	munmap(private, self->size);
}

TEST_F(guard, a_write_only_file)
{
	int wr = dev_open(O_WRONLY);

	ASSERT_LE(0, wr);
	EXPECT_EQ(-EACCES, try_map(wr, self->size, PROT_READ, MAP_SHARED, 0));
	close(wr);
}

static sigjmp_buf jump;

static void on_fault(int sig)
{
	siglongjmp(jump, sig);
}

/* The signal that reading (or writing) a byte gives, 0 for none. */
static int touch(char *at, bool write)
{
	struct sigaction sa = { .sa_handler = on_fault };
	volatile char *p = at;
	int sig;

	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	sig = sigsetjmp(jump, 1);
	if (sig)
		return sig;
	if (write)
		*p = 'w';
	else
		(void)*p;
	return 0;
}

TEST_F(guard, a_store_faults)
{
	EXPECT_EQ(SIGSEGV, touch(self->map, true));
	EXPECT_EQ(SIGSEGV, touch(self->map + self->size - 1, true));
	EXPECT_EQ(0, touch(self->map + self->size - 1, false));
}

/* Longer, or from further on, there is nothing to see. */
TEST_F(guard, past_the_end)
{
	size_t pages = self->size / PAGE, n;
	char *p;

	EXPECT_EQ(-EINVAL, try_map(self->rw, 0, PROT_READ, MAP_SHARED, 0));
	EXPECT_GT(0, try_map(self->rw, PAGE, PROT_READ, MAP_SHARED,
			     (off_t)self->size));
	EXPECT_GT(0, try_map(self->rw, PAGE, PROT_READ, MAP_SHARED,
			     (off_t)1 << 40));
	EXPECT_GT(0, try_map(self->rw, self->size, PROT_READ, MAP_SHARED,
			     PAGE));
	for (n = pages + 1; n < pages + 4; n++) {
		p = mmap(NULL, n * PAGE, PROT_READ, MAP_SHARED, self->rw, 0);
		if (p == MAP_FAILED)
			continue;
		EXPECT_EQ(SIGBUS, touch(p + self->size, false));
		munmap(p, n * PAGE);
	}
}

/* A part of it is refused, or is that part. */
TEST_F(guard, a_part)
{
	size_t off, pages = self->size / PAGE;
	char *p;

	ASSERT_EQ(0, put_n(self->rw, 300, 100));
	for (off = 0; off < pages; off++) {
		p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->rw,
			 off * PAGE);
		if (p == MAP_FAILED) {
			EXPECT_EQ(EINVAL, errno);
			continue;
		}
		EXPECT_EQ(0, memcmp(p, self->map + off * PAGE, PAGE));
		munmap(p, PAGE);
	}
}

TEST_F(guard, does_not_grow)
{
	void *p = mremap(self->map, self->size, self->size + PAGE,
			 MREMAP_MAYMOVE);

	EXPECT_EQ(MAP_FAILED, p);
	EXPECT_EQ(0, touch(self->map, false));
}

TEST_F(guard, moves)
{
	void *room = mmap(NULL, self->size, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct memlog_control *c;

	ASSERT_NE(MAP_FAILED, room);
	c = mremap(self->map, self->size, self->size,
		   MREMAP_MAYMOVE | MREMAP_FIXED, room);
	if (c == MAP_FAILED) {
		EXPECT_EQ(0, touch(self->map, false));
		return;
	}
	self->map = (char *)c;
	puts_dev(self->rw, "moved\n");
	EXPECT_EQ(dev_next(self->rw), c->next);
	EXPECT_EQ(SIGSEGV, touch(self->map, true));
}

TEST_F(guard, proc_mem_does_not_write)
{
	const struct memlog_control *c = (void *)self->map;
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	__u64 stream = c->stream;

	ASSERT_LE(0, fd);
	EXPECT_EQ(-1, pwrite(fd, "evil", 4, (off_t)(uintptr_t)&c->stream));
	EXPECT_EQ(stream, c->stream);
	close(fd);
}

TEST_F(guard, process_vm_does_not_write)
{
	const struct memlog_control *c = (void *)self->map;
	struct iovec from = { "evilevil", 8 };
	struct iovec to = { (void *)&c->stream, 8 };
	__u64 stream = c->stream;

	EXPECT_EQ(-1, process_vm_writev(getpid(), &from, 1, &to, 1, 0));
	EXPECT_EQ(stream, c->stream);
}

TEST_F(guard, ptrace_does_not_write)
{
	const struct memlog_control *c = (void *)self->map;
	__u64 stream = c->stream;
	char *private;
	pid_t pid;

	private = mmap(NULL, self->size, PROT_READ, MAP_PRIVATE, self->rw, 0);
	ASSERT_NE(MAP_FAILED, private);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_EQ(-1, ptrace(PTRACE_POKEDATA, pid, &c->stream, (void *)0xbad));
	EXPECT_EQ(-1, ptrace(PTRACE_POKEDATA, pid,
			     private + offsetof(struct memlog_control, stream),
			     (void *)0xbad));
	EXPECT_EQ(stream, c->stream);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	munmap(private, self->size);
}

TEST_F(guard, read_does_not_write_into_it)
{
	puts_dev(self->rw, "into the log?\n");
	EXPECT_EQ(-EFAULT, get(self->rw, self->map, PAGE));
	ASSERT_EQ(0, dev_go(self->rw, SEEK_END));
	puts_dev(self->rw, "kept\n");
	EXPECT_EQ(-EFAULT, get(self->rw, self->map + self->size - PAGE, PAGE));
	/* Zeros come behind oldest: only the answer has nowhere to go. */
	EXPECT_EQ(-EFAULT, dev_ioctl(self->rw, MEMLOG_IOC_INFO, self->map +
		  offsetof(struct memlog_control, oldest) + 8));
}

/* The ring as the source of a write into it. */
TEST_F(guard, written_from_itself)
{
	const struct memlog_control *c = (void *)self->map;
	char *text = self->map + c->text_off;
	int i;

	for (i = 0; i < 100; i++)
		ASSERT_EQ(4000, put(self->rw, text + i * 100, 4000));
	/* Not faulted in yet. */
	ASSERT_EQ(0, madvise(self->map, self->size, MADV_DONTNEED));
	EXPECT_EQ(4000, put(self->rw, text, 4000));
}

TEST_F(guard, populated_and_locked)
{
	EXPECT_EQ(0, try_map(self->rw, self->size, PROT_READ,
			     MAP_SHARED | MAP_POPULATE, 0));
	/* Whatever mlock says, the mapping stays good. */
	if (!mlock(self->map, self->size))
		EXPECT_EQ(0, munlock(self->map, self->size));
	EXPECT_EQ(0, touch(self->map + self->size - 1, false));
}

/* A mapping alone keeps the module; unmapped, it may go. */
TEST_F(guard, pins_the_module)
{
	int ret;

	close(self->rw);
	ret = module_unload();
	EXPECT_TRUE(ret == -EAGAIN || ret == -EBUSY) {
		TH_LOG("unloading gave %d", ret);
	}
	EXPECT_EQ(0, touch(self->map, false));
	self->rw = dev_open(O_RDWR);
	ASSERT_LE(0, self->rw);
}

TEST_HARNESS_MAIN
