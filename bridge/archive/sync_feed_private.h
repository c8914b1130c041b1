/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of sync_feed.c share: a feed's state, and saying a message. */
#ifndef BRIDGE_SYNC_FEED_PRIVATE_H
#define BRIDGE_SYNC_FEED_PRIVATE_H

#include <zstd.h>

#include "sync_feed.h"
#include "sync_rows.h"

/* Bytes that are summed in one piece of work. */
#define SUM_AT_ONCE	(8U << 20)

/* Blocks of one answer. */
#define BLOCKS_AT_ONCE	16

enum feed_state {
	FEED_HELLO,	/* has not said HELLO */
	FEED_IDLE,	/* was asked nothing */
	FEED_QUESTION,	/* @ask is to be answered */
	FEED_STREAM,	/* was asked to START */
};

/**
 * struct sync_feed - See sync_feed.h.
 * @dirfd: The archive's folder.
 * @name: For HELLO.
 * @committed: As of sync_feed_open().
 * @notify: Tells when the files grow, if nobody told how far that is.
 * @state: What it is doing.
 * @ask: The question; of a stream, its date and number are the place where it is.
 * @oldest: The range that was told.
 * @newest: Likewise.
 * @rows: The day that is read.
 * @sum: Checksum of that.
 * @blocks: Checksums of blocks that were asked for, as far as they are known.
 * @block_count: How many that are.
 * @in_block: @sum is in the one behind those.
 * @cgroups: Bytes of its cgroups that were sent.
 * @zstd: Compresses; NULL: it rests.
 */
struct sync_feed {
	int dirfd;
	char name[SYNC_NAME_MAX + 1];
	struct committed *committed;
	struct archive_notify *notify;
	enum feed_state state;
	struct sync_ask ask;
	uint32_t oldest;
	uint32_t newest;
	struct sync_rows rows;
	struct sync_sum sum;
	uint8_t blocks[BLOCKS_AT_ONCE][SYNC_SUM_SIZE];
	unsigned int block_count;
	bool in_block;
	uint64_t cgroups;
	ZSTD_CCtx *zstd;
};

/* Rows of the open day that may be told, as of now, and whether that is all of it. */
int sync_feed_look(struct sync_feed *feed, uint64_t *rows, bool *finished);

/* Flags of a message about the open day. */
uint8_t sync_feed_flags(struct sync_feed *feed, bool finished);

/* Makes a message with what stands behind its head. 1, or -ENOMEM. */
int sync_feed_say(struct sync_out **out, const struct sync_message *message, const void *tail,
		  size_t len);

/* sync_answer.c: a piece of work for the question. As sync_feed_work(). */
int sync_feed_answer(struct sync_feed *feed, struct sync_out **out);

#endif /* BRIDGE_SYNC_FEED_PRIVATE_H */
