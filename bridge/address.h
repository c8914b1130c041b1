/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses: of listeners, and of those who come.
 */
#ifndef BRIDGE_ADDRESS_H
#define BRIDGE_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define ADDRESS_SIZE	64

/**
 * struct address - Who is at the other end.
 * @kind: AF_INET, AF_INET6 or AF_UNIX.
 * @bytes: The address, 4 or 16 bytes; of a unix socket the user id.
 */
struct address {
	unsigned int kind;
	unsigned char bytes[16];
};

/**
 * struct net - Addresses that begin alike.
 * @address: How.
 * @bits: So many bits of it count.
 */
struct net {
	struct address address;
	unsigned int bits;
};

/* Splits ADDR:PORT, [ADDR]:PORT. Return: the port, -1 if it is none of these. */
int address_split(const char *value, char addr[ADDRESS_SIZE]);

/* Whether @value is an address that can be listened on, and a port. */
bool address_ok(const char *value);

bool address_is_loopback(const struct sockaddr *sa);
bool address_is_any(const struct sockaddr *sa);

/* Who is at the other end of @fd, which accept(2) said is @ss. */
void address_of_peer(struct address *address, int fd, const struct sockaddr_storage *ss);

/* "1.2.3.4", "1.2.3.4:56", "::1", "[::1]", "[::1]:56". */
bool address_parse(struct address *address, const char *text, size_t len);

/* 1.2.3.4, ::1 or uid 1000. */
void address_format(const struct address *address, char text[ADDRESS_SIZE]);

/* "10.0.0.0/8", "::1", "unix". */
bool net_parse(struct net *net, const char *text);
bool net_has(const struct net *net, const struct address *address);

#endif /* BRIDGE_ADDRESS_H */
