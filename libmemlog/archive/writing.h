/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of the archive writer share, and nobody else.
 *
 * writer.c	opening, and the way of a batch
 * append.c	what becomes rows of it
 * batch.c	rows gathered in memory
 * newest.c	the days that are there, and the one to go on with
 * say.c	what a person is told
 * rolling.c	which day a record goes to
 * files.c	the files of the day that is written
 * files_write.c	writing them
 * times_write.c	its file "times"
 * cgroups.c	its file "cgroups"
 * mark.c	DIR/lock: who writes, and how far it got
 * rows.c	rows read back
 * mend.c	what a crash left, and where the day ends
 * cut.c	cutting it there
 * last.c	where days end that are not written
 * expire.c	days that go
 */
#ifndef MEMLOG_ARCHIVE_WRITING_H
#define MEMLOG_ARCHIVE_WRITING_H

#include <stddef.h>

#include "times.h"
#include "writer.h"

#define SECOND_NS		1000000000ULL

/* A clock that has not stepped for so long is believed. */
#define ARCHIVE_HOLD_NS		(60 * SECOND_NS)

/* Rows looked at, at least, when a day is opened. */
#define ARCHIVE_TAIL_ROWS	8192

#define ARCHIVE_BOOT_ID		37	/* with the NUL */
#define ARCHIVE_NAME_ROOM	48	/* names of folders in an archive */

/**
 * struct archive_mark - What DIR/lock says: enough to tell a torn tail from damage.
 * @boot: Boot the rest is of.
 * @pid: Process that writes, or did.
 * @clock_s: Realtime minus boottime, seconds, of a clock that has held; else 0.
 * @date: The day that is written; 0: none.
 * @has_meta: It has a meta.
 * @committed: Its rows that were committed.
 * @durable: Those that were on the disk.
 *
 * Written behind each commit and not synced: after a power loss it may be older
 * than the files, and what it says is still true.
 */
struct archive_mark {
	char boot[ARCHIVE_BOOT_ID];
	uint32_t pid;
	int64_t clock_s;
	uint32_t date;
	bool has_meta;
	uint64_t committed;
	uint64_t durable;
};

/**
 * struct archive_file - One file of a day.
 * @fd: -1: not open.
 * @size: Bytes committed.
 * @synced: Of those, known to be on the disk.
 */
struct archive_file {
	int fd;
	uint64_t size;
	uint64_t synced;
};

/**
 * struct archive_files - The day that is written.
 * @date: 0: none is open.
 * @part: It stands under a name of its own until it is finished: days behind it
 *        exist.
 * @has_meta: Fixed once it has a row.
 * @torn: Bytes of a failed batch may stand behind the sizes.
 * @lost: fdatasync(2) failed: what was not synced must be written again, the
 *        kernel takes those pages for clean.
 * @dirfd: Its folder.
 * @number: Of @data.
 * @data: The data file that grows.
 * @next: The one behind it, when a batch spans both.
 * @times: -1: not kept.
 * @cgroups: -1: not open yet.
 * @rows: Committed.
 * @max_time: Greatest time in those.
 * @ids: Cgroups that are in @cgroups.
 */
struct archive_files {
	uint32_t date;
	bool part;
	bool has_meta;
	bool torn;
	bool lost;
	int dirfd;
	unsigned int number;
	struct archive_file data;
	struct archive_file next;
	struct archive_file index;
	struct archive_file meta;
	int times;
	int cgroups;
	uint64_t rows;
	uint64_t max_time;
	uint64_t *ids;
	size_t id_count;
};

/**
 * struct archive_batch - Rows that wait for their commit.
 * @date: Their day.
 * @raw: They came by archive_append_row(): they can't stand elsewhere.
 * @part: Their day is written under a name of its own, see there.
 * @has_meta: They have one.
 * @rows: How many.
 * @base: Number of the first in its day.
 * @offset: Where the next one's header will be.
 * @split: Bytes of @data that go to the first data file; the rest to the next.
 * @end: The writer's, once this is committed.
 */
struct archive_batch {
	uint32_t date;
	bool raw;
	bool part;
	bool has_meta;
	unsigned int rows;
	uint64_t base;
	uint64_t offset;
	size_t split;
	size_t len;
	size_t room;
	uint8_t *data;
	struct archive_end end;
	uint8_t index[ARCHIVE_BATCH_ROWS * ARCHIVE_INDEX_SIZE];
	uint8_t meta[ARCHIVE_BATCH_ROWS * ARCHIVE_META_SIZE];
};

/**
 * struct archive_rolling - The clock, and the days it is about.
 * @offset_ns: Realtime minus boottime.
 * @held_since_ns: Boottime of its last step.
 * @settled_ns: Realtime when it had last held long enough.
 * @held: It does now.
 * @day: The day records go to now; date 0: none.
 * @other: The last one that a record's time was in and that did not open.
 */
struct archive_rolling {
	int64_t offset_ns;
	uint64_t held_since_ns;
	uint64_t settled_ns;
	bool held;
	struct archive_span day;
	struct archive_span other;
};

struct archive_writer {
	char *path;
	int dirfd;
	int lockfd;
	struct archive_options options;
	struct archive_clock clock;
	struct archive_mark mark;
	struct archive_mark before;	/* as found when it was opened */
	struct archive_rolling rolling;
	struct archive_files day;
	struct archive_end end;
	uint32_t newest;		/* day; 0: there is none */
	bool newest_finished;
	int said;			/* the error last told, so that it is told once */
	bool waits;			/* the batch could not be written */
	struct archive_batch batch;
};

/* ---- say.c */
void archive_say(const struct archive_writer *writer, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* "FMT: what @err means; what to do", once; returns @err */
int archive_fail(struct archive_writer *writer, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- newest.c */
int archive_load_newest(struct archive_writer *writer);

/* ---- batch.c */
void archive_batch_begin(struct archive_batch *batch, const struct archive_files *day,
			 uint32_t date, bool has_meta);
int archive_batch_add(struct archive_batch *batch, uint16_t type,
		      const struct archive_head *head, const char *text,
		      const uint8_t meta[ARCHIVE_META_SIZE]);
/* The row its next one is; -EFBIG a day can't have so many. */
int archive_batch_place(const struct archive_batch *batch, struct archive_index *index);
bool archive_batch_full(const struct archive_batch *batch, size_t len);
void archive_batch_clear(struct archive_batch *batch);
/* Makes it one that goes on where @day, or a new day, is now. */
void archive_batch_rebase(struct archive_batch *batch, const struct archive_files *day);
/* Moves @end behind a row. */
void archive_end_pass(struct archive_end *end, uint64_t stream, const struct memlog_record *rec,
		      uint16_t type, const char *text, size_t len);
/* Likewise for a row of a day without meta. */
void archive_end_pass_bare(struct archive_end *end, uint32_t date, uint64_t row, uint64_t len);

/* ---- rolling.c */
/* @good: the kernel knows that the clock is right. */
void archive_rolling_init(struct archive_writer *writer, bool good);
void archive_rolling_look(struct archive_writer *writer);
/* The day of a record. */
uint32_t archive_rolling_date(struct archive_writer *writer, uint64_t time_ns);
/* What records go to from now on; 0: none is open. */
void archive_rolling_set(struct archive_writer *writer, uint32_t date);

/* ---- files.c */
int archive_open_file(int dirfd, const char *name, int flags);
void archive_give(const struct archive_writer *writer, int fd, mode_t mode);
int archive_open_day(const struct archive_writer *writer, const char *name);
void archive_files_init(struct archive_files *day);
void archive_files_close(struct archive_files *day);
/* Makes the folder and the files that are not there. */
int archive_files_make(struct archive_writer *writer, uint32_t date, bool part, bool has_meta);
/* Opens those of a day as mend.c left it. */
int archive_files_open(struct archive_writer *writer, uint32_t date, int dirfd,
		       uint64_t rows, unsigned int number, uint64_t data_size, bool has_meta);
/* 0; -ENOENT somebody removed or moved something. */
int archive_files_there(struct archive_writer *writer);
/* The data file behind the current one. */
int archive_files_make_next(struct archive_writer *writer);
void archive_part_name(char name[ARCHIVE_NAME_ROOM], uint32_t date);
void archive_data_name(char name[ARCHIVE_NAME_ROOM], unsigned int number);

/* ---- files_write.c */
int archive_write_all(int fd, const uint8_t *data, size_t len, uint64_t offset);
int archive_read_all(int fd, uint8_t *data, size_t len, uint64_t offset);
int archive_files_write(struct archive_writer *writer, const struct archive_batch *batch);
int archive_files_sync(struct archive_writer *writer);
/* Cuts what is not committed. */
int archive_files_trim(struct archive_files *day);
/* Takes what was written as committed. */
void archive_files_settle(struct archive_files *day, const struct archive_batch *batch,
			  bool synced);
int archive_files_finish(struct archive_writer *writer);

/* ---- times_write.c */
/*
 * @distrust: it may be torn where meta is not. Return: whether it was made, and has
 * still to be given its mode and group.
 */
bool archive_times_open(struct archive_files *day, bool distrust);
void archive_times_add(struct archive_files *day, const struct archive_batch *batch);

/* ---- mark.c */
int archive_mark_lock(struct archive_writer *writer);
bool archive_mark_same_boot(const struct archive_writer *writer);
/* Says where the day is now; @sync: waits until it is on the disk. */
int archive_mark_write(struct archive_writer *writer, bool sync);

/* ---- mend.c */
/* Mends a day and opens it for writing; takes @dirfd, but on errors. */
int archive_mend(struct archive_writer *writer, uint32_t date, int dirfd);

/* ---- last.c */
/* Where a day that is not written ends; -ENOENT it has no rows to tell. */
int archive_last_row(int dirfd, uint32_t date, struct archive_end *end);

/* ---- expire.c */
int archive_list(const struct archive_writer *writer, uint32_t **dates, size_t *count);
bool archive_is_finished(const struct archive_writer *writer, uint32_t date);
void archive_remove_leftovers(struct archive_writer *writer);
/* YYYYMMDD.WHY-TIME, and -N if @n is not 0. */
void archive_time_name(struct archive_writer *writer, char name[ARCHIVE_NAME_ROOM],
		       uint32_t date, const char *why, unsigned int n);

#endif /* MEMLOG_ARCHIVE_WRITING_H */
