// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <memlog.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "walker.h"

#define DAMAGED_TEXT	"memlog: damaged record\n"

void sink_put(struct sink *sink, const char *bytes, size_t n)
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
		sink_put(sink, "\n", 1);
	sink_put(sink, text, len);
	at->open = row->rec.flags & MEMLOG_PARTIAL && len && text[len - 1] != '\n';
	if (!at->open && (!len || text[len - 1] != '\n'))
		sink_put(sink, "\n", 1);
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
		sink_put(sink, walker->line, len);
	}
	if (row->rec.type == ARCHIVE_TYPE_GAP)
		len = lost_line(walker->line, walker->line_size, row, text);
	else
		len = memlog_json_record(walker->line, walker->line_size, &row->rec, text, NULL);
	sink_put(sink, walker->line, len);
	sink_put(sink, "\n", 1);
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
	sink_put(sink, line, (size_t)len);
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

int walker_put(struct walker *walker, enum render_form form, struct sink *sink)
{
	struct mark before = walker->at;
	int ret = 1;

	if (walker->next == walker->count)
		ret = look_ahead(walker);
	if (ret <= 0)
		return ret;
	ret = put_row(sink, walker, form);
	if (ret)
		walker->at = before;
	return ret ? ret : 1;
}

void walker_step(struct walker *walker, uint64_t bytes)
{
	const struct archive_row *row = &walker->rows[walker->next++];

	walker->at.offset += bytes;
	walker->row++;
	if (walker->damaged)
		return;
	walker->at.stream = row->stream;
	walker->text += row->rec.len;
}

void walker_free(struct walker *walker)
{
	if (!walker)
		return;
	archive_day_close(walker->day);
	free(walker->buf);
	free(walker->line);
	free(walker);
}

int walker_new(struct walker **walkerp, int dirfd, uint32_t date)
{
	struct walker *walker = calloc(1, sizeof(*walker));
	int err;

	if (!walker)
		return -ENOMEM;
	walker->size = WALK_BYTES;
	walker->buf = malloc(walker->size);
	err = walker->buf ? archive_day_open(&walker->day, dirfd, date) : -ENOMEM;
	if (err)
		walker_free(walker);
	else
		*walkerp = walker;
	return err;
}

void walker_move(struct walker *walker, uint64_t row, const struct mark *at)
{
	walker->row = row;
	walker->at = *at;
	walker->next = 0;
	walker->count = 0;
}
