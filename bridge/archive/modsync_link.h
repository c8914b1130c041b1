/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A connection to a go-modsynclog server: blocking calls, each of which ends at once
 * when the client is to stop.
 */
#ifndef BRIDGE_MODSYNC_LINK_H
#define BRIDGE_MODSYNC_LINK_H

#include <sys/types.h>

#include "modsync_frame.h"

/**
 * struct modsync_link - The connection.
 * @fd: The socket, -1: none.
 * @stopfd: Readable when it is to stop.
 * @flag: Send flag of all frames.
 */
struct modsync_link {
	int fd;
	int stopfd;
	uint32_t flag;
};

/* Waits for @ms milliseconds. Return: true: it is to stop. */
bool modsync_link_wait(const struct modsync_link *link, unsigned int ms);

/* Connects. Return: 0; -ECANCELED it is to stop; -errno, and @why is that in words. */
int modsync_link_open(struct modsync_link *link, const char *host, const char *port,
		      const char **why);
void modsync_link_close(struct modsync_link *link);

/* Sends a frame, in one write. 0 or -errno. */
int modsync_link_send(struct modsync_link *link, uint32_t type, const void *content, size_t len);

/*
 * Receives, for @ms milliseconds at most. Return: bytes; -EAGAIN nothing came;
 * -ECANCELED it is to stop; -ECONNRESET the other end closed; -errno.
 */
ssize_t modsync_link_receive(struct modsync_link *link, void *buf, size_t size, unsigned int ms);

#endif /* BRIDGE_MODSYNC_LINK_H */
