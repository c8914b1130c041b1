// SPDX-License-Identifier: GPL-2.0-only
/*
 * Answers to PROVE and BLOCKS: checksums of what is in the files, made in pieces of
 * some megabytes.
 */
#include <errno.h>
#include <string.h>

#include "sync_feed_private.h"

static int answer_prove(struct sync_feed *feed, uint64_t rows, bool finished,
			struct sync_out **out)
{
	uint8_t result[SYNC_SUM_SIZE];
	struct sync_message sum = {
		.type = SYNC_SUM, .flags = sync_feed_flags(feed, finished), .date = feed->ask.date,
		.row = feed->ask.number < rows ? feed->ask.number : rows, .there = rows,
		.sum = result,
	};
	int err = sync_rows_sum(&feed->rows, &feed->sum, sum.row, SUM_AT_ONCE);

	if (err <= 0)
		return err ? err : 1;
	err = sync_sum_get(&feed->sum, result);
	if (err)
		return err;
	feed->state = FEED_IDLE;
	return sync_feed_say(out, &sum, NULL, 0);
}

/*
 * The blocks of one message, which may be less than were asked for. Return: 1 there
 * is more to be done, with or without @out.
 */
static int answer_blocks(struct sync_feed *feed, uint64_t rows, bool finished,
			 struct sync_out **out)
{
	struct sync_message blocks = {
		.type = SYNC_BLOCKS, .flags = sync_feed_flags(feed, finished), .date = feed->ask.date,
		.row = feed->ask.number, .count = feed->block_count,
	};
	uint64_t row = (feed->ask.number + feed->block_count) * SYNC_BLOCK_ROWS;
	uint64_t end = row + SYNC_BLOCK_ROWS < rows ? row + SYNC_BLOCK_ROWS : rows;
	uint8_t *sum;
	int err = 0;

	if (feed->block_count == BLOCKS_AT_ONCE || row >= rows) {
		feed->sum.date = 0;
		feed->state = FEED_IDLE;
		return sync_feed_say(out, &blocks, feed->blocks, blocks.count * SYNC_SUM_SIZE);
	}
	if (!feed->in_block)
		err = sync_sum_reset(&feed->sum, feed->rows.date, row);
	feed->in_block = true;
	if (!err)
		err = sync_rows_sum(&feed->rows, &feed->sum, end, SUM_AT_ONCE);
	if (err <= 0)
		return err ? err : 1;
	sum = feed->blocks[feed->block_count];
	if (end % SYNC_BLOCK_ROWS && sync_sum_get_block(&feed->sum, sum))
		return -ENOMEM;
	if (!(end % SYNC_BLOCK_ROWS))
		memcpy(sum, feed->sum.block, SYNC_SUM_SIZE);
	feed->in_block = false;
	feed->block_count++;
	return 1;
}

int sync_feed_answer(struct sync_feed *feed, struct sync_out **out)
{
	static const uint8_t none[SYNC_SUM_SIZE];
	struct sync_message gone = {
		.type = feed->ask.type == SYNC_PROVE ? SYNC_SUM : SYNC_BLOCKS,
		.flags = SYNC_GONE, .date = feed->ask.date, .sum = none,
	};
	bool finished;
	uint64_t rows;
	int err = 0;

	if (feed->rows.date != feed->ask.date)
		err = sync_rows_open(&feed->rows, feed->dirfd, feed->ask.date);
	if (err == -ENOENT) {
		feed->state = FEED_IDLE;
		return sync_feed_say(out, &gone, NULL, 0);
	}
	if (!err)
		err = sync_feed_look(feed, &rows, &finished);
	if (err)
		return err;
	return feed->ask.type == SYNC_PROVE ? answer_prove(feed, rows, finished, out) :
					      answer_blocks(feed, rows, finished, out);
}
