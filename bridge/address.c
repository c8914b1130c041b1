// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <memlog.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "address.h"

int address_split(const char *value, char addr[ADDRESS_SIZE])
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
	if (!len || len >= ADDRESS_SIZE || memlog_parse_number(colon + 1, &port) ||
	    port > 65535)
		return -1;
	memcpy(addr, value, len);
	addr[len] = '\0';
	return (int)port;
}

bool address_ok(const char *value)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM };
	struct addrinfo *ai;
	char addr[ADDRESS_SIZE];

	if (address_split(value, addr) < 0)
		return false;
	if (!strcmp(addr, "localhost"))
		return true;
	if (getaddrinfo(addr, NULL, &hints, &ai))
		return false;
	freeaddrinfo(ai);
	return true;
}

bool address_is_loopback(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)sa;

		return ntohl(in->sin_addr.s_addr) >> 24 == 127;
	}
	return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr);
}

bool address_is_any(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET)
		return !((const struct sockaddr_in *)(const void *)sa)->sin_addr.s_addr;
	return IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr);
}

static void from_in6(struct address *address, const struct in6_addr *in6)
{
	*address = (struct address){ .kind = AF_INET6 };
	if (IN6_IS_ADDR_V4MAPPED(in6)) {
		address->kind = AF_INET;
		memcpy(address->bytes, &in6->s6_addr[12], 4);
	} else {
		memcpy(address->bytes, in6, 16);
	}
}

void address_of_peer(struct address *address, int fd, const struct sockaddr_storage *ss)
{
	struct ucred cred = { .uid = (uid_t)-1 };
	socklen_t len = sizeof(cred);

	*address = (struct address){ .kind = ss->ss_family };
	if (ss->ss_family == AF_INET) {
		memcpy(address->bytes, &((const struct sockaddr_in *)(const void *)ss)->sin_addr, 4);
	} else if (ss->ss_family == AF_INET6) {
		from_in6(address, &((const struct sockaddr_in6 *)(const void *)ss)->sin6_addr);
	} else {
		address->kind = AF_UNIX;
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len);
		memcpy(address->bytes, &cred.uid, sizeof(cred.uid));
	}
}

/* Takes a port and brackets off. Return: what is left, of *@len bytes; or NULL. */
static const char *without_port(const char *text, size_t *len)
{
	const char *end;

	if (*len && text[0] == '[') {
		end = memchr(text, ']', *len);
		if (!end)
			return NULL;
		*len = (size_t)(end - text) - 1;
		return text + 1;
	}
	end = memchr(text, ':', *len);
	if (end && !memchr(end + 1, ':', *len - (size_t)(end - text) - 1))
		*len = (size_t)(end - text);
	return text;
}

bool address_parse(struct address *address, const char *text, size_t len)
{
	char copy[INET6_ADDRSTRLEN];
	struct in6_addr in6;

	text = without_port(text, &len);
	if (!text || !len || len >= sizeof(copy) || memchr(text, 0, len))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	*address = (struct address){ .kind = AF_INET };
	if (inet_pton(AF_INET, copy, address->bytes) == 1)
		return true;
	if (inet_pton(AF_INET6, copy, &in6) != 1)
		return false;
	from_in6(address, &in6);
	return true;
}

void address_format(const struct address *address, char text[ADDRESS_SIZE])
{
	uid_t uid;

	if (address->kind == AF_UNIX) {
		memcpy(&uid, address->bytes, sizeof(uid));
		snprintf(text, ADDRESS_SIZE, "uid %u", uid);
	} else if (!inet_ntop((int)address->kind, address->bytes, text, ADDRESS_SIZE)) {
		strcpy(text, "?");
	}
}

bool net_parse(struct net *net, const char *text)
{
	size_t len = strcspn(text, "/");
	unsigned int most;
	uint64_t bits;

	if (!strcmp(text, "unix")) {
		*net = (struct net){ .address.kind = AF_UNIX };
		return true;
	}
	/* nothing that address_parse() would take off */
	if (len >= INET6_ADDRSTRLEN || text[0] == '[' ||
	    (memchr(text, ':', len) && memchr(text, '.', len)) ||
	    !address_parse(&net->address, text, len))
		return false;
	most = net->address.kind == AF_INET ? 32 : 128;
	net->bits = most;
	if (!text[len])
		return true;
	if (memlog_parse_number(text + len + 1, &bits) || bits > most)
		return false;
	net->bits = (unsigned int)bits;
	return true;
}

bool net_has(const struct net *net, const struct address *address)
{
	unsigned int whole = net->bits / 8, rest = net->bits % 8;

	if (net->address.kind != address->kind)
		return false;
	if (memcmp(net->address.bytes, address->bytes, whole))
		return false;
	return !rest || !((net->address.bytes[whole] ^ address->bytes[whole]) >> (8 - rest));
}
