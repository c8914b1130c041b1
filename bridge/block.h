/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Encoded bytes on their way to any number of clients: written once, shared by
 * counting, freed by whoever lets go last. A block belongs to one thread at a
 * time: a worker that makes it, then the loop.
 */
#ifndef BRIDGE_BLOCK_H
#define BRIDGE_BLOCK_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Room before the bytes and behind them, which a sink may scribble on while it
 * sends: what frames them is put there, the same for every client.
 */
#define BLOCK_HEADROOM	64
#define BLOCK_TAILROOM	8

/**
 * struct block - A frame of one format's output.
 * @refs: How many hold it, and with it all that follow by @next.
 * @binary: It is no text.
 * @next: The next frame, NULL behind the last.
 * @len: Bytes in it.
 * @room: Bytes that fit.
 * @mem: Headroom, then the bytes.
 */
struct block {
	unsigned int refs;
	bool binary;
	struct block *next;
	size_t len;
	size_t room;
	unsigned char mem[];
};

/**
 * block_reserve() - Make room in a block nobody shares yet.
 * @blockp: The block, NULL to begin one; it may move.
 * @more: Bytes that will be added.
 *
 * Return: Where they go; NULL if there is no memory, and the block is as before.
 */
char *block_reserve(struct block **blockp, size_t more);

/* Gives back the room that was not needed. */
void block_trim(struct block **blockp);

struct block *block_get(struct block *block);
void block_put(struct block *block);

static inline char *block_bytes(struct block *block)
{
	return (char *)block->mem + BLOCK_HEADROOM;
}

#endif /* BRIDGE_BLOCK_H */
