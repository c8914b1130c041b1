// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>

#include "block.h"

/* A lone record fits; a busy channel doubles it a few times. */
#define BLOCK_SMALLEST	1024

char *block_reserve(struct block **blockp, size_t more)
{
	struct block *block = *blockp;
	size_t len = block ? block->len : 0;
	size_t room = block ? block->room : 0;

	if (!block || room - len < more) {
		room = room ? room : BLOCK_SMALLEST;
		while (room - len < more)
			room *= 2;
		block = realloc(block, sizeof(*block) + BLOCK_HEADROOM + room + BLOCK_TAILROOM);
		if (!block)
			return NULL;
		if (!*blockp) {
			block->refs = 1;
			block->len = 0;
			block->next = NULL;
			block->binary = false;
		}
		block->room = room;
		*blockp = block;
	}
	return block_bytes(block) + len;
}

void block_trim(struct block **blockp)
{
	struct block *block = *blockp;

	if (!block || block->room - block->len < BLOCK_SMALLEST)
		return;
	block = realloc(block, sizeof(*block) + BLOCK_HEADROOM + block->len + BLOCK_TAILROOM);
	if (!block)
		return;
	block->room = block->len;
	*blockp = block;
}

struct block *block_get(struct block *block)
{
	block->refs++;
	return block;
}

void block_put(struct block *block)
{
	struct block *next;

	if (!block || --block->refs)
		return;
	for (; block; block = next) {
		next = block->next;
		free(block);
	}
}
