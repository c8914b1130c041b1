// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Rows of an archive as a reader's batch. Their checksums are verified. What is
 * missing, a gap or damaged is passed over: where the next good row of the stream
 * begins tells exactly what that was.
 */
#include <errno.h>

#include "history.h"
#include "private.h"

/* Bytes of descriptors in front of the texts. */
#define DESCS_SIZE	(HISTORY_ROWS * sizeof(struct memlog_record))

/* Where what is known so far ends, given or not. */
static u64 known_end(const struct memlog_reader *reader)
{
	return max_of(reader->cur.seq, reader->history->gap.seq);
}

static void pass_over(struct memlog_reader *reader, u64 seq, u64 pos, bool pos_known)
{
	struct memlog_history *history = reader->history;

	if (seq <= known_end(reader))
		return;
	history->gap_unknown = !pos_known || pos < reader->cur.pos;
	history->gap.seq = seq;
	history->gap.pos = pos;
}

/* A gap row: its text says how many were lost. */
static void pass_gap(struct memlog_reader *reader, const struct archive_row *row,
		     const char *text)
{
	uint64_t records, bytes;

	if (archive_gap_parse(text, row->rec.len, &records, &bytes))
		return;
	if (records <= ~0ULL - row->rec.seq)
		pass_over(reader, row->rec.seq + records, row->rec.pos + bytes, true);
}

/* A row that can't be read, as far as one can see what it was. */
static int pass_damaged(struct memlog_reader *reader, struct archive_day *day, u64 number)
{
	uint8_t index[ARCHIVE_INDEX_SIZE], meta[ARCHIVE_META_SIZE];
	u64 seq = known_end(reader);
	struct archive_row row;
	int err;

	if (!archive_day_has_meta(day)) {
		if (number >= seq)
			pass_over(reader, number + 1, 0, false);
		return 0;
	}
	err = archive_day_raw(day, number, 1, index, meta);
	if (err)
		return err == -EBADMSG ? 0 : err;
	/* If it begins another stream, that is told as lost from its first record on. */
	if (archive_meta_stream(meta) != reader->stream || seq == ~0ULL)
		return 0;
	if (!archive_day_row(day, number, &row) && row.rec.seq == seq &&
	    row.rec.type != ARCHIVE_TYPE_GAP)
		pass_over(reader, seq + 1, row.rec.pos + row.rec.len, true);
	else
		pass_over(reader, seq + 1, 0, false);
	return 0;
}

/* Tells what was passed over, because nothing of this stream follows now. */
static int flush_gap(struct memlog_reader *reader)
{
	struct memlog_history *history = reader->history;

	reader->cur.seq = history->gap.seq;
	if (history->gap_unknown)
		reader->pos_unknown = true;
	else
		reader->cur.pos = history->gap.pos;
	history->gap.seq = 0;
	return 0;
}

static bool has_gap(const struct memlog_reader *reader)
{
	return reader->history->gap.seq > reader->cur.seq;
}

static bool is_gap(const struct memlog_reader *reader, const struct archive_row *row)
{
	return row->rec.type == ARCHIVE_TYPE_GAP &&
	       archive_day_has_meta(reader->history->cursor.day);
}

/* How many of the rows from @i on make up one batch. */
static unsigned int count_batch(const struct memlog_reader *reader, unsigned int i,
				unsigned int count)
{
	const struct archive_row *row = &reader->history->rows[i];
	unsigned int n;

	for (n = 1; i + n < count; n++, row++) {
		if (row[1].stream != row->stream || is_gap(reader, &row[1]) ||
		    row[1].rec.seq != row->rec.seq + 1 ||
		    row[1].rec.pos != row->rec.pos + row->rec.len)
			break;
	}
	return n;
}

/* The batch begins at row @i, whose text is at @text. */
static int take_batch(struct memlog_reader *reader, unsigned int i, unsigned int count,
		      const char *text)
{
	struct memlog_history *history = reader->history;
	struct memlog_record *descs = (struct memlog_record *)reader->buf;
	const struct archive_row *rows = &history->rows[i];
	unsigned int n;

	if (rows->rec.seq > reader->cur.seq && rows->rec.pos < reader->cur.pos)
		reader->pos_unknown = true;
	count = count_batch(reader, i, count);
	for (n = 0; n < count; n++) {
		descs[n] = rows[n].rec;
		/* Others' programs know no gaps. */
		if (descs[n].type == ARCHIVE_TYPE_GAP)
			descs[n].type = MEMLOG_TYPE_TEXT;
	}
	reader->descs = descs;
	reader->text = text;
	reader->text_pos = rows->rec.pos;
	reader->at = 0;
	reader->filled = count;
	reader->cur.seq = rows[count - 1].rec.seq + 1;
	reader->cur.pos = rows[count - 1].rec.pos + rows[count - 1].rec.len;
	history->cursor.row += count;
	history->gap.seq = 0;
	return 1;
}

/* A row that is not next: the ring may have what is in between. */
static int look_in_ring(struct memlog_reader *reader, u64 seq)
{
	u64 before = reader->cur.seq;
	int ret = memlog_history_enter_before(reader, seq);

	if (ret <= 0)
		return ret;
	/* What the ring had no more either is told first. */
	return reader->cur.seq > before ? AT_LOSS : GO_ON;
}

/* The next row is of another stream. */
static int reach_boundary(struct memlog_reader *reader, const struct archive_row *row)
{
	int ret = look_in_ring(reader, ~0ULL);

	if (ret)
		return ret;
	if (has_gap(reader))
		return flush_gap(reader);
	reader->history->boundary = true;
	reader->history->next = *row;
	return 0;
}

static int take_rows(struct memlog_reader *reader, unsigned int count, const char *text)
{
	struct memlog_history *history = reader->history;
	int ret;

	for (unsigned int i = 0; i < count; i++) {
		const struct archive_row *row = &history->rows[i];

		if (row->stream != reader->stream)
			return reach_boundary(reader, row);
		if (is_gap(reader, row)) {
			pass_gap(reader, row, text);
		} else if (row->rec.seq >= reader->cur.seq && row->rec.seq != ~0ULL) {
			ret = row->rec.seq == reader->cur.seq ? 0 :
			      look_in_ring(reader, row->rec.seq);
			if (ret)
				return ret;
			return take_batch(reader, i, count, text);
		}
		history->cursor.row++;
		text += row->rec.len;
	}
	return GO_ON;
}

/*
 * In a day that is being written without meta, the last row may be there before its
 * bytes are.
 */
static bool may_come(const struct archive_cursor *cursor)
{
	return !archive_day_has_meta(cursor->day) && !archive_day_finished(cursor->day) &&
	       cursor->row + 1 == archive_day_rows(cursor->day) &&
	       cursor->count && cursor->dates[cursor->count - 1] <= cursor->date;
}

/* Rows up to the end, if there is one. */
static unsigned int rows_wanted(const struct memlog_reader *reader)
{
	const struct memlog_history *history = reader->history;
	const struct archive_cursor *cursor = &history->cursor;
	u64 left;

	if (reader->follow || history->ring)
		return HISTORY_ROWS;
	if (cursor->date > history->end_date)
		return 0;
	if (cursor->date < history->end_date)
		return HISTORY_ROWS;
	left = history->end_row - min_of(cursor->row, history->end_row);
	return (unsigned int)min_of(left, (u64)HISTORY_ROWS);
}

static int at_end(struct memlog_reader *reader)
{
	int ret;

	if (!has_gap(reader))
		return AT_END;
	ret = look_in_ring(reader, reader->history->gap.seq);
	return ret ? ret : flush_gap(reader);
}

static int read_rows(struct memlog_reader *reader, unsigned int count)
{
	struct memlog_history *history = reader->history;
	struct archive_cursor *cursor = &history->cursor;
	int ret;

	ret = memlog_reader_reserve(reader, DESCS_SIZE + HISTORY_TEXT);
	if (ret)
		return ret;
	ret = archive_day_read(cursor->day, cursor->row, history->rows, count,
			       reader->buf + DESCS_SIZE, reader->buf_size - DESCS_SIZE, true);
	if (ret == -ENOBUFS) {
		ret = memlog_reader_reserve(reader, DESCS_SIZE + history->rows[0].rec.len);
		return ret ? ret : GO_ON;
	}
	if (ret == -EBADMSG) {
		if (may_come(cursor))
			return at_end(reader);
		ret = pass_damaged(reader, cursor->day, cursor->row);
		cursor->row++;
		return ret ? ret : GO_ON;
	}
	if (ret <= 0)
		return ret ? ret : at_end(reader);
	return take_rows(reader, (unsigned int)ret, reader->buf + DESCS_SIZE);
}

int memlog_history_rows(struct memlog_reader *reader)
{
	struct memlog_history *history = reader->history;
	unsigned int count;
	int ret;

	ret = archive_cursor_look(&history->cursor);
	if (ret == -ESTALE) {
		ret = memlog_history_relocate(reader);
		return ret ? ret : GO_ON;
	}
	if (ret < 0)
		return ret;
	count = ret ? rows_wanted(reader) : 0;
	if (!count)
		return at_end(reader);
	return read_rows(reader, count);
}
