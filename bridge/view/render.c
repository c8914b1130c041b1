// SPDX-License-Identifier: GPL-2.0-only
/*
 * A walker that stands where a read begins is taken for it, so that reading on
 * costs nothing twice; many may walk at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "walker.h"

/* An entry of the table for so many rows. */
#define TABLE_ROWS	256

/* Walkers that are kept for who reads on. */
#define WALKERS_KEPT	8

/* Bytes that it is cheaper to render once more than to seek. */
#define WALK_ON		(128U << 10)

/**
 * struct render - A day as a file.
 * @dirfd: The archive.
 * @date: The day.
 * @form: As what.
 * @growing: Held to count on, and for @counter.
 * @counter: Has walked to the end of what was counted; NULL while at rest.
 * @end: Where that is.
 * @dev: The day's folder,
 * @ino: by which one that took its place is known.
 * @lock: Held for all below; never while anything is read.
 * @table: What is before row n * TABLE_ROWS.
 * @entries: How many of these.
 * @room: For so many.
 * @rows: Rows counted.
 * @size: Bytes of them.
 * @finished: It will not grow.
 * @walkers: List of struct walker that nobody uses, the newest last.
 * @idle: How many.
 */
struct render {
	int dirfd;
	uint32_t date;
	enum render_form form;
	pthread_mutex_t growing;
	struct walker *counter;
	struct mark end;
	dev_t dev;
	ino_t ino;
	pthread_mutex_t lock;
	struct mark *table;
	size_t entries;
	size_t room;
	uint64_t rows;
	uint64_t size;
	bool finished;
	struct list walkers;
	unsigned int idle;
};

/* -ESTALE if the day is not the one that was counted. */
static int check_same(const struct render *render, const struct stat *st)
{
	return st->st_dev == render->dev && st->st_ino == render->ino ? 0 : -ESTALE;
}

static int new_walker(struct walker **walkerp, const struct render *render)
{
	struct walker *walker;
	struct stat st;
	int err = walker_new(&walker, render->dirfd, render->date);

	if (err)
		return err;
	err = fstat(archive_day_dirfd(walker->day), &st) ? -errno : check_same(render, &st);
	if (err)
		walker_free(walker);
	else
		*walkerp = walker;
	return err;
}

/* Which folder is the day's now. */
static int identify(const struct render *render, struct stat *st)
{
	char name[ARCHIVE_DATE_NAME];

	archive_date_name(name, render->date);
	if (fstatat(render->dirfd, name, st, AT_SYMLINK_NOFOLLOW))
		return -errno;
	return S_ISDIR(st->st_mode) ? 0 : -ENOTDIR;
}

int render_open(struct render **renderp, int dirfd, uint32_t date, enum render_form form)
{
	struct render *render = calloc(1, sizeof(*render));
	struct stat st;
	int err;

	if (!render)
		return -ENOMEM;
	render->dirfd = dirfd;
	render->date = date;
	render->form = form;
	err = identify(render, &st);
	if (err) {
		free(render);
		return err;
	}
	render->dev = st.st_dev;
	render->ino = st.st_ino;
	list_init(&render->walkers);
	pthread_mutex_init(&render->growing, NULL);
	pthread_mutex_init(&render->lock, NULL);
	*renderp = render;
	return 0;
}

static void free_walkers(struct render *render)
{
	struct list *pos, *n;

	list_for_each_safe(pos, n, &render->walkers)
		walker_free(list_entry(pos, struct walker, link));
	list_init(&render->walkers);
	render->idle = 0;
}

void render_rest(struct render *render)
{
	pthread_mutex_lock(&render->growing);
	walker_free(render->counter);
	render->counter = NULL;
	pthread_mutex_lock(&render->lock);
	free_walkers(render);
	pthread_mutex_unlock(&render->lock);
	pthread_mutex_unlock(&render->growing);
}

void render_close(struct render *render)
{
	if (!render)
		return;
	free_walkers(render);
	walker_free(render->counter);
	pthread_mutex_destroy(&render->growing);
	pthread_mutex_destroy(&render->lock);
	free(render->table);
	free(render);
}

/* Caller holds render->growing; only then does the table change. */
static int add_entry(struct render *render, const struct mark *at)
{
	struct mark *table;
	size_t room = render->room ? 2 * render->room : 64;

	pthread_mutex_lock(&render->lock);
	if (render->entries == render->room) {
		table = realloc(render->table, room * sizeof(*table));
		if (!table) {
			pthread_mutex_unlock(&render->lock);
			return -ENOMEM;
		}
		render->table = table;
		render->room = room;
	}
	render->table[render->entries++] = *at;
	pthread_mutex_unlock(&render->lock);
	return 0;
}

/* Counts one more row. Return: 1, 0 there is none, or -errno. */
static int count_row(struct render *render)
{
	struct walker *walker = render->counter;
	struct mark before = walker->at;
	struct sink sink = { 0 };
	int ret = walker_put(walker, render->form, &sink);

	if (ret > 0 && walker->row == render->entries * TABLE_ROWS)
		ret = add_entry(render, &before) ? -ENOMEM : 1;
	if (ret > 0)
		walker_step(walker, sink.total);
	else
		walker->at = before;
	return ret;
}

static int wake_counter(struct render *render)
{
	int err;

	if (render->counter) {
		err = archive_day_refresh(render->counter->day);
	} else {
		err = new_walker(&render->counter, render);
		if (!err)
			walker_move(render->counter, render->rows, &render->end);
	}
	/* Rows that were counted were taken back: others come where they were. */
	if (!err && archive_day_rows(render->counter->day) < render->rows)
		err = -ESTALE;
	return err;
}

static int count_on(struct render *render)
{
	struct walker *walker;
	bool finished;
	int ret = wake_counter(render);

	if (ret)
		return ret;
	walker = render->counter;
	finished = archive_day_finished(walker->day);
	do {
		ret = count_row(render);
	} while (ret > 0);
	pthread_mutex_lock(&render->lock);
	render->rows = walker->row;
	render->end = walker->at;
	render->finished = finished && !ret;
	/* what would have gone on in another row does not */
	render->size = walker->at.offset + (render->finished && walker->at.open);
	pthread_mutex_unlock(&render->lock);
	return ret;
}

int render_refresh(struct render *render, uint64_t *size, bool *finished)
{
	struct stat st;
	int err = identify(render, &st);

	if (!err)
		err = check_same(render, &st);
	if (err)
		return err;
	pthread_mutex_lock(&render->growing);
	if (!render->finished)
		err = count_on(render);
	*size = render->size;
	*finished = render->finished;
	pthread_mutex_unlock(&render->growing);
	return err;
}

/* Caller holds render->lock. The idle one that is nearest before @offset. */
static struct walker *nearest(struct render *render, uint64_t offset)
{
	struct walker *best = NULL;
	struct list *pos;

	list_for_each(pos, &render->walkers) {
		struct walker *walker = list_entry(pos, struct walker, link);

		if (walker->at.offset <= offset &&
		    (!best || walker->at.offset > best->at.offset))
			best = walker;
	}
	return best && offset - best->at.offset < WALK_ON ? best : NULL;
}

/* Caller holds render->lock. The last entry at or before @offset. */
static size_t find_entry(const struct render *render, uint64_t offset)
{
	size_t low = 0, high = render->entries;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (render->table[middle].offset <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* A walker that stands not far before @offset, which is below render->size. */
static int take_walker(struct render *render, struct walker **walkerp, uint64_t offset)
{
	struct walker *walker;
	struct mark mark;
	size_t entry;
	int err = 0;

	pthread_mutex_lock(&render->lock);
	walker = nearest(render, offset);
	entry = find_entry(render, offset);
	mark = render->table[entry];
	if (!walker && render->idle >= WALKERS_KEPT / 2)
		walker = list_entry(render->walkers.next, struct walker, link);
	if (walker) {
		list_del(&walker->link);
		render->idle--;
	}
	pthread_mutex_unlock(&render->lock);
	if (!walker)
		err = new_walker(&walker, render);
	if (err)
		return err;
	if (!walker->row || walker->at.offset > offset || walker->at.offset < mark.offset)
		walker_move(walker, entry * TABLE_ROWS, &mark);
	*walkerp = walker;
	return 0;
}

static void leave_walker(struct render *render, struct walker *walker)
{
	struct walker *old = NULL;

	pthread_mutex_lock(&render->lock);
	list_add_tail(&walker->link, &render->walkers);
	if (++render->idle > WALKERS_KEPT) {
		old = list_entry(render->walkers.next, struct walker, link);
		list_del(&old->link);
		render->idle--;
	}
	pthread_mutex_unlock(&render->lock);
	walker_free(old);
}

/* Fills @sink with rows before @rows. */
static int walk(struct walker *walker, enum render_form form, uint64_t rows, struct sink *sink)
{
	while (sink->len < sink->size && walker->row < rows) {
		uint64_t before = sink->total;
		struct mark at = walker->at;
		int ret = 1;

		if (walker->row >= archive_day_rows(walker->day))
			ret = archive_day_refresh(walker->day) ? -ESTALE : 1;
		if (ret > 0)
			ret = walker_put(walker, form, sink);
		if (ret <= 0)
			return ret ? ret : -EIO;	/* it was counted, and is gone */
		/* the rest of this row is the next read's */
		if (sink->len == sink->size) {
			walker->at = at;
			return 0;
		}
		walker_step(walker, sink->total - before);
	}
	if (sink->len < sink->size && walker->at.open)
		sink_put(sink, "\n", 1);
	return 0;
}

ssize_t render_read(struct render *render, uint64_t offset, char *buf, size_t size)
{
	struct sink sink = { .buf = buf };
	struct walker *walker;
	uint64_t rows, end;
	int err;

	pthread_mutex_lock(&render->lock);
	end = render->size;
	rows = render->rows;
	pthread_mutex_unlock(&render->lock);
	if (offset >= end || !size)
		return 0;
	sink.size = size < end - offset ? size : (size_t)(end - offset);
	err = take_walker(render, &walker, offset);
	if (err)
		return err;
	sink.skip = offset - walker->at.offset;
	err = walk(walker, render->form, rows, &sink);
	if (err) {
		walker_free(walker);
		return sink.len ? (ssize_t)sink.len : err;
	}
	leave_walker(render, walker);
	return (ssize_t)sink.len;
}
