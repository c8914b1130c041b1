// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"
#include "runtime.h"

const char *runtime_dir(void)
{
	static char dir[PATH_MAX];
	const char *env = getenv("RUNTIME_DIRECTORY");
	size_t len = env ? strcspn(env, ":") : 0;

	if (!len || len >= sizeof(dir))
		return NULL;
	memcpy(dir, env, len);
	dir[len] = '\0';
	return dir;
}

const char *runtime_default(void)
{
	static char dir[PATH_MAX];
	const char *env = geteuid() ? getenv("XDG_RUNTIME_DIR") : NULL;

	if (!env || env[0] != '/' ||
	    snprintf(dir, sizeof(dir), "%s/memlog-bridge", env) >= (int)sizeof(dir))
		return "/run/memlog-bridge";
	return dir;
}

void runtime_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len = path ? strlen(path) : 0;
	ssize_t n;
	int fd;

	if (!len)
		return;
	if ((path[0] != '/' && path[0] != '@') || len >= sizeof(addr.sun_path)) {
		log_error("NOTIFY_SOCKET=%s is neither a path nor an abstract address", path);
		return;
	}
	memcpy(addr.sun_path, path, len);
	if (path[0] == '@')
		addr.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	n = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&addr,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	if (n < 0)
		log_error("can't notify %s: %s", path, strerror(errno));
	close(fd);
}
