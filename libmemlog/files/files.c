// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "files.h"

/* A rotated file is closed after this time without anything new. */
#define OLD_QUIET_NS	30000000000ULL
/* How often to look where inotify tells nothing: network file systems. */
#define LOOK_MS		500
#define POLLS_MAX	64

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

struct tail *files_add(struct files *files, const char *path)
{
	struct tail *tail = calloc(1, sizeof(*tail)), **end = &files->tails;

	if (!tail)
		return NULL;
	tail->path = path;
	tail->fd = -1;
	tail->lines = files->lines;
	while (*end)
		end = &(*end)->next;
	*end = tail;
	return tail;
}

static void begin(const struct files *files, const struct tail *tail)
{
	if (files->ops->begin)
		files->ops->begin(files->arg, tail);
}

static bool stopped(const struct files *files)
{
	return files->ops->stopped(files->arg);
}

/* All there is to the end of the file. Return: whether there was anything. */
static bool read_on(struct files *files, struct tail *tail)
{
	bool any = false;
	ssize_t n = 1;

	begin(files, tail);
	while (!stopped(files) && (n > 0 || n == -EINTR)) {
		n = tail_read(tail);
		any |= n > 0;
		files->ops->check(files->arg, tail);
	}
	if (n < 0 && n != -EINTR) {
		files->ops->failed(files->arg, tail, (int)n);
		tail_close(tail);
	}
	return any;
}

/* @skip: the file was there when we came, so files->last counts for it. */
static int try_open(struct files *files, struct tail *tail, bool skip)
{
	int err = tail_open(tail);

	if (!err && skip && tail->regular && files->last != LINES_ALL)
		err = tail_seek_lines(tail, files->last);
	if (!err)
		return 0;
	tail_close(tail);
	if (tail->missing_said)
		return err;
	tail->missing_said = true;
	if (files->follow && err == -ENOENT)
		files->ops->note(files->arg, tail, FILES_MISSING);
	else
		files->ops->failed(files->arg, tail, err);
	return err;
}

int files_open(struct files *files)
{
	int err = 0;

	for (struct tail *t = files->tails; t; t = t->next)
		if (t->fd < 0)
			err = try_open(files, t, true);
	return err;
}

void files_read(struct files *files, struct tail *tail)
{
	if (try_open(files, tail, true))
		return;
	read_on(files, tail);
	tail_close(tail);
	files->ops->check(files->arg, tail);
}

/* The file goes on as an old one, and its name begins anew. */
static void rotate(struct files *files, struct tail *tail)
{
	struct tail *old = malloc(sizeof(*old));

	/* without memory, at the next look */
	if (!old)
		return;
	*old = *tail;
	old->old = true;
	old->quiet_ns = now_ns();
	tail->next = old;
	tail->fd = -1;
	tail->lines = files->lines;
	files->ops->note(files->arg, tail, FILES_REPLACED);
	try_open(files, tail, false);
	if (tail->fd >= 0)
		read_on(files, tail);
}

static void look(struct files *files, struct tail *tail)
{
	bool replaced;

	if (tail->fd < 0) {
		if (!tail->old)
			try_open(files, tail, false);
		if (tail->fd < 0)
			return;
	}
	if (!tail->regular)
		return;
	/* Before the last read, or what came in between would be missed. */
	replaced = !tail->old && tail_replaced(tail);
	if (tail_truncated(tail)) {
		files->ops->note(files->arg, tail, FILES_TRUNCATED);
		tail_rewind(tail);
	}
	if (read_on(files, tail))
		tail->quiet_ns = now_ns();
	if (replaced && tail->fd >= 0)
		rotate(files, tail);
}

static void drop_old(struct files *files)
{
	struct tail **link = &files->tails;
	uint64_t now = now_ns();

	while (*link) {
		struct tail *tail = *link;

		if (!tail->old || (tail->fd >= 0 && now - tail->quiet_ns <= OLD_QUIET_NS)) {
			link = &tail->next;
			continue;
		}
		begin(files, tail);
		tail_close(tail);
		files->ops->check(files->arg, tail);
		lines_free(&tail->lines);
		*link = tail->next;
		free(tail);
	}
}

/* What may tell that a file has changed, has gone or has come. */
static void watch(const struct files *files)
{
	for (const struct tail *t = files->tails; t; t = t->next) {
		char dir[PATH_MAX];
		char *slash;

		if (t->old || !strcmp(t->path, "-"))
			continue;
		inotify_add_watch(files->inotify, t->path, IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF);
		snprintf(dir, sizeof(dir), "%s", t->path);
		slash = strrchr(dir, '/');
		if (slash)
			slash[slash == dir] = '\0';
		else
			snprintf(dir, sizeof(dir), ".");
		inotify_add_watch(files->inotify, dir, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
	}
}

void files_look(struct files *files)
{
	if (files->inotify >= 0)
		watch(files);
	for (struct tail *t = files->tails; t && !stopped(files); t = t->next)
		look(files, t);
	drop_old(files);
}

bool files_any_left(const struct files *files)
{
	for (const struct tail *t = files->tails; t; t = t->next)
		if (t->fd >= 0 || !t->old)
			return true;
	return false;
}

/* Pipes and the like, which tell themselves when there is more. */
static size_t pipes(const struct files *files, struct pollfd *fds, struct tail **whose,
		    size_t max)
{
	size_t n = 0;

	for (struct tail *t = files->tails; t && n < max; t = t->next) {
		if (t->fd < 0 || t->regular)
			continue;
		whose[n] = t;
		fds[n++] = (struct pollfd){ .fd = t->fd, .events = POLLIN };
	}
	return n;
}

static void read_pipe(struct files *files, struct tail *tail)
{
	ssize_t n;

	begin(files, tail);
	n = tail_read(tail);
	files->ops->check(files->arg, tail);
	if (n == 0 || (n < 0 && n != -EINTR && n != -EAGAIN)) {
		tail_close(tail);
		/* It has ended: no opening it again, as for a file that was removed. */
		tail->old = true;
		tail->quiet_ns = now_ns();
	}
}

void files_wait(struct files *files, int stop_fd, const sigset_t *mask)
{
	static const struct timespec timeout = { .tv_nsec = LOOK_MS * 1000000L };
	struct pollfd fds[POLLS_MAX] = {
		{ .fd = files->inotify, .events = POLLIN }, { .fd = stop_fd, .events = POLLIN },
	};
	struct tail *whose[POLLS_MAX];
	char events[4096];
	size_t n;

	n = 2 + pipes(files, fds + 2, whose + 2, POLLS_MAX - 2);
	if (ppoll(fds, n, &timeout, mask) <= 0)
		return;
	while (files->inotify >= 0 && read(files->inotify, events, sizeof(events)) > 0)
		;
	for (size_t i = 2; i < n; i++)
		if (fds[i].revents)
			read_pipe(files, whose[i]);
}

void files_free(struct files *files)
{
	struct tail *tail, *next;

	for (tail = files->tails; tail; tail = next) {
		next = tail->next;
		begin(files, tail);
		tail_close(tail);
		files->ops->check(files->arg, tail);
		lines_free(&tail->lines);
		free(tail);
	}
	files->tails = NULL;
}
