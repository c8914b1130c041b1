// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <memlog.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "activate.h"
#include "listen.h"
#include "log.h"

#define FIRST_FD	3
#define FDS_MAX		64

/* Return: how many; 0 none or not for us, -1 what is said of them makes no sense. */
static int given(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	uint64_t n;

	if (!pid || !fds || memlog_parse_number(pid, &n) || n != (uint64_t)getpid())
		return 0;
	if (memlog_parse_number(fds, &n) || n > FDS_MAX)
		return -1;
	return (int)n;
}

bool activate_given(void)
{
	return given() > 0;
}

static int number_of(int fd, int option)
{
	int value;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &len) ? -1 : value;
}

/* The address of a unix socket may have no end of its own. */
static char *unix_url(const struct sockaddr_un *addr, socklen_t len)
{
	size_t size = len - offsetof(struct sockaddr_un, sun_path);
	char path[sizeof(addr->sun_path) + 1] = "", *url;

	if (len <= offsetof(struct sockaddr_un, sun_path) || size > sizeof(addr->sun_path))
		size = 0;
	memcpy(path, addr->sun_path, size);
	if (size && !path[0])
		path[0] = '@';
	return asprintf(&url, "unix:%s", path) < 0 ? NULL : url;
}

static const char *wrong_with(int fd, const struct sockaddr_storage *ss)
{
	if (number_of(fd, SO_TYPE) != SOCK_STREAM)
		return "no stream socket (ListenStream=)";
	if (number_of(fd, SO_ACCEPTCONN) != 1)
		return "not listening (Accept=no is needed)";
	if (ss->ss_family != AF_INET && ss->ss_family != AF_INET6 && ss->ss_family != AF_UNIX)
		return "neither a TCP nor a unix socket";
	return NULL;
}

static int open_one(struct shard *shard, int fd)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);
	struct listener listener = { .fd = fd };
	const char *wrong = "no socket";
	int flags = fcntl(fd, F_GETFL);

	if (!getsockname(fd, (struct sockaddr *)&ss, &len))
		wrong = wrong_with(fd, &ss);
	if (!wrong && (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) ||
		       fcntl(fd, F_SETFD, FD_CLOEXEC)))
		wrong = strerror(errno);
	if (wrong) {
		log_error("file descriptor %d, which the service manager gave, is %s", fd, wrong);
		return EXIT_USAGE;
	}
	listener.open = ss.ss_family == AF_UNIX;
	listener.tls = !listener.open && shard->bridge->options.tls_cert;
	listener.url = listener.open ? unix_url((struct sockaddr_un *)&ss, len) :
				       listen_url(fd, listener.tls);
	return listen_add(shard, &listener) ? EXIT_SYSTEM : 0;
}

int activate_open(struct shard *shard)
{
	int count = given(), status = 0;

	if (count < 0) {
		log_error("LISTEN_FDS=%s: expected 1 to %d", getenv("LISTEN_FDS"), FDS_MAX);
		return EXIT_USAGE;
	}
	for (int fd = FIRST_FD; !status && fd < FIRST_FD + count; fd++)
		status = open_one(shard, fd);
	/* not for those we might start */
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return status;
}
