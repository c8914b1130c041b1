/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who makes a request. libfuse names the thread and the user its files count as;
 * a record names the process, its real user, the thread's name and its cgroup.
 */
#ifndef VIEW_DEVICE_ORIGIN_H
#define VIEW_DEVICE_ORIGIN_H

#include "ring.h"

struct fuse_ctx;

/**
 * struct device_origin - Who makes a request.
 * @comm: Name of the thread.
 * @pid: Its process, %MEMLOG_ID_NONE if it is none we can see.
 * @uid: Its real user.
 * @cgroup: Its cgroup v2 id, 0 if it is in none.
 */
struct device_origin {
	char comm[MEMLOG_COMM_LEN] __attribute__((aligned(8)));
	u32 pid;
	u32 uid;
	u64 cgroup;
};

/* Before anything else; -errno when there is no /proc. */
int device_origin_init(void);
void device_origin_get(const struct fuse_ctx *ctx, struct device_origin *who);

#endif /* VIEW_DEVICE_ORIGIN_H */
