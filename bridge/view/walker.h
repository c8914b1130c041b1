/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A walker goes through a day's rows and puts what they become into a sink, which
 * counts where it has no room. Sizes and bytes come from the same function: they
 * can't differ.
 */
#ifndef VIEW_WALKER_H
#define VIEW_WALKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../libmemlog/archive/day.h"
#include "../list.h"
#include "render.h"

/* A walker reads ahead so many rows and bytes of text. */
#define WALK_ROWS	1024
#define WALK_BYTES	(256U << 10)

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
 * @link: For its owner.
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

/* Opens @date of the archive @dirfd, at its first row. 0 or as archive_day_open(). */
int walker_new(struct walker **walkerp, int dirfd, uint32_t date);
void walker_free(struct walker *walker);

/* Puts it before @row. */
void walker_move(struct walker *walker, uint64_t row, const struct mark *at);

/**
 * walker_put() - Put the next row into a sink.
 * @walker: It stays before the row, which is the next one until walker_step().
 * @form: As what.
 * @sink: Where.
 *
 * Return: 1; 0 there is no row; or -errno, with nothing put.
 */
int walker_put(struct walker *walker, enum render_form form, struct sink *sink);

/* Goes over that row, which became so many bytes. */
void walker_step(struct walker *walker, uint64_t bytes);

void sink_put(struct sink *sink, const char *bytes, size_t n);

#endif /* VIEW_WALKER_H */
