// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "limit.h"
#include "log.h"

#define BUCKETS_MIN	64

static uint64_t now_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec;
}

int limits_init(struct limits *limits, unsigned int max_clients,
		unsigned int max_per_address)
{
	*limits = (struct limits){
		.max_clients = max_clients, .max_per_address = max_per_address,
		.bucket_count = BUCKETS_MIN,
	};
	if (getrandom(limits->seed, sizeof(limits->seed), 0) != sizeof(limits->seed))
		return -EIO;
	limits->buckets = calloc(limits->bucket_count, sizeof(struct peer *));
	if (!limits->buckets)
		return -ENOMEM;
	pthread_mutex_init(&limits->lock, NULL);
	return 0;
}

void limits_uninit(struct limits *limits)
{
	struct peer *peer, *next;

	for (size_t i = 0; i < limits->bucket_count && limits->buckets; i++) {
		for (peer = limits->buckets[i]; peer; peer = next) {
			next = peer->next;
			free(peer);
		}
	}
	if (limits->buckets)
		pthread_mutex_destroy(&limits->lock);
	free(limits->buckets);
	limits->buckets = NULL;
}

void limits_change(struct limits *limits, unsigned int max_clients,
		   unsigned int max_per_address)
{
	pthread_mutex_lock(&limits->lock);
	limits->max_clients = max_clients;
	limits->max_per_address = max_per_address;
	pthread_mutex_unlock(&limits->lock);
}

unsigned int limits_clients(struct limits *limits)
{
	unsigned int clients;

	pthread_mutex_lock(&limits->lock);
	clients = limits->clients;
	pthread_mutex_unlock(&limits->lock);
	return clients;
}

/* A multiply-and-fold hash; keyed, so that nobody can fill one bucket. */
static size_t bucket_of(const struct limits *limits, unsigned int kind,
			const unsigned char key[8])
{
	unsigned __int128 product;
	uint64_t n;

	memcpy(&n, key, sizeof(n));
	product = (unsigned __int128)(n ^ limits->seed[0]) *
		  ((limits->seed[1] ^ (uint64_t)kind << 32) | 1);
	n = (uint64_t)(product >> 64) ^ (uint64_t)product;
	product = (unsigned __int128)(n ^ limits->seed[1]) * (limits->seed[0] | 1);
	n = (uint64_t)(product >> 64) ^ (uint64_t)product;
	return (size_t)n & (limits->bucket_count - 1);
}

/* Without memory for more buckets the old ones do. */
static void grow(struct limits *limits)
{
	struct peer **old = limits->buckets, *peer, *next;
	size_t count = limits->bucket_count;

	if (limits->peers < count)
		return;
	limits->buckets = calloc(count * 2, sizeof(struct peer *));
	if (!limits->buckets) {
		limits->buckets = old;
		return;
	}
	limits->bucket_count = count * 2;
	for (size_t i = 0; i < count; i++) {
		for (peer = old[i]; peer; peer = next) {
			size_t n = bucket_of(limits, peer->kind, peer->key);

			next = peer->next;
			peer->next = limits->buckets[n];
			limits->buckets[n] = peer;
		}
	}
	free(old);
}

static void forgive(struct peer *peer)
{
	uint64_t now, spans;

	if (!peer->wrong)
		return;
	now = now_seconds();
	spans = (now - peer->wrong_time) / WRONG_SECONDS;
	if (!spans)
		return;
	peer->wrong -= spans < peer->wrong ? (unsigned int)spans : peer->wrong;
	peer->wrong_time += spans * WRONG_SECONDS;
}

/*
 * The one of that address, made if there is none. On the way, those in its
 * bucket that nothing is known of any more are dropped.
 */
static struct peer *find(struct limits *limits, const struct address *address)
{
	unsigned char key[8] = { 0 };
	struct peer **link, *peer, *found = NULL;

	memcpy(key, address->bytes, address->kind == AF_INET6 ? 8 : 4);
	grow(limits);
	link = &limits->buckets[bucket_of(limits, address->kind, key)];
	while ((peer = *link)) {
		if (peer->kind == address->kind && !memcmp(peer->key, key, sizeof(key))) {
			found = peer;
		} else if (!peer->clients) {
			forgive(peer);
			if (!peer->wrong) {
				*link = peer->next;
				limits->peers--;
				free(peer);
				continue;
			}
		}
		link = &peer->next;
	}
	if (found)
		return found;
	peer = calloc(1, sizeof(*peer));
	if (!peer)
		return NULL;
	peer->kind = address->kind;
	memcpy(peer->key, key, sizeof(key));
	*link = peer;
	limits->peers++;
	return peer;
}

/* Once a minute: whoever comes too often would fill our log too. */
static void say_refused(struct limits *limits)
{
	static uint64_t said;
	uint64_t now = now_seconds();

	limits->refused++;
	if (said && now - said < 60)
		return;
	said = now;
	log_error("too many connections: at most %u in all and %u from one address",
		  limits->max_clients, limits->max_per_address);
}

struct peer *limit_enter(struct limits *limits, const struct address *address, bool shared)
{
	struct peer *peer = NULL;

	pthread_mutex_lock(&limits->lock);
	if (limits->clients < limits->max_clients)
		peer = find(limits, address);
	if (peer && !shared && peer->clients >= limits->max_per_address)
		peer = NULL;
	if (peer) {
		peer->clients++;
		limits->clients++;
	} else {
		say_refused(limits);
	}
	pthread_mutex_unlock(&limits->lock);
	return peer;
}

static void drop(struct limits *limits, struct peer *peer)
{
	struct peer **link;

	peer->clients--;
	forgive(peer);
	if (peer->clients || peer->wrong)
		return;
	link = &limits->buckets[bucket_of(limits, peer->kind, peer->key)];
	while (*link != peer)
		link = &(*link)->next;
	*link = peer->next;
	limits->peers--;
	free(peer);
}

void limit_leave(struct limits *limits, struct peer *peer)
{
	pthread_mutex_lock(&limits->lock);
	limits->clients--;
	drop(limits, peer);
	pthread_mutex_unlock(&limits->lock);
}

struct peer *limit_move(struct limits *limits, struct peer *peer,
			const struct address *address)
{
	struct peer *to;

	pthread_mutex_lock(&limits->lock);
	to = find(limits, address);
	if (to && to != peer && to->clients >= limits->max_per_address) {
		say_refused(limits);
		to = NULL;
	} else if (to && to != peer) {
		to->clients++;
		drop(limits, peer);
	}
	pthread_mutex_unlock(&limits->lock);
	return to;
}

bool limit_wrong(struct limits *limits, struct peer *peer)
{
	static uint64_t said;
	uint64_t now = now_seconds();
	bool few;

	pthread_mutex_lock(&limits->lock);
	limits->wrong++;
	forgive(peer);
	if (!peer->wrong)
		peer->wrong_time = now;
	few = peer->wrong < WRONG_MAX;
	if (few) {
		peer->wrong++;
	} else if (!said || now - said >= 60) {
		struct address address = { .kind = peer->kind };
		char text[ADDRESS_SIZE];

		said = now;
		memcpy(address.bytes, peer->key, sizeof(peer->key));
		address_format(&address, text);
		log_error("many wrong tokens from %s", text);
	}
	pthread_mutex_unlock(&limits->lock);
	return few;
}
