// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file's lock is held for its reader, its text and the list of those who wait;
 * never while libfuse is called: that has locks of its own, which it holds when it
 * tells of an interrupt. Whoever takes a waiter off the list answers it.
 */
#include "live.h"

#include <errno.h>
#include <memlog.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../list.h"

/* Text is gathered up to so much for one read. */
#define LIVE_BYTES	(128U << 10)

/**
 * struct waiter - A read that waits.
 * @link: In file->waiters, if @queued.
 * @file: Whose.
 * @req: It.
 * @size: Most bytes.
 * @queued: It waits.
 * @interrupted: A signal came before it did.
 */
struct waiter {
	struct list link;
	struct live_file *file;
	fuse_req_t req;
	size_t size;
	bool queued;
	bool interrupted;
};

/**
 * struct live_file - An open file.
 * @link: In live.files.
 * @lock: See above.
 * @reader: Follows the archive.
 * @text: What was read and not given.
 * @len: Bytes of it.
 * @at: Bytes of them that were given.
 * @open: The last record wants a newline, unless the next one continues it.
 * @error: It can't be read any further: -errno; 1: it has ended.
 * @waiters: List of struct waiter.
 * @handle: Wants to know, or NULL.
 */
struct live_file {
	struct list link;
	pthread_mutex_t lock;
	struct memlog_reader *reader;
	char *text;
	size_t len;
	size_t size;
	size_t at;
	bool open;
	int error;
	struct list waiters;
	struct fuse_pollhandle *handle;
};

static struct {
	struct fuse_session *session;
	pthread_t thread;
	pthread_mutex_t lock;
	struct list files;
	int kick;
	bool stop;
} live = { .lock = PTHREAD_MUTEX_INITIALIZER, .kick = -1 };

static void kick(void)
{
	const uint64_t one = 1;

	if (write(live.kick, &one, sizeof(one)) < 0)
		return;	/* it is kicked already */
}

static int add(struct live_file *file, const char *bytes, size_t n)
{
	if (file->len + n > file->size) {
		size_t size = 2 * (file->len + n) + 4096;
		char *text = realloc(file->text, size);

		if (!text)
			return -ENOMEM;
		file->text = text;
		file->size = size;
	}
	memcpy(file->text + file->len, bytes, n);
	file->len += n;
	return 0;
}

static int add_record(struct live_file *file, const struct memlog_record *rec, const char *text)
{
	bool whole = rec->len && text[rec->len - 1] == '\n';
	int err = 0;

	if (file->open && !(rec->flags & MEMLOG_JOIN))
		err = add(file, "\n", 1);
	if (!err)
		err = add(file, text, rec->len);
	file->open = rec->flags & MEMLOG_PARTIAL && !whole;
	if (!err && !whole && !file->open)
		err = add(file, "\n", 1);
	return err;
}

static int add_loss(struct live_file *file)
{
	const struct memlog_loss *loss = memlog_loss(file->reader);
	char line[80];
	int n = snprintf(line, sizeof(line), "%smemlog: lost %llu records, %llu bytes\n",
			 file->open ? "\n" : "", (unsigned long long)loss->records,
			 (unsigned long long)loss->bytes);

	file->open = false;
	return add(file, line, (size_t)n);
}

/* Who is always a little behind never has it empty. */
static void drop_given(struct live_file *file)
{
	if (file->at < file->len && file->at < LIVE_BYTES)
		return;
	memmove(file->text, file->text + file->at, file->len - file->at);
	file->len -= file->at;
	file->at = 0;
}

/* Caller holds file->lock. Reads what there is, up to a limit. */
static void fill(struct live_file *file)
{
	const struct memlog_record *rec;
	const char *text;
	int err = 0;

	if (file->at)
		drop_given(file);
	while (!err && !file->error && file->len - file->at < LIVE_BYTES) {
		int event = memlog_next(file->reader, &rec, &text);

		if (event == MEMLOG_NOTHING)
			return;
		if (event == MEMLOG_RECORD)
			err = add_record(file, rec, text);
		else if (event == MEMLOG_LOSS)
			err = add_loss(file);
		else if (event == MEMLOG_END)
			file->error = 1;
		else if (event < 0)
			err = event;
	}
	if (err)
		file->error = err;
}

static bool has_news(const struct live_file *file)
{
	return file->at < file->len || file->error;
}

/* Caller holds file->lock, and there is something; the text stays until the next. */
static size_t take(struct live_file *file, size_t size, char **text)
{
	size_t n = file->len - file->at < size ? file->len - file->at : size;

	*text = malloc(n ? n : 1);
	if (!*text)
		return 0;
	memcpy(*text, file->text + file->at, n);
	file->at += n;
	return n;
}

static void answer(fuse_req_t req, int error, char *text, size_t n)
{
	if (!text)
		fuse_reply_err(req, ENOMEM);
	else if (!n && error < 0)
		fuse_reply_err(req, -error);
	else
		fuse_reply_buf(req, text, n);
	free(text);
}

static void on_interrupt(fuse_req_t req, void *data)
{
	struct waiter *waiter = data;
	struct live_file *file = waiter->file;
	bool queued;

	pthread_mutex_lock(&file->lock);
	queued = waiter->queued;
	if (queued)
		list_del(&waiter->link);
	waiter->interrupted = true;
	pthread_mutex_unlock(&file->lock);
	if (!queued)
		return;
	fuse_reply_err(req, EINTR);
	free(waiter);
}

void live_read(struct live_file *file, fuse_req_t req, size_t size, bool nonblock)
{
	struct waiter *waiter = calloc(1, sizeof(*waiter));
	char *text = NULL;
	size_t n = 0;
	int error;
	bool wait;

	if (!waiter) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	*waiter = (struct waiter){ .file = file, .req = req, .size = size };
	if (!nonblock)
		fuse_req_interrupt_func(req, on_interrupt, waiter);
	pthread_mutex_lock(&file->lock);
	fill(file);
	wait = !has_news(file) && !nonblock && !waiter->interrupted;
	error = file->error;
	if (wait) {
		waiter->queued = true;
		list_add_tail(&waiter->link, &file->waiters);
	} else if (has_news(file)) {
		n = take(file, size, &text);
	}
	pthread_mutex_unlock(&file->lock);
	if (wait) {
		kick();
		return;
	}
	/* from here on nobody but us knows the request */
	if (!nonblock)
		fuse_req_interrupt_func(req, NULL, NULL);
	if (text)
		answer(req, error, text, n);
	else
		fuse_reply_err(req, waiter->interrupted ? EINTR : error || !nonblock ? ENOMEM : EAGAIN);
	free(waiter);
}

void live_poll(struct live_file *file, fuse_req_t req, struct fuse_pollhandle *handle)
{
	struct fuse_pollhandle *old = NULL;
	bool news;

	pthread_mutex_lock(&file->lock);
	fill(file);
	news = has_news(file);
	if (handle) {
		old = file->handle;
		file->handle = handle;
	}
	pthread_mutex_unlock(&file->lock);
	if (old)
		fuse_pollhandle_destroy(old);
	fuse_reply_poll(req, news ? POLLIN | POLLRDNORM : 0);
	if (!news && handle)
		kick();
}

/* One read of those that wait. Return: whether there was one and something for it. */
static bool serve_waiter(struct live_file *file)
{
	struct waiter *waiter = NULL;
	char *text = NULL;
	size_t n = 0;
	int error;

	pthread_mutex_lock(&file->lock);
	fill(file);
	error = file->error;
	if (!list_empty(&file->waiters) && has_news(file)) {
		waiter = list_entry(file->waiters.next, struct waiter, link);
		list_del(&waiter->link);
		waiter->queued = false;
		n = take(file, waiter->size, &text);
	}
	pthread_mutex_unlock(&file->lock);
	if (!waiter)
		return false;
	fuse_req_interrupt_func(waiter->req, NULL, NULL);
	answer(waiter->req, error, text, n);
	free(waiter);
	return true;
}

static void serve_poll(struct live_file *file)
{
	struct fuse_pollhandle *handle = NULL;

	pthread_mutex_lock(&file->lock);
	if (has_news(file)) {
		handle = file->handle;
		file->handle = NULL;
	}
	pthread_mutex_unlock(&file->lock);
	if (!handle)
		return;
	fuse_lowlevel_notify_poll(handle);
	fuse_pollhandle_destroy(handle);
}

/* Caller holds live.lock. What to wait on; those that nobody waits for are left out. */
static nfds_t gather(struct pollfd **fds)
{
	nfds_t count = 1;
	struct list *pos;

	list_for_each(pos, &live.files)
		count++;
	*fds = calloc(count, sizeof(**fds));
	if (!*fds)
		return 0;
	(*fds)[0] = (struct pollfd){ .fd = live.kick, .events = POLLIN };
	count = 1;
	list_for_each(pos, &live.files) {
		struct live_file *file = list_entry(pos, struct live_file, link);

		pthread_mutex_lock(&file->lock);
		if ((!list_empty(&file->waiters) || file->handle) && !has_news(file))
			(*fds)[count++] = (struct pollfd){ .fd = memlog_fd(file->reader), .events = POLLIN };
		pthread_mutex_unlock(&file->lock);
	}
	return count;
}

static void *run(void *arg)
{
	bool stop = false;

	while (!stop) {
		struct pollfd *fds = NULL;
		struct list *pos;
		uint64_t kicks;
		nfds_t count;

		pthread_mutex_lock(&live.lock);
		list_for_each(pos, &live.files) {
			struct live_file *file = list_entry(pos, struct live_file, link);

			while (serve_waiter(file))
				;
			serve_poll(file);
		}
		count = gather(&fds);
		stop = live.stop;
		pthread_mutex_unlock(&live.lock);
		/* without memory for it, look again in a moment */
		if (!stop)
			poll(fds, count, count ? -1 : 100);
		if (count && fds[0].revents && read(live.kick, &kicks, sizeof(kicks)) < 0)
			stop = errno != EAGAIN && errno != EINTR;
		free(fds);
	}
	return NULL;
}

int live_start(struct fuse_session *session)
{
	int err;

	live.session = session;
	list_init(&live.files);
	live.kick = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (live.kick < 0)
		return -errno;
	err = -pthread_create(&live.thread, NULL, run, NULL);
	if (err) {
		close(live.kick);
		live.kick = -1;
	}
	return err;
}

void live_stop(void)
{
	if (live.kick < 0)
		return;
	pthread_mutex_lock(&live.lock);
	live.stop = true;
	pthread_mutex_unlock(&live.lock);
	kick();
	pthread_join(live.thread, NULL);
	close(live.kick);
	live.kick = -1;
}

int live_open(struct live_file **filep, const char *path)
{
	const struct memlog_reader_options options = {
		.size = sizeof(options),
		.flags = MEMLOG_READ_FOLLOW | MEMLOG_READ_TAIL,
	};
	struct live_file *file = calloc(1, sizeof(*file));
	int err;

	if (!file)
		return -ENOMEM;
	err = memlog_reader_open(&file->reader, path, &options);
	/* Without what wakes it, whoever reads would wait for ever. */
	if (!err)
		err = memlog_fd(file->reader);
	if (err < 0) {
		memlog_reader_close(file->reader);
		free(file);
		return err;
	}
	pthread_mutex_init(&file->lock, NULL);
	list_init(&file->waiters);
	pthread_mutex_lock(&live.lock);
	list_add_tail(&file->link, &live.files);
	pthread_mutex_unlock(&live.lock);
	*filep = file;
	return 0;
}

void live_close(struct live_file *file)
{
	pthread_mutex_lock(&live.lock);
	list_del(&file->link);
	pthread_mutex_unlock(&live.lock);
	if (file->handle)
		fuse_pollhandle_destroy(file->handle);
	memlog_reader_close(file->reader);
	pthread_mutex_destroy(&file->lock);
	free(file->text);
	free(file);
}
