// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Watches: one thread fetches from the ring into a queue, another one calls back.
 *
 * The queue is two buffers. The fetcher appends to one while the caller gives
 * out the other, and they are exchanged when that is empty. When the fetcher
 * finds its buffer full it waits; the ring goes on, and what it overwrites the
 * reader tells as lost. So the queue itself never drops anything.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "memlog.h"
#include "private.h"

#define QUEUE_DEFAULT	(1024 * 1024)
#define QUEUE_MIN	4096

/* How often a watch with an end in time looks at the clock. */
#define UNTIL_POLL_MS	100

/**
 * struct entry - An event in the queue.
 * @size: Bytes it takes, a multiple of 8.
 * @event: As the callback gets it.
 * @rec: MEMLOG_RECORD; its text follows the entry.
 * @loss: MEMLOG_LOSS.
 */
struct entry {
	size_t size;
	int event;
	union {
		struct memlog_record rec;
		struct memlog_loss loss;
	};
};

struct buffer {
	char *bytes;
	size_t len;
	size_t size;
};

/**
 * struct memlog_watch - A watch.
 * @reader: The fetcher's.
 * @fn: Called back.
 * @arg: For @fn.
 * @stop_fd: eventfd that ends the fetcher's poll(2).
 * @fetcher: Thread that reads.
 * @caller: Thread that calls back.
 * @has_until: The reader ends by the clock.
 * @lock: Of all below.
 * @changed: Something was appended or taken, or @stop set.
 * @fill: What the fetcher appends to.
 * @stop: The watch is being closed.
 * @given: What the caller gives out; the caller's own.
 * @closed_inside: The callback itself closed it: nobody joins @caller, whose
 *                 own this is too.
 */
struct memlog_watch {
	struct memlog_reader *reader;
	memlog_watch_fn fn;
	void *arg;
	int stop_fd;
	pthread_t fetcher;
	pthread_t caller;
	bool has_until;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct buffer fill;
	bool stop;
	struct buffer given;
	bool closed_inside;
};

/* In a caller thread: its watch. */
static __thread struct memlog_watch *own_watch;

/* Memory for @size bytes more; a record longer than the queue gets it alone. */
static int buffer_reserve(struct buffer *buffer, size_t size)
{
	char *bytes;

	if (buffer->len + size <= buffer->size)
		return 0;
	bytes = realloc(buffer->bytes, buffer->len + size);
	if (!bytes)
		return -ENOMEM;
	buffer->bytes = bytes;
	buffer->size = buffer->len + size;
	return 0;
}

static void append(struct buffer *fill, const struct entry *entry, const char *text,
		   size_t len)
{
	memcpy(fill->bytes + fill->len, entry, sizeof(*entry));
	if (len)
		memcpy(fill->bytes + fill->len + sizeof(*entry), text, len);
	fill->len += entry->size;
}

/* Waits for room. Return: 0; -ECANCELED the watch is being closed; -ENOMEM. */
static int enqueue(struct memlog_watch *watch, struct entry *entry, const char *text)
{
	size_t len = entry->event == MEMLOG_RECORD ? entry->rec.len : 0;
	struct buffer *fill = &watch->fill;
	int err;

	entry->size = (sizeof(*entry) + len + 7) & ~(size_t)7;
	pthread_mutex_lock(&watch->lock);
	while (!watch->stop && fill->len && fill->len + entry->size > fill->size)
		pthread_cond_wait(&watch->changed, &watch->lock);
	err = watch->stop ? -ECANCELED : buffer_reserve(fill, entry->size);
	if (!err)
		append(fill, entry, text, len);
	pthread_cond_broadcast(&watch->changed);
	pthread_mutex_unlock(&watch->lock);
	return err;
}

static void wait_for_more(struct memlog_watch *watch)
{
	struct pollfd fds[2] = {
		{ .fd = memlog_fd(watch->reader), .events = POLLIN },
		{ .fd = watch->stop_fd, .events = POLLIN },
	};

	poll(fds, 2, watch->has_until ? UNTIL_POLL_MS : -1);
}

static bool stopping(struct memlog_watch *watch)
{
	bool stop;

	pthread_mutex_lock(&watch->lock);
	stop = watch->stop;
	pthread_mutex_unlock(&watch->lock);
	return stop;
}

static void *fetch(void *arg)
{
	struct memlog_watch *watch = arg;
	struct entry entry = { 0 };

	do {
		const struct memlog_record *rec;
		const char *text = NULL;
		int err;

		entry.event = memlog_next(watch->reader, &rec, &text);
		if (entry.event == MEMLOG_NOTHING) {
			wait_for_more(watch);
			if (stopping(watch))
				break;
			continue;
		}
		if (entry.event == MEMLOG_RECORD)
			entry.rec = *rec;
		else if (entry.event == MEMLOG_LOSS)
			entry.loss = *memlog_loss(watch->reader);
		err = enqueue(watch, &entry, text);
		if (err == -ECANCELED)
			break;
		if (err) {
			/* An entry without text always fits. */
			entry.event = err;
			enqueue(watch, &entry, NULL);
		}
	} while (entry.event >= 0 && entry.event != MEMLOG_END);
	return NULL;
}

/* Exchanges the buffers once there is something. False: it is being closed. */
static bool take_filled(struct memlog_watch *watch)
{
	struct buffer filled;
	bool stop;

	pthread_mutex_lock(&watch->lock);
	while (!watch->stop && !watch->fill.len)
		pthread_cond_wait(&watch->changed, &watch->lock);
	stop = watch->stop;
	filled = watch->fill;
	watch->fill = watch->given;
	watch->fill.len = 0;
	watch->given = filled;
	pthread_cond_broadcast(&watch->changed);
	pthread_mutex_unlock(&watch->lock);
	return !stop;
}

static void call(const struct memlog_watch *watch, const struct entry *entry)
{
	const struct memlog_record *rec = NULL;
	const struct memlog_loss *loss = NULL;
	const char *text = NULL;

	if (entry->event == MEMLOG_RECORD) {
		rec = &entry->rec;
		text = (const char *)(entry + 1);
	} else if (entry->event == MEMLOG_LOSS) {
		loss = &entry->loss;
	}
	watch->fn(watch->arg, entry->event, rec, text, loss);
}

/* Gives out one buffer. True when the last event of all was among it. */
static bool give(struct memlog_watch *watch)
{
	const struct buffer *buffer = &watch->given;

	for (size_t off = 0; off < buffer->len;) {
		const struct entry *entry = (const void *)(buffer->bytes + off);
		bool last = entry->event < 0 || entry->event == MEMLOG_END;

		if (!last && stopping(watch))
			return false;
		call(watch, entry);
		if (last)
			return true;
		off += entry->size;
	}
	return false;
}

static void watch_free(struct memlog_watch *watch)
{
	memlog_reader_close(watch->reader);
	if (watch->stop_fd >= 0)
		close(watch->stop_fd);
	free(watch->fill.bytes);
	free(watch->given.bytes);
	pthread_cond_destroy(&watch->changed);
	pthread_mutex_destroy(&watch->lock);
	free(watch);
}

static void *call_back(void *arg)
{
	static const struct entry end = { .event = MEMLOG_END };
	struct memlog_watch *watch = arg;
	bool ended = false;

	own_watch = watch;
	while (!ended && take_filled(watch))
		ended = give(watch);
	if (!ended)
		call(watch, &end);
	pthread_join(watch->fetcher, NULL);
	if (watch->closed_inside) {
		pthread_detach(pthread_self());
		watch_free(watch);
	}
	return NULL;
}

static void stop(struct memlog_watch *watch)
{
	pthread_mutex_lock(&watch->lock);
	watch->stop = true;
	pthread_cond_broadcast(&watch->changed);
	pthread_mutex_unlock(&watch->lock);
	eventfd_write(watch->stop_fd, 1);
}

static int start_threads(struct memlog_watch *watch, struct memlog_watch **watchp)
{
	int err;

	err = -pthread_create(&watch->fetcher, NULL, fetch, watch);
	if (err)
		return err;
	/*
	 * The caller takes the lock first of all, and who closes the watch before
	 * looking at its threads: the callback may close it before this returns.
	 */
	pthread_mutex_lock(&watch->lock);
	err = -pthread_create(&watch->caller, NULL, call_back, watch);
	if (!err)
		__atomic_store_n(watchp, watch, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&watch->lock);
	if (err) {
		stop(watch);
		pthread_join(watch->fetcher, NULL);
	}
	return err;
}

static int start(struct memlog_watch *watch, struct memlog_watch **watchp)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = start_threads(watch, watchp);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

int memlog_watch_open(struct memlog_watch **watchp, const char *path,
		      const struct memlog_reader_options *options,
		      size_t queue_size, memlog_watch_fn fn, void *arg)
{
	static const struct memlog_reader_options from_now = {
		.size = sizeof(from_now),
		.flags = MEMLOG_READ_FOLLOW | MEMLOG_READ_TAIL,
	};
	struct memlog_watch *watch;
	int err;

	watch = calloc(1, sizeof(*watch));
	if (!watch)
		return -ENOMEM;
	watch->fn = fn;
	watch->arg = arg;
	watch->has_until = options && options->size >= sizeof(*options) &&
			   options->flags & MEMLOG_READ_UNTIL;
	pthread_mutex_init(&watch->lock, NULL);
	pthread_cond_init(&watch->changed, NULL);
	watch->stop_fd = eventfd(0, EFD_CLOEXEC);
	err = watch->stop_fd < 0 ? -errno : 0;
	if (!err)
		err = memlog_reader_open(&watch->reader, path,
					 options ? options : &from_now);
	if (!err) {
		err = memlog_fd(watch->reader);
		/* one that does not follow never waits */
		err = err == -EINVAL || err >= 0 ? 0 : err;
	}
	queue_size = max_of(queue_size ? queue_size : QUEUE_DEFAULT, QUEUE_MIN);
	if (!err)
		err = buffer_reserve(&watch->fill, queue_size / 2);
	if (!err)
		err = buffer_reserve(&watch->given, queue_size / 2);
	if (!err)
		err = start(watch, watchp);
	if (err)
		watch_free(watch);
	return err;
}

void memlog_watch_close(struct memlog_watch **watchp)
{
	struct memlog_watch *watch;

	watch = __atomic_exchange_n(watchp, NULL, __ATOMIC_ACQ_REL);
	if (!watch)
		return;
	stop(watch);
	if (own_watch == watch) {
		watch->closed_inside = true;
		return;
	}
	pthread_join(watch->caller, NULL);
	watch_free(watch);
}
