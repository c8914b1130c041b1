/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One connection of a client to a go-modsynclog server: asking, and what comes.
 *
 * The protocol does not say that there is nothing more for now, and its existing
 * server may forget to say that a day is complete, or lose a question. So a server
 * that is silent is asked once more; and a day that ended long ago is taken as
 * complete when the server lives, is silent about it, and has something of a later
 * day: whoever writes days never goes back.
 */
#ifndef BRIDGE_MODSYNC_SESSION_H
#define BRIDGE_MODSYNC_SESSION_H

#include "modsync_copy.h"
#include "modsync_link.h"
#include "modsync_reader.h"

/**
 * struct modsync_session - The connection, and what is known from those before.
 * @link: The socket.
 * @copy: Where rows go.
 * @reader: Takes apart what comes.
 * @publish: Called with @arg when copy->stats have changed.
 * @arg: For that.
 * @patience_ms: As of struct modsync_client_options.
 * @beat_ms: When a heartbeat was sent last.
 * @heard_ms: When it was asked, or answered, last, or sent a part of a frame.
 * @tick_ms: When the archive was looked after last.
 * @welcomed: It has answered the last greeting.
 * @asked: It was asked for copy->date.
 * @answered: Rows of it came since.
 * @probe: The later day it was asked for in place of that, 0: none.
 * @probes: Days asked for in this way.
 * @probed_ms: When the last of them was.
 * @proof: It has something of this day: those before it are over.
 * @why: What ended the last connection, in words.
 */
struct modsync_session {
	struct modsync_link link;
	struct modsync_copy *copy;
	struct modsync_reader *reader;
	void (*publish)(void *arg);
	void *arg;
	unsigned int patience_ms;
	uint64_t beat_ms;
	uint64_t heard_ms;
	uint64_t tick_ms;
	bool welcomed;
	bool asked;
	bool answered;
	uint32_t probe;
	unsigned int probes;
	uint64_t probed_ms;
	uint32_t proof;
	char why[192];
};

/**
 * modsync_session_run() - Copy until the connection ends.
 * @session: Its link is open; is closed then.
 * @why: Set to what is wrong, in words; NULL: nothing is, connect again.
 *
 * Return: true: it is to stop.
 */
bool modsync_session_run(struct modsync_session *session, const char **why);

#endif /* BRIDGE_MODSYNC_SESSION_H */
