/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * live/CHANNEL: what comes to an archive, as it comes. A reader begins behind the
 * newest record, since what was before is in the days; a read waits until there
 * is something, and poll tells.
 */
#ifndef VIEW_LIVE_H
#define VIEW_LIVE_H

#include <fuse_lowlevel.h>
#include <stdbool.h>

struct live_file;

/* The thread that wakes whoever waits; started before any file is opened. */
int live_start(struct fuse_session *session);
void live_stop(void);

/* 0 or -errno. @path is an archive's folder. */
int live_open(struct live_file **filep, const char *path);
void live_close(struct live_file *file);

/* Each answers @req, now or when something comes. */
void live_read(struct live_file *file, fuse_req_t req, size_t size, bool nonblock);
void live_poll(struct live_file *file, fuse_req_t req, struct fuse_pollhandle *handle);

#endif /* VIEW_LIVE_H */
