/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Batches in a row as one frame. Under load clients are served in turns, and what
 * was read in between is a few small batches for each; to send costs by the frame.
 */
#ifndef BRIDGE_MERGE_H
#define BRIDGE_MERGE_H

#include "cursor.h"

struct feed;

/**
 * struct merged - Some batches of a feed's window as one block.
 * @from: Number of the first one.
 * @to: Number behind the last one.
 * @block: It; NULL: there is none.
 */
struct merged {
	uint64_t from;
	uint64_t to;
	struct block *block;
};

/**
 * merge_batches() - What to send to a client that is at a batch.
 * @feed: The feed.
 * @from: Number of the batch, which is there in @format.
 * @format: The format.
 * @to: Set to the number behind the last batch that is in it.
 *
 * The next client that asks for the same gets the same block.
 *
 * Return: a chain, block_put() is the caller's; NULL if there is nothing to send.
 */
struct block *merge_batches(struct feed *feed, uint64_t from, enum format_id format,
			    uint64_t *to);

/* Forgets what was kept for the next one. */
void merge_forget(struct feed *feed);

#endif /* BRIDGE_MERGE_H */
