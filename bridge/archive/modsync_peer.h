/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A go-modsynclog client of ours: its socket, what it asked for, and the one frame
 * that is on its way to it. No more is read for it before that is gone.
 */
#ifndef BRIDGE_MODSYNC_PEER_H
#define BRIDGE_MODSYNC_PEER_H

#include <uv.h>

#include "../limit.h"
#include "../list.h"
#include "modsync_days.h"
#include "modsync_reader.h"

struct modsync_server;

/**
 * struct modsync_peer - A client.
 * @link: In server->peers.
 * @server: Whose it is.
 * @poll: Watches its socket.
 * @fd: That.
 * @limit: For whom it is counted.
 * @name: Its address, for people.
 * @reader: Takes apart what it sends.
 * @place: What it asked for; place.date is 0 before that.
 * @asked: It waits for rows, or a day's end, there.
 * @welcome: It is to be greeted.
 * @out: What could not be sent yet of the last frame, NULL: nothing.
 * @out_len: Bytes of that.
 * @out_at: How many of them are sent.
 * @heard_ms: When it said something last.
 * @moved_ms: When it took something last, of @out.
 * @ended_ms: When it was told that its day is complete, and has not asked since; 0.
 */
struct modsync_peer {
	struct list link;
	struct modsync_server *server;
	uv_poll_t poll;
	int fd;
	struct peer *limit;
	char name[ADDRESS_SIZE];
	struct modsync_reader *reader;
	struct modsync_place place;
	bool asked;
	bool welcome;
	uint8_t *out;
	size_t out_len;
	size_t out_at;
	uint64_t heard_ms;
	uint64_t moved_ms;
	uint64_t ended_ms;
};

/* Takes @fd and @limit over, also if this fails. */
void modsync_peer_open(struct modsync_server *server, int fd, const struct address *address,
		       struct peer *limit);

/* Ends it; the memory goes when the loop has let go of it. */
void modsync_peer_close(struct modsync_peer *peer);

/* Sends what there is for it now. It may be gone then. */
void modsync_peer_go_on(struct modsync_peer *peer);

/* Once in a while: ends it if it is gone without a word. */
void modsync_peer_check(struct modsync_peer *peer);

#endif /* BRIDGE_MODSYNC_PEER_H */
