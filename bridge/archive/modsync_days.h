/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What of an archive comes next for a go-modsynclog client: rows of the day it is
 * in, or that this day is complete.
 *
 * A day is complete when it says so, or when a later one has rows: whoever writes
 * days never goes back. So a day that other programs forgot to finish, and one that
 * never was, hold nobody up, and no clock is asked.
 */
#ifndef BRIDGE_MODSYNC_DAYS_H
#define BRIDGE_MODSYNC_DAYS_H

#include <archive/day.h>

#include "modsync_frame.h"

/**
 * struct modsync_days - An archive, and room for what is read from it.
 * @path: Its folder.
 * @dirfd: That, open.
 * @newest: The newest day with rows, 0 if there is none.
 * @rows: Rows of a batch.
 * @text: Their texts.
 * @text_room: Bytes of that.
 * @content: The batch as it is sent, before compression.
 * @content_room: Bytes of that.
 */
struct modsync_days {
	char *path;
	int dirfd;
	uint32_t newest;
	struct archive_row rows[MODSYNC_BATCH_ROWS];
	void *text;
	size_t text_room;
	void *content;
	size_t content_room;
};

/**
 * struct modsync_place - Where a client is.
 * @date: The day.
 * @row: The next row.
 * @day: The day, NULL while it is not there.
 * @damaged: The row could not be read, and that was said.
 */
struct modsync_place {
	uint32_t date;
	uint64_t row;
	struct archive_day *day;
	bool damaged;
};

enum modsync_next {
	MODSYNC_WAIT,	/* nothing yet */
	MODSYNC_BATCH,	/* rows are in @content */
	MODSYNC_END,	/* the day is complete, and all was sent */
};

/* Return: 0, -ENOMEM, or what open(2) gave for the folder @path. */
int modsync_days_init(struct modsync_days *days, const char *path);
void modsync_days_uninit(struct modsync_days *days);

/* Looks which days there are; to be called before a round of modsync_days_next(). */
void modsync_days_look(struct modsync_days *days);

void modsync_place_set(struct modsync_place *place, uint32_t date, uint64_t row);
void modsync_place_clear(struct modsync_place *place);

/**
 * modsync_days_next() - What comes next.
 * @days: The archive.
 * @place: Of the client; for rows it is moved behind them.
 * @len: Set to the bytes in days->content, for rows.
 *
 * Return: enum modsync_next; -EBADMSG the next row is damaged (it may be mended, so
 * try again later); -errno.
 */
int modsync_days_next(struct modsync_days *days, struct modsync_place *place, size_t *len);

#endif /* BRIDGE_MODSYNC_DAYS_H */
