// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "accept.h"
#include "activate.h"
#include "address.h"
#include "listen.h"
#include "log.h"

#define BACKLOG		128
#define PAUSE_MS	100

static void on_pause_end(uv_timer_t *timer);

/* One turn of the loop takes so many in. */
static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct listener *listener = poll->data;

	for (int i = 0; i < 16; i++) {
		int err = accept_one(listener);

		if (err == -EAGAIN)
			return;
		if (!err)
			continue;
		log_error("can't accept on %s: %s", listener->url, strerror(-err));
		uv_poll_stop(poll);
		uv_timer_start(&listener->pause, on_pause_end, PAUSE_MS, 0);
		return;
	}
}

static void on_pause_end(uv_timer_t *timer)
{
	struct listener *listener = timer->data;

	uv_poll_start(&listener->poll, UV_READABLE, on_poll);
}

int listen_add(struct shard *shard, const struct listener *wanted)
{
	struct listener *listener = malloc(sizeof(*listener));

	if (!listener || !wanted->url) {
		close(wanted->fd);
		free(wanted->url);
		free(wanted->path);
		free(listener);
		return -ENOMEM;
	}
	*listener = *wanted;
	listener->shard = shard;
	listener->handles = 2;
	uv_poll_init(&shard->loop, &listener->poll, listener->fd);
	uv_timer_init(&shard->loop, &listener->pause);
	listener->poll.data = listener;
	listener->pause.data = listener;
	uv_poll_start(&listener->poll, UV_READABLE, on_poll);
	list_add_tail(&listener->link, &shard->listeners);
	return 0;
}

static void on_close(uv_handle_t *handle)
{
	struct listener *listener = handle->data;

	if (--listener->handles)
		return;
	close(listener->fd);
	free(listener->url);
	free(listener->path);
	free(listener);
}

void listen_close(struct shard *shard)
{
	struct list *pos, *n;

	list_for_each_safe(pos, n, &shard->listeners) {
		struct listener *listener = list_entry(pos, struct listener, link);

		list_del(&listener->link);
		if (listener->path)
			unlink(listener->path);
		uv_close((uv_handle_t *)&listener->poll, on_close);
		uv_close((uv_handle_t *)&listener->pause, on_close);
	}
}

static unsigned int port_of(const struct sockaddr_storage *ss)
{
	if (ss->ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)(const void *)ss)->sin_port);
	return ntohs(((const struct sockaddr_in6 *)(const void *)ss)->sin6_port);
}

/* What a person here would type: localhost, where that is the same. */
char *listen_url(int fd, bool tls)
{
	struct sockaddr_storage ss = { 0 };
	struct address address;
	socklen_t len = sizeof(ss);
	char addr[ADDRESS_SIZE] = "localhost", *url;
	bool brackets = false;

	if (getsockname(fd, (struct sockaddr *)&ss, &len))
		return NULL;
	if (!address_is_loopback((struct sockaddr *)&ss) &&
	    !address_is_any((struct sockaddr *)&ss)) {
		address_of_peer(&address, fd, &ss);
		address_format(&address, addr);
		brackets = address.kind == AF_INET6;
	}
	if (asprintf(&url, "%s://%s%s%s:%u/", tls ? "https" : "http", brackets ? "[" : "",
		     addr, brackets ? "]" : "", port_of(&ss)) < 0)
		return NULL;
	return url;
}

int listen_socket(const struct sockaddr *sa, socklen_t len, bool shared)
{
	int fd, err, one = 1;

	fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (shared)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	if (sa->sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, sa, len) || listen(fd, BACKLOG)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

/*
 * Threads share a port, and so would another bridge of the same user, each with
 * some of the clients. Return: 0, or a negative errno value.
 */
static int probe(const struct sockaddr *sa, socklen_t len)
{
	int fd = listen_socket(sa, len, false);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* The address may not be what others can listen in on, or meddle with. */
static void warn(const char *value, const struct sockaddr *sa, bool open, bool tls)
{
	if (address_is_loopback(sa))
		return;
	if (open)
		log_error("warning: listen-insecure %s: whoever reaches this address reads and writes all channels, without a token",
			  value);
	else if (!tls)
		log_error("warning: listen %s: tokens and records go over the network in the clear; give tls-cert and tls-key",
			  value);
}

/* Return: the port, or a negative errno value. */
static int listen_tcp(struct shard *shard, const char *value, const char *addr, int port,
		      bool open)
{
	const struct options *options = &shard->bridge->options;
	struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	struct listener listener = { .open = open, .tls = !open && options->tls_cert };
	struct sockaddr_storage ss;
	struct addrinfo *ai;
	char service[8];
	socklen_t len = sizeof(ss);
	int err;

	snprintf(service, sizeof(service), "%d", port);
	if (getaddrinfo(addr, service, &hints, &ai))
		return -EINVAL;
	warn(value, ai->ai_addr, open, listener.tls);
	err = port ? probe(ai->ai_addr, ai->ai_addrlen) : 0;
	listener.fd = err ? err : listen_socket(ai->ai_addr, ai->ai_addrlen, options->threads > 1);
	freeaddrinfo(ai);
	if (listener.fd < 0)
		return listener.fd;
	listener.url = listen_url(listener.fd, listener.tls);
	if (getsockname(listener.fd, (struct sockaddr *)&ss, &len))
		return -errno;
	err = listen_add(shard, &listener);
	return err ? err : (int)port_of(&ss);
}

const char *listen_advice(int err)
{
	switch (err) {
	case -EADDRINUSE:
		return "; another bridge, its systemd socket or another program listens there, --listen ADDR:PORT takes another port";
	case -EACCES:
		return "; take a port from 1024 on, start the bridge as root with --user, or use memlog-bridge.socket";
	case -EADDRNOTAVAIL:
		return "; it is no address of this host";
	default:
		return "";
	}
}

static int open_tcp(struct shard *shard, const char *value, bool open)
{
	char addr[ADDRESS_SIZE];
	int port = address_split(value, addr), first = port;

	if (!strcmp(addr, "localhost")) {
		first = port = listen_tcp(shard, value, "127.0.0.1", port, open);
		if (port > 0 && listen_tcp(shard, value, "::1", port, open) < 0)
			log_info("can't listen on [::1]:%d as well", port);
	} else {
		first = listen_tcp(shard, value, addr, port, open);
	}
	if (first >= 0)
		return 0;
	log_error("can't listen on %s: %s%s", value, strerror(-first), listen_advice(first));
	return EXIT_SYSTEM;
}

/* A socket file nobody listens on is one a killed bridge left behind. */
static int remove_stale(const char *path, const struct sockaddr_un *addr)
{
	struct stat st;
	int fd, err;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	err = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) ? -errno : -EADDRINUSE;
	close(fd);
	if (err != -ECONNREFUSED)
		return err;
	return unlink(path) ? -errno : 0;
}

static gid_t channels_group(struct shard *shard)
{
	struct channel *channel = NULL;
	gid_t group = (gid_t)-1;

	while ((channel = channels_next(&shard->bridge->channels, channel))) {
		group = source_group(&channel->source);
		if (group != (gid_t)-1)
			break;
	}
	return group;
}

/* Nobody gets in before the group is right. */
static int bind_unix(struct shard *shard, int fd, const char *path,
		     const struct sockaddr_un *addr)
{
	gid_t group = channels_group(shard);
	mode_t mask = umask(0777);
	int err = bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) ? -errno : 0;

	umask(mask);
	if (err)
		return err;
	if (group != (gid_t)-1 && lchown(path, (uid_t)-1, group))
		log_info("%s: can't give it to group %u: %s", path, group, strerror(errno));
	if (chmod(path, 0660) || listen(fd, BACKLOG)) {
		err = -errno;
		unlink(path);
	}
	return err;
}

static int add_unix(struct shard *shard, int fd, const char *path)
{
	struct listener listener = { .fd = fd, .open = true, .path = strdup(path) };

	if (!listener.path || asprintf(&listener.url, "unix:%s", path) < 0)
		listener.url = NULL;
	return listen_add(shard, &listener);
}

static int open_unix(struct shard *shard, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, err;

	if (!path[0] || strlen(path) >= sizeof(addr.sun_path)) {
		log_error("--listen unix:%s: expected a path of 1 to %zu bytes", path,
			  sizeof(addr.sun_path) - 1);
		return EXIT_USAGE;
	}
	strcpy(addr.sun_path, path);
	err = remove_stale(path, &addr);
	if (!err) {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		err = fd < 0 ? -errno : bind_unix(shard, fd, path, &addr);
		if (err && fd >= 0)
			close(fd);
	}
	if (!err)
		err = add_unix(shard, fd, path);
	if (!err)
		return 0;
	log_error("can't listen on %s: %s%s", path, strerror(-err),
		  err == -EEXIST ? ", and it is no socket" : "");
	return EXIT_SYSTEM;
}

int listen_open(struct shard *shard)
{
	const struct options *options = &shard->bridge->options;
	const struct option_list *list = &options->listen;
	int status = activate_open(shard);

	for (size_t i = 0; !status && i < list->count; i++) {
		const char *value = list->values[i];

		status = !strncmp(value, "unix:", 5) ? open_unix(shard, value + 5) :
						       open_tcp(shard, value, false);
	}
	list = &options->listen_insecure;
	for (size_t i = 0; !status && i < list->count; i++)
		status = open_tcp(shard, list->values[i], true);
	if (!status && list_empty(&shard->listeners) && !shard->bridge->silent)
		status = open_tcp(shard, "localhost:8080", false);
	return status;
}

/*
 * A TCP socket of our own gets a sibling on the same port, and the kernel shares
 * connections out; others are one socket, which all threads watch.
 */
static int join_one(struct shard *shard, const struct listener *first)
{
	struct listener listener = {
		.open = first->open, .tls = first->tls, .url = strdup(first->url),
	};
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss), size = sizeof(int);
	int shared = 0;

	if (getsockname(first->fd, (struct sockaddr *)&ss, &len) ||
	    (ss.ss_family != AF_UNIX &&
	     getsockopt(first->fd, SOL_SOCKET, SO_REUSEPORT, &shared, &size)))
		listener.fd = -errno;
	else if (shared)
		listener.fd = listen_socket((struct sockaddr *)&ss, len, true);
	else
		listener.fd = fcntl(first->fd, F_DUPFD_CLOEXEC, 3);
	if (listener.fd < 0) {
		log_error("can't listen on %s in all threads: %s", first->url, strerror(errno));
		free(listener.url);
		return EXIT_SYSTEM;
	}
	return listen_add(shard, &listener) ? EXIT_SYSTEM : 0;
}

int listen_join(struct shard *shard, const struct shard *first)
{
	struct list *pos;
	int status = 0;

	list_for_each(pos, &first->listeners) {
		status = join_one(shard, list_entry(pos, struct listener, link));
		if (status)
			break;
	}
	return status;
}
