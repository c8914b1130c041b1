// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Places in an archive and the ring it is made from: where a reader begins and
 * ends, and where it is sent.
 */
#include <errno.h>

#include "history.h"
#include "private.h"

/**
 * struct spot - A place in either.
 * @in_ring: It is in the ring: @at.stream, seq and pos count.
 * @at: In the archive.
 * @seq: The first record wanted, within @at.stream.
 * @missed: Records asked for that neither has.
 */
struct spot {
	bool in_ring;
	struct archive_spot at;
	u64 seq;
	u64 missed;
};

static int ring_seek(struct memlog_history *history, u32 whence, u64 value,
		     struct spot *spot)
{
	struct memlog_seek seek = { .whence = whence, .value = value };
	int err = history->ring->source->seek(history->ring, &seek);

	if (err)
		return err;
	memset(spot, 0, sizeof(*spot));
	spot->in_ring = true;
	spot->at.stream = history->ring->stream;
	spot->at.seq = seek.seq;
	spot->at.pos = seek.pos;
	spot->seq = seek.seq;
	spot->missed = seek.missed;
	return 0;
}

static void take_archive(struct spot *spot, const struct archive_spot *at)
{
	memset(spot, 0, sizeof(*spot));
	spot->at = *at;
	spot->seq = at->seq;
}

static int find_end(struct memlog_history *history, struct spot *spot)
{
	struct archive_spot at;
	int err;

	if (history->ring)
		return ring_seek(history, MEMLOG_SEEK_LAST, 0, spot);
	err = archive_find_end(&history->cursor, &at);
	if (!err)
		take_archive(spot, &at);
	return err;
}

/* Record @seq of a stream, or the first there is behind it. */
static int find_seq(struct memlog_reader *reader, u64 stream, u64 seq, struct spot *spot)
{
	struct memlog_history *history = reader->history;
	bool ring = history->ring && history->ring->stream == stream;
	struct spot kept = { 0 };
	struct archive_spot at;
	int err;

	if (ring) {
		err = ring_seek(history, MEMLOG_SEEK_SEQ, seq, &kept);
		if (err)
			return err;
		*spot = kept;
		if (kept.seq == seq)
			return 0;
	}
	/* Nothing was ever written. */
	if (!stream)
		return seq ? -ERANGE : find_end(history, spot);
	err = archive_find_seq(&history->cursor, stream, seq, &at);
	if (err == -ENOENT && at.seq < seq && !ring)
		return -ERANGE;
	if ((err == -ESTALE || err == -ENOENT) && ring)
		return 0;
	if (err && err != -ENOENT)
		return err;
	if (ring && kept.seq <= at.seq)
		return 0;
	take_archive(spot, &at);
	spot->seq = max_of(at.seq, seq);
	spot->missed = spot->seq - seq;
	return 0;
}

static int find_oldest(struct memlog_history *history, struct spot *spot)
{
	struct spot kept = { 0 };
	struct archive_spot at;
	int err = 0;

	if (history->ring)
		err = ring_seek(history, MEMLOG_SEEK_SEQ, 0, &kept);
	if (err)
		return err;
	/* It counts as the beginning, not as something missed. */
	kept.missed = 0;
	err = archive_find_first(&history->cursor, &at);
	if (!err && !(kept.in_ring && kept.at.stream == at.stream && kept.seq <= at.seq)) {
		take_archive(spot, &at);
		return 0;
	}
	if (err && err != -ENOENT)
		return err;
	if (!history->ring)
		return find_end(history, spot);
	*spot = kept;
	return 0;
}

static int find_since(struct memlog_history *history, u64 ns, struct spot *spot)
{
	struct archive_spot at;
	int err;

	err = archive_find_time(&history->cursor, ns, &at);
	if (!err)
		take_archive(spot, &at);
	if (err != -ENOENT)
		return err;
	if (history->ring)
		return ring_seek(history, MEMLOG_SEEK_SINCE, ns, spot);
	return find_end(history, spot);
}

/* Where the archive has what comes just before the ring's oldest record. */
static int find_before_ring(struct memlog_history *history, const struct spot *oldest,
			    struct archive_spot *at)
{
	int err = -ESTALE;

	if (oldest->seq)
		err = archive_find_seq(&history->cursor, oldest->at.stream, oldest->seq - 1, at);
	else if (oldest->at.stream)
		err = archive_find_seq(&history->cursor, oldest->at.stream, 0, at);
	if (err == -ENOENT)
		return 0;
	if (err == -ESTALE)
		return archive_find_end(&history->cursor, at);
	/* That record itself counts too. */
	if (!err && oldest->seq && at->seq < oldest->seq)
		at->row++;
	return err;
}

static int find_last(struct memlog_history *history, u64 count, struct spot *spot)
{
	struct spot oldest, end;
	struct archive_spot at;
	int err;

	err = find_end(history, &end);
	if (err)
		return err;
	*spot = end;
	if (!history->ring) {
		at = end.at;
	} else {
		err = ring_seek(history, MEMLOG_SEEK_SEQ, 0, &oldest);
		if (err)
			return err;
		if (count <= end.seq - oldest.seq)
			return ring_seek(history, MEMLOG_SEEK_LAST, count, spot);
		count -= end.seq - oldest.seq;
		*spot = oldest;
		spot->missed = 0;
		err = find_before_ring(history, &oldest, &at);
		if (err)
			return err;
	}
	if (!count)
		return 0;
	err = archive_find_back(&history->cursor, count, &at);
	if (!err)
		take_archive(spot, &at);
	return err == -ENOENT ? 0 : err;
}

/* Whether @a comes after @b. */
static bool is_later(const struct spot *a, const struct spot *b)
{
	if (a->at.stream == b->at.stream)
		return a->seq > b->seq;
	if (a->in_ring || b->in_ring)
		return a->in_ring;
	if (a->at.date != b->at.date)
		return a->at.date > b->at.date;
	return a->at.row > b->at.row;
}

static int set_end(struct memlog_reader *reader)
{
	struct memlog_history *history = reader->history;
	struct spot end;
	int err;

	reader->end.seq = ~0ULL;
	err = find_end(history, &end);
	if (err)
		return err;
	if (!reader->stream)
		reader->stream = end.at.stream;
	history->end_stream = end.at.stream;
	history->end.seq = end.seq;
	history->end.pos = end.at.pos;
	history->end_date = end.at.date;
	history->end_row = end.at.row;
	return 0;
}

static int go_to(struct memlog_reader *reader, const struct spot *spot)
{
	struct memlog_history *history = reader->history;
	int ret = 0;

	reader->at = 0;
	reader->filled = 0;
	reader->armed = false;
	reader->pos_unknown = false;
	reader->stream = spot->at.stream;
	reader->cur.seq = spot->seq;
	reader->cur.pos = spot->at.pos;
	history->in_ring = false;
	history->boundary = false;
	history->gap.seq = 0;
	history->wait_until = 0;
	memset(&history->oldest, 0, sizeof(history->oldest));
	if (spot->in_ring)
		ret = memlog_history_enter(reader, spot->seq);
	if (!ret && spot->in_ring)
		ret = memlog_history_relocate(reader);
	else if (!ret)
		ret = archive_cursor_move(&history->cursor, spot->at.date, spot->at.row);
	/* In the middle of a gap nobody knows how many bytes of it come before. */
	if (!spot->in_ring && spot->seq > spot->at.seq)
		reader->pos_unknown = true;
	reader->place = reader->cur;
	memlog_history_set_end(reader);
	return ret < 0 ? ret : 0;
}

static int find(struct memlog_reader *reader, enum memlog_whence whence, u64 stream,
		u64 value, struct spot *spot)
{
	switch (whence) {
	case MEMLOG_SEEK_SEQ:
		return find_seq(reader, stream ? stream : reader->stream, value, spot);
	case MEMLOG_SEEK_LAST:
		return find_last(reader->history, value, spot);
	case MEMLOG_SEEK_SINCE:
		return find_since(reader->history, value, spot);
	default:
		return -EINVAL;
	}
}

/* Where it was before a search that found nothing. */
static void stay(struct memlog_reader *reader)
{
	struct memlog_history *history = reader->history;

	memlog_history_set_end(reader);
	if (!history->in_ring || memlog_history_enter(reader, reader->cur.seq) == 1)
		return;
	/* It was lapped meanwhile. */
	history->in_ring = false;
	memlog_history_relocate(reader);
}

static int find_and_go(struct memlog_reader *reader, enum memlog_whence whence,
		       u64 stream, u64 value, struct spot *spot)
{
	int err = set_end(reader);

	if (!err && stream && whence != MEMLOG_SEEK_SEQ && stream != reader->history->end_stream)
		err = -ESTALE;
	if (!err)
		err = find(reader, whence, stream, value, spot);
	return err ? err : go_to(reader, spot);
}

int memlog_history_go(struct memlog_reader *reader, enum memlog_whence whence,
		      u64 stream, u64 value, uint64_t *missed)
{
	struct memlog_history *history = reader->history;
	struct archive_cursor before = history->cursor;
	struct archive_cursor finder;
	struct spot spot;
	int err;

	err = memlog_history_finder(history, &finder);
	if (err)
		return err;
	history->cursor = finder;
	err = find_and_go(reader, whence, stream, value, &spot);
	if (err) {
		archive_cursor_close(&history->cursor);
		history->cursor = before;
		stay(reader);
		return err;
	}
	archive_cursor_close(&before);
	if (missed)
		*missed = spot.missed;
	return 0;
}

static int begin_later(struct memlog_reader *reader, struct spot *start,
		       enum memlog_whence whence, u64 value, bool *moved)
{
	struct spot spot;
	int err = find(reader, whence, 0, value, &spot);

	if (!err && is_later(&spot, start)) {
		*start = spot;
		*moved = true;
	}
	return err;
}

/* The records from @seq on that are gone are told as lost. */
static int miss_first(struct memlog_reader *reader, u64 seq)
{
	struct memlog_history *history = reader->history;

	if (reader->place.seq <= seq)
		return 0;
	reader->place.seq = seq;
	reader->place.pos = memlog_history_first_pos(reader->place.pos);
	reader->pos_unknown = seq != 0;
	if (!history->in_ring)
		return 0;
	/* The archive may get them in a moment. */
	history->in_ring = false;
	reader->cur = reader->place;
	return memlog_history_relocate(reader);
}

int memlog_history_begin(struct memlog_reader *reader,
			 const struct memlog_reader_options *opt)
{
	bool from = opt->flags & MEMLOG_READ_FROM;
	struct spot start = { 0 };	/* before all */
	bool moved = false;
	int err;

	err = memlog_reader_reserve(reader, HISTORY_ROWS * sizeof(struct memlog_record));
	if (!err)
		err = set_end(reader);
	if (!err && from)
		err = find(reader, MEMLOG_SEEK_SEQ, opt->from_stream, opt->from_seq, &start);
	else if (!err && !(opt->flags & (MEMLOG_READ_SINCE | MEMLOG_READ_TAIL)))
		err = find_oldest(reader->history, &start);
	if (!err && (opt->flags & MEMLOG_READ_SINCE))
		err = begin_later(reader, &start, MEMLOG_SEEK_SINCE, opt->since_ns, &moved);
	if (!err && (opt->flags & MEMLOG_READ_TAIL))
		err = begin_later(reader, &start, MEMLOG_SEEK_LAST, opt->tail, &moved);
	if (!err)
		err = go_to(reader, &start);
	if (!err && from && !moved)
		err = miss_first(reader, opt->from_seq);
	return err;
}
