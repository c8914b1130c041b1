// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device is made before udev gives it its group and mode, so one that may not
 * be read is looked at again when its attributes change. It is also made before its
 * driver lets anybody open it, which nothing tells, so after a failure that may pass
 * it is looked at again by the clock.
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

/* Between one look and the next: that at first, twice as long each time, up to this. */
#define RETRY_MS	250
#define RETRY_MOST_MS	4000

/* So many failures are no matter of the device having just come. */
#define MANY_FAILURES	6

/**
 * struct unserved - A device that is there and not served.
 * @link: In devices->unserved.
 * @err: Why, as a negative errno value; -ELOOP it is our output.
 * @failures: How often in a row.
 * @file: Its name in the folder.
 */
struct unserved {
	struct list link;
	int err;
	unsigned int failures;
	char file[NAME_MAX + 1];
};

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

static struct unserved *find_unserved(struct devices *devices, const char *file)
{
	struct list *pos;

	list_for_each(pos, &devices->unserved) {
		struct unserved *unserved = list_entry(pos, struct unserved, link);

		if (!strcmp(unserved->file, file))
			return unserved;
	}
	return NULL;
}

static struct unserved *add_unserved(struct devices *devices, const char *file)
{
	struct unserved *unserved = calloc(1, sizeof(*unserved));

	if (!unserved || strlen(file) > NAME_MAX) {
		free(unserved);
		return NULL;
	}
	strcpy(unserved->file, file);
	list_add_tail(&unserved->link, &devices->unserved);
	return unserved;
}

static void forget(struct unserved *unserved)
{
	if (!unserved)
		return;
	list_del(&unserved->link);
	free(unserved);
}

/* Others are told of by a change of the file, or stay. */
static bool may_pass(int err)
{
	return err != -EACCES && err != -EPERM && err != -ENOTTY && err != -EBADMSG &&
	       err != -EINVAL && err != -ELOOP;
}

static void on_retry(uv_timer_t *timer);

static void start_retry(struct devices *devices, unsigned int ms)
{
	devices->retry_ms = ms;
	uv_timer_start(&devices->retry, on_retry, ms, 0);
}

/* Says why, once for each reason, and again aloud if it does not pass. */
static void not_served(struct devices *devices, const char *file, const char *path, int err)
{
	struct unserved *unserved = find_unserved(devices, file);

	if (!unserved)
		unserved = add_unserved(devices, file);
	if (!unserved) {
		log_error("%s is not served: out of memory", path);
		return;
	}
	if (unserved->err != err) {
		unserved->err = err;
		unserved->failures = 0;
		if (err == -ELOOP)
			log_error("%s is not served: standard output or error goes there", path);
		else
			log_info("%s is not served (yet): %s", path, strerror(-err));
		if (may_pass(err))
			start_retry(devices, RETRY_MS);
	}
	if (++unserved->failures == MANY_FAILURES && may_pass(err))
		log_error("%s is not served: %s; it is tried again every %u s", path,
			  strerror(-err), RETRY_MOST_MS / 1000);
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
	    is_served(devices, name, &st)) {
		forget(find_unserved(devices, file));
		return;
	}
	err = memlog_info(path, &info);
	if (!err)
		err = is_our_output(&st) ? -ELOOP : channels_add(devices->channels, name, path);
	if (err) {
		not_served(devices, file, path, err);
		return;
	}
	forget(find_unserved(devices, file));
	log_info("%s is there", path);
}

static void on_retry(uv_timer_t *timer)
{
	struct devices *devices = timer->data;
	unsigned int ms = devices->retry_ms * 2;
	bool again = false;
	struct list *pos, *n;

	list_for_each_safe(pos, n, &devices->unserved) {
		struct unserved *unserved = list_entry(pos, struct unserved, link);

		if (may_pass(unserved->err))
			look_at(devices, unserved->file);
	}
	list_for_each(pos, &devices->unserved)
		again = again || may_pass(list_entry(pos, struct unserved, link)->err);
	/* a new reason has started it anew */
	if (again && !uv_is_active((uv_handle_t *)timer))
		start_retry(devices, ms < RETRY_MOST_MS ? ms : RETRY_MOST_MS);
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
	devices->handles++;
	return uv_poll_start(&devices->poll, UV_READABLE, on_change);
}

void devices_open(struct devices *devices, struct channels *channels, uv_loop_t *loop,
		  const char *folder, mode_t kind)
{
	int err;

	*devices = (struct devices){
		.channels = channels, .folder = folder, .kind = kind, .inotify = -1,
		.handles = 1,
	};
	list_init(&devices->unserved);
	uv_timer_init(loop, &devices->retry);
	devices->retry.data = devices;
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
	struct list *pos, *n;

	if (--devices->handles)
		return;
	list_for_each_safe(pos, n, &devices->unserved)
		forget(list_entry(pos, struct unserved, link));
	if (devices->inotify >= 0)
		close(devices->inotify);
	devices->inotify = -1;
	devices->folder = NULL;
}

void devices_close(struct devices *devices)
{
	if (!devices->folder || uv_is_closing((uv_handle_t *)&devices->retry))
		return;
	uv_close((uv_handle_t *)&devices->retry, on_closed);
	if (devices->inotify >= 0)
		uv_close((uv_handle_t *)&devices->poll, on_closed);
}
