// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What becomes rows of a batch: records, gaps, and rows of another archive.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <fcntl.h>

#include "writing.h"

static void begin(struct archive_writer *writer, uint32_t date, bool has_meta, bool part)
{
	struct archive_batch *batch = &writer->batch;

	archive_batch_begin(batch, &writer->day, date, has_meta);
	batch->part = part;
	if (part && writer->day.date != date)
		batch->end = (struct archive_end) { 0 };
	else
		batch->end = writer->end;
	batch->end.finished = false;
	if (!part)
		archive_rolling_set(writer, date);
}

static int add_record(struct archive_writer *writer, uint64_t stream,
		      const struct memlog_record *rec, uint16_t type, const char *text,
		      size_t len)
{
	struct archive_batch *batch = &writer->batch;
	struct archive_head head = { rec->time_ns / SECOND_NS, len };
	uint8_t meta[ARCHIVE_META_SIZE];
	uint32_t date;
	int err;

	if (len > ARCHIVE_TEXT_MAX)
		return -EMSGSIZE;
	if (writer->day.part)
		return -EINVAL;
	date = archive_rolling_date(writer, rec->time_ns);
	if (batch->rows && (batch->date != date || batch->raw ||
			    archive_batch_full(batch, len)))
		return -ENOBUFS;
	if (!batch->rows) {
		if (writer->day.date == date && writer->day.rows && !writer->day.has_meta)
			return -EBADMSG;
		begin(writer, date, true, false);
	}
	archive_meta_put(meta, stream, rec);
	err = archive_batch_add(batch, type, &head, text, meta);
	if (!err)
		archive_end_pass(&batch->end, stream, rec, type, text, len);
	return err;
}

int archive_append(struct archive_writer *writer, uint64_t stream,
		   const struct memlog_record *rec, const char *text)
{
	if (rec->type == ARCHIVE_TYPE_GAP)
		return -EINVAL;
	return add_record(writer, stream, rec, rec->type, text, rec->len);
}

int archive_append_gap(struct archive_writer *writer, uint64_t stream, uint64_t pos,
		       const struct memlog_loss *loss, uint64_t time_ns)
{
	struct memlog_record rec = {
		.seq = loss->from_seq, .pos = pos, .time_ns = time_ns,
		.pid = MEMLOG_ID_NONE, .uid = MEMLOG_ID_NONE, .pri = MEMLOG_PRI_DEFAULT,
		.comm = "memlog",
	};
	char text[ARCHIVE_GAP_ROOM];
	size_t len;

	if (!loss->records)
		return -EINVAL;
	len = archive_gap_text(text, loss->records, loss->bytes);
	return add_record(writer, stream, &rec, ARCHIVE_TYPE_GAP, text, len);
}

static bool exists(const struct archive_writer *writer, uint32_t date)
{
	char name[ARCHIVE_DATE_NAME];
	struct stat st;

	archive_date_name(name, date);
	return !fstatat(writer->dirfd, name, &st, AT_SYMLINK_NOFOLLOW);
}

/* May rows of another archive begin, or go on, in this day? */
static int begin_row(struct archive_writer *writer, uint32_t date, bool has_meta)
{
	const struct archive_files *day = &writer->day;
	bool part = writer->newest && date < writer->newest;

	if (day->date == date) {
		if (day->rows && day->has_meta != has_meta)
			return -EBADMSG;
		part = day->part;
	} else if (day->part || date == writer->newest || (part && exists(writer, date)) ||
		   (!part && writer->newest && !writer->newest_finished)) {
		return -EINVAL;
	}
	begin(writer, date, has_meta, part);
	return 0;
}

static int check_row(const uint8_t index_row[ARCHIVE_INDEX_SIZE],
		     const uint8_t head_row[ARCHIVE_HEAD_SIZE], const char *text, size_t len,
		     const uint8_t *meta, struct archive_index *index, struct archive_head *head)
{
	if (len > ARCHIVE_TEXT_MAX)
		return -EMSGSIZE;
	if (archive_index_get(index_row, index) || archive_head_get(head_row, head) ||
	    head->len != len)
		return -EBADMSG;
	if (meta && archive_meta_sum(meta) !=
	    archive_row_sum(index_row, head_row, text, len, meta))
		return -EBADMSG;
	return 0;
}

static void pass_row(struct archive_batch *batch, const struct archive_index *index,
		     const char *text, size_t len, const uint8_t *meta)
{
	struct memlog_record rec;
	uint64_t stream;

	if (meta) {
		archive_meta_get(meta, &stream, &rec);
		archive_end_pass(&batch->end, stream, &rec, index->type, text, len);
	} else {
		archive_end_pass_bare(&batch->end, batch->date, batch->base + batch->rows - 1, len);
	}
}

int archive_append_row(struct archive_writer *writer, uint32_t date,
		       const uint8_t index[ARCHIVE_INDEX_SIZE],
		       const uint8_t head[ARCHIVE_HEAD_SIZE], const char *text, size_t len,
		       const uint8_t *meta)
{
	struct archive_batch *batch = &writer->batch;
	struct archive_index here, wanted;
	struct archive_head parsed;
	int err;

	if (!archive_date_ok(date))
		return -EINVAL;
	err = check_row(index, head, text, len, meta, &wanted, &parsed);
	if (err)
		return err;
	if (batch->rows && (batch->date != date || !batch->raw || batch->has_meta != !!meta ||
			    archive_batch_full(batch, len)))
		return -ENOBUFS;
	if (!batch->rows)
		err = begin_row(writer, date, meta);
	if (!err)
		err = archive_batch_place(batch, &here);
	if (!err && (here.file != wanted.file || here.offset != wanted.offset))
		err = -EBADMSG;
	if (!err)
		err = archive_batch_add(batch, wanted.type, &parsed, text, meta);
	if (err)
		return err;
	batch->raw = true;
	pass_row(batch, &wanted, text, len, meta);
	return 0;
}
