// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * memlog_archive_read(): an archive's rows by callback, day by day. Unlike a reader
 * it stays in a day until that is finished, as go-filelog's does.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cursor.h"
#include "notify.h"
#include "private.h"

#define ROWS		64
#define TEXT_ROOM	(64U << 10)
#define AGAIN_MS	1000
#define ALL_FLAGS	(MEMLOG_ARCHIVE_LOCAL | MEMLOG_ARCHIVE_STOP_FD)

/* What says that the caller wants no more. */
#define STOPPED		(-1001)

/**
 * struct walk - A call of memlog_archive_read().
 * @opt: What was asked for.
 * @fn: Whom to tell.
 * @arg: For @fn.
 * @cursor: The archive; its day is opened here.
 * @notify: What wakes.
 * @row: The next row of the day.
 * @buf: Texts.
 * @room: Bytes of it.
 * @rows: Rows read.
 */
struct walk {
	struct memlog_archive_options opt;
	memlog_archive_fn fn;
	void *arg;
	struct archive_cursor cursor;
	struct archive_notify *notify;
	uint64_t row;
	char *buf;
	size_t room;
	struct archive_row rows[ROWS];
};

/* Until something may have come, or @timeout_ms are over if @sleep. */
static int wait_for(struct walk *walk, bool sleep, int timeout_ms)
{
	struct pollfd fds[2] = {
		{ .fd = -1, .events = POLLIN },
		{ .fd = sleep ? -1 : archive_notify_fd(walk->notify), .events = POLLIN },
	};

	if (walk->opt.flags & MEMLOG_ARCHIVE_STOP_FD)
		fds[0].fd = walk->opt.stop_fd;
	if (poll(fds, 2, timeout_ms) < 0)
		return -errno;
	return fds[0].revents ? STOPPED : 0;
}

/* Tells @entry until it is answered by something else than AGAIN. 0 or -errno. */
static int tell(struct walk *walk, const struct memlog_archive_entry *entry)
{
	int err, answer;

	for (;;) {
		answer = walk->fn(walk->arg, entry);
		if (answer == MEMLOG_ARCHIVE_STOP)
			return STOPPED;
		if (answer == MEMLOG_ARCHIVE_NEXT)
			return 0;
		if (answer != MEMLOG_ARCHIVE_AGAIN)
			return -EINVAL;
		err = wait_for(walk, true, AGAIN_MS);
		if (err)
			return err;
	}
}

static int tell_row(struct walk *walk, const struct archive_row *row, const char *text)
{
	struct memlog_archive_entry entry = {
		.date = walk->cursor.date, .row = walk->row, .stream = row->stream,
		.rec = &row->rec, .text = text,
	};
	struct memlog_loss loss = { .from_seq = row->rec.seq };

	if (row->rec.type == ARCHIVE_TYPE_GAP &&
	    !archive_gap_parse(text, row->rec.len, &loss.records, &loss.bytes)) {
		loss.to_seq = loss.from_seq + loss.records - 1;
		entry.rec = NULL;
		entry.text = NULL;
		entry.loss = &loss;
	}
	return tell(walk, &entry);
}

static int tell_damaged(struct walk *walk)
{
	struct archive_row row = { 0 };
	struct memlog_loss loss = { .records = 1, .flags = MEMLOG_LOSS_BYTES_UNKNOWN };
	struct memlog_archive_entry entry = {
		.date = walk->cursor.date, .row = walk->row, .loss = &loss,
	};

	if (!archive_day_row(walk->cursor.day, walk->row, &row))
		loss.from_seq = row.rec.seq;
	loss.to_seq = loss.from_seq;
	entry.stream = row.stream;
	return tell(walk, &entry);
}

static int make_room(struct walk *walk, size_t size)
{
	char *buf = realloc(walk->buf, size);

	if (!buf)
		return -ENOMEM;
	walk->buf = buf;
	walk->room = size;
	return 0;
}

/* The rows there are. */
static int tell_rows(struct walk *walk)
{
	const char *text = walk->buf;
	int ret, n;

	n = archive_day_read(walk->cursor.day, walk->row, walk->rows, ROWS, walk->buf,
			     walk->room, true);
	if (n == -ENOBUFS)
		return make_room(walk, walk->rows[0].rec.len);
	if (n == -EBADMSG) {
		ret = tell_damaged(walk);
		walk->row++;
		return ret;
	}
	for (int i = 0; i < n; i++) {
		ret = tell_row(walk, &walk->rows[i], text);
		if (ret)
			return ret;
		text += walk->rows[i].rec.len;
		walk->row++;
	}
	return n < 0 ? n : 0;
}

/* Whether the day is over: 1; 0; -errno. */
static int is_over(const struct walk *walk)
{
	struct archive_span today;

	if (!archive_day_finished(walk->cursor.day))
		return 0;
	archive_date_of(&today, clock_ns(CLOCK_REALTIME),
			walk->opt.flags & MEMLOG_ARCHIVE_LOCAL);
	return walk->cursor.date < today.date;
}

/* Opens the first day from @date on. Return: 1; 0 there is none; -errno. */
static int open_from(struct walk *walk, uint32_t date)
{
	struct archive_cursor *cursor = &walk->cursor;
	int err = archive_cursor_list(cursor);

	for (size_t i = archive_cursor_index(cursor, date); !err && i < cursor->count; i++) {
		err = archive_cursor_day(cursor, cursor->dates[i]);
		if (!err)
			return 1;
		if (err == -ENOENT)
			err = 0;
	}
	return err;
}

/* Waits for the first day from @date on. */
static int next_day(struct walk *walk, uint32_t date)
{
	int ret;

	for (;;) {
		archive_notify_take(walk->notify);
		ret = open_from(walk, date);
		if (ret)
			return ret < 0 ? ret : 0;
		ret = wait_for(walk, false, -1);
		if (ret)
			return ret;
	}
}

/* Reads a day to its end, as soon as it has one. */
static int read_day(struct walk *walk)
{
	const struct memlog_archive_entry whole = { .date = walk->cursor.date };
	struct archive_day *day = walk->cursor.day;
	int ret;

	for (;;) {
		archive_notify_take(walk->notify);
		archive_notify_day(walk->notify, day);
		ret = archive_day_refresh(day);
		if (ret)
			return ret;
		while (!ret && walk->row < archive_day_rows(day))
			ret = tell_rows(walk);
		if (ret)
			return ret;
		if (is_over(walk))
			return tell(walk, &whole);
		/* A day that is finished already is over at midnight. */
		ret = wait_for(walk, false, archive_day_finished(day) ? AGAIN_MS : -1);
		if (ret)
			return ret;
	}
}

static int walk_days(struct walk *walk)
{
	uint32_t date = walk->opt.date;
	int ret = make_room(walk, TEXT_ROOM);

	while (!ret) {
		ret = next_day(walk, date);
		if (ret)
			break;
		walk->row = walk->cursor.date == walk->opt.date ? walk->opt.row : 0;
		ret = read_day(walk);
		date = walk->cursor.date + 1;
	}
	return ret == STOPPED ? 0 : ret;
}

int memlog_archive_read(const char *dir, const struct memlog_archive_options *options,
			memlog_archive_fn fn, void *arg)
{
	struct walk walk = { .fn = fn, .arg = arg };
	int fd, err = 0;

	if (options)
		err = memlog_copy_options(&walk.opt, sizeof(walk.opt), sizeof(walk.opt),
					  options, options->size);
	if (!err && walk.opt.flags & ~ALL_FLAGS)
		err = -EINVAL;
	if (err)
		return err;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	archive_cursor_init(&walk.cursor, fd);
	err = archive_notify_open(&walk.notify, fd);
	if (!err)
		err = walk_days(&walk);
	archive_notify_close(walk.notify);
	archive_cursor_close(&walk.cursor);
	free(walk.buf);
	return err;
}
