// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Writing an archive: opening it, and the way of records through a batch into the
 * day that is open.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "writing.h"

static uint64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * SECOND_NS + ts.tv_nsec;
}

static uint64_t realtime_ns(void *arg)
{
	return clock_ns(CLOCK_REALTIME);
}

static uint64_t boottime_ns(void *arg)
{
	return clock_ns(CLOCK_BOOTTIME);
}

static const struct archive_clock machine_clock = { realtime_ns, boottime_ns, NULL };

/* Setting a clock by hand ends this. */
static bool is_synchronized(void)
{
	struct timex timex = { .modes = 0 };

	return adjtimex(&timex) >= 0 && !(timex.status & STA_UNSYNC);
}

/* A daemon changes its folder later. */
static char *absolute(const char *dir)
{
	char *here, *path;

	if (dir[0] == '/')
		return strdup(dir);
	here = getcwd(NULL, 0);
	if (!here || asprintf(&path, "%s/%s", here, dir) < 0)
		path = NULL;
	free(here);
	return path;
}

/* A new folder lasts once the one it is in does. */
static void sync_parent(int dirfd)
{
	int fd = openat(dirfd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* Who may not read that one may still write here. */
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

static int open_folder(struct archive_writer *writer)
{
	bool made = false;
	int fd;

	fd = open(writer->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		made = !mkdir(writer->path, 0750);
		if (!made && errno != EEXIST)
			return archive_fail(writer, -errno, "the folder can't be made");
		fd = open(writer->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0)
		return archive_fail(writer, -errno, "the folder can't be opened");
	writer->dirfd = fd;
	if (made) {
		archive_give(writer, fd, 0750);
		sync_parent(fd);
	}
	return 0;
}

/* Everything but the batch. */
static void leave(struct archive_writer *writer)
{
	archive_files_close(&writer->day);
	if (writer->lockfd >= 0)
		close(writer->lockfd);
	if (writer->dirfd >= 0)
		close(writer->dirfd);
	writer->lockfd = -1;
	writer->dirfd = -1;
}

/* On the disk is what is there, so that the next opening need not doubt it. */
static int settle_opened(struct archive_writer *writer)
{
	int err = 0;

	if (writer->day.date) {
		err = archive_files_sync(writer);
		if (err)
			return archive_fail(writer, err, "%08u can't be synced", writer->day.date);
	}
	/* Without room for its one line all else fails too, and says so. */
	archive_mark_write(writer, true);
	return 0;
}

static int enter(struct archive_writer *writer)
{
	int err;

	err = open_folder(writer);
	if (!err)
		err = archive_mark_lock(writer);
	if (!err) {
		archive_rolling_init(writer, !writer->options.clock && is_synchronized());
		archive_remove_leftovers(writer);
		err = archive_load_newest(writer);
	}
	if (!err)
		err = settle_opened(writer);
	if (err)
		leave(writer);
	return err;
}

int archive_writer_open(struct archive_writer **writerp, const char *dir,
			const struct archive_options *options)
{
	struct archive_writer *writer = calloc(1, sizeof(*writer));
	int err;

	if (!writer)
		return -ENOMEM;
	writer->options = *options;
	writer->clock = options->clock ? *options->clock : machine_clock;
	writer->dirfd = -1;
	writer->lockfd = -1;
	archive_files_init(&writer->day);
	writer->path = absolute(dir);
	err = writer->path ? enter(writer) : -ENOMEM;
	if (err) {
		free(writer->path);
		free(writer);
		return err;
	}
	*writerp = writer;
	return 0;
}

void archive_writer_close(struct archive_writer *writer)
{
	if (!writer)
		return;
	if (writer->day.torn)
		archive_files_trim(&writer->day);
	if (writer->day.date && writer->options.sync != ARCHIVE_SYNC_NONE)
		archive_sync(writer);
	leave(writer);
	free(writer->batch.data);
	free(writer->path);
	free(writer);
}

const struct archive_end *archive_writer_end(const struct archive_writer *writer)
{
	return &writer->end;
}

unsigned int archive_batched(const struct archive_writer *writer)
{
	return writer->batch.rows;
}

/* Where records go when no batch says otherwise. */
static void roll_to_open(struct archive_writer *writer)
{
	archive_rolling_set(writer, writer->day.part ? 0 : writer->day.date);
}

void archive_drop(struct archive_writer *writer)
{
	archive_batch_clear(&writer->batch);
	roll_to_open(writer);
}

/* Somebody removed or moved what we write: another look, and the batch is for that. */
static int come_back(struct archive_writer *writer)
{
	struct archive_batch *batch = &writer->batch;
	int err;

	archive_say(writer, "the archive or a part of it was removed or moved while it was "
		    "written; it is opened anew");
	leave(writer);
	writer->said = 0;
	err = enter(writer);
	if (err)
		return err;
	if (!batch->rows)
		return -ENOENT;
	if (batch->raw || (writer->day.date && !writer->day.has_meta)) {
		archive_drop(writer);
		return -ENOENT;
	}
	if (writer->day.date)
		batch->date = writer->day.date;
	else if (batch->date <= writer->newest)
		batch->date = archive_date_add(writer->newest, 1);
	archive_rolling_set(writer, batch->date);
	archive_batch_rebase(batch, &writer->day);
	return -ENOENT;
}

static int check_there(struct archive_writer *writer)
{
	int err = writer->dirfd < 0 ? -ENOENT : archive_files_there(writer);

	return err ? come_back(writer) : 0;
}

/* The open day gets no more rows. */
static int finish_open(struct archive_writer *writer)
{
	bool part = writer->day.part;
	int err;

	err = archive_files_finish(writer);
	if (err)
		return err;
	archive_say(writer, "%08u is finished: %llu rows", writer->day.date,
		    (unsigned long long)writer->day.rows);
	archive_files_close(&writer->day);
	if (part)
		return archive_load_newest(writer);
	writer->newest_finished = true;
	writer->end.finished = true;
	archive_mark_write(writer, false);
	return 0;
}

/* Opens the batch's day, if it is not. */
static int open_for_batch(struct archive_writer *writer)
{
	const struct archive_batch *batch = &writer->batch;
	struct archive_files *day = &writer->day;
	int err = 0;

	if (day->date && batch->date > day->date && !day->part) {
		err = finish_open(writer);
	} else if (day->date && batch->part && !day->part) {
		err = archive_files_sync(writer);
		if (!err)
			archive_files_close(day);
	}
	if (err || (day->date == batch->date &&
		    (day->rows || day->has_meta == batch->has_meta)))
		return err;
	err = archive_files_make(writer, batch->date, batch->part, batch->has_meta);
	if (err)
		return err;
	if (!batch->part) {
		writer->newest = batch->date;
		writer->newest_finished = false;
		writer->end.date = batch->date;
		writer->end.rows = 0;
		writer->end.finished = false;
	}
	archive_say(writer, "%08u is opened", batch->date);
	return 0;
}

static int write_batch(struct archive_writer *writer)
{
	struct archive_files *day = &writer->day;
	int err;

	err = open_for_batch(writer);
	if (!err && day->torn)
		err = archive_files_trim(day);
	if (!err && day->lost)
		err = archive_files_sync(writer);
	if (err)
		return err;
	err = archive_files_write(writer, &writer->batch);
	if (!err && writer->options.sync == ARCHIVE_SYNC_BATCH)
		err = archive_files_sync(writer);
	/* If it can't be cut now, the next try begins with that. */
	if (err)
		archive_files_trim(day);
	return err;
}

int archive_commit(struct archive_writer *writer)
{
	struct archive_batch *batch = &writer->batch;
	int err;

	if (!batch->rows)
		return 0;
	err = check_there(writer);
	if (err)
		return err;
	err = write_batch(writer);
	if (err) {
		writer->waits = true;
		return archive_fail(writer, err, "%08u: %u rows can't be written, and wait",
				    batch->date, batch->rows);
	}
	archive_files_settle(&writer->day, batch, writer->options.sync == ARCHIVE_SYNC_BATCH);
	archive_times_add(&writer->day, batch);
	writer->end = batch->end;
	writer->end.rows = writer->day.rows;
	writer->end.date = batch->date;
	archive_mark_write(writer, false);
	archive_batch_clear(batch);
	writer->said = 0;
	if (writer->waits)
		archive_say(writer, "writing goes on");
	writer->waits = false;
	return 0;
}

int archive_sync(struct archive_writer *writer)
{
	int err;

	if (!writer->day.date)
		return 0;
	err = archive_files_sync(writer);
	if (err)
		return archive_fail(writer, err, "%08u can't be synced", writer->day.date);
	archive_mark_write(writer, false);
	return 0;
}

int archive_finish(struct archive_writer *writer)
{
	int err;

	if (writer->batch.rows)
		return -EINVAL;
	if (!writer->day.date)
		return writer->newest ? 0 : -ENOENT;
	err = check_there(writer);
	if (!err)
		err = finish_open(writer);
	if (!err)
		roll_to_open(writer);
	return err;
}

int archive_tick(struct archive_writer *writer)
{
	const struct archive_rolling *roll = &writer->rolling;
	int err;

	archive_rolling_look(writer);
	if (writer->batch.rows)
		return -EINVAL;
	if (!writer->day.date || writer->day.part || !roll->held ||
	    roll->settled_ns < 5 * SECOND_NS ||
	    roll->settled_ns - 5 * SECOND_NS < roll->day.end_ns)
		return 0;
	err = archive_finish(writer);
	return err ? err : 1;
}
