// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <errno.h>
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

/* Takes @fd, which is listening, @url and @path, whether it succeeds or not. */
static int add_listener(struct shard *shard, int fd, bool open, char *url, char *path)
{
	struct listener *listener = calloc(1, sizeof(*listener));

	if (!listener || !url) {
		close(fd);
		free(url);
		free(path);
		free(listener);
		return -ENOMEM;
	}
	listener->shard = shard;
	listener->fd = fd;
	listener->open = open;
	listener->url = url;
	listener->path = path;
	listener->handles = 2;
	uv_poll_init(&shard->loop, &listener->poll, fd);
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

/* Splits ADDR:PORT, [ADDR]:PORT. Return: the port, -1 if it is none of these. */
static int split_address(const char *value, char *addr, size_t size)
{
	const char *colon = strrchr(value, ':');
	size_t len = colon ? (size_t)(colon - value) : 0;
	uint64_t port;

	if (len >= 2 && value[0] == '[' && value[len - 1] == ']') {
		value++;
		len -= 2;
	} else if (len && memchr(value, ':', len)) {
		return -1;
	}
	if (!len || len >= size || memlog_parse_number(colon + 1, &port) || port > 65535)
		return -1;
	memcpy(addr, value, len);
	addr[len] = '\0';
	return (int)port;
}

static bool is_loopback(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)sa;

		return ntohl(in->sin_addr.s_addr) >> 24 == 127;
	}
	return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr);
}

static bool is_any(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET)
		return !((const struct sockaddr_in *)(const void *)sa)->sin_addr.s_addr;
	return IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr);
}

static int bound_port(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &len))
		return 0;
	if (ss.ss_family == AF_INET)
		return ntohs(((struct sockaddr_in *)&ss)->sin_port);
	return ntohs(((struct sockaddr_in6 *)&ss)->sin6_port);
}

/* What a person here would type: localhost, where that is the same. */
static char *make_url(int fd, const char *addr, const struct sockaddr *sa)
{
	const char *format = strchr(addr, ':') ? "http://[%s]:%d/" : "http://%s:%d/";
	char *url;

	if (is_loopback(sa) || is_any(sa)) {
		addr = "localhost";
		format = "http://%s:%d/";
	}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (asprintf(&url, format, addr, bound_port(fd)) < 0)
		return NULL;
#pragma GCC diagnostic pop
	return url;
}

/* Return: the port, or a negative errno value. */
static int listen_tcp(struct shard *shard, const char *addr, int port, bool open)
{
	struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *ai;
	int fd, err, one = 1;
	char service[8];

	snprintf(service, sizeof(service), "%d", port);
	if (getaddrinfo(addr, service, &hints, &ai))
		return -EINVAL;
	if (open && !is_loopback(ai->ai_addr)) {
		freeaddrinfo(ai);
		return -EPERM;
	}
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		err = -errno;
		freeaddrinfo(ai);
		return err;
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) || listen(fd, BACKLOG)) {
		err = -errno;
		close(fd);
	} else {
		port = bound_port(fd);
		err = add_listener(shard, fd, open, make_url(fd, addr, ai->ai_addr), NULL);
	}
	freeaddrinfo(ai);
	return err ? err : port;
}

static int tcp_status(int err, const char *option, const char *value)
{
	if (err >= 0)
		return 0;
	if (err == -EINVAL)
		log_error("%s %s: expected an address of this host and a port, as 127.0.0.1:8080, [::1]:8080, 0.0.0.0:8080 or localhost:8080",
			  option, value);
	else if (err == -EPERM)
		log_error("%s %s: without a token only a loopback address (127.0.0.1, [::1], localhost) can be served; use --listen",
			  option, value);
	else
		log_error("can't listen on %s: %s", value, strerror(-err));
	return err == -EINVAL || err == -EPERM ? EXIT_USAGE : EXIT_SYSTEM;
}

static int open_tcp(struct shard *shard, const char *value, bool open)
{
	const char *option = open ? "--listen-insecure" : "--listen";
	char addr[64];
	int port = split_address(value, addr, sizeof(addr));

	if (port < 0)
		return tcp_status(-EINVAL, option, value);
	if (strcmp(addr, "localhost"))
		return tcp_status(listen_tcp(shard, addr, port, open), option, value);
	port = listen_tcp(shard, "127.0.0.1", port, open);
	if (port > 0 && listen_tcp(shard, "::1", port, open) < 0)
		log_info("can't listen on [::1]:%d as well", port);
	return tcp_status(port, option, value);
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
		err = add_listener(shard, fd, true, strdup(path), strdup(path));
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
	int status = 0;

	for (size_t i = 0; !status && i < list->count; i++) {
		const char *value = list->values[i];

		status = !strncmp(value, "unix:", 5) ? open_unix(shard, value + 5) :
						       open_tcp(shard, value, false);
	}
	list = &options->listen_insecure;
	for (size_t i = 0; !status && i < list->count; i++)
		status = open_tcp(shard, list->values[i], true);
	if (!status && list_empty(&shard->listeners))
		status = open_tcp(shard, "localhost:8080", false);
	return status;
}
