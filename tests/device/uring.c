// SPDX-License-Identifier: GPL-2.0-only
/* As much of io_uring as the tests need: see uring.h. */
#include <dirent.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "device.h"
#include "uring.h"

static int map_rings(struct uring *u, const struct io_uring_params *p)
{
	size_t sq = p->sq_off.array + p->sq_entries * sizeof(unsigned int);
	size_t cq = p->cq_off.cqes + p->cq_entries * sizeof(*u->cqes);
	char *rings;

	u->rings_size = sq > cq ? sq : cq;
	u->sqes_size = p->sq_entries * sizeof(*u->sqes);
	rings = mmap(NULL, u->rings_size, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_POPULATE, u->fd, IORING_OFF_SQ_RING);
	if (rings == MAP_FAILED)
		return -errno;
	u->rings = rings;
	u->sqes = mmap(NULL, u->sqes_size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_POPULATE, u->fd, IORING_OFF_SQES);
	if (u->sqes == MAP_FAILED)
		return -errno;
	u->sq_tail = (unsigned int *)(rings + p->sq_off.tail);
	u->sq_mask = (unsigned int *)(rings + p->sq_off.ring_mask);
	u->sq_array = (unsigned int *)(rings + p->sq_off.array);
	u->cq_head = (unsigned int *)(rings + p->cq_off.head);
	u->cq_tail = (unsigned int *)(rings + p->cq_off.tail);
	u->cq_mask = (unsigned int *)(rings + p->cq_off.ring_mask);
	u->cqes = (struct io_uring_cqe *)(rings + p->cq_off.cqes);
	return 0;
}

/* -ENOSYS or -EPERM where there is no io_uring. */
int uring_init(struct uring *u, unsigned int entries)
{
	struct io_uring_params p = { 0 };
	int ret;

	memset(u, 0, sizeof(*u));
	u->fd = syscall(SYS_io_uring_setup, entries, &p);
	if (u->fd < 0)
		return -errno;
	if (!(p.features & IORING_FEAT_SINGLE_MMAP))
		return -ENOSYS;
	ret = map_rings(u, &p);
	if (ret)
		close(u->fd);
	return ret;
}

void uring_exit(struct uring *u)
{
	munmap(u->sqes, u->sqes_size);
	munmap(u->rings, u->rings_size);
	close(u->fd);
}

/* A request that the next uring_submit() hands over. */
struct io_uring_sqe *uring_sqe(struct uring *u, int op, int fd, const void *addr,
			       unsigned int len, unsigned long long data)
{
	unsigned int tail = *u->sq_tail, slot = tail & *u->sq_mask;
	struct io_uring_sqe *sqe = &u->sqes[slot];

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = op;
	sqe->fd = fd;
	sqe->off = -1;
	sqe->addr = (uintptr_t)addr;
	sqe->len = len;
	sqe->user_data = data;
	u->sq_array[slot] = slot;
	__atomic_store_n(u->sq_tail, tail + 1, __ATOMIC_RELEASE);
	u->pending++;
	return sqe;
}

int uring_submit(struct uring *u, unsigned int wait)
{
	int ret = syscall(SYS_io_uring_enter, u->fd, u->pending, wait,
			  wait ? IORING_ENTER_GETEVENTS : 0, NULL, 0);

	if (ret < 0)
		return -errno;
	u->pending -= ret;
	return ret;
}

bool uring_cqe(struct uring *u, struct io_uring_cqe *cqe)
{
	unsigned int head = *u->cq_head;

	if (head == __atomic_load_n(u->cq_tail, __ATOMIC_ACQUIRE))
		return false;
	*cqe = u->cqes[head & *u->cq_mask];
	__atomic_store_n(u->cq_head, head + 1, __ATOMIC_RELEASE);
	return true;
}

/* The next completion, within @ms. */
bool uring_wait(struct uring *u, struct io_uring_cqe *cqe, int ms)
{
	for (;;) {
		if (uring_cqe(u, cqe))
			return true;
		if (ms <= 0)
			return false;
		/* Lets the kernel run what it left for this task to do. */
		syscall(SYS_io_uring_enter, u->fd, 0, 0,
			IORING_ENTER_GETEVENTS, NULL, 0);
		sleep_ms(5);
		ms -= 5;
	}
}

/* How many worker threads io_uring has started for this process. */
int uring_workers(void)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;
	int n = 0;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		char path[300], comm[64];

		snprintf(path, sizeof(path), "/proc/self/task/%s/comm",
			 entry->d_name);
		if (read_file(path, comm, sizeof(comm)) > 0 &&
		    !strncmp(comm, "iou-wrk", 7))
			n++;
	}
	closedir(dir);
	return n;
}
