/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command line of memlogfs --device: the module's parameters, as options.
 */
#ifndef VIEW_DEVICE_OPTIONS_H
#define VIEW_DEVICE_OPTIONS_H

#include <stdbool.h>
#include <sys/types.h>

#include "ring.h"

#define DEVICE_NAME_MAX		16
/* "memlog" and "memlog-audit": two names and what joins them */
#define DEVICE_FILE_NAME_MAX	(2 * DEVICE_NAME_MAX + 2)
#define DEVICE_CHANNELS_MAX	17

/**
 * struct device_options - What was asked for, checked.
 * @mount: Where to mount, an absolute path.
 * @mount_options: What -o said, joined by commas; NULL if nothing.
 * @rings: Folder of the ring files, an absolute path; NULL: they are in memory.
 * @mode: Mode of the files.
 * @foreground: Stay in the foreground.
 * @debug: libfuse's own messages.
 * @count: Channels, the first of them the main one.
 * @channels: Names of their files and their sizes, 0 if none were named.
 */
struct device_options {
	char *mount;
	char *mount_options;
	char *rings;
	mode_t mode;
	bool foreground;
	bool debug;
	unsigned int count;
	struct {
		char name[DEVICE_FILE_NAME_MAX];
		struct memlog_geometry geo;
	} channels[DEVICE_CHANNELS_MAX];
};

/* What to exit with when something is wrong, or was only to be printed; else -1. */
int device_options_parse(struct device_options *opt, int argc, char **argv);
void device_options_free(struct device_options *opt);

#endif /* VIEW_DEVICE_OPTIONS_H */
