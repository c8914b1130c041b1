// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <errno.h>
#include <memlog.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../auth.h"
#include "../log.h"
#include "replica_link.h"

static bool host_ok(const char *host)
{
	size_t len = strlen(host);

	return len && len < LINK_HOST_SIZE &&
	       strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		      "0123456789-._") == len;
}

/* "[::1]" into "::1"; what is behind it is returned. */
static const char *take_host(struct replica_from *from, const char *at)
{
	struct in6_addr addr;
	size_t len;

	if (at[0] == '[') {
		len = strcspn(++at, "]");
		if (!at[len] || len >= LINK_HOST_SIZE)
			return NULL;
		memcpy(from->host, at, len);
		from->host[len] = '\0';
		return inet_pton(AF_INET6, from->host, &addr) == 1 ? at + len + 1 : NULL;
	}
	len = strcspn(at, ":/");
	if (len >= LINK_HOST_SIZE)
		return NULL;
	memcpy(from->host, at, len);
	from->host[len] = '\0';
	return host_ok(from->host) ? at + len : NULL;
}

bool replica_from_parse(struct replica_from *from, const char *url)
{
	char digits[8];
	const char *at;
	uint64_t port;
	size_t len;

	from->tls = !strncmp(url, "wss://", 6);
	if (!from->tls && strncmp(url, "ws://", 5))
		return false;
	at = take_host(from, url + (from->tls ? 6 : 5));
	if (!at)
		return false;
	from->port = from->tls ? 443 : 80;
	if (*at == ':') {
		len = strspn(++at, "0123456789");
		if (!len || len > 5)
			return false;
		memcpy(digits, at, len);
		digits[len] = '\0';
		if (memlog_parse_number(digits, &port) || !port || port > 65535)
			return false;
		from->port = (unsigned int)port;
		at += len;
	}
	return !at[0] || !strcmp(at, "/");
}

/* A word alone, or a line of a token file. */
static bool take_token(char *line, char *token, size_t size)
{
	char *save, *word = strtok_r(line, " \t\r\n", &save), *next;
	size_t len;

	if (!word || word[0] == '#')
		return false;
	next = strtok_r(NULL, " \t\r\n", &save);
	if (next && !strcmp(word, "sync"))
		word = next;
	else if (next)
		return false;
	len = strlen(word);
	if (len < TOKEN_MIN || len > TOKEN_MAX || len >= size)
		return false;
	memcpy(token, word, len + 1);
	return true;
}

int replica_token(const char *path, char *token, size_t size, char why[LINK_WHY_SIZE])
{
	char line[512];
	bool found = false;
	struct stat st;
	FILE *file;

	token[0] = '\0';
	if (!path)
		return 0;
	file = fopen(path, "re");
	if (!file || fstat(fileno(file), &st)) {
		int err = -errno;

		snprintf(why, LINK_WHY_SIZE, "can't read the token file %s: %s", path,
			 strerror(-err));
		if (file)
			fclose(file);
		return err;
	}
	if (st.st_mode & 027) {
		snprintf(why, LINK_WHY_SIZE,
			 "the token file %s has mode %03o, which lets others read or change it: chmod 640",
			 path, st.st_mode & 0777);
		fclose(file);
		return -EPERM;
	}
	while (!found && fgets(line, sizeof(line), file))
		found = take_token(line, token, size);
	explicit_bzero(line, sizeof(line));
	fclose(file);
	if (found)
		return 0;
	snprintf(why, LINK_WHY_SIZE,
		 "the token file %s holds no token for the master: a line \"sync TOKEN\", or the token alone, of %d to %d characters",
		 path, TOKEN_MIN, TOKEN_MAX);
	return -EINVAL;
}
