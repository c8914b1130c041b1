/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The checksum of a day, kept up while its rows pass; what it is over: SYNC.md.
 */
#ifndef BRIDGE_SYNC_SUM_H
#define BRIDGE_SYNC_SUM_H

#include <openssl/evp.h>

#include "sync_wire.h"

/* A block's rows of index, entries of meta, data. */
#define SYNC_PARTS	3

/**
 * struct sync_piece - Rows as they stand in the files, and in a message.
 * @row: The first.
 * @count: How many.
 * @bare: There is no meta.
 * @index: Rows of index; entries of meta and data stand behind them.
 * @len: Bytes of all three.
 */
struct sync_piece {
	uint64_t row;
	uint32_t count;
	bool bare;
	const uint8_t *index;
	size_t len;
};

static inline const uint8_t *sync_piece_meta(const struct sync_piece *piece)
{
	return piece->index + (size_t)piece->count * ARCHIVE_INDEX_SIZE;
}

static inline const uint8_t *sync_piece_data(const struct sync_piece *piece)
{
	return sync_piece_meta(piece) + (piece->bare ? 0 : (size_t)piece->count * ARCHIVE_META_SIZE);
}

static inline size_t sync_piece_data_len(const struct sync_piece *piece)
{
	return piece->len - (size_t)(sync_piece_data(piece) - piece->index);
}

/**
 * struct sync_sum - A checksum under way.
 * @date: Of which day; 0: of none.
 * @row: Rows before this one are in it.
 * @day: Over the blocks that are complete.
 * @parts: Of the one that is not.
 * @block: Checksum of the last one that was completed.
 */
struct sync_sum {
	uint32_t date;
	uint64_t row;
	EVP_MD_CTX *day;
	EVP_MD_CTX *parts[SYNC_PARTS];
	uint8_t block[SYNC_SUM_SIZE];
};

/* 0 or -ENOMEM; of a zeroed one, sync_sum_uninit() is harmless. */
int sync_sum_init(struct sync_sum *sum);
void sync_sum_uninit(struct sync_sum *sum);

/* Begins anew, with @row, the first of a block; without those before, if there are. */
int sync_sum_reset(struct sync_sum *sum, uint32_t date, uint64_t row);

/* Adds rows, which begin at sum->row and end in the same block at last. 0, -ENOMEM. */
int sync_sum_add(struct sync_sum *sum, const struct sync_piece *piece);

/* The checksum so far; it may go on behind that. */
int sync_sum_get(const struct sync_sum *sum, uint8_t result[SYNC_SUM_SIZE]);

/* That of the block that is not complete. */
int sync_sum_get_block(const struct sync_sum *sum, uint8_t result[SYNC_SUM_SIZE]);

#endif /* BRIDGE_SYNC_SUM_H */
