// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reading a ring file.
 *
 * A reader in another process than the writer's sleeps in inotify: it sets
 * state->armed, looks once more, and waits for the file's attributes to change.
 * The writer that finds the word set clears it and touches the file. So a write
 * costs one load while nobody sleeps, a killed reader leaves one needless touch
 * behind, and removing or replacing the file wakes too. A reader that may not
 * write the file, or gets no inotify, looks every 20 ms.
 *
 * A reader in the writer's own process has an eventfd in the ring's list.
 *
 * All of that is made when memlog_fd() is asked for first: many a reader is closed
 * before anybody waits on it. What was written since the reader looked makes the
 * new descriptor readable at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "embedded.h"
#include "private.h"
#include "reader.h"

#define LOOK_EVERY_NS	20000000

static void fd_path(char *path, size_t size, int fd)
{
	snprintf(path, size, "/proc/self/fd/%d", fd);
}

/* Takes all that is there to be read: whether there was any. */
static bool drain(int fd)
{
	char bytes[4096] __attribute__((aligned(8)));
	bool any = false;

	while (read(fd, bytes, sizeof(bytes)) > 0)
		any = true;
	return any;
}

/* 0 stops it. */
static void set_timer(const struct memlog_reader *reader, long ns)
{
	struct itimerspec when = { .it_value.tv_nsec = ns };

	timerfd_settime(reader->timer, 0, &when, NULL);
}

/* Whether the file has no name any more, which was not known. */
static bool see_removed(struct memlog_reader *reader)
{
	struct stat st;

	if (!reader->path || reader->removed || fstat(reader->device, &st) || st.st_nlink)
		return false;
	reader->removed = true;
	return true;
}

static int file_arm(struct memlog_reader *reader)
{
	struct memlog_state *state = reader->map.state;
	bool again = reader->armed_seq != reader->cur.seq;

	if (reader->fd < 0)
		return see_removed(reader);
	reader->armed_seq = reader->cur.seq;
	if (reader->inotify >= 0 && drain(reader->inotify)) {
		again = true;
		see_removed(reader);
	}
	if (reader->map.state_writable && reader->inotify >= 0) {
		if (reader->kicked)
			set_timer(reader, 0);
		__atomic_store_n(&state->armed, 1, __ATOMIC_SEQ_CST);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);	/* (D), see embedded.c */
	} else {
		set_timer(reader, LOOK_EVERY_NS);
	}
	reader->kicked = false;
	return again;
}

static bool file_finished(const struct memlog_reader *reader)
{
	return __atomic_load_n(&reader->map.state->finished, __ATOMIC_ACQUIRE);
}

static bool file_over(struct memlog_reader *reader)
{
	return memlog_map_retired(reader) || file_finished(reader) || reader->removed;
}

static bool same_file(int a, int b)
{
	struct stat st_a, st_b;

	return !fstat(a, &st_a) && !fstat(b, &st_b) &&
	       st_a.st_dev == st_b.st_dev && st_a.st_ino == st_b.st_ino;
}

/* Watches the file, if the reader has inotify. */
static void watch(struct memlog_reader *reader)
{
	char path[32];

	if (reader->inotify < 0)
		return;
	fd_path(path, sizeof(path), reader->device);
	if (inotify_add_watch(reader->inotify, path, IN_ATTRIB) < 0) {
		close(reader->inotify);
		reader->inotify = -1;
	}
}

static int open_path(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);

	/* Only to be woken: reading will do. */
	if (fd < 0 && errno != ENOENT)
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

/* Goes on in the file that @fd is now. */
static int replace(struct memlog_reader *reader, int fd)
{
	struct memlog_map fresh;
	int event;

	event = memlog_map_file(&fresh, fd, false);
	if (!event)
		event = memlog_map_replace(reader, &fresh);
	if (event < 0) {
		close(fd);
		return event;
	}
	close(reader->device);
	reader->device = fd;
	reader->removed = false;
	watch(reader);
	return event;
}

static int file_renew(struct memlog_reader *reader)
{
	int fd;

	if (file_finished(reader))
		return MEMLOG_END;
	if (reader->ring)
		fd = memlog_embedded_fd(reader->ring);
	else
		fd = reader->path ? open_path(reader->path) : -ENOENT;
	if (fd == -ENOENT)
		return MEMLOG_END;
	if (fd < 0)
		return fd;
	if (same_file(fd, reader->device)) {
		close(fd);
		return MEMLOG_END;
	}
	return replace(reader, fd);
}

static void close_if(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_fds(struct memlog_reader *reader)
{
	close_if(&reader->inotify);
	close_if(&reader->timer);
	close_if(&reader->fd);
}

static void file_close(struct memlog_reader *reader)
{
	memlog_unmap(&reader->map);
	close_if(&reader->device);
	close_fds(reader);
}

/* Whether there is something for memlog_next() that it has not seen. */
static bool has_news(struct memlog_reader *reader)
{
	return memlog_buf_next(&reader->map.buf) != reader->cur.seq || file_over(reader);
}

static int add_to_epoll(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* An epoll set of what can wake this reader. */
static int make_set(struct memlog_reader *reader)
{
	int err;

	reader->fd = epoll_create1(EPOLL_CLOEXEC);
	if (reader->fd < 0)
		return -errno;
	reader->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (reader->timer < 0)
		return -errno;
	err = add_to_epoll(reader->fd, reader->timer);
	if (err)
		return err;
	reader->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	watch(reader);
	if (reader->inotify >= 0)
		err = add_to_epoll(reader->fd, reader->inotify);
	return err;
}

static int file_make_fd(struct memlog_reader *reader)
{
	int err = make_set(reader);

	if (err) {
		close_fds(reader);
		return err;
	}
	file_arm(reader);
	if (see_removed(reader) || has_news(reader)) {
		reader->kicked = true;
		set_timer(reader, 1);
	}
	return 0;
}

static const struct memlog_source file_source = {
	.fill = memlog_map_fill,
	.seek = memlog_map_seek,
	.over = file_over,
	.renew = file_renew,
	.arm = file_arm,
	.make_fd = file_make_fd,
	.info = memlog_map_info,
	.close = file_close,
};

/**
 * memlog_file_open() - Open a ring file as a reader's source.
 * @reader: The reader.
 * @fd: The file; the reader's if this returns 0.
 *
 * Return: As memlog_reader_open().
 */
int memlog_file_open(struct memlog_reader *reader, int fd)
{
	int err;

	if (reader->flags & MEMLOG_READ_NO_MMAP)
		return memlog_file_open_unmapped(reader, fd);
	err = memlog_map_file(&reader->map, fd, false);
	if (err)
		return err;
	reader->device = fd;
	reader->stream = reader->map.stream;
	reader->source = &file_source;
	return 0;
}

static int embedded_arm(struct memlog_reader *reader)
{
	bool again = reader->armed_seq != reader->cur.seq;

	if (!reader->wait)
		return 0;
	if (!again && __atomic_load_n(&reader->wait->armed, __ATOMIC_RELAXED))
		return 0;
	reader->armed_seq = reader->cur.seq;
	drain(reader->fd);
	memlog_embedded_arm(reader->ring, reader->wait);
	return 1;
}

static void embedded_close(struct memlog_reader *reader)
{
	if (reader->wait) {
		memlog_embedded_del_waiter(reader->ring, reader->wait);
		free(reader->wait);
	}
	file_close(reader);
}

static int embedded_make_fd(struct memlog_reader *reader)
{
	reader->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (reader->fd < 0)
		return -errno;
	reader->wait = calloc(1, sizeof(*reader->wait));
	if (!reader->wait) {
		close_if(&reader->fd);
		return -ENOMEM;
	}
	reader->wait->fd = reader->fd;
	memlog_embedded_add_waiter(reader->ring, reader->wait);
	embedded_arm(reader);
	if (has_news(reader))
		eventfd_write(reader->fd, 1);
	return 0;
}

static const struct memlog_source embedded_source = {
	.fill = memlog_map_fill,
	.seek = memlog_map_seek,
	.over = file_over,
	.renew = file_renew,
	.arm = embedded_arm,
	.make_fd = embedded_make_fd,
	.info = memlog_map_info,
	.close = embedded_close,
};

/**
 * memlog_embedded_attach() - A ring of this process as a reader's source.
 * @reader: The reader.
 * @ring: The ring.
 *
 * Return: 0; -ENOMEM; or what mmap(2) and the like gave.
 */
int memlog_embedded_attach(struct memlog_reader *reader, struct memlog_embedded *ring)
{
	int err, fd;

	fd = memlog_embedded_fd(ring);
	if (fd < 0)
		return fd;
	err = memlog_map_file(&reader->map, fd, false);
	if (err) {
		close(fd);
		return err;
	}
	reader->device = fd;
	reader->ring = ring;
	reader->stream = reader->map.stream;
	reader->source = &embedded_source;
	return 0;
}
