// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lines of a text file, followed like tail -F by a thread of its own, in a
 * ring in memory: so files that are slow to read hold up nobody.
 *
 * A file that is there is read from its end on, since what was in it before is
 * not this stream's; one that comes later, or takes its place, from its start.
 * No line is missed around a rotation that leaves the old file as it is. What is
 * written and truncated between two looks is gone before anybody could read it:
 * that it was truncated is said in the bridge's own log. Looks are made on every
 * change, and twice a second.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "files/files.h"
#include "log.h"
#include "source.h"

#define DEFAULT_SIZE	(4U << 20)

/**
 * struct tail_source - A file on its way to a ring.
 * @name: The channel's name, which is what records get as comm.
 * @ring: The ring.
 * @files: The file.
 * @thread: Reads it.
 * @stop_fd: eventfd that ends @thread's wait.
 * @stop: @thread is to end.
 */
struct tail_source {
	char *name;
	struct memlog_embedded *ring;
	struct files files;
	pthread_t thread;
	int stop_fd;
	bool stop;
};

static int put(void *arg, int pri, const char *text, size_t len)
{
	struct tail_source *tail = arg;
	ssize_t n = memlog_embedded_write(tail->ring, NULL, text, len, NULL);

	return n < 0 ? (int)n : 0;
}

/* A ring that is open takes all. */
static void check(void *arg, struct tail *file)
{
	struct tail_source *tail = arg;

	if (file->lines.error)
		log_error("channel %s: lines of %s were not taken: %s", tail->name,
			  file->path, strerror(-file->lines.error));
	file->lines.error = 0;
}

static void note(void *arg, const struct tail *file, enum files_note what)
{
	struct tail_source *tail = arg;

	switch (what) {
	case FILES_MISSING:
		log_error("channel %s: %s is not there yet, waiting for it", tail->name,
			  file->path);
		break;
	case FILES_REPLACED:
		log_info("channel %s: %s is another file now", tail->name, file->path);
		break;
	case FILES_TRUNCATED:
		log_error("channel %s: %s was truncated; what was written to it right before is lost (rotate it by renaming, not by copytruncate)",
			  tail->name, file->path);
		break;
	}
}

static void failed(void *arg, const struct tail *file, int err)
{
	struct tail_source *tail = arg;

	log_error("channel %s: can't read %s: %s", tail->name, file->path,
		  err == -EINVAL ? "it is no regular file" :
		  err == -EPERM ? "it is a symbolic link of somebody who does not own the file" :
		  strerror(-err));
}

static bool is_stopped(void *arg)
{
	struct tail_source *tail = arg;

	return __atomic_load_n(&tail->stop, __ATOMIC_ACQUIRE);
}

static const struct files_ops ops = {
	.check = check,
	.note = note,
	.failed = failed,
	.stopped = is_stopped,
};

static void *follow(void *arg)
{
	struct tail_source *tail = arg;

	while (!is_stopped(tail)) {
		files_look(&tail->files);
		files_wait(&tail->files, tail->stop_fd, NULL);
	}
	return NULL;
}

/* Signals are the main thread's. */
static int start(struct tail_source *tail)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = -pthread_create(&tail->thread, NULL, follow, tail);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

static void tail_source_free(struct tail_source *tail)
{
	files_free(&tail->files);
	if (tail->files.inotify >= 0)
		close(tail->files.inotify);
	if (tail->stop_fd >= 0)
		close(tail->stop_fd);
	memlog_embedded_close(tail->ring);
	free(tail->name);
	free(tail);
}

static struct tail_source *tail_source_new(const char *name)
{
	struct tail_source *tail = calloc(1, sizeof(*tail));

	if (!tail)
		return NULL;
	tail->files = (struct files){
		.ops = &ops,
		.arg = tail,
		.lines = { .put = put, .arg = tail },
		.follow = true,
		/* without it, it looks twice a second */
		.inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC),
	};
	tail->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	tail->name = strdup(name);
	if (tail->name)
		return tail;
	tail_source_free(tail);
	return NULL;
}

/* "PATH" or "SIZE:PATH". */
static int parse(const char *name, const char *value, uint64_t *size, const char **path)
{
	const char *colon = strchr(value, ':');
	char text[32];

	*size = DEFAULT_SIZE;
	*path = value;
	if (*value != '/' && colon && (size_t)(colon - value) < sizeof(text)) {
		memcpy(text, value, (size_t)(colon - value));
		text[colon - value] = '\0';
		if (!memlog_parse_size(text, size))
			*path = colon + 1;
	}
	if (**path)
		return 0;
	log_error("--tail %s=%s: expected NAME=PATH or NAME=SIZE:PATH", name, value);
	return -EINVAL;
}

static int open_ring(struct tail_source *tail, uint64_t size)
{
	struct memlog_embedded_options options = {
		.size = sizeof(options), .name = tail->name, .text_size = size,
	};
	int err = memlog_embedded_open(&tail->ring, NULL, &options);

	if (err == -EINVAL || !size) {
		log_error("channel %s: a ring's size is a power of two from 4K to 1G", tail->name);
		return -EINVAL;
	}
	if (err)
		log_error("channel %s: can't make a ring in memory: %s", tail->name,
			  strerror(-err));
	return err;
}

static int open_file(struct tail_source *tail, const char *path)
{
	struct tail *file = files_add(&tail->files, path);
	int err;

	if (!file)
		return -ENOMEM;
	file->must_be_regular = true;
	err = files_open(&tail->files);
	if (err && err != -ENOENT)
		return err;
	err = tail->stop_fd < 0 ? -EMFILE : start(tail);
	if (err)
		log_error("channel %s: can't start a thread: %s", tail->name, strerror(-err));
	return err;
}

static int tail_source_open(struct source *source, const char *name, const char *value)
{
	struct tail_source *tail;
	const char *path;
	uint64_t size;
	int err;

	err = parse(name, value, &size, &path);
	if (err)
		return err;
	source->path = strdup(path);
	tail = source->path ? tail_source_new(name) : NULL;
	err = tail ? open_ring(tail, size) : -ENOMEM;
	if (!err)
		err = open_file(tail, source->path);
	if (!err) {
		source->tail = tail;
		source->ring = tail->ring;
		return 0;
	}
	if (tail)
		tail_source_free(tail);
	free(source->path);
	source->path = NULL;
	return err;
}

static int tail_source_reader(struct source *source, struct memlog_reader **readerp,
			      const struct memlog_reader_options *options)
{
	return memlog_reader_open_embedded(readerp, source->ring, options);
}

static void tail_source_close(struct source *source)
{
	struct tail_source *tail = source->tail;

	__atomic_store_n(&tail->stop, true, __ATOMIC_RELEASE);
	eventfd_write(tail->stop_fd, 1);
	pthread_join(tail->thread, NULL);
	tail_source_free(tail);
	source->tail = NULL;
	source->ring = NULL;
	free(source->path);
	source->path = NULL;
}

const struct source_type source_tail = {
	.prefix = "tail:",
	.open = tail_source_open,
	.reader = tail_source_reader,
	.close = tail_source_close,
};
