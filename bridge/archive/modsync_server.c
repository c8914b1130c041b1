// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../address.h"
#include "../listen.h"
#include "../log.h"
#include "modsync_peer.h"
#include "modsync_server.h"
#include "modsync_server_private.h"

/*
 * Between two looks at the archive: by itself, and when there was something. What
 * is written in the meantime goes into one frame.
 */
#define LOOK_MS		100
#define GATHER_MS	4

#define CHECK_MS	1000
#define PAUSE_MS	100

static void on_connect(uv_poll_t *poll, int status, int events);
static void on_tick(uv_timer_t *timer);

static void listen_to(struct modsync_server *server, bool on)
{
	struct list *pos;

	list_for_each(pos, &server->listeners) {
		struct modsync_listener *listener =
			list_entry(pos, struct modsync_listener, link);

		if (on)
			uv_poll_start(&listener->poll, UV_READABLE, on_connect);
		else
			uv_poll_stop(&listener->poll);
	}
}

/* Return: 0, or a negative errno value when there is none or none can be taken. */
static int accept_one(struct modsync_listener *listener)
{
	struct modsync_server *server = listener->server;
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);
	struct address address;
	char name[ADDRESS_SIZE];
	struct peer *limit;
	int fd;

	fd = accept4(listener->fd, (struct sockaddr *)&ss, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return errno == ECONNABORTED || errno == EINTR ? 0 : -errno;
	address_of_peer(&address, fd, &ss);
	limit = limit_enter(&server->limits, &address, false);
	if (limit) {
		modsync_peer_open(server, fd, &address, limit);
		return 0;
	}
	address_format(&address, name);
	log_info("modsync: %s is turned away: at most %u clients, %u from one address", name,
		 MODSYNC_CLIENTS_MAX, MODSYNC_CLIENTS_PER_ADDRESS);
	close(fd);
	return 0;
}

static void on_connect(uv_poll_t *poll, int status, int events)
{
	struct modsync_listener *listener = poll->data;
	struct modsync_server *server = listener->server;
	int err = 0;

	for (int i = 0; !err && i < 16; i++)
		err = accept_one(listener);
	if (!err || err == -EAGAIN)
		return;
	log_error("modsync: can't accept: %s", strerror(-err));
	listen_to(server, false);
	server->paused_ms = uv_now(&server->loop) + PAUSE_MS;
	uv_timer_start(&server->tick, on_tick, PAUSE_MS, 0);
}

static void check_all(struct modsync_server *server, uint64_t now)
{
	struct list *pos, *n;

	server->checked_ms = now;
	list_for_each_safe(pos, n, &server->peers)
		modsync_peer_check(list_entry(pos, struct modsync_peer, link));
}

static bool waiting(const struct modsync_peer *peer)
{
	return peer->asked && !peer->out;
}

/* The newest day is the one that grows; others are seen to by the tick. */
static void watch_day(struct modsync_server *server, const struct modsync_peer *peer)
{
	if (server->notify && peer->place.day && peer->place.date >= server->days.newest)
		archive_notify_day(server->notify, peer->place.day);
}

/* Days are looked at only if somebody waits for what is in them. */
static void look(struct modsync_server *server)
{
	bool looked = false;
	struct list *pos, *n;

	server->looked_ms = uv_now(&server->loop);
	list_for_each_safe(pos, n, &server->peers) {
		struct modsync_peer *peer = list_entry(pos, struct modsync_peer, link);

		if (!waiting(peer))
			continue;
		if (!looked)
			modsync_days_look(&server->days);
		looked = true;
		watch_day(server, peer);
		modsync_peer_go_on(peer);
	}
	uv_timer_start(&server->tick, on_tick, looked ? LOOK_MS : CHECK_MS, 0);
}

static void on_tick(uv_timer_t *timer)
{
	struct modsync_server *server = timer->data;
	uint64_t now = uv_now(&server->loop);

	if (server->paused_ms && now >= server->paused_ms) {
		server->paused_ms = 0;
		listen_to(server, true);
	}
	if (now - server->checked_ms >= CHECK_MS)
		check_all(server, now);
	look(server);
}

void modsync_server_look_soon(struct modsync_server *server)
{
	uv_timer_start(&server->tick, on_tick, 0, 0);
}

static void on_notify(uv_poll_t *poll, int status, int events)
{
	struct modsync_server *server = poll->data;

	if (!archive_notify_take(server->notify))
		return;
	if (uv_now(&server->loop) - server->looked_ms >= GATHER_MS)
		look(server);
	else
		uv_timer_start(&server->tick, on_tick, GATHER_MS, 0);
}

static void on_listener_closed(uv_handle_t *handle)
{
	struct modsync_listener *listener = handle->data;

	close(listener->fd);
	free(listener);
}

/* Closes all that is in the loop, which ends then. */
static void close_all(struct modsync_server *server)
{
	struct list *pos, *n;

	list_for_each_safe(pos, n, &server->peers)
		modsync_peer_close(list_entry(pos, struct modsync_peer, link));
	list_for_each_safe(pos, n, &server->listeners) {
		struct modsync_listener *listener =
			list_entry(pos, struct modsync_listener, link);

		list_del(&listener->link);
		uv_close((uv_handle_t *)&listener->poll, on_listener_closed);
	}
	if (server->notify)
		uv_close((uv_handle_t *)&server->watch, NULL);
	uv_close((uv_handle_t *)&server->tick, NULL);
	uv_close((uv_handle_t *)&server->stop, NULL);
}

static void on_stop(uv_async_t *async)
{
	close_all(async->data);
}

static int add_listener(struct modsync_server *server, int fd)
{
	struct modsync_listener *listener = malloc(sizeof(*listener));

	if (!listener || uv_poll_init(&server->loop, &listener->poll, fd)) {
		free(listener);
		close(fd);
		return -ENOMEM;
	}
	listener->server = server;
	listener->fd = fd;
	listener->poll.data = listener;
	list_add_tail(&listener->link, &server->listeners);
	return 0;
}

/* Return: the port, or a negative errno value. */
static int listen_on(struct modsync_server *server, const char *addr, int port)
{
	struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM,
	};
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);
	char service[8], *url;
	struct addrinfo *ai;
	int fd, err;

	snprintf(service, sizeof(service), "%d", port);
	if (getaddrinfo(addr, service, &hints, &ai))
		return -EINVAL;
	if (!address_is_loopback(ai->ai_addr))
		log_error("warning: modsync-listen-insecure %s:%d: whoever reaches this address reads the archive; the protocol knows no token and no encryption",
			  addr, port);
	fd = listen_socket(ai->ai_addr, ai->ai_addrlen, false);
	freeaddrinfo(ai);
	if (fd < 0)
		return fd;
	if (getsockname(fd, (struct sockaddr *)&ss, &len))
		ss.ss_family = AF_UNSPEC;
	url = listen_url(fd, false);
	err = add_listener(server, fd);
	if (!err && url)
		log_info("modsync: listens on %s", url + strlen("http://"));
	free(url);
	return err ? err : ss.ss_family == AF_INET6 ?
		ntohs(((struct sockaddr_in6 *)(void *)&ss)->sin6_port) :
		ntohs(((struct sockaddr_in *)(void *)&ss)->sin_port);
}

static int open_listener(struct modsync_server *server, const char *value)
{
	char addr[ADDRESS_SIZE];
	int port = address_split(value, addr), first;

	if (!strcmp(addr, "localhost")) {
		first = port = listen_on(server, "127.0.0.1", port);
		if (port > 0 && listen_on(server, "::1", port) < 0)
			log_info("modsync: can't listen on [::1]:%d as well", port);
	} else {
		first = listen_on(server, addr, port);
	}
	if (first >= 0)
		return 0;
	log_error("can't listen on %s (modsync-listen-insecure): %s%s", value, strerror(-first),
		  listen_advice(first));
	return EXIT_SYSTEM;
}

static int open_loop(struct modsync_server *server)
{
	list_init(&server->listeners);
	list_init(&server->peers);
	if (uv_loop_init(&server->loop))
		return -ENOMEM;
	if (uv_async_init(&server->loop, &server->stop, on_stop) ||
	    uv_timer_init(&server->loop, &server->tick))
		return -ENOMEM;
	server->stop.data = server;
	server->tick.data = server;
	server->watch.data = server;
	if (archive_notify_open(&server->notify, server->days.dirfd))
		server->notify = NULL;
	else if (uv_poll_init(&server->loop, &server->watch, archive_notify_fd(server->notify)))
		return -ENOMEM;
	return limits_init(&server->limits, MODSYNC_CLIENTS_MAX, MODSYNC_CLIENTS_PER_ADDRESS);
}

int modsync_server_open(struct modsync_server **serverp,
			const struct modsync_server_options *options)
{
	struct modsync_server *server = calloc(1, sizeof(*server));
	int err = server ? modsync_days_init(&server->days, options->dir) : -ENOMEM;
	int status = 0;

	if (err) {
		log_error("%s can't be served by modsync: %s", options->dir, strerror(-err));
		free(server);
		return EXIT_SYSTEM;
	}
	server->flag = options->flag;
	server->local = options->local;
	server->silent_ms = options->silent_ms ? options->silent_ms : MODSYNC_SILENT_MS;
	server->stuck_ms = options->stuck_ms ? options->stuck_ms : MODSYNC_STUCK_MS;
	if (open_loop(server)) {
		log_error("modsync: out of memory or open files");
		modsync_days_uninit(&server->days);
		free(server);
		return EXIT_SYSTEM;
	}
	*serverp = server;
	for (size_t i = 0; !status && i < options->listen->count; i++)
		status = open_listener(server, options->listen->values[i]);
	return status;
}

static void *serve(void *arg)
{
	struct modsync_server *server = arg;

	pthread_setname_np(pthread_self(), "modsync");
	listen_to(server, true);
	if (server->notify)
		uv_poll_start(&server->watch, UV_READABLE, on_notify);
	uv_timer_start(&server->tick, on_tick, LOOK_MS, 0);
	uv_run(&server->loop, UV_RUN_DEFAULT);
	return NULL;
}

int modsync_server_start(struct modsync_server *server)
{
	sigset_t all, before;
	int err;

	/* Signals are the main thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&server->thread, NULL, serve, server);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	server->started = !err;
	if (!err)
		return 0;
	log_error("can't start a thread for modsync: %s", strerror(err));
	return EXIT_SYSTEM;
}

void modsync_server_close(struct modsync_server *server)
{
	if (!server)
		return;
	if (server->started) {
		uv_async_send(&server->stop);
		pthread_join(server->thread, NULL);
	} else {
		close_all(server);
		uv_run(&server->loop, UV_RUN_DEFAULT);
	}
	uv_loop_close(&server->loop);
	archive_notify_close(server->notify);
	limits_uninit(&server->limits);
	modsync_days_uninit(&server->days);
	free(server);
}
