// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reading an archive, and the ring it is made from where that is at hand.
 *
 * The next record comes from the ring if that has it, else from the archive. When
 * the ring has lapped the reader, the archive is asked before anything is told as
 * lost, and for some time again if it is not that far yet. What neither has is
 * passed over, and the reader tells the loss.
 *
 * Whoever writes the archive may be anybody: a number that goes back is a row told
 * before and left out, positions that go back make a loss whose bytes are unknown,
 * and a row whose checksum is wrong is one that is lost.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "history.h"
#include "private.h"

static bool ring_over(const struct memlog_history *history)
{
	struct memlog_reader *ring = history->ring;

	return ring->source->over && ring->source->over(ring);
}

/* Goes on in what has taken the ring's place. */
static int renew_ring(struct memlog_history *history)
{
	int event = history->ring->source->renew(history->ring);

	if (event == MEMLOG_END)
		history->ring_ended = true;
	return event;
}

/* The ring in its newest life, while the reader is in an older one. */
static int follow_ring(struct memlog_reader *reader)
{
	struct memlog_history *history = reader->history;

	while (history->ring->stream != reader->stream && !history->ring_ended &&
	       ring_over(history)) {
		int event = renew_ring(history);

		if (event < 0)
			return event;
	}
	return 0;
}

static int seek_ring(struct memlog_history *history, u32 whence, u64 value,
		     struct memlog_seek *seek)
{
	*seek = (struct memlog_seek){ .whence = whence, .value = value };
	return history->ring->source->seek(history->ring, seek);
}

static void put_in_ring(struct memlog_reader *reader, const struct memlog_seek *seek)
{
	struct memlog_history *history = reader->history;
	struct memlog_reader *ring = history->ring;

	ring->at = 0;
	ring->filled = 0;
	ring->burst = MEMLOG_BATCH;
	ring->cur.seq = seek->seq;
	ring->cur.pos = seek->pos;
	reader->cur = ring->cur;
	history->in_ring = true;
	history->wait_until = 0;
	history->gap.seq = 0;
}

int memlog_history_enter(struct memlog_reader *reader, u64 seq)
{
	struct memlog_seek seek;
	int err = seek_ring(reader->history, MEMLOG_SEEK_SEQ, seq, &seek);

	if (err)
		return err == -ERANGE ? 0 : err;
	if (seek.seq != seq)
		return 0;
	put_in_ring(reader, &seek);
	return 1;
}

/*
 * Whether the ring has the next record, and enough behind the oldest that it will
 * have it for a while.
 */
static int enter_early(struct memlog_reader *reader)
{
	struct memlog_history *history = reader->history;
	struct memlog_seek oldest, end;
	int err;

	if (!history->ring || history->ring->stream != reader->stream)
		return 0;
	err = seek_ring(history, MEMLOG_SEEK_SEQ, 0, &oldest);
	if (!err)
		err = seek_ring(history, MEMLOG_SEEK_LAST, 0, &end);
	if (err)
		return err;
	if (reader->cur.seq > end.seq ||
	    reader->cur.seq < oldest.seq + (end.seq - oldest.seq) / 4)
		return 0;
	return memlog_history_enter(reader, reader->cur.seq);
}

int memlog_history_enter_before(struct memlog_reader *reader, u64 seq)
{
	struct memlog_history *history = reader->history;
	struct memlog_seek seek;
	int err;

	if (!history->ring || history->ring->stream != reader->stream)
		return 0;
	err = seek_ring(history, MEMLOG_SEEK_SEQ, reader->cur.seq, &seek);
	if (err)
		return err == -ERANGE ? 0 : err;
	if (seek.seq >= seq)
		return 0;
	put_in_ring(reader, &seek);
	return 1;
}

int memlog_history_relocate(struct memlog_reader *reader)
{
	struct archive_cursor *cursor = &reader->history->cursor;
	struct archive_spot spot;
	u32 date = cursor->date;
	int err;

	err = archive_find_seq(cursor, reader->stream, reader->cur.seq, &spot);
	if (err == -ESTALE && !reader->history->ring)
		/* Gone or being made again: what it had already will be left out. */
		return archive_cursor_move(cursor, date, 0);
	if (err == -ESTALE)
		err = archive_find_end(cursor, &spot);
	if (err && err != -ENOENT)
		return err;
	return archive_cursor_move(cursor, spot.date, spot.row);
}

/* The ring's batch as the reader's own. */
static int fill_from_ring(struct memlog_reader *reader)
{
	struct memlog_history *history = reader->history;
	struct memlog_reader *ring = history->ring;
	int err, ret = ring->source->fill(ring);
	u64 first;

	if (ret < 0)
		return ret;
	first = ret ? ring->descs[ring->at].seq : ring->cur.seq;
	if (first > reader->cur.seq) {
		ring->at = 0;
		ring->filled = 0;
		history->in_ring = false;
		err = memlog_history_relocate(reader);
		return err ? err : GO_ON;
	}
	reader->cur = ring->cur;
	if (!ret)
		return 0;
	reader->descs = ring->descs;
	reader->text = ring->text;
	reader->text_pos = ring->text_pos;
	reader->at = ring->at;
	reader->filled = ring->filled;
	ring->at = ring->filled;
	return 1;
}

/* The archive has nothing more now, nor has the ring: whether to wait for it. */
static int wait_or(struct memlog_reader *reader, int then)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	if (memlog_history_waited(reader->history))
		return then;
	if (reader->follow)
		return 0;
	nanosleep(&pause, NULL);
	return GO_ON;
}

static int end_of_stream(struct memlog_reader *reader)
{
	reader->history->boundary = true;
	reader->history->next.stream = 0;
	return 0;
}

/* All of the archive was read, and the ring is in this stream too. */
static int go_over(struct memlog_reader *reader)
{
	struct memlog_history *history = reader->history;
	struct memlog_seek seek;
	int ret;

	ret = seek_ring(history, MEMLOG_SEEK_SEQ, reader->cur.seq, &seek);
	if (ret == -ERANGE && !history->ring_ended && ring_over(history)) {
		ret = renew_ring(history);
		return ret < 0 ? ret : GO_ON;
	}
	if (ret == -ERANGE)
		return reader->follow && !history->ring_ended ? 0 : end_of_stream(reader);
	if (ret)
		return ret;
	if (seek.seq > reader->cur.seq) {
		ret = wait_or(reader, 1);
		if (ret != 1)
			return ret;
		put_in_ring(reader, &seek);
		return 0;
	}
	put_in_ring(reader, &seek);
	return GO_ON;
}

/* All of the archive was read. */
static int at_archive_end(struct memlog_reader *reader)
{
	struct memlog_history *history = reader->history;
	int ret;

	if (!history->ring)
		return reader->follow ? 0 : end_of_stream(reader);
	ret = follow_ring(reader);
	if (ret)
		return ret;
	if (history->ring->stream == reader->stream)
		return go_over(reader);
	/* What the archiver still had of this stream comes now or never. */
	if (memlog_history_settled(history))
		return end_of_stream(reader);
	ret = wait_or(reader, 1);
	return ret == 1 ? end_of_stream(reader) : ret;
}

static int fill(struct memlog_reader *reader)
{
	struct memlog_history *history = reader->history;
	int ret;

	history->boundary = false;
	do {
		if (history->in_ring) {
			ret = fill_from_ring(reader);
			continue;
		}
		ret = enter_early(reader);
		if (!ret)
			ret = memlog_history_rows(reader);
		else if (ret > 0)
			ret = GO_ON;
		if (ret == AT_END)
			ret = at_archive_end(reader);
	} while (ret == GO_ON);
	if (ret == AT_LOSS)
		ret = 0;
	if (ret > 0)
		history->wait_until = 0;
	return ret;
}

static bool over(struct memlog_reader *reader)
{
	return reader->history->in_ring ? ring_over(reader->history) :
					  reader->history->boundary;
}

void memlog_history_set_end(struct memlog_reader *reader)
{
	const struct memlog_history *history = reader->history;

	if (!reader->follow && history->ring && reader->stream == history->end_stream)
		reader->end = history->end;
	else
		reader->end.seq = ~0ULL;
}

/* To the stream that begins with a row of the archive. */
static void begin_archived(struct memlog_reader *reader, const struct archive_row *row)
{
	bool first = !reader->stream;

	reader->history->in_ring = false;
	reader->stream = row->stream;
	reader->cur.seq = row->rec.seq;
	reader->cur.pos = row->rec.pos;
	/* What is missing before it was lost, but for who has seen nothing before. */
	if (first || !row->rec.seq)
		return;
	reader->cur.seq = 0;
	reader->cur.pos = memlog_history_first_pos(row->rec.pos);
}

/* The ring has another stream now: one between them may be in the archive. */
static int find_between(struct memlog_reader *reader, struct archive_row *row)
{
	struct memlog_history *history = reader->history;
	int ret = memlog_history_relocate(reader);

	if (!ret)
		ret = archive_cursor_look(&history->cursor);
	if (!ret || ret == -ESTALE)
		return -ENOENT;
	if (ret == 1)
		ret = archive_day_read(history->cursor.day, history->cursor.row, row, 1,
				       reader->buf, reader->buf_size, true);
	/* Its text need not fit: here only the stream counts. */
	if (ret != 1 && ret != -ENOBUFS)
		return ret == -EBADMSG ? -ENOENT : ret;
	return row->stream == reader->stream || row->stream == history->ring->stream ?
	       -ENOENT : 0;
}

static int renew_in_ring(struct memlog_reader *reader)
{
	struct memlog_history *history = reader->history;
	int event = renew_ring(history);
	int err;

	if (event == MEMLOG_STREAM) {
		err = find_between(reader, &history->next);
		if (!err) {
			begin_archived(reader, &history->next);
			return event;
		}
		if (err != -ENOENT)
			return err;
		reader->stream = history->ring->stream;
	}
	reader->cur = history->ring->cur;
	return event;
}

static int renew_in_archive(struct memlog_reader *reader)
{
	struct memlog_history *history = reader->history;
	struct memlog_reader *ring = history->ring;

	history->boundary = false;
	if (history->next.stream) {
		begin_archived(reader, &history->next);
		return MEMLOG_STREAM;
	}
	if (!ring || ring->stream == reader->stream)
		return MEMLOG_END;
	if (!reader->follow && ring->stream != history->end_stream)
		return MEMLOG_END;
	reader->stream = ring->stream;
	reader->cur.seq = 0;
	reader->cur.pos = ring->map.stream ? ring->map.first_pos : MEMLOG_FIRST_POS;
	return MEMLOG_STREAM;
}

static int renew(struct memlog_reader *reader)
{
	struct memlog_history *history = reader->history;
	int event;

	if (history->in_ring)
		event = renew_in_ring(reader);
	else
		event = renew_in_archive(reader);
	if (event != MEMLOG_STREAM)
		return event;
	history->gap.seq = 0;
	history->wait_until = 0;
	memset(&history->oldest, 0, sizeof(history->oldest));
	memlog_history_set_end(reader);
	return event;
}

static void close_history(struct memlog_reader *reader)
{
	struct memlog_history *history = reader->history;

	if (!history)
		return;
	if (history->notify && reader->fd >= 0 && history->ring)
		close(reader->fd);
	archive_notify_close(history->notify);
	archive_cursor_close(&history->cursor);
	memlog_reader_close(history->ring);
	free(history);
	reader->history = NULL;
}

static const struct memlog_source archive_source = {
	.begin = memlog_history_begin,
	.go = memlog_history_go,
	.fill = fill,
	.over = over,
	.renew = renew,
	.arm = memlog_history_arm,
	.make_fd = memlog_history_make_fd,
	.info = memlog_history_info,
	.close = close_history,
	.goes_on = true,
};

int memlog_history_open(struct memlog_reader *reader, int dirfd,
			struct memlog_reader *ring)
{
	struct memlog_history *history = calloc(1, sizeof(*history));

	if (!history)
		return -ENOMEM;
	archive_cursor_init(&history->cursor, dirfd);
	history->ring = ring;
	if (ring)
		reader->stream = ring->stream;
	reader->history = history;
	reader->source = &archive_source;
	return 0;
}
