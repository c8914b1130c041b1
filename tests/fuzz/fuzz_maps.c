// SPDX-License-Identifier: GPL-2.0-only
/* Random ioctls, mappings and io_uring requests: see fuzz.h. */
#include <poll.h>
#include <sys/mman.h>

#include "fuzz.h"

/* Numbers that matter somewhere, or any at all. */
static __u64 number(struct fuzz_thread *t)
{
	switch (fuzz_below(t, 6)) {
	case 0:
		return fuzz_random(t);
	case 1:
		return ~0ULL - fuzz_below(t, 3);
	case 2:
		return 1ULL << fuzz_below(t, 64);
	case 3:
		return dev_next(fuzz_file(t)) - fuzz_below(t, 600);
	default:
		return fuzz_below(t, 300);
	}
}

static void fill_seek(struct fuzz_thread *t, struct memlog_seek *s)
{
	s->whence = fuzz_below(t, 4);
	s->value = number(t);
	s->stream = fuzz_below(t, 8) ? 0 : fuzz_random(t);
}

/* RESIZE is mostly meant to succeed, and small enough for the machine. */
static void fill_resize(struct fuzz_thread *t, struct memlog_resize *r)
{
	r->text_size = fuzz_below(t, 8) ? 4096ULL << fuzz_below(t, 9) :
		       number(t) % (1 << 22);
	r->records = fuzz_below(t, 2) ? 0 : 16ULL << fuzz_below(t, 12);
	r->max_record = fuzz_below(t, 2) ? 0 : fuzz_below(t, 70000);
}

static void fill(struct fuzz_thread *t, unsigned int nr, void *arg)
{
	struct memlog_format *format = arg;
	struct memlog_stamp *stamp = arg;

	switch (nr) {
	case 1:
		fill_seek(t, arg);
		break;
	case 2:
		format->format = fuzz_below(t, 3);
		format->flags = fuzz_below(t, 2);
		break;
	case 3:
		stamp->type = fuzz_below(t, 4) ? 0 : fuzz_random(t);
		stamp->pri = fuzz_random(t);
		break;
	case 5:
		fill_resize(t, arg);
		break;
	}
}

void fuzz_ioctl_step(struct fuzz_thread *t)
{
	static const unsigned short sizes[] = { 152, 48, 8, 8, 16, 24, 0, 0 };
	unsigned int nr = fuzz_below(t, 7), size = sizes[nr];
	__u64 arg[128] = { 0 };
	void *at = arg;

	fill(t, nr, arg);
	if (!fuzz_below(t, 8))
		size = fuzz_below(t, sizeof(arg));
	if (!fuzz_below(t, 16))
		arg[fuzz_below(t, 32)] = fuzz_random(t);
	if (!fuzz_below(t, 8))
		at = fuzz_pointer(t);
	fuzz_count(t, ioctl(fuzz_file(t), _IOC(fuzz_below(t, 4),
						MEMLOG_IOC_MAGIC, nr, size),
			    at));
}

static void map_one(struct fuzz_thread *t, struct fuzz_map *m)
{
	static const int prots[] = { PROT_READ, PROT_READ, PROT_READ, PROT_NONE,
				     PROT_WRITE, PROT_EXEC };
	struct memlog_info info = { 0 };
	int fd = fuzz_file(t);
	off_t off = 0;
	void *at;

	dev_info(fd, &info);
	m->size = info.map_size;
	if (!fuzz_below(t, 4))
		m->size = (fuzz_below(t, 40) + 1) * PAGE;
	if (!fuzz_below(t, 4))
		off = (off_t)fuzz_below(t, 40) * PAGE;
	at = mmap(NULL, m->size, prots[fuzz_below(t, 6)],
		  fuzz_below(t, 4) ? MAP_SHARED : MAP_PRIVATE, fd, off);
	fuzz_count(t, at == MAP_FAILED ? -1 : 0);
	m->at = at == MAP_FAILED ? NULL : at;
	if (!m->at)
		m->size = 0;
}

static void map_use(struct fuzz_thread *t, struct fuzz_map *m)
{
	switch (fuzz_below(t, 5)) {
	case 0: case 1:
		fuzz_count(t, munmap(m->at, m->size));
		m->at = NULL;
		m->size = 0;
		break;
	case 2:
		fuzz_count(t, mprotect(m->at, m->size, fuzz_below(t, 8)));
		break;
	case 3:
		fuzz_count(t, madvise(m->at, m->size, fuzz_below(t, 26)));
		break;
	default:
		fuzz_count(t, mremap(m->at, m->size, m->size + PAGE, 0) ==
			   MAP_FAILED ? -1 : 0);
	}
}

void fuzz_map_step(struct fuzz_thread *t)
{
	struct fuzz_map *m = &fuzz_maps[fuzz_below(t, MAP_SLOTS)];

	pthread_mutex_lock(&m->lock);
	if (m->at)
		map_use(t, m);
	else
		map_one(t, m);
	pthread_mutex_unlock(&m->lock);
}

void fuzz_uring_step(struct fuzz_thread *t)
{
	static const int ops[] = { IORING_OP_READ, IORING_OP_WRITE,
				   IORING_OP_POLL_ADD, IORING_OP_ASYNC_CANCEL };
	struct io_uring_sqe *sqe;
	struct io_uring_cqe cqe;
	int op = ops[fuzz_below(t, 4)];

	if (!t->has_uring)
		return;
	sqe = uring_sqe(&t->uring, op, fuzz_file(t), fuzz_pointer(t),
			fuzz_length(t), fuzz_below(t, 8));
	if (op == IORING_OP_POLL_ADD) {
		*sqe = (struct io_uring_sqe){
			.opcode = op, .fd = sqe->fd,
			.len = fuzz_below(t, 2) ? IORING_POLL_ADD_MULTI : 0,
			.poll32_events = fuzz_below(t, 2) ? POLLIN : POLLPRI,
			.user_data = fuzz_below(t, 8),
		};
	} else if (op == IORING_OP_ASYNC_CANCEL) {
		*sqe = (struct io_uring_sqe){
			.opcode = op, .fd = -1, .addr = fuzz_below(t, 8),
			.user_data = 8,
		};
	}
	fuzz_count(t, uring_submit(&t->uring, 0));
	while (uring_cqe(&t->uring, &cqe))
		;
}
