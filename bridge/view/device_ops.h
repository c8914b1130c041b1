/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The calls on an open file, as libfuse's requests come in.
 */
#ifndef VIEW_DEVICE_OPS_H
#define VIEW_DEVICE_OPS_H

#include <fuse_lowlevel.h>

#include "device_channel.h"
#include "device_origin.h"

/**
 * struct device_request - A write.
 * @size: Bytes, more than 0.
 * @off: Where the kernel thinks it stands.
 * @more: It is as long as a request can be.
 * @origin: Who writes.
 */
struct device_request {
	size_t size;
	u64 off;
	bool more;
	const struct device_origin *origin;
};

/* device_write.c */
ssize_t device_write(struct device_file *f, const char *text,
		     const struct device_request *req);

/* device_read.c */
int device_read_init(size_t size);
void device_read(struct device_file *f, fuse_req_t req, size_t size, off_t off,
		 bool nonblock);
void device_read_cancel(struct device_file *f, int err);
unsigned int device_poll(struct device_file *f, struct fuse_pollhandle *ph);
void device_poll_cancel(struct device_file *f);
void device_channel_wake(struct device_channel *ch);
int device_seek(struct device_file *f, struct memlog_seek *seek);
void device_set_format(struct device_file *f, u32 format, bool quiet);

/**
 * struct device_call - An ioctl(2).
 * @cmd: Its number, and the size of the caller's struct.
 * @in: The caller's struct.
 * @in_size: Bytes of it that came along.
 * @out_size: Bytes the kernel takes back.
 * @uid: Who calls.
 * @answer: What to give back.
 * @answer_size: Bytes of it.
 */
struct device_call {
	unsigned int cmd;
	const void *in;
	size_t in_size;
	size_t out_size;
	uid_t uid;
	const void *answer;
	size_t answer_size;
};

/* device_ioctl.c */
int device_ioctl(struct device_file *f, struct device_call *call);

#endif /* VIEW_DEVICE_OPS_H */
