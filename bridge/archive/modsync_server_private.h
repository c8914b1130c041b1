/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BRIDGE_MODSYNC_SERVER_PRIVATE_H
#define BRIDGE_MODSYNC_SERVER_PRIVATE_H

#include <pthread.h>
#include <uv.h>

#include <archive/notify.h>

#include "../limit.h"
#include "../list.h"
#include "modsync_days.h"

/**
 * struct modsync_listener - A socket that is listened on.
 * @link: In server->listeners.
 * @server: Whose it is.
 * @poll: Watches it.
 * @fd: That.
 */
struct modsync_listener {
	struct list link;
	struct modsync_server *server;
	uv_poll_t poll;
	int fd;
};

/**
 * struct modsync_server - One thread, with one archive.
 * @loop: All runs here.
 * @stop: Tells it to end.
 * @tick: Looks for what is new, and for who is gone.
 * @watch: Watches what the archive tells, of the folder, and of the newest day.
 * @notify: That; NULL: the tick has to do.
 * @looked_ms: When the archive was looked at last.
 * @listeners: List of struct modsync_listener.
 * @peers: List of struct modsync_peer.
 * @limits: Who may come.
 * @days: The archive.
 * @flag: Send flag of all frames.
 * @local: Days are those of the process's zone, else UTC.
 * @silent_ms: As of struct modsync_server_options.
 * @stuck_ms: Likewise.
 * @checked_ms: When clients were looked at last.
 * @paused_ms: Accepting goes on after that; 0: it was not stopped.
 * @thread: The thread,
 * @started: if there is one.
 */
struct modsync_server {
	uv_loop_t loop;
	uv_async_t stop;
	uv_timer_t tick;
	uv_poll_t watch;
	struct archive_notify *notify;
	uint64_t looked_ms;
	struct list listeners;
	struct list peers;
	struct limits limits;
	struct modsync_days days;
	uint32_t flag;
	bool local;
	unsigned int silent_ms;
	unsigned int stuck_ms;
	uint64_t checked_ms;
	uint64_t paused_ms;
	pthread_t thread;
	bool started;
};

/* Somebody waits for what is in the archive. */
void modsync_server_look_soon(struct modsync_server *server);

#endif /* BRIDGE_MODSYNC_SERVER_PRIVATE_H */
