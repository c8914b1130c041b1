/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file system of memlogfs --device: one folder, a file for each channel.
 */
#ifndef VIEW_DEVICE_FS_H
#define VIEW_DEVICE_FS_H

#include <fuse_lowlevel.h>

#include "device_channel.h"

/**
 * struct device_fs - The file system.
 * @count: Channels.
 * @channels: The channels.
 * @session: libfuse's session.
 * @max_write: Most bytes of text in one request, once the kernel has answered.
 * @last_number: The last number a file was given, that of channel 0.
 * @too_old: The kernel can't do what is needed.
 */
struct device_fs {
	unsigned int count;
	struct device_channel channels[DEVICE_CHANNELS_MAX];
	struct fuse_session *session;
	size_t max_write;
	u64 last_number;
	bool too_old;
};

/* Their userdata is a struct device_fs. */
extern const struct fuse_lowlevel_ops device_fs_ops;

void device_fs_end(struct device_fs *fs);

#endif /* VIEW_DEVICE_FS_H */
