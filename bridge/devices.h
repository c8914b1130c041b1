/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices that nobody had to name: /dev/memlog is the channel memlog,
 * /dev/memlog-NAME is NAME, from the time it is there and may be read.
 */
#ifndef BRIDGE_DEVICES_H
#define BRIDGE_DEVICES_H

#include <sys/types.h>
#include <uv.h>

#include "channel.h"
#include "list.h"

#define DEVICES_FOLDER	"/dev"

/**
 * struct devices - A folder in which devices come.
 * @channels: Where they are added.
 * @folder: Its path.
 * @kind: S_IFCHR; what kind of file a device is.
 * @inotify: Tells what comes, -1 if it is not watched.
 * @poll: Waits for @inotify.
 * @unserved: List of those that are there and not served, and why.
 * @retry: Looks at these again.
 * @retry_ms: So long after the last time.
 * @handles: Of the loop, that are not closed.
 */
struct devices {
	struct channels *channels;
	const char *folder;
	mode_t kind;
	int inotify;
	uv_poll_t poll;
	struct list unserved;
	uv_timer_t retry;
	unsigned int retry_ms;
	unsigned int handles;
};

/**
 * devices_open() - Add all devices there are as channels, and those that come.
 * @devices: Memory for it.
 * @channels: The table. What a channel there is already is left alone.
 * @loop: The loop to watch on.
 * @folder: DEVICES_FOLDER. It must stay.
 * @kind: S_IFCHR; tests have no devices, and pass S_IFREG for ring files.
 *
 * Says itself what can't be done: devices that come later are then not seen.
 */
void devices_open(struct devices *devices, struct channels *channels, uv_loop_t *loop,
		  const char *folder, mode_t kind);

/* The loop must run once more before @devices is freed. Harmless when not open. */
void devices_close(struct devices *devices);

#endif /* BRIDGE_DEVICES_H */
