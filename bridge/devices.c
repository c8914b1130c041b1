// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device is made before udev gives it its group and mode, so one that may not
 * be read is looked at again when its attributes change.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "devices.h"
#include "log.h"

#define NAME_OF_ALL	"memlog"

/* The channel of a device's file; NULL if it is none's. */
static const char *channel_of(const char *file)
{
	const size_t len = sizeof(NAME_OF_ALL) - 1;

	if (strncmp(file, NAME_OF_ALL, len))
		return NULL;
	if (!file[len])
		return file;
	if (file[len] != '-' || !channel_name_ok(file + len + 1))
		return NULL;
	return file + len + 1;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	if ((a->st_mode & S_IFMT) != (b->st_mode & S_IFMT))
		return false;
	if (S_ISCHR(a->st_mode))
		return a->st_rdev == b->st_rdev;
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* What we say must not come back to us as records. */
static bool is_our_output(const struct stat *st)
{
	struct stat out;

	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
		if (!fstat(fd, &out) && is_same(&out, st))
			return true;
	return false;
}

/* Whether it is served already, or its name is. */
static bool is_served(const struct devices *devices, const char *name,
		      const struct stat *st)
{
	struct channel *channel = NULL;
	struct stat other;

	while ((channel = channels_next(devices->channels, channel))) {
		const char *path = channel->source.path;

		if (!strcmp(channel->name, name))
			return true;
		if (path && !stat(path, &other) && is_same(&other, st))
			return true;
	}
	return false;
}

static void look_at(struct devices *devices, const char *file)
{
	const char *name = channel_of(file);
	struct memlog_info info;
	char path[PATH_MAX];
	struct stat st;
	int err;

	if (!name || snprintf(path, sizeof(path), "%s/%s", devices->folder, file) >= PATH_MAX)
		return;
	if (stat(path, &st) || (st.st_mode & S_IFMT) != devices->kind ||
	    is_served(devices, name, &st))
		return;
	err = memlog_info(path, &info);
	if (!err && is_our_output(&st))
		log_error("%s is not served: standard output or error goes there", path);
	else if (!err)
		err = channels_add(devices->channels, name, path);
	else if (err == -EACCES || err == -EPERM)
		log_info("%s may not be read (yet)", path);
	if (!err)
		log_info("%s is there", path);
}

static int is_device_file(const struct dirent *entry)
{
	return channel_of(entry->d_name) != NULL;
}

static void look_at_all(struct devices *devices)
{
	struct dirent **entries;
	int n = scandir(devices->folder, &entries, is_device_file, alphasort);

	if (n < 0) {
		log_error("can't look for devices in %s: %s", devices->folder, strerror(errno));
		return;
	}
	for (int i = 0; i < n; i++) {
		look_at(devices, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
}

static void on_change(uv_poll_t *poll, int status, int events)
{
	struct devices *devices = poll->data;
	char buf[4096] __attribute__((aligned(8)));
	ssize_t n;

	while ((n = read(devices->inotify, buf, sizeof(buf))) > 0) {
		const struct inotify_event *event;

		for (char *at = buf; at < buf + n; at += sizeof(*event) + event->len) {
			event = (const struct inotify_event *)at;
			if (event->mask & IN_Q_OVERFLOW)
				look_at_all(devices);
			else if (event->len)
				look_at(devices, event->name);
		}
	}
}

/* Return: 0 or a negative errno value. */
static int watch(struct devices *devices, uv_loop_t *loop)
{
	int err;

	devices->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (devices->inotify < 0)
		return -errno;
	/* not IN_MODIFY: that is every write to a terminal or /dev/null */
	if (inotify_add_watch(devices->inotify, devices->folder,
			      IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_ONLYDIR) < 0)
		err = -errno;
	else
		err = uv_poll_init(loop, &devices->poll, devices->inotify);
	if (err) {
		close(devices->inotify);
		devices->inotify = -1;
		return err;
	}
	devices->poll.data = devices;
	return uv_poll_start(&devices->poll, UV_READABLE, on_change);
}

void devices_open(struct devices *devices, struct channels *channels, uv_loop_t *loop,
		  const char *folder, mode_t kind)
{
	int err;

	*devices = (struct devices){
		.channels = channels, .folder = folder, .kind = kind, .inotify = -1,
	};
	/* first the watch, so that nothing comes in between */
	err = watch(devices, loop);
	if (err)
		log_error("devices that come to %s will not be seen: %s", folder,
			  strerror(-err));
	look_at_all(devices);
}

static void on_closed(uv_handle_t *handle)
{
	struct devices *devices = handle->data;

	close(devices->inotify);
	devices->inotify = -1;
}

void devices_close(struct devices *devices)
{
	if (!devices->folder || devices->inotify < 0 ||
	    uv_is_closing((uv_handle_t *)&devices->poll))
		return;
	uv_close((uv_handle_t *)&devices->poll, on_closed);
}
