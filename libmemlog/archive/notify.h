/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Being woken when an archive grows: one file descriptor for its folder (new days)
 * and for one day in it (new rows, complete, moved away).
 *
 * Watch, then look, then wait: what came before the watch is for the caller to see.
 *
 *	archive_notify_day(notify, day);
 *	archive_day_refresh(day);		nothing new?
 *	poll archive_notify_fd(notify)
 *	archive_notify_take(notify);		and from the start
 *
 * Where the kernel can tell nothing, because the folder is another machine's or
 * there are no watches left, the descriptor becomes readable every 20 ms.
 */
#ifndef MEMLOG_ARCHIVE_NOTIFY_H
#define MEMLOG_ARCHIVE_NOTIFY_H

#include "day.h"

struct archive_notify;

/**
 * archive_notify_open() - Watch an archive's folder.
 * @notifyp: Set to the watch.
 * @dirfd: The folder; stays the caller's, and is not needed any more.
 *
 * Return: 0; -ENOMEM, -EMFILE, -ENFILE.
 */
int archive_notify_open(struct archive_notify **notifyp, int dirfd);
void archive_notify_close(struct archive_notify *notify);

/* Readable when something may have happened. The same until it is closed. */
int archive_notify_fd(const struct archive_notify *notify);

/**
 * archive_notify_day() - Watch a day, in the place of the one before.
 * @notify: The watch.
 * @day: The day; NULL: none. May be closed while it is watched.
 *
 * To be called before each look, also with the same day: files that were not there
 * yet are watched then. Costs nothing once all are.
 *
 * Return: true: look (again), because something is watched that was not before.
 */
bool archive_notify_day(struct archive_notify *notify, const struct archive_day *day);

/* Takes what made the descriptor readable. Return: whether there was anything. */
bool archive_notify_take(struct archive_notify *notify);

/* Makes it readable in @ns; 0: no longer. Where it looks by itself, by then at last. */
void archive_notify_after(struct archive_notify *notify, uint64_t ns);

#endif /* MEMLOG_ARCHIVE_NOTIFY_H */
