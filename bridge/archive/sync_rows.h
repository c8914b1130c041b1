/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rows of a day as they stand in its files, in pieces such as memlog.sync sends:
 * the server reads them to send and to sum them, the client to sum and to compare.
 */
#ifndef BRIDGE_SYNC_ROWS_H
#define BRIDGE_SYNC_ROWS_H

#include "../../libmemlog/archive/day.h"
#include "sync_sum.h"

/**
 * struct sync_rows - A day that is being read.
 * @day: It; NULL: none.
 * @date: Its date.
 * @data: Descriptor of its data file, -1: none is open.
 * @file: Number of that.
 * @buf: The piece that was read.
 * @room: Bytes of it.
 */
struct sync_rows {
	struct archive_day *day;
	uint32_t date;
	int data;
	uint16_t file;
	uint8_t *buf;
	size_t room;
};

void sync_rows_init(struct sync_rows *rows);

/* Gives up the memory, which a piece may be in. */
void sync_rows_rest(struct sync_rows *rows);

/* Gives up the day and the memory. */
void sync_rows_uninit(struct sync_rows *rows);

/* As archive_day_open(). The one before is closed. */
int sync_rows_open(struct sync_rows *rows, int dirfd, uint32_t date);
void sync_rows_close(struct sync_rows *rows);

/**
 * sync_rows_read() - Read a piece.
 * @rows: Its day.
 * @row: The first row.
 * @end: Rows from here on are not wanted; no more than the day has.
 * @piece: Filled in, good until the next call.
 *
 * Return: 0; -EBADMSG the rows do not stand one behind the other; -ENOMEM; -EIO and
 * the like.
 */
int sync_rows_read(struct sync_rows *rows, uint64_t row, uint64_t end,
		   struct sync_piece *piece);

/**
 * sync_rows_sum() - Add rows of a day to a sum.
 * @sum: It begins anew if it is of another day, or further than @end.
 * @end: Up to here.
 * @most: Bytes to read, about.
 *
 * Return: 1 that was all; 0 there is more; or as sync_rows_read().
 */
int sync_rows_sum(struct sync_rows *rows, struct sync_sum *sum, uint64_t end, size_t most);

#endif /* BRIDGE_SYNC_ROWS_H */
