// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <uv.h>

#include "scan_tail.h"

#define ROOM_FIRST	64

/* The clock is looked at once for so many records, if none can take long. */
#define LOOK_EVERY	64

int scan_tail_open(struct scan_tail **tailp, struct channel *channel,
		   const struct memlog_reader_options *options,
		   const struct filter *filter, size_t want)
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
	if (err)
		free(tail);
	else
		*tailp = tail;
	return err;
}

void scan_tail_close(struct scan_tail *tail)
{
	if (!tail)
		return;
	memlog_reader_close(tail->reader);
	free(tail->places);
	free(tail);
}

/* Before @room reaches @want nothing is overwritten, so slots stay where they are. */
static int grow(struct scan_tail *tail)
{
	size_t room = tail->room ? 2 * tail->room : ROOM_FIRST;
	struct place *places;

	if (room > tail->want)
		room = tail->want;
	places = realloc(tail->places, room * sizeof(*places));
	if (!places)
		return -ENOMEM;
	tail->places = places;
	tail->room = room;
	return 0;
}

static int remember(struct scan_tail *tail, const struct memlog_record *rec)
{
	if (tail->found == tail->room && tail->room < tail->want && grow(tail))
		return -ENOMEM;
	if (tail->room)
		tail->places[tail->found % tail->room] = (struct place){
			.stream = memlog_stream(tail->reader),
			.seq = rec->seq,
			.pos = rec->pos,
		};
	tail->found++;
	return 0;
}

static int find_begin(struct scan_tail *tail, struct place *at)
{
	struct memlog_info info;
	int err;

	if (tail->found && tail->want) {
		*at = tail->places[tail->found > tail->want ? tail->found % tail->want : 0];
		return 1;
	}
	err = memlog_reader_info(tail->reader, &info);
	if (err)
		return err;
	*at = (struct place){
		.stream = memlog_stream(tail->reader),
		.seq = info.reader_seq,
		.pos = info.reader_pos,
	};
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
		if (event == MEMLOG_RECORD && filter_match(tail->filter, rec, text) &&
		    remember(tail, rec))
			return -ENOMEM;
		if ((!(n % LOOK_EVERY) || tail->filter->regex) &&
		    uv_hrtime() >= tail->deadline_ns)
			return 0;
	}
}
