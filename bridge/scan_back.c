// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <uv.h>

#include "scan_back.h"

/* The first stretch, in records. */
#define FIRST_REACH	4096

/* It is longer than any archive: what is left has gone while it was looked for. */
#define LAST_REACH	(1ULL << 62)

/* The clock is looked at once for so many records, if none can take long. */
#define LOOK_EVERY	64

static int ask_place(struct memlog_reader *reader, struct place *place)
{
	struct memlog_info info;
	int err = memlog_reader_info(reader, &info);

	if (!err)
		*place = (struct place){
			.stream = memlog_stream(reader),
			.seq = info.reader_seq,
			.pos = info.reader_pos,
		};
	return err;
}

static bool is_same(const struct place *a, const struct place *b)
{
	return a->stream == b->stream && a->seq == b->seq;
}

/* Where all that was asked for begins. */
static int find_oldest(struct scan_back *back)
{
	struct memlog_reader *reader;
	int err = channel_reader(back->channel, &reader, &back->options);

	if (err)
		return err;
	err = ask_place(reader, &back->oldest);
	memlog_reader_close(reader);
	return err;
}

int scan_back_open(struct scan_back **backp, struct channel *channel,
		   const struct memlog_reader_options *options,
		   const struct filter *filter, uint64_t want)
{
	struct scan_back *back = calloc(1, sizeof(*back));
	int err;

	if (!back)
		return -ENOMEM;
	back->channel = channel;
	back->options = *options;
	back->options.flags &= ~(MEMLOG_READ_FOLLOW | MEMLOG_READ_TAIL);
	back->filter = filter;
	back->want = want;
	back->reach = FIRST_REACH;
	err = find_oldest(back);
	if (err)
		scan_back_close(back);
	else
		*backp = back;
	return err;
}

static void close_reader(struct scan_back *back)
{
	memlog_reader_close(back->reader);
	back->reader = NULL;
}

void scan_back_close(struct scan_back *back)
{
	if (!back)
		return;
	close_reader(back);
	free(back);
}

/* New records push the stretch on: it may even begin behind where it is to end. */
static int open_stretch(struct scan_back *back)
{
	struct memlog_reader_options options = back->options;
	int err;

	options.flags |= MEMLOG_READ_TAIL;
	options.tail = back->reach;
	back->count = 0;
	err = channel_reader(back->channel, &back->reader, &options);
	return err ? err : ask_place(back->reader, &back->begin);
}

static int open_find(struct scan_back *back)
{
	struct memlog_reader_options options = back->options;

	options.flags &= ~MEMLOG_READ_SINCE;
	options.flags |= MEMLOG_READ_FROM;
	options.from_stream = back->hits.stream;
	options.from_seq = back->hits.seq;
	return channel_reader(back->channel, &back->reader, &options);
}

static bool at_limit(const struct scan_back *back)
{
	return back->limit.stream && memlog_stream(back->reader) == back->limit.stream &&
	       memlog_place(back->reader) >= back->limit.seq;
}

/* Whether what was counted is all before the limit. */
static bool is_whole(const struct scan_back *back, bool limited)
{
	if (!back->limit.stream || limited)
		return true;
	if (back->begin.stream == back->limit.stream)
		return back->begin.seq < back->limit.seq;
	return back->options.flags & MEMLOG_READ_UNTIL;
}

/* Return: as scan_back_step(). */
static int end_stretch(struct scan_back *back, bool limited, struct place *at)
{
	int err = back->limit.stream ? 0 : ask_place(back->reader, &back->end);

	if (err)
		return err;
	if (is_whole(back, limited)) {
		if (back->count)
			back->hits = back->begin;
		back->total += back->count;
		back->limit = back->begin;
	}
	close_reader(back);
	if (back->total >= back->want) {
		back->skip = back->total - back->want;
		back->finding = true;
		return 0;
	}
	if (!is_same(&back->begin, &back->oldest) && back->reach < LAST_REACH) {
		back->reach *= 2;
		return 0;
	}
	back->finding = true;
	back->skip = 0;
	if (back->hits.stream)
		return 0;
	*at = back->end;
	return 1;
}

static bool is_late(const struct scan_back *back, unsigned int n)
{
	return (!(n % LOOK_EVERY) || back->filter->regex) && uv_hrtime() >= back->deadline_ns;
}

static int count_stretch(struct scan_back *back, struct place *at)
{
	const struct memlog_record *rec;
	const char *text;

	for (unsigned int n = 1;; n++) {
		int event;

		if (at_limit(back))
			return end_stretch(back, true, at);
		event = memlog_next(back->reader, &rec, &text);
		if (event < 0)
			return event;
		if (event == MEMLOG_END)
			return end_stretch(back, false, at);
		if (event == MEMLOG_RECORD && filter_match(back->filter, rec, text))
			back->count++;
		if (is_late(back, n))
			return 0;
	}
}

/* The first that is wanted; what of them has gone meanwhile is told as lost. */
static int find_first(struct scan_back *back, struct place *at)
{
	const struct memlog_record *rec;
	const char *text;

	for (unsigned int n = 1;; n++) {
		int event = memlog_next(back->reader, &rec, &text);

		if (event < 0)
			return event;
		if (event == MEMLOG_LOSS || event == MEMLOG_END) {
			*at = back->hits;
			return 1;
		}
		if (event == MEMLOG_RECORD && filter_match(back->filter, rec, text) &&
		    !back->skip--) {
			*at = (struct place){
				.stream = memlog_stream(back->reader),
				.seq = rec->seq, .pos = rec->pos,
			};
			return 1;
		}
		if (is_late(back, n))
			return 0;
	}
}

int scan_back_step(struct scan_back *back, struct place *at)
{
	int err = 0;

	if (!back->reader)
		err = back->finding ? open_find(back) : open_stretch(back);
	if (err)
		return err;
	return back->finding ? find_first(back, at) : count_stretch(back, at);
}
