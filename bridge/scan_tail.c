// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <uv.h>

#include "scan_tail.h"

#define WORD_BITS	64

/* The clock is looked at once for so many records, if none can take long. */
#define LOOK_EVERY	64

/* Room for all that are there now: no more will be looked at. */
static int make_bits(struct scan_tail *tail)
{
	struct memlog_info info;
	int err = memlog_reader_info(tail->reader, &info);

	if (err)
		return err;
	tail->first = info.reader_seq;
	tail->words = (size_t)((info.next_seq - tail->first) / WORD_BITS + 1);
	tail->bits = calloc(tail->words, sizeof(*tail->bits));
	return tail->bits ? 0 : -ENOMEM;
}

int scan_tail_open(struct scan_tail **tailp, struct channel *channel,
		   const struct memlog_reader_options *options,
		   const struct filter *filter, uint64_t want)
{
	struct memlog_reader_options opt = *options;
	struct scan_tail *tail = calloc(1, sizeof(*tail));
	int err;

	if (!tail)
		return -ENOMEM;
	tail->filter = filter;
	tail->want = want;
	opt.flags &= ~(MEMLOG_READ_FOLLOW | MEMLOG_READ_TAIL);
	err = source_reader(&channel->source, &tail->reader, &opt);
	if (!err)
		err = make_bits(tail);
	if (err)
		scan_tail_close(tail);
	else
		*tailp = tail;
	return err;
}

void scan_tail_close(struct scan_tail *tail)
{
	if (!tail)
		return;
	memlog_reader_close(tail->reader);
	free(tail->bits);
	free(tail);
}

static void remember(struct scan_tail *tail, uint64_t seq)
{
	uint64_t n = seq - tail->first;

	if (n / WORD_BITS < tail->words)
		tail->bits[n / WORD_BITS] |= 1ULL << n % WORD_BITS;
}

/* The first of the last @want that count, of all if there are fewer. */
static bool find_first(const struct scan_tail *tail, uint64_t *seq)
{
	uint64_t left = tail->want;
	bool found = false;

	for (size_t i = tail->words; i-- > 0 && left;) {
		uint64_t bits = tail->bits[i];
		unsigned int count = (unsigned int)__builtin_popcountll(bits);

		if (!count)
			continue;
		for (; count > left; count--)
			bits &= bits - 1;
		left -= count;
		*seq = tail->first + i * WORD_BITS + (unsigned int)__builtin_ctzll(bits);
		found = true;
	}
	return found;
}

static int find_begin(struct scan_tail *tail, struct place *at)
{
	uint64_t stream = memlog_stream(tail->reader), seq = 0;
	struct memlog_info info;
	bool found;
	int err = 0;

	found = find_first(tail, &seq);
	if (found)
		err = memlog_seek(tail->reader, MEMLOG_SEEK_SEQ, stream, seq, NULL);
	if (!err)
		err = memlog_reader_info(tail->reader, &info);
	if (err)
		return err;
	*at = (struct place){
		.stream = stream, .seq = info.reader_seq, .pos = info.reader_pos,
	};
	/* it has gone meanwhile, which is to be told */
	if (found && at->seq != seq) {
		at->seq = seq;
		at->pos = PLACE_POS_UNKNOWN;
	}
	return 1;
}

int scan_tail_step(struct scan_tail *tail, struct place *at)
{
	const struct memlog_record *rec;
	const char *text;

	for (unsigned int n = 1;; n++) {
		int event = memlog_next(tail->reader, &rec, &text);

		if (event < 0)
			return event;
		if (event == MEMLOG_END)
			return find_begin(tail, at);
		if (event == MEMLOG_RECORD && filter_match(tail->filter, rec, text))
			remember(tail, rec->seq);
		if ((!(n % LOOK_EVERY) || tail->filter->regex) &&
		    uv_hrtime() >= tail->deadline_ns)
			return 0;
	}
}
