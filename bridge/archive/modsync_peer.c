// SPDX-License-Identifier: GPL-2.0-only
#include <archive/date.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../log.h"
#include "modsync_peer.h"
#include "modsync_server_private.h"

#define UNSENT_MAX	65536

/* Frames in a row for one client before the others have their turn. */
#define FRAMES_A_TURN	4

static uint64_t now_ms(const struct modsync_peer *peer)
{
	return uv_now(&peer->server->loop);
}

/* A day of tomorrow is one of today further east. */
static uint32_t last_date(const struct modsync_server *server)
{
	struct archive_span span;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	archive_date_of(&span, (uint64_t)now.tv_sec * 1000000000, server->local);
	return archive_date_add(span.date, 1);
}

static int on_ask(struct modsync_peer *peer, const char *content, size_t len)
{
	struct modsync_ask ask;
	char date[11];

	if (modsync_ask_get(&ask, content, len)) {
		log_error("modsync: %s asks for what is no day and row; it is disconnected",
			  peer->name);
		return -EBADMSG;
	}
	archive_date_iso(date, ask.date);
	if (ask.date > last_date(peer->server)) {
		log_error("modsync: %s asks for %s, which is yet to come; one of the clocks is wrong",
			  peer->name, date);
		return -ERANGE;
	}
	log_info("modsync: %s asks for %s from row %llu", peer->name, date,
		 (unsigned long long)ask.id);
	modsync_place_set(&peer->place, ask.date, ask.id);
	peer->asked = true;
	peer->ended_ms = 0;
	modsync_server_look_soon(peer->server);
	return 0;
}

static int on_message(void *arg, uint32_t type, const char *content, size_t len)
{
	struct modsync_peer *peer = arg;

	if (type == MODSYNC_HELLO)
		peer->welcome = true;
	return type == MODSYNC_ASK ? on_ask(peer, content, len) : 0;
}

static const struct modsync_handler handler = { .message = on_message };

/* Return: 1 it can take no more now, 0 all is sent, or -errno. */
static int send_bytes(struct modsync_peer *peer, const uint8_t *data, size_t len, size_t *sent)
{
	while (*sent < len) {
		/*
		 * A frame begins in a segment of its own: existing clients take its
		 * header with one read(2), and what is cut there is lost on them.
		 */
		ssize_t n = send(peer->fd, data + *sent, len - *sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT | MSG_EOR);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 1 : -errno;
		*sent += (size_t)n;
		peer->moved_ms = now_ms(peer);
	}
	return 0;
}

/* What did not go out at once is kept. Return: as send_bytes(). */
static int send_frame(struct modsync_peer *peer, uint32_t type, bool zlib, const void *content,
		      size_t len)
{
	struct modsync_server *server = peer->server;
	size_t size = modsync_frame_room(len), sent = 0;
	uint8_t *frame = malloc(size);
	int err;

	size = frame ? modsync_frame_make(frame, size, server->flag, type, zlib, content, len) : 0;
	if (!size) {
		free(frame);
		return -ENOMEM;
	}
	peer->moved_ms = now_ms(peer);
	err = send_bytes(peer, frame, size, &sent);
	if (err != 1) {
		free(frame);
		return err;
	}
	memmove(frame, frame + sent, size - sent);
	peer->out = realloc(frame, size - sent);
	if (!peer->out)
		peer->out = frame;
	peer->out_len = size - sent;
	peer->out_at = 0;
	return 1;
}

static int send_rest(struct modsync_peer *peer)
{
	int err = send_bytes(peer, peer->out, peer->out_len, &peer->out_at);

	if (!err) {
		free(peer->out);
		peer->out = NULL;
	}
	return err;
}

static int send_end(struct modsync_peer *peer)
{
	uint64_t rows = peer->place.day ? archive_day_rows(peer->place.day) : 0;
	char date[11];

	archive_date_iso(date, peer->place.date);
	if (peer->place.row > rows)
		log_error("modsync: %s has %llu rows of %s, and there are %llu here; remove that day there, and it is sent again",
			  peer->name, (unsigned long long)peer->place.row, date,
			  (unsigned long long)rows);
	peer->asked = false;
	peer->ended_ms = now_ms(peer);
	/* While it is open, it can't be removed. */
	modsync_place_clear(&peer->place);
	return send_frame(peer, MODSYNC_DONE, true, date, 10);
}

static void tell_damage(struct modsync_peer *peer, int err)
{
	if (peer->place.damaged)
		return;
	peer->place.damaged = true;
	log_error("modsync: row %llu of %08u can't be read: %s; %s waits until it is mended (memlog archive repair)",
		  (unsigned long long)peer->place.row, peer->place.date, strerror(-err),
		  peer->name);
}

/* Return: 1 no more now, 0 one more frame was sent, or -errno. */
static int send_next(struct modsync_peer *peer)
{
	struct modsync_days *days = &peer->server->days;
	size_t len;
	int next;

	if (peer->out)
		return send_rest(peer);
	if (peer->welcome) {
		peer->welcome = false;
		return send_frame(peer, MODSYNC_WELCOME, false, MODSYNC_WELCOME_TEXT,
				  strlen(MODSYNC_WELCOME_TEXT));
	}
	if (!peer->asked)
		return 1;
	next = modsync_days_next(days, &peer->place, &len);
	switch (next) {
	case MODSYNC_WAIT:
		return 1;
	case MODSYNC_BATCH:
		return send_frame(peer, MODSYNC_ROWS, true, days->content, len);
	case MODSYNC_END:
		return send_end(peer);
	case -ENOMEM:
		return next;
	default:
		tell_damage(peer, next);
		return 1;
	}
}

static void on_poll(uv_poll_t *poll, int status, int events);

static void watch(struct modsync_peer *peer, int events)
{
	uv_poll_start(&peer->poll, events, on_poll);
}

void modsync_peer_go_on(struct modsync_peer *peer)
{
	int err = 0;

	for (int i = 0; !err && i < FRAMES_A_TURN; i++)
		err = send_next(peer);
	if (err < 0) {
		log_info("modsync: %s: %s", peer->name, strerror(-err));
		modsync_peer_close(peer);
		return;
	}
	/* With more to send: when there is room, and the others had their turn. */
	watch(peer, UV_READABLE | (!err || peer->out ? UV_WRITABLE : 0));
}

/* Return: 0, or the client is gone. */
static int receive(struct modsync_peer *peer)
{
	char buf[4096];
	ssize_t n = recv(peer->fd, buf, sizeof(buf), MSG_DONTWAIT);
	int err;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		log_info("modsync: %s has gone", peer->name);
		return -ECONNRESET;
	}
	peer->heard_ms = now_ms(peer);
	err = modsync_reader_feed(peer->reader, buf, (size_t)n);
	if (err && modsync_reader_error(peer->reader)[0])
		log_error("modsync: %s: %s; it is disconnected", peer->name,
			  modsync_reader_error(peer->reader));
	return err;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct modsync_peer *peer = poll->data;

	if (status < 0 || ((events & UV_READABLE) && receive(peer)))
		modsync_peer_close(peer);
	else
		modsync_peer_go_on(peer);
}

static void on_closed(uv_handle_t *handle)
{
	struct modsync_peer *peer = handle->data;

	close(peer->fd);
	free(peer);
}

void modsync_peer_close(struct modsync_peer *peer)
{
	list_del(&peer->link);
	limit_leave(&peer->server->limits, peer->limit);
	modsync_place_clear(&peer->place);
	modsync_reader_free(peer->reader);
	free(peer->out);
	uv_close((uv_handle_t *)&peer->poll, on_closed);
}

void modsync_peer_check(struct modsync_peer *peer)
{
	uint64_t now = now_ms(peer), silent_ms = peer->server->silent_ms;

	if (now - peer->heard_ms > silent_ms)
		log_info("modsync: %s says nothing any more", peer->name);
	else if (peer->out && now - peer->moved_ms > silent_ms)
		log_info("modsync: %s takes nothing any more", peer->name);
	else if (peer->ended_ms && now - peer->ended_ms > peer->server->stuck_ms)
		log_info("modsync: %s does not go on after a day's end", peer->name);
	else
		return;
	modsync_peer_close(peer);
}

static void set_socket(int fd, unsigned int unacked_ms)
{
	int one = 1, unsent = UNSENT_MAX;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacked_ms, sizeof(unacked_ms));
}

void modsync_peer_open(struct modsync_server *server, int fd, const struct address *address,
		       struct peer *limit)
{
	struct modsync_peer *peer = calloc(1, sizeof(*peer));

	if (peer)
		peer->reader = modsync_reader_new(server->flag, &handler, peer);
	if (!peer || !peer->reader || uv_poll_init(&server->loop, &peer->poll, fd)) {
		log_error("modsync: a client can't be taken in: out of memory");
		if (peer)
			modsync_reader_free(peer->reader);
		free(peer);
		limit_leave(&server->limits, limit);
		close(fd);
		return;
	}
	set_socket(fd, server->silent_ms);
	address_format(address, peer->name);
	peer->server = server;
	peer->fd = fd;
	peer->limit = limit;
	peer->poll.data = peer;
	peer->heard_ms = now_ms(peer);
	list_add_tail(&peer->link, &server->peers);
	log_info("modsync: %s has come", peer->name);
	watch(peer, UV_READABLE);
}
