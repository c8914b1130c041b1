/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A reader of an archive, or of an archive and the ring it is made from.
 *
 * source_archive.c goes from one to the other; history_rows.c reads the archive;
 * history_place.c finds places; history_wait.c waits; history_info.c tells numbers.
 */
#ifndef MEMLOG_HISTORY_H
#define MEMLOG_HISTORY_H

#include "archive/cursor.h"
#include "archive/notify.h"
#include "reader.h"

/* Rows of a batch at most, and room for their texts at first. */
#define HISTORY_ROWS	64
#define HISTORY_TEXT	(64U << 10)

/* What a step of filling a batch says beside what the whole does: */
#define GO_ON		(-1001)		/* another step has to follow */
#define AT_END		(-1002)		/* the archive has nothing more now */
#define AT_LOSS		(-1003)		/* a loss is to be told */

/**
 * struct memlog_history - What a reader of an archive has beside the reader.
 * @cursor: Where it is in the archive; what it reads next unless @in_ring.
 * @ring: A reader of the ring, of which only the source is used; NULL: there is
 *        none.
 * @notify: What wakes it where the archive grows, NULL until somebody waits.
 * @in_ring: It reads from @ring, and @ring->cur is where.
 * @boundary: What comes next is of another stream, or nothing ever will.
 * @ring_ended: @ring has said that it ends.
 * @next: @boundary: the row that begins the next stream; its stream is 0 if there
 *        is none.
 * @gap: What was passed over in the archive ends here; not behind reader->cur if
 *       nothing was.
 * @gap_unknown: The position of @gap is not known.
 * @wait_until: While the ring is ahead of the archive: how long to wait for that,
 *              in nanoseconds of CLOCK_MONOTONIC; 0: not waiting.
 * @end_stream: Reader without MEMLOG_READ_FOLLOW, with a ring: where it ends.
 * @end: Likewise.
 * @end_date: Likewise, without a ring.
 * @end_row: Likewise.
 * @oldest: Where @reader->stream begins in the archive, if that was found out.
 * @rows: Those read last.
 */
struct memlog_history {
	struct archive_cursor cursor;
	struct memlog_reader *ring;
	struct archive_notify *notify;
	bool in_ring;
	bool boundary;
	bool ring_ended;
	struct archive_row next;
	struct memlog_place gap;
	bool gap_unknown;
	u64 wait_until;
	u64 end_stream;
	struct memlog_place end;
	u32 end_date;
	u64 end_row;
	struct archive_spot oldest;
	struct archive_row rows[HISTORY_ROWS];
};

/* Streams of other builds, and of other programs, begin at other positions. */
static inline u64 memlog_history_first_pos(u64 pos)
{
	const u64 first = MEMLOG_FIRST_POS;

	return pos < first ? pos : first;
}

/* Takes @dirfd and, unless NULL, @ring, if it returns 0. 0 or -errno. */
int memlog_history_open(struct memlog_reader *reader, int dirfd,
			struct memlog_reader *ring);

/* source_archive.c */
/* Puts the cursor where reader->cur is in the archive, or will be. 0 or -errno. */
int memlog_history_relocate(struct memlog_reader *reader);
/* Goes on in the ring. Return: 1; 0 it does not have this record; -errno. */
int memlog_history_enter(struct memlog_reader *reader, u64 seq);
/* Without FOLLOW: what the end is in the stream it is in now. */
void memlog_history_set_end(struct memlog_reader *reader);

/*
 * Before records up to @seq are told as lost: the ring may have some of them.
 * Return: 1 it goes on there, and what it had no more was passed over; 0; -errno.
 */
int memlog_history_enter_before(struct memlog_reader *reader, u64 seq);

/* history_rows.c: a batch of the archive. Return: as source->fill, or GO_ON, AT_END. */
int memlog_history_rows(struct memlog_reader *reader);

/* history_place.c */
int memlog_history_begin(struct memlog_reader *reader,
			 const struct memlog_reader_options *opt);
int memlog_history_go(struct memlog_reader *reader, enum memlog_whence whence,
		      u64 stream, u64 value, uint64_t *missed);

/* history_info.c */
int memlog_history_info(struct memlog_reader *reader, struct memlog_info *info);
/* A cursor in the same archive, so that the reader's stays where it is. 0 or -errno. */
int memlog_history_finder(const struct memlog_history *history,
			  struct archive_cursor *finder);

/* history_wait.c */
/* Whether the archive was given its time to come after the ring. */
bool memlog_history_waited(struct memlog_history *history);
/* Whether the archive has not changed for so long that nobody seems to write it. */
bool memlog_history_settled(const struct memlog_history *history);
int memlog_history_arm(struct memlog_reader *reader);
int memlog_history_make_fd(struct memlog_reader *reader);

#endif /* MEMLOG_HISTORY_H */
