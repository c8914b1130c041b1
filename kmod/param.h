/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Module parameters.
 */
#ifndef MEMLOG_PARAM_H
#define MEMLOG_PARAM_H

#include "channel.h"

#define MEMLOG_CHANNELS_MAX	16

/**
 * struct memlog_config - What the parameters ask for.
 * @mode: Mode of the devices.
 * @quota: Bytes a second and user, 0 for any number.
 * @bytes: Memory of all channels.
 * @count: Channels, the first of them the main one.
 * @channels: Their device names and sizes.
 */
struct memlog_config {
	umode_t mode;
	u32 quota;
	u64 bytes;
	unsigned int count;
	struct {
		char name[MEMLOG_DEVICE_NAME_MAX];
		struct memlog_geometry geo;
	} channels[1 + MEMLOG_CHANNELS_MAX];
};

int memlog_param_parse(struct memlog_config *config);

#endif /* MEMLOG_PARAM_H */
