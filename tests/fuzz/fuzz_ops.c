// SPDX-License-Identifier: GPL-2.0-only
/* Random calls on files of the device: see fuzz.h. */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "fuzz.h"

int fuzz_files[FILE_SLOTS];
struct fuzz_map fuzz_maps[MAP_SLOTS] = {
	[0 ... MAP_SLOTS - 1] = { .lock = PTHREAD_MUTEX_INITIALIZER },
};
char *fuzz_arena;
bool fuzz_stop;

void fuzz_count(struct fuzz_thread *t, long ret)
{
	t->calls++;
	t->good += ret >= 0;
}

int fuzz_file(struct fuzz_thread *t)
{
	return __atomic_load_n(&fuzz_files[fuzz_below(t, FILE_SLOTS)],
			       __ATOMIC_RELAXED);
}

/* Memory that is there, half there, not there, or the ring itself. */
void *fuzz_pointer(struct fuzz_thread *t)
{
	switch (fuzz_below(t, 16)) {
	case 0:
		return NULL;
	case 1:
		return (void *)(uintptr_t)fuzz_random(t);
	case 2:
		return (void *)-(uintptr_t)fuzz_below(t, 2 * PAGE);
	case 3: {
		struct fuzz_map *m = &fuzz_maps[fuzz_below(t, MAP_SLOTS)];
		size_t size = m->size;

		/* Gone by now, perhaps: only the kernel looks there. */
		return size ? (char *)m->at + fuzz_random(t) % size : NULL;
	}
	default:
		return fuzz_arena + fuzz_below(t, ARENA_PAGES * PAGE);
	}
}

size_t fuzz_length(struct fuzz_thread *t)
{
	switch (fuzz_below(t, 12)) {
	case 0:
		return 0;
	case 1:
		return fuzz_random(t);
	case 2:
		return 0x7ffff000UL + fuzz_below(t, 0x10000);
	case 3:
		return fuzz_below(t, 200000);
	case 4:
		return fuzz_below(t, 70000);
	default:
		return fuzz_below(t, 600);
	}
}

static void open_or_close(struct fuzz_thread *t)
{
	static const int modes[] = { O_RDONLY, O_WRONLY, O_RDWR, O_RDWR };
	int *slot = &fuzz_files[fuzz_below(t, FILE_SLOTS)];
	int flags = modes[fuzz_below(t, 4)];
	int fd;

	/* Those that wait, wait for the next signal. */
	if (fuzz_below(t, 24))
		flags |= O_NONBLOCK;
	if (!fuzz_below(t, 16))
		flags |= O_APPEND;
	fd = fuzz_below(t, 4) ? dev_open(flags) : dup(fuzz_file(t));
	fuzz_count(t, fd);
	/* Slots begin as -1, and so they are when an open fails. */
	fd = __atomic_exchange_n(slot, fd < 0 ? -1 : fd, __ATOMIC_RELAXED);
	if (fd >= 0)
		fuzz_count(t, close(fd));
}

static void write_one(struct fuzz_thread *t)
{
	char text[64];
	int len;

	if (fuzz_below(t, 3)) {
		fuzz_count(t, write(fuzz_file(t), fuzz_pointer(t),
				    fuzz_length(t)));
		return;
	}
	len = snprintf(text, sizeof(text), "<%u>%.*s\n", fuzz_below(t, 260),
		       (int)fuzz_below(t, 30), "thirty bytes of a line of text");
	fuzz_count(t, write(fuzz_file(t), text, len));
}

static void vector_one(struct fuzz_thread *t)
{
	static const int flags[] = { 0, RWF_NOWAIT, RWF_HIPRI, RWF_APPEND };
	struct iovec iov[6];
	int n = fuzz_below(t, 7), i;

	for (i = 0; i < n; i++)
		iov[i] = (struct iovec){ fuzz_pointer(t), fuzz_length(t) };
	if (fuzz_below(t, 2))
		fuzz_count(t, pwritev2(fuzz_file(t), iov, n, -1,
				       flags[fuzz_below(t, 4)]));
	else
		fuzz_count(t, preadv2(fuzz_file(t), iov, n, -1,
				      flags[fuzz_below(t, 4)]));
}

static void poll_some(struct fuzz_thread *t)
{
	struct pollfd p[4];
	int i;

	for (i = 0; i < 4; i++)
		p[i] = (struct pollfd){ fuzz_file(t), fuzz_random(t), 0 };
	fuzz_count(t, poll(p, 4, fuzz_below(t, 20) ? 0 : 5));
}

static void epoll_some(struct fuzz_thread *t)
{
	static int sets[4] = { -1, -1, -1, -1 };
	int *set = &sets[fuzz_below(t, 4)], fd;
	struct epoll_event ev = { .events = fuzz_random(t) };
	struct epoll_event got[8];

	switch (fuzz_below(t, 8)) {
	case 0:
		fd = epoll_create1(EPOLL_CLOEXEC);
		fd = __atomic_exchange_n(set, fd, __ATOMIC_RELAXED);
		if (fd >= 0)
			close(fd);
		break;
	case 1: case 2: case 3:
		fuzz_count(t, epoll_ctl(*set, 1 + fuzz_below(t, 3),
					fuzz_file(t), &ev));
		break;
	case 4:
		/* A set in a set. */
		fuzz_count(t, epoll_ctl(*set, EPOLL_CTL_ADD,
					sets[fuzz_below(t, 4)], &ev));
		break;
	default:
		fuzz_count(t, epoll_wait(*set, got, 8, 0));
	}
}

static void arena_step(struct fuzz_thread *t)
{
	static const int prots[] = {
		PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE,
		PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE,
	};
	char *at = fuzz_arena + fuzz_below(t, ARENA_PAGES) * PAGE;

	if (fuzz_below(t, 2))
		fuzz_count(t, mprotect(at, PAGE, prots[fuzz_below(t, 5)]));
	else
		fuzz_count(t, madvise(at, PAGE, MADV_DONTNEED));
}

/* A child with all the files and mappings, that uses one and is gone. */
static void fork_one(struct fuzz_thread *t)
{
	pid_t pid = fork();

	if (!pid) {
		char buf[256];

		write(fuzz_file(t), "child\n", 6);
		read(fuzz_file(t), buf, 0);
		if (fuzz_below(t, 2))
			kill(getpid(), SIGKILL);
		_exit(0);
	}
	fuzz_count(t, pid);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* Calls the device has nothing to do with, and has to survive. */
static void odd_one(struct fuzz_thread *t)
{
	int fd = fuzz_file(t);

	switch (fuzz_below(t, 8)) {
	case 0:
		fuzz_count(t, fcntl(fd, F_SETFL, O_NONBLOCK |
				    (fuzz_below(t, 2) ? O_APPEND : 0)));
		break;
	case 1:
		fuzz_count(t, ftruncate(fd, fuzz_random(t)));
		break;
	case 2:
		fuzz_count(t, fsync(fd));
		break;
	case 3:
		fuzz_count(t, sendfile(fd, fuzz_file(t), NULL, 4096));
		break;
	case 4:
		fuzz_count(t, splice(fd, NULL, fuzz_file(t), NULL, 4096,
				     SPLICE_F_NONBLOCK));
		break;
	case 5:
		fuzz_count(t, posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
		break;
	case 6:
		fuzz_count(t, pwrite(fd, fuzz_pointer(t), fuzz_below(t, 100),
				     fuzz_random(t)));
		break;
	default:
		fuzz_count(t, pread(fd, fuzz_pointer(t), fuzz_below(t, 100),
				    fuzz_random(t)));
	}
}

void fuzz_step(struct fuzz_thread *t)
{
	unsigned int what = fuzz_below(t, 1000);

	if (what < 300)
		write_one(t);
	else if (what < 500)
		fuzz_count(t, read(fuzz_file(t), fuzz_pointer(t),
				   fuzz_length(t)));
	else if (what < 600)
		vector_one(t);
	else if (what < 650)
		fuzz_count(t, lseek(fuzz_file(t), fuzz_below(t, 4) ? 0 :
				    (off_t)fuzz_random(t), fuzz_below(t, 7)));
	else if (what < 760)
		fuzz_ioctl_step(t);
	else if (what < 830)
		open_or_close(t);
	else if (what < 870)
		fuzz_map_step(t);
	else if (what < 900)
		poll_some(t);
	else if (what < 940)
		epoll_some(t);
	else if (what < 960)
		arena_step(t);
	else if (what < 980)
		fuzz_uring_step(t);
	else if (what < 998)
		odd_one(t);
	else
		fork_one(t);
}
