// SPDX-License-Identifier: GPL-2.0-only
/*
 * memlog archive import: what becomes of a line. Where lines name a day, rows go
 * there with all they are; else the archive's writer finds the day, and numbers
 * that are missing become a gap.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>

#include "archive.h"
#include "archive_import.h"

static void open_writer(struct import *import)
{
	const struct archive_end *end;
	int err;

	if (import->writer)
		return;
	err = archive_writer_open(&import->writer, import->dir, &import->options);
	if (err) {
		import->writer = NULL;
		import_die(import, "%s can't be written", import->dir);
	}
	end = archive_writer_end(import->writer);
	import->known = end->stream;
	import->seq = end->seq;
	import->pos = end->pos;
}

static void finish_day(struct import *import)
{
	int err;

	import_commit(import);
	err = archive_finish(import->writer);
	if (err)
		import_die(import, "the day can't be finished: %s", strerror(-err));
}

void import_end_day(struct import *import)
{
	const struct archive_end *end;

	if (!import->date || !import->begun)
		return;
	end = archive_writer_end(import->writer);
	/* One before days that are there is complete when its rows are. */
	if (import->finish || end->date > import->date)
		finish_day(import);
	import->begun = false;
}

/* Where the rows of a day that is there go on. */
static void find_place(struct import *import, uint64_t rows)
{
	struct archive_row last;
	struct archive_day *day;
	struct folder folder;
	int err;

	import->row = rows;
	import->offset = 0;
	if (!rows)
		return;
	folder_open(&folder, import->dir);
	err = archive_day_open(&day, folder.dirfd, import->date);
	if (!err) {
		err = archive_day_row(day, rows - 1, &last);
		archive_day_close(day);
	}
	folder_close(&folder);
	if (err)
		import_die(import, "the end of day %08u can't be read: %s", import->date,
			   strerror(-err));
	import->offset = last.index.offset + ARCHIVE_HEAD_SIZE + last.rec.len;
}

static void begin_day(struct import *import)
{
	const struct archive_end *end;

	import_commit(import);
	end = archive_writer_end(import->writer);
	if (end->date && !end->finished && end->date < import->date)
		finish_day(import);
	end = archive_writer_end(import->writer);
	if (end->date == import->date && end->finished)
		import_die(import, "day %08u is there already, and finished", import->date);
	find_place(import, end->date == import->date ? end->rows : 0);
	import->begun = true;
}

static void day_refused(struct import *import, int err)
{
	switch (-err) {
	case EINVAL:
		import_die(import, "day %08u is there already, or is not finished",
			   import->date);
	case EBADMSG:
		import_die(import, "day %08u is there, %s meta", import->date,
			   import->meta ? "without" : "with");
	default:
		import_die(import, "%s", strerror(-err));
	}
}

/* A row of the day that was named. */
static void add_to_day(struct import *import, uint64_t stream,
		       const struct memlog_record *rec, const char *text)
{
	struct archive_head head = { (uint32_t)(rec->time_ns / NSEC_PER_SEC), rec->len };
	uint8_t at_index[ARCHIVE_INDEX_SIZE], at_head[ARCHIVE_HEAD_SIZE];
	uint8_t meta[ARCHIVE_META_SIZE];
	struct archive_index index = { .type = rec->type };
	int err;

	if (!import->begun)
		begin_day(import);
	if (import->row / ARCHIVE_FILE_ROWS >= ARCHIVE_FILES_MAX)
		import_die(import, "a day can't have more rows");
	index.file = (uint16_t)(import->row / ARCHIVE_FILE_ROWS);
	index.offset = import->row % ARCHIVE_FILE_ROWS ? import->offset : 0;
	archive_index_put(at_index, &index);
	archive_head_put(at_head, &head);
	archive_meta_put(meta, stream, rec);
	archive_meta_set_sum(meta, archive_row_sum(at_index, at_head, text, rec->len, meta));
	do {
		err = archive_append_row(import->writer, import->date, at_index, at_head,
					 text, rec->len, import->meta ? meta : NULL);
		if (err == -ENOBUFS)
			import_commit(import);
	} while (err == -ENOBUFS);
	if (err)
		day_refused(import, err);
	import->row++;
	import->offset = index.offset + ARCHIVE_HEAD_SIZE + rec->len;
}

static void add_record(struct import *import, uint64_t stream,
		       const struct memlog_record *rec, const char *text)
{
	int err;

	import->total++;
	if (import->date) {
		add_to_day(import, stream, rec, text);
		return;
	}
	do {
		err = archive_append(import->writer, stream, rec, text);
		if (err == -ENOBUFS)
			import_commit(import);
	} while (err == -ENOBUFS);
	if (err == -EINVAL && rec->type == ARCHIVE_TYPE_GAP)
		import_die(import, "type 65535 is that of a gap, which {\"lost\":...} is");
	if (err == -EBADMSG)
		import_die(import, "the newest day has no meta: \"memlog archive repair "
			   "--add-meta %s\" gives it one", import->dir);
	if (err)
		import_die(import, "%s", strerror(-err));
}

/* As archive_append_gap() makes it, which has no day to say. */
static void add_gap(struct import *import, uint64_t stream, const struct memlog_loss *loss,
		    uint64_t pos, uint64_t time_ns)
{
	struct memlog_record rec = {
		.seq = loss->from_seq, .pos = pos, .time_ns = time_ns,
		.type = ARCHIVE_TYPE_GAP, .pid = MEMLOG_ID_NONE, .uid = MEMLOG_ID_NONE,
		.pri = MEMLOG_PRI_DEFAULT, .comm = "memlog",
	};
	char text[ARCHIVE_GAP_ROOM];
	int err;

	if (import->date) {
		rec.len = (uint32_t)archive_gap_text(text, loss->records, loss->bytes);
		add_record(import, stream, &rec, text);
		return;
	}
	import->total++;
	do {
		err = archive_append_gap(import->writer, stream, pos, loss, time_ns);
		if (err == -ENOBUFS)
			import_commit(import);
	} while (err == -ENOBUFS);
	if (err)
		import_die(import, "%s", strerror(-err));
}

static uint64_t made_up_stream(struct import *import)
{
	uint64_t stream = 0;

	while (!stream)
		if (getrandom(&stream, sizeof(stream), 0) != sizeof(stream))
			import_die(import, "no random number to be had");
	return stream;
}

/*
 * The next row is record @seq: what is missing before it becomes a gap. It is at
 * @pos, if that is not NULL.
 */
static void go_on_at(struct import *import, uint64_t seq, const __u64 *pos,
		     uint64_t time_ns)
{
	struct memlog_loss loss = { .from_seq = import->seq };

	if (!import->stream)
		import->stream = made_up_stream(import);
	if (import->stream != import->known) {
		import->known = import->stream;
		import->seq = seq;
		import->pos = 0;
	}
	if (seq < import->seq)
		import_die(import, "record %" PRIu64 " of stream %016" PRIx64 " is there "
			   "already: next is %" PRIu64, seq, import->stream, import->seq);
	if (seq > import->seq) {
		loss.to_seq = seq - 1;
		loss.records = seq - import->seq;
		loss.bytes = pos && *pos > import->pos ? *pos - import->pos : 0;
		add_gap(import, import->stream, &loss, import->pos, time_ns);
		import->pos += loss.bytes;
	}
	if (pos)
		import->pos = *pos;
	import->seq = seq;
}

static uint64_t time_of(const struct import *import, const struct line *line)
{
	if (line->has_time)
		return line->rec.time_ns;
	return import->time_set ? import->like.time_ns : now_ns();
}

/* The number of a row that does not say it. */
static uint64_t next_seq(const struct import *import)
{
	return import->stream && import->stream == import->known ? import->seq : 0;
}

static void take_record(struct import *import, const struct line *line)
{
	struct memlog_record rec = line->rec;
	uint64_t seq = line->has_seq ? rec.seq : next_seq(import);

	rec.time_ns = time_of(import, line);
	if (import->date && !import->meta) {
		add_record(import, 0, &rec, line->text);
		return;
	}
	go_on_at(import, seq, line->has_pos ? &line->rec.pos : NULL, rec.time_ns);
	rec.seq = seq;
	rec.pos = import->pos;
	add_record(import, import->stream, &rec, line->text);
	import->seq++;
	import->pos += rec.len;
}

static void take_loss(struct import *import, const struct line *line)
{
	const struct memlog_loss *loss = &line->loss;
	uint64_t time_ns = time_of(import, line);

	go_on_at(import, loss->from_seq, line->has_pos ? &line->rec.pos : NULL, time_ns);
	add_gap(import, import->stream, loss, import->pos, time_ns);
	import->seq = loss->to_seq + 1;
	import->pos += loss->bytes;
}

void import_line(struct import *import, const struct line *line)
{
	switch (line->kind) {
	case LINE_DAY:
		import_end_day(import);
		import->date = line->date;
		import->meta = line->meta;
		import->finish = line->finished;
		import->day_at = import->line;
		break;
	case LINE_STREAM:
		import->stream = line->stream;
		import->stream_at = import->line;
		break;
	case LINE_ENDED:
		import->stream = 0;
		break;
	case LINE_RECORD:
		open_writer(import);
		take_record(import, line);
		break;
	case LINE_LOST:
		open_writer(import);
		take_loss(import, line);
		break;
	}
}
