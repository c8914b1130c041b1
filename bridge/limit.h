/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Limits: how many clients there are, in all and from one address, and how often
 * an address had a wrong token. One table for all threads; an address is in it
 * while it has clients, or has not been forgiven yet.
 *
 * What counts as one address: an IPv4 address, the first 64 bits of an IPv6
 * address (who has one has all of these), a local user.
 */
#ifndef BRIDGE_LIMIT_H
#define BRIDGE_LIMIT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "address.h"

/* Wrong tokens an address may have at once; one more each so many seconds. */
#define WRONG_MAX		20
#define WRONG_SECONDS		3

/**
 * struct peer - An address.
 * @next: The next one in its bucket.
 * @kind: As of struct address.
 * @key: What of the address counts.
 * @clients: How many.
 * @wrong: Wrong tokens not forgiven yet.
 * @wrong_time: When the last of them was, in seconds.
 */
struct peer {
	struct peer *next;
	unsigned int kind;
	unsigned char key[8];
	unsigned int clients;
	unsigned int wrong;
	uint64_t wrong_time;
};

/**
 * struct limits - The table.
 * @lock: Held for all of it.
 * @buckets: Hash table of struct peer, a power of two of them.
 * @bucket_count: How many.
 * @peers: How many addresses.
 * @seed: Makes where an address lies unforeseeable.
 * @clients: How many in all.
 * @max_clients: At most.
 * @max_per_address: At most from one address.
 * @refused: Clients turned away.
 * @wrong: Wrong tokens.
 */
struct limits {
	pthread_mutex_t lock;
	struct peer **buckets;
	size_t bucket_count;
	size_t peers;
	uint64_t seed[2];
	unsigned int clients;
	unsigned int max_clients;
	unsigned int max_per_address;
	uint64_t refused;
	uint64_t wrong;
};

/* Return: 0 or a negative errno value. */
int limits_init(struct limits *limits, unsigned int max_clients,
		unsigned int max_per_address);
void limits_uninit(struct limits *limits);

/* Those who are there may stay. */
void limits_change(struct limits *limits, unsigned int max_clients,
		   unsigned int max_per_address);

unsigned int limits_clients(struct limits *limits);

/**
 * limit_enter() - Count a client.
 * @limits: The table.
 * @address: Where it comes from.
 * @shared: Many come from there, as from a proxy: only the sum counts.
 *
 * Return: For whom it is counted, until limit_leave(); NULL: too many.
 */
struct peer *limit_enter(struct limits *limits, const struct address *address, bool shared);
void limit_leave(struct limits *limits, struct peer *peer);

/* The same client, but for another address. NULL: too many, and it stays @peer's. */
struct peer *limit_move(struct limits *limits, struct peer *peer,
			const struct address *address);

/**
 * limit_wrong() - A wrong token came.
 * @limits: The table.
 * @peer: From there.
 *
 * Return: false: that was one too many, and the connection should not be kept.
 */
bool limit_wrong(struct limits *limits, struct peer *peer);

#endif /* BRIDGE_LIMIT_H */
