/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which channels are archived, where and how: what --archive and the options
 * beside it say. An archiver runs for each of them from the time the channel is
 * there.
 */
#ifndef BRIDGE_ARCHIVES_H
#define BRIDGE_ARCHIVES_H

#include <archive/writer.h>

#include "../options.h"

struct channels;

/**
 * struct archives - The archives the bridge writes.
 * @list: NAME=DIR, an archive each.
 * @sync: When records are on the disk.
 * @local: Days are those of the process's zone.
 * @keep_days: Days that stay, 0 for all.
 * @running: A channel that comes now is archived at once.
 */
struct archives {
	const struct option_list *list;
	enum archive_sync sync;
	bool local;
	unsigned int keep_days;
	bool running;
};

void archives_init(struct archives *archives, const struct options *options);

/* The folder of channel @name, NULL if it is not archived. */
const char *archives_find(const struct archives *archives, const char *name);

/*
 * --check-config: whether each folder is there or can be made, is written by
 * whoever runs the bridge, and is none but one channel's. Says what is wrong,
 * returns an exit status.
 */
int archives_check(const struct options *options);

/*
 * Before rights are given up: makes folders that are not there, for @user (NULL:
 * as who runs this) and with the channel's group. Says what is wrong, returns an
 * exit status.
 */
int archives_make(const struct archives *archives, const struct channels *channels,
		  const char *user);

/*
 * When they are given up: begins to archive. An archive that another process
 * writes, or that can't be written, is said, and the exit status returned.
 */
int archives_start(struct archives *archives, struct channels *channels);

/* Nobody writes to the channels any more: what is in the rings is archived. */
void archives_stop(struct archives *archives, struct channels *channels);

#endif /* BRIDGE_ARCHIVES_H */
