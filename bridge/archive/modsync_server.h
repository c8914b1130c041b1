/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Serves an archive to go-modsynclog's clients, by its socket protocol: days from
 * the row on that a client asks for, then rows as they come. It knows no
 * authentication: whoever reaches a listener reads all of the archive.
 *
 * A thread and a loop of its own, since it reads the disk.
 */
#ifndef BRIDGE_MODSYNC_SERVER_H
#define BRIDGE_MODSYNC_SERVER_H

#include "../options.h"

#define MODSYNC_CLIENTS_MAX		64
#define MODSYNC_CLIENTS_PER_ADDRESS	16
#define MODSYNC_SILENT_MS		180000
#define MODSYNC_STUCK_MS		60000

struct modsync_server;

/**
 * struct modsync_server_options - What to serve, and where.
 * @dir: The archive's folder.
 * @listen: ADDR:PORT, each.
 * @flag: The number that all frames begin with.
 * @local: Days are those of the process's zone (TZ), else of UTC.
 * @silent_ms: A client that says nothing, or takes nothing, for so long is gone;
 *             0: MODSYNC_SILENT_MS.
 * @stuck_ms: One that does not go on so long after a day's end is disconnected: it
 *            connects again, and asks then; 0: MODSYNC_STUCK_MS.
 */
struct modsync_server_options {
	const char *dir;
	const struct option_list *listen;
	uint32_t flag;
	bool local;
	unsigned int silent_ms;
	unsigned int stuck_ms;
};

/**
 * modsync_server_open() - Listen.
 * @serverp: Set to the server.
 * @options: Not needed any more afterwards.
 *
 * Says what is wrong itself. Return: 0 or an exit status.
 */
int modsync_server_open(struct modsync_server **serverp,
			const struct modsync_server_options *options);

/* Serves, in a thread of its own. Return: 0 or an exit status. */
int modsync_server_start(struct modsync_server *server);

/* Ends all of it; NULL is no server. */
void modsync_server_close(struct modsync_server *server);

#endif /* BRIDGE_MODSYNC_SERVER_H */
