// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "feed.h"
#include "merge.h"

/* Only frames of records; what else there is to tell stays as it is. */
static bool can_merge(struct feed *feed, uint64_t number, enum format_id format)
{
	const struct batch *batch = feed_batch(feed, number);
	const struct block *block = batch->blocks[format];

	return batch->formats & 1U << format && !batch->events && block && !block->next;
}

/* Number behind the last batch that goes into one frame with @from. */
static uint64_t find_end(struct feed *feed, uint64_t from, enum format_id format)
{
	size_t sum = 0;
	uint64_t n;

	for (n = from; n < feed->next && can_merge(feed, n, format); n++) {
		sum += feed_batch(feed, n)->blocks[format]->len;
		if (sum > BATCH_BYTES)
			break;
	}
	return n > from ? n : from + 1;
}

/* "[a]" and "[b]" are "[a,b]"; the other formats just follow each other. */
static bool append(struct block **whole, struct block *part, enum format_id format)
{
	char *out = block_reserve(whole, part->len);
	size_t begun = out ? (*whole)->len : 0;

	if (!out)
		return false;
	memcpy(out, block_bytes(part), part->len);
	if (format == FORMAT_JSON && begun) {
		out[-1] = ',';
		memmove(out, out + 1, part->len - 1);
		(*whole)->len--;
	}
	(*whole)->len += part->len;
	(*whole)->binary = part->binary;
	return true;
}

static struct block *merge(struct feed *feed, uint64_t from, uint64_t to,
			   enum format_id format)
{
	struct block *whole = NULL;

	for (uint64_t n = from; n < to; n++) {
		if (!append(&whole, feed_batch(feed, n)->blocks[format], format)) {
			block_put(whole);
			return NULL;
		}
	}
	block_trim(&whole);
	return whole;
}

struct block *merge_batches(struct feed *feed, uint64_t from, enum format_id format,
			    uint64_t *to)
{
	struct merged *merged = &feed->merged[format];
	struct block *alone = feed_batch(feed, from)->blocks[format];
	uint64_t end = find_end(feed, from, format);

	*to = end;
	if (end > from + 1 && !(merged->block && merged->from == from && merged->to == end)) {
		block_put(merged->block);
		*merged = (struct merged){ from, end, merge(feed, from, end, format) };
	}
	if (end > from + 1 && merged->block)
		return block_get(merged->block);
	*to = from + 1;
	return alone ? block_get(alone) : NULL;
}

void merge_forget(struct feed *feed)
{
	for (int i = 0; i < FORMATS; i++) {
		block_put(feed->merged[i].block);
		feed->merged[i].block = NULL;
	}
}
