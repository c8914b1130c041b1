/* SPDX-License-Identifier: GPL-2.0-only */
/* As much of io_uring as the tests need, on its system calls. */
#ifndef TESTS_DEVICE_URING_H
#define TESTS_DEVICE_URING_H

#include <linux/io_uring.h>
#include <stdbool.h>
#include <stddef.h>

struct uring {
	int fd;
	unsigned int *sq_tail, *sq_mask, *sq_array;
	unsigned int *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
	void *rings;
	size_t rings_size, sqes_size;
	unsigned int pending;
};

int uring_init(struct uring *u, unsigned int entries);
void uring_exit(struct uring *u);
struct io_uring_sqe *uring_sqe(struct uring *u, int op, int fd, const void *addr,
			       unsigned int len, unsigned long long data);
int uring_submit(struct uring *u, unsigned int wait);
bool uring_cqe(struct uring *u, struct io_uring_cqe *cqe);
bool uring_wait(struct uring *u, struct io_uring_cqe *cqe, int ms);
int uring_workers(void);

#endif /* TESTS_DEVICE_URING_H */
