// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "linger.h"

/* So long, so much of each, and so many in a thread: then it has to be a reset. */
#define LINGER_MS	5000
#define LINGER_BYTES	(16U << 20)
#define LINGER_MOST	64

/* What one turn of the loop reads. */
#define READ_BYTES	65536

/**
 * struct lingerer - A connection that lingers.
 * @link: In shard->lingers.
 * @shard: Whose it is.
 * @poll: Waits for what comes.
 * @timer: Ends it.
 * @handles: Of the two, those that are not closed.
 * @fd: The socket.
 * @left: So many bytes are still read.
 * @told: The client was told that no more is sent.
 */
struct lingerer {
	struct list link;
	struct shard *shard;
	uv_poll_t poll;
	uv_timer_t timer;
	unsigned int handles;
	int fd;
	size_t left;
	bool told;
};

static void on_closed(uv_handle_t *handle)
{
	struct lingerer *linger = handle->data;

	if (--linger->handles)
		return;
	close(linger->fd);
	free(linger);
}

static void end(struct lingerer *linger)
{
	if (uv_is_closing((uv_handle_t *)&linger->timer))
		return;
	list_del(&linger->link);
	linger->shard->linger_count--;
	uv_close((uv_handle_t *)&linger->poll, on_closed);
	uv_close((uv_handle_t *)&linger->timer, on_closed);
}

/* First libwebsockets says its last, in this turn of the loop. */
static void on_timer(uv_timer_t *timer)
{
	struct lingerer *linger = timer->data;

	if (linger->told) {
		end(linger);
		return;
	}
	shutdown(linger->fd, SHUT_WR);
	linger->told = true;
	uv_timer_start(timer, on_timer, LINGER_MS, 0);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct lingerer *linger = poll->data;
	char buf[16384];
	ssize_t n = -1;

	for (size_t got = 0; got < READ_BYTES; got += (size_t)n) {
		n = read(linger->fd, buf, sizeof(buf));
		if (n <= 0)
			break;
		linger->left -= (size_t)n < linger->left ? (size_t)n : linger->left;
	}
	if (status || !n || !linger->left || (n < 0 && errno != EAGAIN && errno != EINTR))
		end(linger);
}

void linger_start(struct lws *wsi, struct conn *conn)
{
	struct shard *shard = conn->shard;
	struct lingerer *linger;
	int fd;

	/* the oldest one has had its time */
	if (shard->linger_count >= LINGER_MOST)
		end(list_entry(shard->lingers.next, struct lingerer, link));
	linger = calloc(1, sizeof(*linger));
	fd = linger ? fcntl(lws_get_socket_fd(wsi), F_DUPFD_CLOEXEC, 3) : -1;
	if (fd < 0) {
		free(linger);
		return;
	}
	if (uv_poll_init(&shard->loop, &linger->poll, fd)) {
		close(fd);
		free(linger);
		return;
	}
	uv_timer_init(&shard->loop, &linger->timer);
	linger->shard = shard;
	linger->fd = fd;
	linger->left = LINGER_BYTES;
	linger->handles = 2;
	/* libwebsockets does it itself when it has sent what it could not send yet */
	linger->told = lws_partial_buffered(wsi);
	linger->poll.data = linger;
	linger->timer.data = linger;
	list_add_tail(&linger->link, &shard->lingers);
	shard->linger_count++;
	uv_poll_start(&linger->poll, UV_READABLE, on_readable);
	uv_timer_start(&linger->timer, on_timer, linger->told ? LINGER_MS : 0, 0);
}

void linger_stop(struct shard *shard)
{
	while (!list_empty(&shard->lingers))
		end(list_entry(shard->lingers.next, struct lingerer, link));
}
