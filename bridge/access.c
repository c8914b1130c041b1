// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "access.h"

#define HOST_MAX	255

static bool is_port(const char *str)
{
	size_t len = strlen(str);

	return len && len <= 5 && strspn(str, "0123456789") == len;
}

/* An IPv6 address in brackets, and a port or none. */
static bool is_ipv6_host(const char *host)
{
	const char *end = strchr(host, ']');
	unsigned char addr[sizeof(struct in6_addr)];
	char name[INET6_ADDRSTRLEN];
	size_t len;

	if (host[0] != '[' || !end)
		return false;
	len = (size_t)(end - host) - 1;
	if (len >= sizeof(name) || (end[1] && (end[1] != ':' || !is_port(end + 2))))
		return false;
	memcpy(name, host + 1, len);
	name[len] = '\0';
	return inet_pton(AF_INET6, name, addr) == 1;
}

bool access_host(const struct options *options, const char *host)
{
	unsigned char addr[sizeof(struct in_addr)];
	char name[HOST_MAX + 1];
	size_t len = strcspn(host, ":");

	if (host[0] == '[')
		return is_ipv6_host(host);
	if (!len || len > HOST_MAX || (host[len] && !is_port(host + len + 1)))
		return false;
	memcpy(name, host, len);
	name[len] = '\0';
	if (!strcasecmp(name, "localhost") || inet_pton(AF_INET, name, addr) == 1)
		return true;
	for (size_t i = 0; i < options->names.count; i++)
		if (!strcasecmp(name, options->names.values[i]))
			return true;
	return false;
}

/* Length without a port that is the scheme's own. */
static size_t trimmed(const char *host, const char *port)
{
	size_t len = strlen(host), port_len = strlen(port);

	if (len > port_len && !strcmp(host + len - port_len, port))
		len -= port_len;
	return len;
}

static bool same_host(const char *a, const char *b, const char *port)
{
	size_t len = trimmed(a, port);

	return len == trimmed(b, port) && !strncasecmp(a, b, len);
}

bool access_origin(const struct options *options, const char *origin, const char *host)
{
	for (size_t i = 0; i < options->origins.count; i++)
		if (!strcasecmp(origin, options->origins.values[i]))
			return true;
	if (!strncasecmp(origin, "http://", 7))
		return same_host(origin + 7, host, ":80");
	if (!strncasecmp(origin, "https://", 8))
		return same_host(origin + 8, host, ":443");
	return false;
}
