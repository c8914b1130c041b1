// SPDX-License-Identifier: GPL-2.0-only
/*
 * Those who wait until what they wrote is archived.
 */
#include <errno.h>
#include <time.h>

#include "archiver_private.h"

void archiver_init_waiters(struct archiver *archiver)
{
	list_init(&archiver->waiters);
	pthread_mutex_init(&archiver->lock, NULL);
}

/* Takes those out of the list that @ready says are. Caller holds the lock. */
static void collect(struct archiver *archiver, struct list *out,
		    bool (*ready)(const struct archiver *archiver,
				  const struct archiver_waiter *waiter))
{
	struct list *pos, *n;

	list_for_each_safe(pos, n, &archiver->waiters) {
		struct archiver_waiter *waiter = list_entry(pos, struct archiver_waiter, link);

		if (!waiter->err && !ready(archiver, waiter))
			continue;
		list_del(pos);
		list_add_tail(pos, out);
	}
}

static void tell(struct list *out)
{
	while (!list_empty(out)) {
		struct list *pos = out->next;
		struct archiver_waiter *waiter = list_entry(pos, struct archiver_waiter, link);

		list_del(pos);
		waiter->done(waiter);
	}
}

static bool is_committed(const struct archiver *archiver, const struct archiver_waiter *waiter)
{
	return waiter->read ||
	       (waiter->stream == archiver->done.stream && waiter->last < archiver->done.seq);
}

static bool is_any(const struct archiver *archiver, const struct archiver_waiter *waiter)
{
	return true;
}

void archiver_committed(struct archiver *archiver)
{
	const struct archive_end *end = archive_writer_end(archiver->writer);
	struct list out;

	committed_set(&archiver->channel->committed, end->date, end->rows, end->finished);
	list_init(&out);
	pthread_mutex_lock(&archiver->lock);
	archiver->done = archiver->at;
	collect(archiver, &out, is_committed);
	pthread_mutex_unlock(&archiver->lock);
	tell(&out);
}

void archiver_left_stream(struct archiver *archiver, uint64_t stream)
{
	struct list *pos;

	pthread_mutex_lock(&archiver->lock);
	list_for_each(pos, &archiver->waiters) {
		struct archiver_waiter *waiter = list_entry(pos, struct archiver_waiter, link);

		if (waiter->stream == stream)
			waiter->read = true;
	}
	pthread_mutex_unlock(&archiver->lock);
}

static bool is_in(const struct archiver_waiter *waiter, const struct archiver_gap *gap)
{
	return gap->stream == waiter->stream && gap->from <= waiter->last &&
	       gap->to >= waiter->first;
}

void archiver_had_gap(struct archiver *archiver, const struct archiver_gap *gap)
{
	struct list *pos;

	pthread_mutex_lock(&archiver->lock);
	archiver->gaps[archiver->gap_count++ % GAPS] = *gap;
	list_for_each(pos, &archiver->waiters) {
		struct archiver_waiter *waiter = list_entry(pos, struct archiver_waiter, link);

		if (is_in(waiter, gap))
			waiter->err = -EOVERFLOW;
	}
	pthread_mutex_unlock(&archiver->lock);
}

void archiver_fail_waiters(struct archiver *archiver, int err, bool ended)
{
	struct list out, *pos;

	list_init(&out);
	pthread_mutex_lock(&archiver->lock);
	archiver->ended = ended;
	collect(archiver, &out, is_any);
	pthread_mutex_unlock(&archiver->lock);
	list_for_each(pos, &out) {
		struct archiver_waiter *waiter = list_entry(pos, struct archiver_waiter, link);

		if (!waiter->err)
			waiter->err = err;
	}
	tell(&out);
}

/* Who comes late may be in one of the last gaps, or in one that is forgotten. */
static bool was_lost(const struct archiver *archiver, const struct archiver_waiter *waiter)
{
	unsigned int count = archiver->gap_count < GAPS ? archiver->gap_count : GAPS;
	const struct archiver_gap *oldest = &archiver->gaps[archiver->gap_count % GAPS];

	for (unsigned int i = 0; i < count; i++)
		if (is_in(waiter, &archiver->gaps[i]))
			return true;
	if (count < GAPS)
		return false;
	if (oldest->stream == waiter->stream)
		return oldest->from > waiter->first;
	/* a stream that is read now began behind those that are forgotten */
	return waiter->stream != archiver->done.stream;
}

void archiver_watch(struct archiver *archiver, struct archiver_waiter *waiter)
{
	bool waits = false;

	waiter->read = false;
	waiter->err = 0;
	pthread_mutex_lock(&archiver->lock);
	if (archiver->ended)
		waiter->err = -ESHUTDOWN;
	else if (was_lost(archiver, waiter))
		waiter->err = -EOVERFLOW;
	else
		waits = !is_committed(archiver, waiter);
	if (waits)
		list_add_tail(&waiter->link, &archiver->waiters);
	pthread_mutex_unlock(&archiver->lock);
	if (!waits)
		waiter->done(waiter);
}

bool archiver_unwatch(struct archiver *archiver, struct archiver_waiter *waiter)
{
	struct list *pos;
	bool found = false;

	pthread_mutex_lock(&archiver->lock);
	list_for_each(pos, &archiver->waiters)
		found |= pos == &waiter->link;
	if (found)
		list_del(&waiter->link);
	pthread_mutex_unlock(&archiver->lock);
	return found;
}

/**
 * struct sleeper - A thread that waits.
 * @waiter: For this.
 * @cond: It is told.
 * @lock: Held for @told.
 * @told: It was.
 */
struct sleeper {
	struct archiver_waiter waiter;
	pthread_cond_t cond;
	pthread_mutex_t lock;
	bool told;
};

static void wake_sleeper(struct archiver_waiter *waiter)
{
	struct sleeper *sleeper = list_entry(waiter, struct sleeper, waiter);

	pthread_mutex_lock(&sleeper->lock);
	sleeper->told = true;
	pthread_cond_signal(&sleeper->cond);
	pthread_mutex_unlock(&sleeper->lock);
}

static void sleep_until(struct sleeper *sleeper, const struct timespec *deadline)
{
	int err = 0;

	pthread_mutex_lock(&sleeper->lock);
	while (!sleeper->told && !err) {
		if (deadline)
			err = pthread_cond_timedwait(&sleeper->cond, &sleeper->lock, deadline);
		else
			err = pthread_cond_wait(&sleeper->cond, &sleeper->lock);
	}
	pthread_mutex_unlock(&sleeper->lock);
}

int archiver_wait(struct channel *channel, uint64_t stream, uint64_t first,
		  uint64_t last, unsigned int timeout_ms)
{
	struct archiver *archiver = channel->archiver;
	struct sleeper sleeper = {
		.waiter = { .stream = stream, .first = first, .last = last, .done = wake_sleeper },
		.lock = PTHREAD_MUTEX_INITIALIZER,
	};
	pthread_condattr_t attr;
	struct timespec ts;
	int err;

	if (!archiver)
		return 0;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&sleeper.cond, &attr);
	pthread_condattr_destroy(&attr);
	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec += timeout_ms / 1000;
	ts.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
	if (ts.tv_nsec >= (long)NSEC_PER_SEC) {
		ts.tv_nsec -= (long)NSEC_PER_SEC;
		ts.tv_sec++;
	}
	archiver_watch(archiver, &sleeper.waiter);
	sleep_until(&sleeper, &ts);
	/* else it is told, or is about to be */
	if (archiver_unwatch(archiver, &sleeper.waiter)) {
		err = -ETIMEDOUT;
	} else {
		sleep_until(&sleeper, NULL);
		err = sleeper.waiter.err;
	}
	pthread_cond_destroy(&sleeper.cond);
	pthread_mutex_destroy(&sleeper.lock);
	return err;
}
