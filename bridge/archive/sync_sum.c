// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "sync_sum.h"

int sync_sum_init(struct sync_sum *sum)
{
	*sum = (struct sync_sum){ .day = EVP_MD_CTX_new() };
	for (int i = 0; i < SYNC_PARTS; i++)
		sum->parts[i] = EVP_MD_CTX_new();
	if (!sync_sum_reset(sum, 0, 0))
		return 0;
	sync_sum_uninit(sum);
	return -ENOMEM;
}

void sync_sum_uninit(struct sync_sum *sum)
{
	EVP_MD_CTX_free(sum->day);
	for (int i = 0; i < SYNC_PARTS; i++)
		EVP_MD_CTX_free(sum->parts[i]);
	*sum = (struct sync_sum){ 0 };
}

static bool begin(EVP_MD_CTX *ctx)
{
	return ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;
}

static bool begin_block(struct sync_sum *sum)
{
	bool ok = true;

	for (int i = 0; i < SYNC_PARTS; i++)
		ok = begin(sum->parts[i]) && ok;
	return ok;
}

int sync_sum_reset(struct sync_sum *sum, uint32_t date, uint64_t row)
{
	sum->date = date;
	sum->row = row;
	return begin(sum->day) && begin_block(sum) ? 0 : -ENOMEM;
}

/* What @ctx comes to, without an end to it. */
static bool look(const EVP_MD_CTX *ctx, uint8_t result[SYNC_SUM_SIZE])
{
	EVP_MD_CTX *copy = EVP_MD_CTX_new();
	bool ok = copy && EVP_MD_CTX_copy_ex(copy, ctx) == 1 &&
		  EVP_DigestFinal_ex(copy, result, NULL) == 1;

	EVP_MD_CTX_free(copy);
	return ok;
}

int sync_sum_get_block(const struct sync_sum *sum, uint8_t result[SYNC_SUM_SIZE])
{
	uint8_t parts[SYNC_PARTS][SYNC_SUM_SIZE];

	for (int i = 0; i < SYNC_PARTS; i++)
		if (!look(sum->parts[i], parts[i]))
			return -ENOMEM;
	return EVP_Digest(parts, sizeof(parts), result, NULL, EVP_sha256(), NULL) == 1 ? 0 : -ENOMEM;
}

static int end_block(struct sync_sum *sum)
{
	if (sync_sum_get_block(sum, sum->block) ||
	    EVP_DigestUpdate(sum->day, sum->block, SYNC_SUM_SIZE) != 1 || !begin_block(sum))
		return -ENOMEM;
	return 0;
}

int sync_sum_add(struct sync_sum *sum, const struct sync_piece *piece)
{
	const uint8_t *meta = sync_piece_meta(piece), *data = sync_piece_data(piece);

	if (EVP_DigestUpdate(sum->parts[0], piece->index, (size_t)(meta - piece->index)) != 1 ||
	    EVP_DigestUpdate(sum->parts[1], meta, (size_t)(data - meta)) != 1 ||
	    EVP_DigestUpdate(sum->parts[2], data, sync_piece_data_len(piece)) != 1)
		return -ENOMEM;
	sum->row += piece->count;
	return sum->row % SYNC_BLOCK_ROWS ? 0 : end_block(sum);
}

int sync_sum_get(const struct sync_sum *sum, uint8_t result[SYNC_SUM_SIZE])
{
	uint8_t block[SYNC_SUM_SIZE];
	EVP_MD_CTX *copy;
	bool ok;

	if (!(sum->row % SYNC_BLOCK_ROWS))
		return look(sum->day, result) ? 0 : -ENOMEM;
	if (sync_sum_get_block(sum, block))
		return -ENOMEM;
	copy = EVP_MD_CTX_new();
	ok = copy && EVP_MD_CTX_copy_ex(copy, sum->day) == 1 &&
	     EVP_DigestUpdate(copy, block, sizeof(block)) == 1 &&
	     EVP_DigestFinal_ex(copy, result, NULL) == 1;
	EVP_MD_CTX_free(copy);
	return ok ? 0 : -ENOMEM;
}
