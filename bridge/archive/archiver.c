// SPDX-License-Identifier: GPL-2.0-only
/*
 * The archiver's thread. All that can fail is tried again: the archive itself, the
 * channel, and each batch, which is kept until it is written.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include <archive/day.h>

#include "archiver_private.h"
#include "../log.h"
#include "../privilege.h"

#define RETRY_MS	1000

/* A device that was reloaded fills quickly. */
#define REOPEN_MS	100

#define TICK_NS		NSEC_PER_SEC
#define EXPIRE_NS	(10 * NSEC_PER_SEC)

/* So long may it take at the end. */
#define STOP_NS		(5 * NSEC_PER_SEC)

static void say(void *arg, const char *text)
{
	const struct archiver *archiver = arg;

	log_error("archive %s: %s", archiver->channel->name, text);
}

/* Said once for each reason, until all is well again. */
static void channel_failed(struct archiver *archiver, int err)
{
	const char *path = archiver->channel->source.path;

	metrics_count(&archiver->stats.errors, 1);
	if (archiver->said != err && err == -ERANGE)
		log_error("archive %s: nothing is archived, since the ring ends before its archive does, as if an older copy of it had been put back: stop who writes it, and remove %s, so that a new stream begins",
			  archiver->channel->name, path ? path : "the ring");
	else if (archiver->said != err)
		log_error("archive %s: the channel can't be read: %s; it is tried again every second",
			  archiver->channel->name, strerror(-err));
	archiver->said = err;
	archiver_fail_waiters(archiver, err, false);
}

static void set_writing(struct archiver *archiver, bool writing)
{
	__atomic_store_n(&archiver->stats.writing, writing, __ATOMIC_RELAXED);
}

/* What is wrong was said by the writer. */
static void archive_failed(struct archiver *archiver, int err)
{
	metrics_count(&archiver->stats.errors, 1);
	set_writing(archiver, false);
	archiver_fail_waiters(archiver, err, false);
}

static void count_days(struct archiver *archiver)
{
	int fd = open(archiver->channel->archive, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint32_t *dates = NULL;
	size_t count = 0;

	if (fd < 0)
		return;
	if (!archive_days(fd, &dates, &count))
		__atomic_store_n(&archiver->stats.days, count, __ATOMIC_RELAXED);
	free(dates);
	close(fd);
}

static int open_writer(struct archiver *archiver)
{
	const struct source *source = &archiver->channel->source;
	gid_t gid = source_is_device(source) ? source_group(source) : (gid_t)-1;
	const struct archive_options options = {
		.sync = archiver->settings->sync,
		.local = archiver->settings->local,
		.gid = gid != (gid_t)-1 && privilege_has_group(gid) ? gid : (gid_t)-1,
		.say = say,
		.arg = archiver,
	};
	int err;

	err = archive_writer_open(&archiver->writer, archiver->channel->archive, &options);
	if (err)
		return err;
	/* whether the channel goes on where the archive ends, its reader will tell */
	archiver->at = (struct archiver_at){ 0 };
	archiver_committed(archiver);
	set_writing(archiver, true);
	return 0;
}

static int commit(struct archiver *archiver)
{
	uint64_t began = uv_hrtime();
	struct timespec now;
	int err;

	if (!archive_batched(archiver->writer))
		return 0;
	err = archive_commit(archiver->writer);
	if (err)
		return err;
	metrics_observe(&archiver->stats.commit, uv_hrtime() - began);
	clock_gettime(CLOCK_REALTIME, &now);
	__atomic_store_n(&archiver->stats.commit_ns, (uint64_t)now.tv_sec * NSEC_PER_SEC +
			 (uint64_t)now.tv_nsec, __ATOMIC_RELAXED);
	set_writing(archiver, true);
	archiver_committed(archiver);
	if (archive_writer_end(archiver->writer)->date != archiver->cgroups.date)
		count_days(archiver);
	archiver_add_cgroups(archiver);
	return 0;
}

/*
 * Reads and writes what there is. Return: how many milliseconds to wait for more: 0
 * there is more, -1 until something comes, else that long, whatever comes.
 */
static int work(struct archiver *archiver)
{
	int taken, err = archiver->writer ? 0 : open_writer(archiver);

	if (!err)
		err = commit(archiver);
	if (err) {
		archive_failed(archiver, err);
		return RETRY_MS;
	}
	taken = archiver->reader ? 0 : archiver_open_reader(archiver);
	if (taken < 0) {
		channel_failed(archiver, taken);
		return RETRY_MS;
	}
	taken = archiver_take(archiver);
	err = commit(archiver);
	if (err) {
		archive_failed(archiver, err);
		return RETRY_MS;
	}
	if (taken >= 0)
		archiver->said = 0;
	if (taken == TAKEN_ALL)
		return -1;
	if (taken == TAKEN_FULL)
		return 0;
	archiver_close_reader(archiver);
	if (taken == TAKEN_END)
		return REOPEN_MS;
	channel_failed(archiver, taken);
	return RETRY_MS;
}

/* Once a second, between two batches. */
static void tick(struct archiver *archiver)
{
	uint64_t now = uv_hrtime();
	int err = 0, finished;

	if (!archiver->writer || archive_batched(archiver->writer) || now < archiver->tick_ns)
		return;
	archiver->tick_ns = now + TICK_NS;
	if (archiver->settings->sync == ARCHIVE_SYNC_SECOND)
		err = archive_sync(archiver->writer);
	finished = archive_tick(archiver->writer);
	if (finished > 0)
		archiver_committed(archiver);
	if (err || finished < 0)
		metrics_count(&archiver->stats.errors, 1);
	if (finished <= 0 && now < archiver->expire_ns)
		return;
	archiver->expire_ns = now + EXPIRE_NS;
	if (archiver->settings->keep_days &&
	    archive_expire(archiver->writer, archiver->settings->keep_days, 0) < 0)
		metrics_count(&archiver->stats.errors, 1);
	count_days(archiver);
}

static void wait_for_more(struct archiver *archiver, int ms)
{
	struct pollfd fds[2] = { { .fd = archiver->stop_fd, .events = POLLIN } };
	nfds_t count = 1;

	if (ms < 0) {
		fds[1].fd = memlog_fd(archiver->reader);
		fds[1].events = POLLIN;
		ms = fds[1].fd < 0 ? REOPEN_MS : (int)(TICK_NS / 1000000);
		count = fds[1].fd < 0 ? 1 : 2;
	}
	if (ms)
		poll(fds, count, ms);
}

static bool is_stopped(struct archiver *archiver)
{
	return __atomic_load_n(&archiver->stop, __ATOMIC_ACQUIRE);
}

/* What the ring still has. */
static void finish(struct archiver *archiver)
{
	uint64_t deadline = uv_hrtime() + STOP_NS;

	while (!work(archiver) && uv_hrtime() < deadline)
		;
	archiver_fail_waiters(archiver, -ESHUTDOWN, true);
	archiver_close_reader(archiver);
	/* with --sync=second, it syncs */
	archive_writer_close(archiver->writer);
	archiver->writer = NULL;
}

static void *run(void *arg)
{
	struct archiver *archiver = arg;

	while (!is_stopped(archiver)) {
		int ms = work(archiver);

		tick(archiver);
		wait_for_more(archiver, ms);
	}
	finish(archiver);
	return NULL;
}

/* Signals are the main thread's. */
static int start(struct archiver *archiver)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = -pthread_create(&archiver->thread, NULL, run, archiver);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

static void free_archiver(struct archiver *archiver)
{
	archive_writer_close(archiver->writer);
	if (archiver->stop_fd >= 0)
		close(archiver->stop_fd);
	pthread_mutex_destroy(&archiver->lock);
	free(archiver);
}

int archiver_open(struct archiver **archiverp, struct channel *channel,
		  const struct archives *settings, bool strict)
{
	struct archiver *archiver = calloc(1, sizeof(*archiver));
	int err = 0;

	if (!archiver)
		return -ENOMEM;
	archiver->channel = channel;
	archiver->settings = settings;
	archiver_init_waiters(archiver);
	archiver->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (archiver->stop_fd < 0)
		err = -errno;
	if (!err && strict)
		err = open_writer(archiver);
	if (!err)
		err = start(archiver);
	if (err) {
		free_archiver(archiver);
		return err;
	}
	*archiverp = archiver;
	return 0;
}

void archiver_stop(struct archiver *archiver)
{
	if (!archiver)
		return;
	__atomic_store_n(&archiver->stop, true, __ATOMIC_RELEASE);
	eventfd_write(archiver->stop_fd, 1);
}

void archiver_close(struct archiver *archiver)
{
	if (!archiver)
		return;
	pthread_join(archiver->thread, NULL);
	free_archiver(archiver);
}

const struct archiver_stats *archiver_stats(const struct archiver *archiver)
{
	return &archiver->stats;
}

void archiver_place(struct archiver *archiver, uint64_t *stream, uint64_t *seq)
{
	pthread_mutex_lock(&archiver->lock);
	*stream = archiver->done.stream;
	*seq = archiver->done.seq;
	pthread_mutex_unlock(&archiver->lock);
}
