// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Waiting for an archive, or for the ring it is made from, whichever has the next
 * record: never for both, since the other one grows all the time.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "history.h"
#include "private.h"

/* What an archiver gets to write what the ring has no more. */
#define PATIENCE_NS	200000000ULL

/* An archive that did not change for so long has no archiver who is behind. */
#define SETTLED_NS	1000000000LL

/* How often it looks whether the ring has gone on. */
#define LOOK_EVERY_NS	20000000

bool memlog_history_waited(struct memlog_history *history)
{
	u64 now = clock_ns(CLOCK_MONOTONIC);

	if (!history->wait_until)
		history->wait_until = now + PATIENCE_NS;
	return now >= history->wait_until;
}

bool memlog_history_settled(const struct memlog_history *history)
{
	const struct archive_day *day = history->cursor.day;
	struct stat st;
	int64_t age;

	if (!day || (fstatat(archive_day_dirfd(day), "meta", &st, AT_SYMLINK_NOFOLLOW) &&
		     fstatat(archive_day_dirfd(day), "index", &st, AT_SYMLINK_NOFOLLOW)))
		return true;
	age = (int64_t)clock_ns(CLOCK_REALTIME) -
	      ((int64_t)st.st_mtim.tv_sec * (int64_t)NSEC_PER_SEC + st.st_mtim.tv_nsec);
	return age < 0 || age > SETTLED_NS;
}

/* Of the descriptors of a reader of both, one counts. */
static int choose(struct memlog_reader *reader, int op)
{
	struct memlog_history *history = reader->history;
	struct epoll_event ring = { .events = history->in_ring ? EPOLLIN : 0 };
	struct epoll_event archive = { .events = history->in_ring ? 0 : EPOLLIN };

	if (!history->ring)
		return 0;
	if (epoll_ctl(reader->fd, op, history->ring->fd, &ring) ||
	    epoll_ctl(reader->fd, op, archive_notify_fd(history->notify), &archive))
		return -errno;
	return 0;
}

static int arm_archive(struct memlog_reader *reader)
{
	struct memlog_history *history = reader->history;
	bool again;
	u64 now;

	again = archive_notify_day(history->notify, history->cursor.day);
	if (archive_notify_take(history->notify))
		again = true;
	if (again || !history->ring)
		return again;
	now = clock_ns(CLOCK_MONOTONIC);
	if (history->wait_until > now)
		archive_notify_after(history->notify, history->wait_until - now);
	else
		archive_notify_after(history->notify, LOOK_EVERY_NS);
	return 0;
}

int memlog_history_arm(struct memlog_reader *reader)
{
	struct memlog_history *history = reader->history;
	int err;

	if (reader->fd < 0)
		return history->in_ring ? history->ring->source->arm(history->ring) : 0;
	err = choose(reader, EPOLL_CTL_MOD);
	if (err)
		return err;
	if (history->in_ring)
		return history->ring->source->arm(history->ring);
	return arm_archive(reader);
}

static int make_set(struct memlog_reader *reader)
{
	struct memlog_history *history = reader->history;
	int err;

	if (!history->ring) {
		reader->fd = archive_notify_fd(history->notify);
		return 0;
	}
	err = memlog_fd(history->ring);
	if (err < 0)
		return err;
	reader->fd = epoll_create1(EPOLL_CLOEXEC);
	if (reader->fd < 0)
		return -errno;
	err = choose(reader, EPOLL_CTL_ADD);
	if (err) {
		close(reader->fd);
		reader->fd = -1;
	}
	return err;
}

int memlog_history_make_fd(struct memlog_reader *reader)
{
	struct memlog_history *history = reader->history;
	int err;

	err = archive_notify_open(&history->notify, history->cursor.dirfd);
	if (err)
		return err;
	err = make_set(reader);
	if (err) {
		archive_notify_close(history->notify);
		history->notify = NULL;
		return err;
	}
	if (history->in_ring)
		return 0;
	archive_notify_day(history->notify, history->cursor.day);
	/* What came before the watch is seen in the first look, which is now. */
	archive_notify_after(history->notify, 1);
	return 0;
}
