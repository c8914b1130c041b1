/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writing an archive: one process at a time, by a lock on DIR/lock. Rows are
 * gathered into a batch, which is written whole or not at all; opening mends what
 * a crash has left. One thread at a time.
 *
 * Rolling: a record goes to the day of its own time, in the zone, but never to a
 * day before the newest one, nor to a finished one. A day that begins more than
 * 24 h after @clock's newest settled time opens only once the clock has held for
 * 60 s, that is, realtime minus boottime has not stepped by more than a second;
 * until then its records go to the newest open day. Where no day is open, one
 * opens: the record's own (the clock's own, where the record is of a day that a
 * clock which has held says is more than 24 h ahead), or the day behind the newest
 * if that is later. At opening, a clock has held that the kernel knows to be
 * synchronized (by NTP), or that shows what it showed when the archive was last
 * written in the same life of the machine.
 *
 * Mending: DIR/lock says how many rows of the open day were committed, and how many
 * of those were on the disk. Rows that nobody was told of are kept up to the first
 * that is not whole, and cut from there. A damaged row among those that were
 * committed is left and told, since what is behind it is good. Where rows that were
 * committed have to be cut, because a file is gone or short, or where the lock does
 * not know the day, what is cut is copied to YYYYMMDD.cut-TIME first.
 */
#ifndef MEMLOG_ARCHIVE_WRITER_H
#define MEMLOG_ARCHIVE_WRITER_H

#include <sys/types.h>

#include "date.h"
#include "format.h"

/* A batch is full at one of these. */
#define ARCHIVE_BATCH_ROWS	4096
#define ARCHIVE_BATCH_BYTES	(1U << 20)

struct archive_writer;

/* What a batch's end means. */
enum archive_sync {
	ARCHIVE_SYNC_BATCH,	/* committed is on the disk: fdatasync(2) of each file */
	ARCHIVE_SYNC_SECOND,	/* committed is written; archive_sync() is called each second */
	ARCHIVE_SYNC_NONE,	/* committed is written: survives the process, not power */
};

/**
 * struct archive_clock - Where time comes from; tests have one of their own.
 * @realtime_ns: CLOCK_REALTIME.
 * @boottime_ns: CLOCK_BOOTTIME.
 */
struct archive_clock {
	uint64_t (*realtime_ns)(void *arg);
	uint64_t (*boottime_ns)(void *arg);
	void *arg;
};

/**
 * struct archive_options - How to write.
 * @sync: See there.
 * @local: Days are those of the process's zone (TZ), else UTC.
 * @bare: A newest day that is open and has rows but no meta is gone on with, by
 *        archive_append_row(). Without this, opening refuses it.
 * @gid: Group of folders and files, -1 leaves it.
 * @clock: NULL: the machine's.
 * @say: Told in words what was mended, cut, opened, finished or removed, and what
 *       is wrong; may be NULL.
 * @arg: For @say.
 */
struct archive_options {
	enum archive_sync sync;
	bool local;
	bool bare;
	gid_t gid;
	const struct archive_clock *clock;
	void (*say)(void *arg, const char *text);
	void *arg;
};

/**
 * struct archive_end - Where an archive ends.
 * @date: The newest day, 0 if there is none. While an earlier day is written again
 *        (see archive_append_row()), that one, and all here is about that one;
 *        after its archive_finish(), the newest again.
 * @rows: Rows in it.
 * @finished: It is complete.
 * @stream: Stream of the last record or gap, 0 if there is none.
 * @seq: What comes behind it: last seq + 1, behind the gap if it is one.
 * @pos: Likewise.
 */
struct archive_end {
	uint32_t date;
	uint64_t rows;
	bool finished;
	uint64_t stream;
	uint64_t seq;
	uint64_t pos;
};

/**
 * archive_writer_open() - Open an archive for writing, and mend it.
 * @writerp: Set to it.
 * @dir: Its folder; made if only the last part is missing (0750).
 * @options: Copied.
 *
 * Days before the newest are finished if they are not. Torn tails of the newest
 * are cut behind the last whole row, which is said. What is there then is synced.
 *
 * Return: 0; -EBUSY another process writes it; -EBADMSG the newest day is open and
 * not ours to go on with (no meta: another program's, or it was removed), and
 * nothing was changed; -EPROTONOSUPPORT its meta is of a later version; or what
 * open(2) and the like gave. What is wrong is said.
 */
int archive_writer_open(struct archive_writer **writerp, const char *dir,
			const struct archive_options *options);

/* Ends without a commit; what was not committed is dropped. NULL does nothing. */
void archive_writer_close(struct archive_writer *writer);

/* Where the archive ends with what was committed. */
const struct archive_end *archive_writer_end(const struct archive_writer *writer);

/**
 * archive_append() - Add a record to the batch.
 * @stream: Its stream.
 * @rec: The record.
 * @text: rec->len bytes.
 *
 * Writes nothing; a day is made, and the one before finished, by the commit.
 *
 * Return: 0; -ENOBUFS the batch is full or the record is of another day: commit
 * first, then again; -EMSGSIZE longer than ARCHIVE_TEXT_MAX; -ENOMEM; -EINVAL its
 * type is that of gaps, or an earlier day is being written again; -EBADMSG the day
 * has no meta; -EFBIG the day has as many rows as a day can have.
 */
int archive_append(struct archive_writer *writer, uint64_t stream,
		   const struct memlog_record *rec, const char *text);

/* Adds a gap of @loss; @time_ns is that of the row. Return: as archive_append(). */
int archive_append_gap(struct archive_writer *writer, uint64_t stream, uint64_t pos,
		       const struct memlog_loss *loss, uint64_t time_ns);

/**
 * archive_append_row() - Add a row of another archive to a given day, as it is.
 * @date: The day: the newest, if it is not finished; a later one, if it is; or an
 *        earlier one that does not exist, after archive_replace() or where days
 *        were missing. Such a day is written under another name, which no reader
 *        sees, and gets its own with archive_finish(), which must come before rows
 *        of any other day. If it does not come, the next opening removes it.
 * @index: Its type counts; file and offset must be what they would be here.
 * @head: Data header.
 * @text: Bytes.
 * @len: How many.
 * @meta: Its entry, whose checksum must be right; NULL: the day has no meta.
 *
 * Return: as archive_append(); -EBADMSG the row is not what it says, does not belong
 * at the end of the day here, or has a meta where the day has none, or the other way
 * round; -EINVAL no day that rows can be added to now.
 */
int archive_append_row(struct archive_writer *writer, uint32_t date,
		       const uint8_t index[ARCHIVE_INDEX_SIZE],
		       const uint8_t head[ARCHIVE_HEAD_SIZE], const char *text, size_t len,
		       const uint8_t *meta);

/**
 * archive_commit() - Write the batch, with options.sync as promised there.
 *
 * Return: 0; or -errno (-ENOSPC, -EIO, -EDQUOT, ...): nothing of the batch is in the
 * files, it is kept, and committing again tries again. The same error is said once.
 * -ENOENT what is written was removed or moved meanwhile: the archive was opened
 * anew, archive_writer_end() says where it is now, the batch is kept for that, and
 * the next try writes it there; rows of archive_append_row() are dropped, since they
 * have their place. -EBADMSG, -EBUSY and the like: so did that opening, as
 * archive_writer_open(), and the next try opens again.
 */
int archive_commit(struct archive_writer *writer);

/* Forgets the batch. */
void archive_drop(struct archive_writer *writer);

/* Rows in the batch. */
unsigned int archive_batched(const struct archive_writer *writer);

/* fdatasync(2) of what was committed since the last time. 0 or -errno. */
int archive_sync(struct archive_writer *writer);

/*
 * Remembers a cgroup's path in the open day, once. 0; -ENOENT no day is open: after
 * the next commit one is; -EINVAL id 0, or a path with a newline or too long;
 * -ENOSPC the day has 65536 of them; or -errno.
 */
int archive_add_cgroup(struct archive_writer *writer, uint64_t id, const char *path);

/*
 * Finishes the day that is open now; the batch must be empty. Its files are synced
 * whatever options.sync is: a finished day is never mended. 0, also if the newest
 * is finished already; -EINVAL the batch is not empty; -ENOENT there is no day; or
 * -errno.
 */
int archive_finish(struct archive_writer *writer);

/**
 * archive_tick() - To be called about once a second: finishes the newest day when
 * the clock is in a later one, has held for 60 s, and 5 s of that have passed.
 * The batch must be empty, else -EINVAL. Return: 1 it was finished; 0; -errno.
 */
int archive_tick(struct archive_writer *writer);

/**
 * archive_expire() - Remove finished days.
 * @keep_days: So many days back from today stay; 0: no limit.
 * @max_bytes: Oldest ones go until no more than this is there; 0: no limit.
 *
 * Never the newest day nor one that a reader has open (the next call tries again),
 * and none by its age while the clock has not held. A day goes by being renamed
 * first, so that nobody sees half of it; folders put aside do not count and stay.
 *
 * Return: days removed, or -errno.
 */
int archive_expire(struct archive_writer *writer, unsigned int keep_days,
		   uint64_t max_bytes);

/**
 * archive_replace() - Put a day aside as YYYYMMDD.replaced-TIME, so that it can be
 * written again; the newest day is then the one before. 0; -EINVAL no date, the
 * batch is not empty, or an earlier day is being written again; or -errno.
 */
int archive_replace(struct archive_writer *writer, uint32_t date);

#endif /* MEMLOG_ARCHIVE_WRITER_H */
