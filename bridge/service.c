// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ids of cgroups are never used again, so a name once known stays true. Each
 * thread has a few of them at hand; behind those is one table under a lock, and
 * behind that the kernel.
 *
 * Ids come from records, so whoever writes those can ask for any number: looking
 * for one is paid from a budget, and those that were not found are remembered
 * apart, where they push no name out.
 */
#include <cgroup_name.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "service.h"

#define NSEC_PER_SEC	1000000000ULL

#define NEAR_BITS	6
#define SET_BITS	11
#define WAYS		4
#define MISSING_BITS	10

/* One that was not found is looked for again after this time. */
#define MISSING_NS	(60 * NSEC_PER_SEC)

/* Looking for them may take this part of the time, and so much at once. */
#define BUDGET_PART	20
#define BUDGET_NS	20000000

/**
 * struct near - A thread's own copy.
 * @id: Of which cgroup.
 * @until: When it has to be asked for again, 0 never.
 * @name: Its name.
 */
struct near {
	uint64_t id;
	uint64_t until;
	char name[MEMLOG_CGROUP_NAME_SIZE];
};

/**
 * struct set - Names whose ids fall together.
 * @ids: The ids, 0 for none.
 * @names: Their names.
 * @next: Which of them goes next.
 */
struct set {
	uint64_t ids[WAYS];
	char *names[WAYS];
	unsigned int next;
};

struct missing {
	uint64_t id;
	uint64_t until;
};

static __thread struct near nears[1 << NEAR_BITS];

/* Held, for a moment, for @sets and @missings. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct set sets[1 << SET_BITS];
static struct missing missings[1 << MISSING_BITS];

/* Held by the one who looks, for what is below. */
static pthread_mutex_t look_lock = PTHREAD_MUTEX_INITIALIZER;
static bool must_walk;
static uint64_t budget = BUDGET_NS;
static uint64_t budget_time;

static size_t hash(uint64_t id, int bits)
{
	return id * 0x9e3779b97f4a7c15ULL >> (64 - bits);
}

static uint64_t clock_of(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* Caller holds the lock. */
static const char *find(uint64_t id)
{
	const struct set *set = &sets[hash(id, SET_BITS)];

	for (int i = 0; i < WAYS; i++)
		if (set->ids[i] == id)
			return set->names[i];
	return NULL;
}

static void learn(uint64_t id, const char *name)
{
	struct set *set = &sets[hash(id, SET_BITS)];
	char *copy = id ? strdup(name) : NULL;

	if (!copy)
		return;
	pthread_mutex_lock(&lock);
	if (!find(id)) {
		unsigned int way = set->next++ % WAYS;
		char *old = set->names[way];

		set->ids[way] = id;
		set->names[way] = copy;
		copy = old;
	}
	pthread_mutex_unlock(&lock);
	free(copy);
}

static bool learn_one(void *arg, uint64_t id, const char *name)
{
	learn(id, name);
	return true;
}

/* Return: -ENOENT it is not there, else it is learnt or may be later. */
static int look_for(uint64_t id)
{
	char name[MEMLOG_CGROUP_NAME_SIZE];
	int err;

	if (!must_walk) {
		err = memlog_cgroup_find(id, name);
		if (!err)
			learn(id, name);
		if (!err || err == -ENOENT)
			return err;
		must_walk = err == -EPERM;
	}
	err = memlog_cgroup_walk(learn_one, NULL);
	return err ? err : -ENOENT;
}

/* Looks for @id if that may be done now. Return: -EAGAIN if not. */
static int look_within_budget(uint64_t id)
{
	uint64_t begin = clock_of(CLOCK_MONOTONIC), took;
	int err;

	/* what one look took too much is paid with the time behind it */
	if (begin < budget_time)
		return -EAGAIN;
	budget += (begin - budget_time) / BUDGET_PART;
	if (budget > BUDGET_NS)
		budget = BUDGET_NS;
	err = look_for(id);
	took = clock_of(CLOCK_MONOTONIC) - begin;
	budget_time = begin + took;
	if (took > budget)
		budget_time += (took - budget) * BUDGET_PART;
	budget -= took < budget ? took : budget;
	return err;
}

/* Nobody waits for one who looks. Return: as look_within_budget(). */
static int look(uint64_t id)
{
	int err = -EAGAIN;

	if (pthread_mutex_trylock(&look_lock))
		return err;
	err = look_within_budget(id);
	pthread_mutex_unlock(&look_lock);
	return err;
}

/* What is remembered of @id goes to @near. */
static bool recall(struct near *near, uint64_t id, uint64_t now)
{
	const struct missing *missing = &missings[hash(id, MISSING_BITS)];
	const char *name;
	bool known;

	pthread_mutex_lock(&lock);
	name = find(id);
	near->until = name ? 0 : missing->until;
	known = name || (missing->id == id && now < missing->until);
	near->id = known ? id : 0;
	strcpy(near->name, name ? name : "");
	pthread_mutex_unlock(&lock);
	return known;
}

static void note_missing(uint64_t id, uint64_t now)
{
	pthread_mutex_lock(&lock);
	missings[hash(id, MISSING_BITS)] = (struct missing){ id, now + MISSING_NS };
	pthread_mutex_unlock(&lock);
}

static const char *ask(struct near *near, uint64_t id)
{
	uint64_t now = clock_of(CLOCK_MONOTONIC_COARSE);
	int err;

	if (recall(near, id, now))
		return near->name;
	err = look(id);
	if (err == -ENOENT)
		note_missing(id, now);
	if (err != -EAGAIN)
		recall(near, id, now);
	return near->name;
}

const char *service_name(uint64_t cgroup)
{
	struct near *near = &nears[hash(cgroup, NEAR_BITS)];

	if (!cgroup)
		return "";
	if (near->id == cgroup &&
	    (!near->until || near->until > clock_of(CLOCK_MONOTONIC_COARSE)))
		return near->name;
	return ask(near, cgroup);
}

bool service_is(uint64_t cgroup, const char *service)
{
	return memlog_cgroup_is_unit(service_name(cgroup), service);
}
