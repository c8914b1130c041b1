// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows from the master into the archive. They were bounded by sync_wire.c; that
 * they are what they say, the archive's own checksums tell.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <zstd.h>

#include "replica_intake.h"

/* Memory that is kept for the next message; a long one's is not. */
#define ROOM_KEPT	(2 * SYNC_RAW_MAX)

static int make_room(struct intake *intake, size_t size)
{
	if (intake->room >= size && (size > ROOM_KEPT || intake->room <= ROOM_KEPT))
		return 0;
	if (size < SYNC_RAW_MAX)
		size = SYNC_RAW_MAX;
	free(intake->raw);
	intake->raw = malloc(size);
	intake->room = intake->raw ? size : 0;
	return intake->raw ? 0 : -ENOMEM;
}

int intake_unpack(struct intake *intake, const struct sync_message *message,
		  struct sync_piece *piece)
{
	*piece = (struct sync_piece){
		.row = message->row, .count = message->count,
		.bare = message->flags & SYNC_BARE, .index = message->bytes,
		.len = message->raw,
	};
	if (message->flags & SYNC_ZSTD) {
		size_t n;

		/* what a frame says of itself is looked at before there is memory for it */
		if (ZSTD_getFrameContentSize(message->bytes, message->len) != message->raw)
			return intake_wrong(intake, "rows of another length than it says");
		if (make_room(intake, message->raw))
			return -ENOMEM;
		n = ZSTD_decompressDCtx(intake->zstd, intake->raw, message->raw,
					message->bytes, message->len);
		if (ZSTD_isError(n) || n != message->raw)
			return intake_wrong(intake, "rows that can't be decompressed");
		piece->index = intake->raw;
	}
	return 0;
}

static int append(struct intake *intake, uint32_t date, const uint8_t *index,
		  const uint8_t *head, size_t len, const uint8_t *meta)
{
	const char *text = (const char *)head + ARCHIVE_HEAD_SIZE;
	int err = archive_append_row(intake->writer, date, index, head, text, len, meta);

	if (err != -ENOBUFS)
		return err;
	err = intake_commit(intake);
	return err ? err : archive_append_row(intake->writer, date, index, head, text, len, meta);
}

static int damaged(struct intake *intake, uint32_t date, uint64_t row, const uint8_t *meta)
{
	struct memlog_record rec;
	uint64_t stream = 0;

	if (!meta)
		return intake_wrong(intake, "the master's day %u is damaged: its record %llu does not stand behind the one before; memlog archive verify there tells more",
				    date, (unsigned long long)row);
	archive_meta_get(meta, &stream, &rec);
	return intake_wrong(intake, "the master's day %u is damaged in record %llu (%016llx:%llu); memlog archive verify there tells more",
			    date, (unsigned long long)row, (unsigned long long)stream,
			    (unsigned long long)rec.seq);
}

static int take_piece(struct intake *intake, uint32_t date, const struct sync_piece *piece)
{
	const uint8_t *meta = sync_piece_meta(piece), *data = sync_piece_data(piece);
	size_t left = sync_piece_data_len(piece);
	struct archive_head head;
	int err = 0;

	for (uint32_t i = 0; i < piece->count; i++) {
		const uint8_t *entry = piece->bare ? NULL : meta + i * ARCHIVE_META_SIZE;

		if (left < ARCHIVE_HEAD_SIZE || archive_head_get(data, &head) ||
		    head.len > left - ARCHIVE_HEAD_SIZE)
			return damaged(intake, date, piece->row + i, entry);
		err = append(intake, date, piece->index + i * ARCHIVE_INDEX_SIZE, data, head.len,
			     entry);
		if (err == -EBADMSG || err == -EINVAL)
			return damaged(intake, date, piece->row + i, entry);
		if (err)
			return err;
		data += ARCHIVE_HEAD_SIZE + head.len;
		left -= ARCHIVE_HEAD_SIZE + head.len;
	}
	if (left)
		return intake_wrong(intake, "bytes behind the last record of a message");
	intake->row_ns = piece->bare ? head.time * 1000000000ULL :
			 archive_meta_time(meta + (piece->count - 1) * ARCHIVE_META_SIZE);
	return sync_sum_add(&intake->sum, piece);
}

/* Whether @date is the day that may come now. */
static int enter_day(struct intake *intake, const struct sync_message *message)
{
	uint32_t date = message->date;
	int err;

	if (date == intake->sum.date && !intake->finished)
		return 0;
	if (date <= intake->sum.date)
		return intake_wrong(intake, "rows of day %u, which is complete here", date);
	if (date < intake->oldest || date > intake->newest)
		return intake_wrong(intake, "rows of day %u, which it has not announced", date);
	if (intake->only && date != intake->only)
		return intake_wrong(intake, "rows of day %u, which was not asked for", date);
	if (intake->sum.date && !intake->finished) {
		if (!intake->gone)
			return intake_wrong(intake, "rows of day %u before day %u is finished",
					    date, intake->sum.date);
		/* the rest of the day here is nowhere any more */
		err = intake_commit(intake);
		if (!err)
			err = archive_finish(intake->writer);
		if (err)
			return err;
		intake->lost_days++;
	}
	intake->finished = false;
	intake->gone = false;
	return sync_sum_reset(&intake->sum, date, 0);
}

int intake_rows(struct intake *intake, const struct sync_message *message)
{
	struct sync_piece piece;
	int err = enter_day(intake, message);

	if (err)
		return err;
	if (message->row != intake->sum.row)
		return intake_wrong(intake, "record %llu of day %u where %llu is next",
				    (unsigned long long)message->row, message->date,
				    (unsigned long long)intake->sum.row);
	err = intake_unpack(intake, message, &piece);
	if (!err)
		err = take_piece(intake, message->date, &piece);
	if (err)
		return err;
	intake->there = message->there;
	intake->records += message->count;
	intake->bytes += message->raw;
	intake->ack = true;
	return 0;
}
