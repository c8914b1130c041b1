// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <archive/notify.h>

#include "sync_feed_private.h"

#define ZSTD_LEVEL	1

/* Shorter rows are sent as they are. */
#define ZSTD_LEAST	256

int sync_feed_open(struct sync_feed **feedp, const char *dir, const char *name,
		   struct committed *committed)
{
	struct sync_feed *feed = calloc(1, sizeof(*feed));
	int err;

	if (!feed)
		return -ENOMEM;
	sync_rows_init(&feed->rows);
	feed->committed = committed;
	strncpy(feed->name, name, SYNC_NAME_MAX);
	feed->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = feed->dirfd < 0 ? -errno : sync_sum_init(&feed->sum);
	if (!err && !committed_known(committed))
		err = archive_notify_open(&feed->notify, feed->dirfd);
	*feedp = feed;
	if (err)
		sync_feed_close(feed);
	return err;
}

void sync_feed_close(struct sync_feed *feed)
{
	sync_rows_uninit(&feed->rows);
	sync_sum_uninit(&feed->sum);
	ZSTD_freeCCtx(feed->zstd);
	if (feed->notify)
		archive_notify_close(feed->notify);
	if (feed->dirfd >= 0)
		close(feed->dirfd);
	free(feed);
}

void sync_feed_rest(struct sync_feed *feed)
{
	sync_rows_rest(&feed->rows);
	ZSTD_freeCCtx(feed->zstd);
	feed->zstd = NULL;
}

const char *sync_feed_ask(struct sync_feed *feed, const struct sync_ask *ask)
{
	if (feed->state == FEED_STREAM)
		return "START is the last question of a connection";
	if (feed->state != FEED_IDLE)
		return "one question at a time";
	feed->ask = *ask;
	feed->block_count = 0;
	feed->in_block = false;
	feed->state = ask->type == SYNC_START ? FEED_STREAM : FEED_QUESTION;
	return NULL;
}

bool sync_feed_busy(const struct sync_feed *feed)
{
	return feed->state != FEED_IDLE;
}

int sync_feed_notify_fd(const struct sync_feed *feed)
{
	return feed->notify ? archive_notify_fd(feed->notify) : -1;
}

void sync_feed_notified(struct sync_feed *feed)
{
	archive_notify_take(feed->notify);
}

uint32_t sync_feed_date(const struct sync_feed *feed)
{
	return feed->rows.date;
}

/* A message without its tail of @more bytes. */
static struct sync_out *new_out(const struct sync_message *message, size_t more)
{
	size_t size = sync_message_head(message) + more;
	struct sync_out *out = calloc(1, sizeof(*out) + SYNC_HEADROOM + size);

	if (!out)
		return NULL;
	out->size = size;
	sync_message_put(out->bytes + SYNC_HEADROOM, message);
	return out;
}

int sync_feed_say(struct sync_out **out, const struct sync_message *message, const void *tail,
		  size_t len)
{
	*out = new_out(message, len);
	if (!*out)
		return -ENOMEM;
	if (len)
		memcpy((*out)->bytes + SYNC_HEADROOM + sync_message_head(message), tail, len);
	return 1;
}

/* Days with rows are what counts; one that has none yet may be in the range. */
static int find_range(struct sync_feed *feed, uint32_t from, uint32_t *oldest, uint32_t *newest,
		      uint32_t *next)
{
	uint32_t *dates;
	size_t count;
	int err = archive_days(feed->dirfd, &dates, &count);

	if (err)
		return err;
	*oldest = count ? dates[0] : 0;
	*newest = count ? dates[count - 1] : 0;
	*next = 0;
	for (size_t i = 0; i < count && !*next; i++)
		if (dates[i] >= from)
			*next = dates[i];
	free(dates);
	return 0;
}

static int say_hello(struct sync_feed *feed, struct sync_out **out)
{
	struct sync_message hello = { .type = SYNC_HELLO, .len = strlen(feed->name) };
	uint32_t next;
	int err = find_range(feed, 0, &feed->oldest, &feed->newest, &next);

	if (err)
		return err;
	hello.oldest = feed->oldest;
	hello.newest = feed->newest;
	feed->state = FEED_IDLE;
	return sync_feed_say(out, &hello, feed->name, hello.len);
}

int sync_feed_look(struct sync_feed *feed, uint64_t *rows, bool *finished)
{
	int err;

	if (feed->notify)
		archive_notify_day(feed->notify, feed->rows.day);
	err = archive_day_refresh(feed->rows.day);
	/* rows are counted again once it is finished: then there can't be more */
	if (!err && archive_day_finished(feed->rows.day))
		err = archive_day_refresh(feed->rows.day);
	if (err)
		return err;
	*finished = archive_day_finished(feed->rows.day);
	*rows = archive_day_rows(feed->rows.day);
	*rows = committed_rows(feed->committed, feed->rows.date, *rows, finished);
	return 0;
}

uint8_t sync_feed_flags(struct sync_feed *feed, bool finished)
{
	return (uint8_t)((archive_day_has_meta(feed->rows.day) ? 0 : SYNC_BARE) |
			 (finished ? SYNC_FINISHED : 0));
}

/* Goes on to the day that is next. Return: 1 there is one, with or without @out. */
static int next_day(struct sync_feed *feed, struct sync_out **out)
{
	struct sync_message range = { .type = SYNC_RANGE };
	uint32_t next;
	int err = find_range(feed, feed->ask.date, &range.oldest, &range.newest, &next);

	if (err)
		return err;
	if (next && (range.oldest != feed->oldest || range.newest != feed->newest)) {
		feed->oldest = range.oldest;
		feed->newest = range.newest;
		return sync_feed_say(out, &range, NULL, 0);
	}
	if (!next || (feed->ask.flags & SYNC_ROWS_ONLY && next != feed->ask.date))
		return 0;
	if (next != feed->ask.date)
		feed->ask.number = 0;
	feed->ask.date = next;
	feed->cgroups = 0;
	if (feed->rows.date == next)
		return 1;
	err = sync_rows_open(&feed->rows, feed->dirfd, next);
	/* removed in between: the next one, then */
	return err && err != -ENOENT ? err : 1;
}

/* Lines that came since. Return: 1 with @out, 0 there are none. */
static int say_cgroups(struct sync_feed *feed, struct sync_out **out)
{
	struct sync_message message = { .type = SYNC_CGROUPS, .date = feed->ask.date };
	char lines[SYNC_CGROUPS_MAX], *end;
	struct stat st;
	ssize_t len = 0;
	int fd = openat(archive_day_dirfd(feed->rows.day), "cgroups",
			O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return 0;
	if (!fstat(fd, &st) && st.st_size > (off_t)feed->cgroups)
		len = pread(fd, lines, sizeof(lines), (off_t)feed->cgroups);
	close(fd);
	end = len > 0 ? memrchr(lines, '\n', (size_t)len) : NULL;
	if (!end || memchr(lines, 0, (size_t)(end - lines)))
		return 0;
	message.len = (size_t)(end - lines) + 1;
	feed->cgroups += message.len;
	return sync_feed_say(out, &message, lines, message.len);
}

/* Bytes of what @piece was compressed to, 0: that is no use. */
static size_t compress(struct sync_feed *feed, const struct sync_piece *piece, uint8_t *at)
{
	size_t bound = piece->len - piece->len / 16, n;

	if (piece->len < ZSTD_LEAST)
		return 0;
	if (!feed->zstd)
		feed->zstd = ZSTD_createCCtx();
	if (!feed->zstd || ZSTD_isError(ZSTD_CCtx_setParameter(feed->zstd, ZSTD_c_compressionLevel,
							       ZSTD_LEVEL)))
		return 0;
	n = ZSTD_compress2(feed->zstd, at, bound, piece->index, piece->len);
	return ZSTD_isError(n) ? 0 : n;
}

/* The rows of @piece, shorter if that helps. */
static int say_rows(struct sync_feed *feed, const struct sync_piece *piece, uint64_t there,
		    struct sync_out **outp)
{
	struct sync_message rows = {
		.type = SYNC_ROWS, .flags = piece->bare ? SYNC_BARE : 0, .date = feed->ask.date,
		.row = piece->row, .there = there, .count = piece->count,
		.raw = (uint32_t)piece->len,
	};
	struct sync_out *out = new_out(&rows, piece->len), *less;
	uint8_t *at;
	size_t n;

	if (!out)
		return -ENOMEM;
	at = out->bytes + SYNC_HEADROOM + SYNC_ROWS_HEAD;
	n = compress(feed, piece, at);
	if (n) {
		rows.flags |= SYNC_ZSTD;
		sync_message_put(out->bytes + SYNC_HEADROOM, &rows);
		out->size = SYNC_ROWS_HEAD + n;
		less = realloc(out, sizeof(*out) + SYNC_HEADROOM + out->size);
		out = less ? less : out;
	} else {
		memcpy(at, piece->index, piece->len);
	}
	out->date = rows.date;
	out->rows = piece->row + piece->count;
	out->raw = rows.raw;
	*outp = out;
	return 1;
}

static int say_finish(struct sync_feed *feed, struct sync_out **out)
{
	uint8_t result[SYNC_SUM_SIZE];
	struct sync_message finish = {
		.type = SYNC_FINISH, .flags = sync_feed_flags(feed, false), .date = feed->ask.date,
		.row = feed->ask.number, .sum = result,
	};
	int err = sync_sum_get(&feed->sum, result);

	feed->ask.number = 0;
	feed->ask.date = archive_date_add(finish.date, 1);
	sync_rows_close(&feed->rows);
	if (err)
		return err;
	if (!finish.row)
		return 1;
	err = sync_feed_say(out, &finish, NULL, 0);
	if (err == 1) {
		(*out)->date = finish.date;
		(*out)->rows = finish.row;
		(*out)->finish = true;
	}
	return err;
}

/* The day is open, and there are @rows of it. */
static int stream_rows(struct sync_feed *feed, uint64_t rows, struct sync_out **out)
{
	struct sync_piece piece;
	int err = sync_rows_read(&feed->rows, feed->ask.number, rows, &piece);

	if (!err && !(feed->ask.flags & SYNC_ROWS_ONLY))
		err = sync_sum_add(&feed->sum, &piece);
	if (err)
		return err;
	feed->ask.number += piece.count;
	return say_rows(feed, &piece, rows, out);
}

static int stream(struct sync_feed *feed, struct sync_out **out)
{
	bool only = feed->ask.flags & SYNC_ROWS_ONLY, finished;
	uint64_t rows;
	int err;

	if (!feed->rows.day || feed->rows.date != feed->ask.date) {
		err = next_day(feed, out);
		if (err <= 0 || *out)
			return err;
	}
	if (!feed->rows.day)
		return 1;
	err = sync_feed_look(feed, &rows, &finished);
	if (err)
		return err;
	/* what the client has, and we have not, it has to find out itself */
	if (feed->ask.number > rows)
		return only ? 0 : -ESTALE;
	if (!only && (feed->sum.date != feed->rows.date || feed->sum.row != feed->ask.number)) {
		err = sync_rows_sum(&feed->rows, &feed->sum, feed->ask.number, SUM_AT_ONCE);
		return err < 0 ? err : 1;
	}
	/* the client's day is there once it has rows */
	if (!only && feed->ask.number && say_cgroups(feed, out))
		return *out ? 1 : -ENOMEM;
	if (feed->ask.number < rows)
		return stream_rows(feed, rows, out);
	return finished && !only ? say_finish(feed, out) : 0;
}

int sync_feed_work(struct sync_feed *feed, struct sync_out **out)
{
	*out = NULL;
	switch (feed->state) {
	case FEED_HELLO:
		return say_hello(feed, out);
	case FEED_QUESTION:
		return sync_feed_answer(feed, out);
	case FEED_STREAM:
		return stream(feed, out);
	default:
		return 0;
	}
}
