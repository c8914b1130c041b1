/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A channel of memlogfs --device, and a file that has it open.
 *
 * One thread serves all requests. None of them waits: a read that finds nothing
 * is put aside and answered by the write that brings something, or by the signal
 * that interrupts it. So nothing here needs a lock, and nobody holds up others.
 */
#ifndef VIEW_DEVICE_CHANNEL_H
#define VIEW_DEVICE_CHANNEL_H

#include <stdbool.h>
#include <sys/types.h>

#include "cursor.h"
#include "device_options.h"
#include "embedded.h"
#include "../list.h"

struct fuse_pollhandle;

/**
 * struct device_channel - A channel.
 * @ring: The ring; this process is its one writer.
 * @files: Its open files; struct device_file.
 * @waits: Reads that wait for a record, the oldest first; struct device_wait.
 * @polled: Files somebody polls and is to be told; struct device_file.
 * @clear_seq: Where MEMLOG_IOC_CLEAR put its mark.
 * @mode: Mode of the file.
 * @uid: Its owner.
 * @gid: Its group.
 * @made: When it was mounted.
 * @name: The file's name.
 */
struct device_channel {
	struct memlog_embedded *ring;
	struct list files;
	struct list waits;
	struct list polled;
	u64 clear_seq;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	struct timespec made;
	char name[DEVICE_FILE_NAME_MAX];
};

/**
 * struct device_file - An open file.
 * @ch: Its channel.
 * @entry: In the channel's list of files.
 * @reads: It is open for reading.
 * @writes: It is open for writing.
 * @stamped: MEMLOG_IOC_STAMP was called: a write is text from its first byte.
 * @pri: Priority of what it writes.
 * @type: Type of what it writes.
 * @written_seq: The last record written through it.
 * @cursor: Its place; only of a file that reads.
 * @poll: Whom to tell that it is worth looking again, or NULL.
 * @polled: In the channel's list while @poll is set.
 * @more_off: Where the next request of a write begins that came in several.
 * @more: The last write's request was so long that another may follow.
 * @more_partial: It ended within a line.
 * @more_pri: Its priority.
 */
struct device_file {
	struct device_channel *ch;
	struct list entry;
	bool reads;
	bool writes;
	bool stamped;
	u8 pri;
	u16 type;
	u64 written_seq;
	struct memlog_cursor cursor;
	struct fuse_pollhandle *poll;
	struct list polled;
	u64 more_off;
	bool more;
	bool more_partial;
	u8 more_pri;
};

int device_channel_open(struct device_channel *ch, const struct device_options *opt,
			unsigned int n);
void device_channel_close(struct device_channel *ch);

static inline const struct memlog_buf *device_channel_buf(const struct device_channel *ch)
{
	return &ch->ring->map.buf;
}

#endif /* VIEW_DEVICE_CHANNEL_H */
