// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Watching an archive with inotify(7). A row is there once its meta is, so of a
 * day's files that one is watched, or index where there is no meta: one wake-up a
 * batch. The day's folder tells when a file is made, "finish" above all. Lines of
 * cgroups may come after the rows they are for, and when no more rows do.
 */
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "notify.h"

#define LOOK_EVERY_NS	20000000

#define ARCHIVE_EVENTS	(IN_CREATE | IN_MOVED_TO | IN_ONLYDIR)
#define DAY_EVENTS	(IN_CREATE | IN_MOVED_TO | IN_MOVE_SELF | IN_DELETE_SELF | \
			 IN_ONLYDIR)
#define FILE_EVENTS	(IN_MODIFY | IN_DONT_FOLLOW)

/**
 * struct archive_notify - A watch.
 * @epoll: What is waited on: @inotify and @timer.
 * @inotify: -1 if there is none.
 * @timer: For looking without being told.
 * @look: The kernel can't tell of all changes.
 * @dev: The day's folder.
 * @ino: The day's folder; 0 if none is watched.
 * @folder: Its watch.
 * @file: That of its meta or index, -1 if neither is watched.
 * @is_meta: @file is meta's.
 * @cgroups: That of its cgroups, -1 until there are any.
 */
struct archive_notify {
	int epoll;
	int inotify;
	int timer;
	bool look;
	dev_t dev;
	ino_t ino;
	int folder;
	int file;
	bool is_meta;
	int cgroups;
};

static int add_watch(struct archive_notify *notify, int dirfd, const char *name,
		     uint32_t events)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dirfd, name);
	return inotify_add_watch(notify->inotify, path, events);
}

/* Filesystems that others change, of which this kernel knows nothing. */
static bool is_remote(int dirfd)
{
	struct statfs fs;

	if (fstatfs(dirfd, &fs))
		return true;
	switch ((uint32_t)fs.f_type) {
	case NFS_SUPER_MAGIC:
	case SMB_SUPER_MAGIC:
	case CIFS_SUPER_MAGIC:
	case SMB2_SUPER_MAGIC:
	case AFS_SUPER_MAGIC:
	case CEPH_SUPER_MAGIC:
	case V9FS_MAGIC:
	case FUSE_SUPER_MAGIC:
		return true;
	default:
		return false;
	}
}

static int add_to_epoll(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int make_fds(struct archive_notify *notify, int dirfd)
{
	int err;

	notify->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (notify->epoll < 0)
		return -errno;
	notify->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (notify->timer < 0)
		return -errno;
	err = add_to_epoll(notify->epoll, notify->timer);
	if (err)
		return err;
	notify->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (notify->inotify >= 0)
		err = add_to_epoll(notify->epoll, notify->inotify);
	notify->look = notify->inotify < 0 || is_remote(dirfd) ||
		       add_watch(notify, dirfd, ".", ARCHIVE_EVENTS) < 0;
	return err;
}

int archive_notify_open(struct archive_notify **notifyp, int dirfd)
{
	struct archive_notify *notify = calloc(1, sizeof(*notify));
	int err;

	if (!notify)
		return -ENOMEM;
	notify->epoll = -1;
	notify->inotify = -1;
	notify->timer = -1;
	notify->folder = -1;
	notify->file = -1;
	notify->cgroups = -1;
	err = make_fds(notify, dirfd);
	if (err) {
		archive_notify_close(notify);
		return err;
	}
	archive_notify_after(notify, 0);
	*notifyp = notify;
	return 0;
}

static void close_if(int fd)
{
	if (fd >= 0)
		close(fd);
}

void archive_notify_close(struct archive_notify *notify)
{
	if (!notify)
		return;
	close_if(notify->inotify);
	close_if(notify->timer);
	close_if(notify->epoll);
	free(notify);
}

int archive_notify_fd(const struct archive_notify *notify)
{
	return notify->epoll;
}

static void remove_watch(struct archive_notify *notify, int *watch)
{
	if (*watch >= 0)
		inotify_rm_watch(notify->inotify, *watch);
	*watch = -1;
}

static void forget_day(struct archive_notify *notify)
{
	remove_watch(notify, &notify->folder);
	remove_watch(notify, &notify->file);
	remove_watch(notify, &notify->cgroups);
	notify->is_meta = false;
	notify->ino = 0;
}

static void look_by_itself(struct archive_notify *notify)
{
	if (notify->look)
		return;
	notify->look = true;
	archive_notify_after(notify, 0);
}

/* Return: whether a file is watched that was not. */
static bool watch_file(struct archive_notify *notify, int dirfd)
{
	int watch;

	if (notify->cgroups < 0)
		notify->cgroups = add_watch(notify, dirfd, "cgroups", FILE_EVENTS);
	if (notify->is_meta)
		return false;
	watch = add_watch(notify, dirfd, "meta", FILE_EVENTS);
	if (watch >= 0) {
		remove_watch(notify, &notify->file);
		notify->file = watch;
		notify->is_meta = true;
		return true;
	}
	if (errno == ENOSPC)
		look_by_itself(notify);
	if (notify->file >= 0)
		return false;
	notify->file = add_watch(notify, dirfd, "index", FILE_EVENTS);
	return notify->file >= 0;
}

bool archive_notify_day(struct archive_notify *notify, const struct archive_day *day)
{
	struct stat st;
	bool again = false;
	int dirfd;

	if (notify->inotify < 0)
		return false;
	if (!day || fstat(archive_day_dirfd(day), &st)) {
		forget_day(notify);
		return false;
	}
	dirfd = archive_day_dirfd(day);
	if (notify->ino != st.st_ino || notify->dev != st.st_dev) {
		forget_day(notify);
		notify->ino = st.st_ino;
		notify->dev = st.st_dev;
		notify->folder = add_watch(notify, dirfd, ".", DAY_EVENTS);
		if (notify->folder < 0)
			look_by_itself(notify);
		again = true;
	}
	return watch_file(notify, dirfd) || again;
}

bool archive_notify_take(struct archive_notify *notify)
{
	char events[4096] __attribute__((aligned(8)));
	uint64_t expired;
	bool any = false;

	while (notify->inotify >= 0 && read(notify->inotify, events, sizeof(events)) > 0)
		any = true;
	if (read(notify->timer, &expired, sizeof(expired)) > 0)
		any = true;
	return any;
}

void archive_notify_after(struct archive_notify *notify, uint64_t ns)
{
	struct itimerspec when = { 0 };

	if (notify->look) {
		when.it_interval.tv_nsec = LOOK_EVERY_NS;
		if (!ns || ns > LOOK_EVERY_NS)
			ns = LOOK_EVERY_NS;
	}
	when.it_value.tv_sec = (time_t)(ns / 1000000000);
	when.it_value.tv_nsec = (long)(ns % 1000000000);
	timerfd_settime(notify->timer, 0, &when, NULL);
}
