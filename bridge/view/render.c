// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sizes and bytes come from the same function, put_row(), which counts where it
 * has no room: they can't differ.
 *
 * A walker is somewhere in the file: it has the day open for itself, and knows
 * before which row it stands. One that stands where a read begins is taken for
 * it, so that reading on costs nothing twice; many may walk at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <memlog.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../../libmemlog/archive/day.h"
#include "../list.h"
#include "render.h"

/* An entry of the table for so many rows. */
#define TABLE_ROWS	256

/* A walker reads ahead so many rows and bytes of text. */
#define WALK_ROWS	1024
#define WALK_BYTES	(256U << 10)

/* Walkers that are kept for who reads on. */
#define WALKERS_KEPT	8

/* Bytes that it is cheaper to render once more than to seek. */
#define WALK_ON		(128U << 10)

#define DAMAGED_TEXT	"memlog: damaged record\n"

/**
 * struct mark - What is known before a row.
 * @offset: Bytes of the file before it.
 * @stream: Stream of the row before; 0 at the start.
 * @open: The row before it wants a newline, unless this one continues it.
 */
struct mark {
	uint64_t offset;
	uint64_t stream;
	bool open;
};

/**
 * struct walker - A place in the file.
 * @link: In render->walkers.
 * @day: The day.
 * @row: Row that comes next.
 * @at: What is before it.
 * @rows: Rows read ahead; @next is the next of them,
 * @count: of so many.
 * @text: Its text, in @buf.
 * @damaged: It can't be read.
 * @buf: Their texts.
 * @size: Room there.
 * @line: Room for a line of JSON.
 * @line_size: So much.
 */
struct walker {
	struct list link;
	struct archive_day *day;
	uint64_t row;
	struct mark at;
	struct archive_row rows[WALK_ROWS];
	unsigned int next;
	unsigned int count;
	const char *text;
	bool damaged;
	char *buf;
	size_t size;
	char *line;
	size_t line_size;
};

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

/**
 * struct sink - Where bytes go.
 * @buf: Here,
 * @size: up to so many;
 * @len: so many are there.
 * @skip: So many are passed over first.
 * @total: All, those that found no room too.
 */
struct sink {
	char *buf;
	size_t size;
	size_t len;
	uint64_t skip;
	uint64_t total;
};

static void put(struct sink *sink, const char *bytes, size_t n)
{
	sink->total += n;
	if (sink->skip >= n) {
		sink->skip -= n;
		return;
	}
	bytes += sink->skip;
	n -= (size_t)sink->skip;
	sink->skip = 0;
	if (n > sink->size - sink->len)
		n = sink->size - sink->len;
	if (n)
		memcpy(sink->buf + sink->len, bytes, n);
	sink->len += n;
}

static void put_text(struct sink *sink, struct mark *at, const struct archive_row *row,
		     const char *text)
{
	uint32_t len = row->rec.len;

	if (at->open && !(row->rec.flags & MEMLOG_JOIN))
		put(sink, "\n", 1);
	put(sink, text, len);
	at->open = row->rec.flags & MEMLOG_PARTIAL && len && text[len - 1] != '\n';
	if (!at->open && (!len || text[len - 1] != '\n'))
		put(sink, "\n", 1);
}

static int line_room(struct walker *walker, size_t size)
{
	char *line;

	if (size <= walker->line_size)
		return 0;
	size = size < 4096 ? 4096 : size;
	line = realloc(walker->line, size);
	if (!line)
		return -ENOMEM;
	walker->line = line;
	walker->line_size = size;
	return 0;
}

static size_t lost_line(char *line, size_t size, const struct archive_row *row,
			const char *text)
{
	struct memlog_loss loss = { .from_seq = row->rec.seq };

	if (archive_gap_parse(text, row->rec.len, &loss.records, &loss.bytes))
		loss.flags = MEMLOG_LOSS_BYTES_UNKNOWN;
	loss.to_seq = loss.from_seq + loss.records - !!loss.records;
	return memlog_json_lost(line, size, &loss);
}

static int put_json(struct sink *sink, struct walker *walker, const struct archive_row *row,
		    const char *text)
{
	size_t room = memlog_json_room(&row->rec, NULL), len;
	int err = line_room(walker, room < 256 ? 256 : room);

	if (err)
		return err;
	if (row->stream != walker->at.stream) {
		len = (size_t)snprintf(walker->line, walker->line_size,
				       "{\"stream\":\"%016llx\"}\n",
				       (unsigned long long)row->stream);
		put(sink, walker->line, len);
	}
	if (row->rec.type == ARCHIVE_TYPE_GAP)
		len = lost_line(walker->line, walker->line_size, row, text);
	else
		len = memlog_json_record(walker->line, walker->line_size, &row->rec, text, NULL);
	put(sink, walker->line, len);
	put(sink, "\n", 1);
	return 0;
}

static int put_damaged(struct sink *sink, struct walker *walker, enum render_form form)
{
	static const struct archive_row row = {
		.rec = { .len = sizeof(DAMAGED_TEXT) - 1 },
	};
	char line[64];
	int len;

	if (form == RENDER_TEXT) {
		put_text(sink, &walker->at, &row, DAMAGED_TEXT);
		return 0;
	}
	len = snprintf(line, sizeof(line), "{\"damaged\":{\"row\":%llu}}\n",
		       (unsigned long long)walker->row);
	put(sink, line, (size_t)len);
	return 0;
}

/* What may be otherwise when asked again; all else is the archive's own fault. */
static bool passes(int err)
{
	return err == -ENOMEM || err == -EMFILE || err == -ENFILE || err == -EINTR;
}

/* Reads rows ahead. Return: 1, 0 there is none, or -errno. */
static int look_ahead(struct walker *walker)
{
	int n;

	walker->next = 0;
	walker->count = 0;
	walker->damaged = false;
	for (;;) {
		n = archive_day_read(walker->day, walker->row, walker->rows, WALK_ROWS,
				     walker->buf, walker->size, false);
		if (n != -ENOBUFS)
			break;
		free(walker->buf);
		walker->size = walker->rows[0].rec.len;
		walker->buf = malloc(walker->size);
		if (!walker->buf) {
			walker->size = 0;
			return -ENOMEM;
		}
	}
	walker->damaged = n < 0 && !passes(n);
	if (n <= 0 && !walker->damaged)
		return n;
	walker->count = walker->damaged ? 1 : (unsigned int)n;
	walker->text = walker->buf;
	return 1;
}

/* The next row; the walker stays before it until step() was called. */
static int put_row(struct sink *sink, struct walker *walker, enum render_form form)
{
	const struct archive_row *row = &walker->rows[walker->next];

	if (walker->damaged)
		return put_damaged(sink, walker, form);
	if (form == RENDER_JSON)
		return put_json(sink, walker, row, walker->text);
	put_text(sink, &walker->at, row, walker->text);
	return 0;
}

static void step(struct walker *walker, uint64_t bytes)
{
	const struct archive_row *row = &walker->rows[walker->next++];

	walker->at.offset += bytes;
	walker->row++;
	if (walker->damaged)
		return;
	walker->at.stream = row->stream;
	walker->text += row->rec.len;
}

static void walker_free(struct walker *walker)
{
	if (!walker)
		return;
	archive_day_close(walker->day);
	free(walker->buf);
	free(walker->line);
	free(walker);
}

/* -ESTALE if the day is not the one that was counted. */
static int check_same(const struct render *render, const struct stat *st)
{
	return st->st_dev == render->dev && st->st_ino == render->ino ? 0 : -ESTALE;
}

static int walker_new(struct walker **walkerp, const struct render *render)
{
	struct walker *walker = calloc(1, sizeof(*walker));
	struct stat st;
	int err;

	if (!walker)
		return -ENOMEM;
	walker->size = WALK_BYTES;
	walker->buf = malloc(walker->size);
	err = walker->buf ? archive_day_open(&walker->day, render->dirfd, render->date) : -ENOMEM;
	if (!err && fstat(archive_day_dirfd(walker->day), &st))
		err = -errno;
	if (!err)
		err = check_same(render, &st);
	if (err)
		walker_free(walker);
	else
		*walkerp = walker;
	return err;
}

static void walker_move(struct walker *walker, uint64_t row, const struct mark *at)
{
	walker->row = row;
	walker->at = *at;
	walker->next = 0;
	walker->count = 0;
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
	struct sink sink = { 0 };
	struct mark before;
	int ret = 1;

	if (walker->next == walker->count)
		ret = look_ahead(walker);
	if (ret <= 0)
		return ret;
	if (walker->row == render->entries * TABLE_ROWS) {
		ret = add_entry(render, &walker->at);
		if (ret)
			return ret;
	}
	before = walker->at;
	ret = put_row(&sink, walker, render->form);
	if (ret) {
		walker->at = before;
		return ret;
	}
	step(walker, sink.total);
	return 1;
}

static int wake_counter(struct render *render)
{
	int err;

	if (render->counter)
		return archive_day_refresh(render->counter->day);
	err = walker_new(&render->counter, render);
	if (!err)
		walker_move(render->counter, render->rows, &render->end);
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
		err = walker_new(&walker, render);
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

		if (walker->next == walker->count) {
			if (walker->row >= archive_day_rows(walker->day))
				ret = archive_day_refresh(walker->day);
			ret = ret < 0 ? ret : look_ahead(walker);
		}
		if (ret > 0)
			ret = put_row(sink, walker, form);
		else if (!ret)
			ret = -EIO;	/* it was counted, and is gone */
		if (ret)
			return ret;
		/* the rest of this row is the next read's */
		if (sink->len == sink->size) {
			walker->at = at;
			return 0;
		}
		step(walker, sink->total - before);
	}
	if (sink->len < sink->size && walker->at.open)
		put(sink, "\n", 1);
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
