// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Rows gathered in memory, as they will stand in the files.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "writing.h"

/* What a batch keeps between commits; one that held more gives it back. */
#define ROOM_KEPT	(ARCHIVE_BATCH_BYTES + (64U << 10))

void archive_batch_clear(struct archive_batch *batch)
{
	if (batch->room > ROOM_KEPT) {
		free(batch->data);
		batch->data = NULL;
		batch->room = 0;
	}
	batch->rows = 0;
	batch->len = 0;
}

void archive_batch_begin(struct archive_batch *batch, const struct archive_files *day,
			 uint32_t date, bool has_meta)
{
	bool goes_on = day->date == date;

	batch->date = date;
	batch->raw = false;
	batch->part = false;
	batch->has_meta = has_meta;
	batch->rows = 0;
	batch->base = goes_on ? day->rows : 0;
	batch->offset = goes_on ? day->data.size : 0;
	batch->split = SIZE_MAX;
	batch->len = 0;
}

bool archive_batch_full(const struct archive_batch *batch, size_t len)
{
	return batch->rows == ARCHIVE_BATCH_ROWS ||
	       (batch->rows && batch->len + ARCHIVE_HEAD_SIZE + len > ARCHIVE_BATCH_BYTES);
}

int archive_batch_place(const struct archive_batch *batch, struct archive_index *index)
{
	uint64_t row = batch->base + batch->rows;

	if (row / ARCHIVE_FILE_ROWS >= ARCHIVE_FILES_MAX)
		return -EFBIG;
	index->file = row / ARCHIVE_FILE_ROWS;
	index->offset = row % ARCHIVE_FILE_ROWS ? batch->offset : 0;
	return 0;
}

static int make_room(struct archive_batch *batch, size_t len)
{
	size_t need = batch->len + ARCHIVE_HEAD_SIZE + len;
	uint8_t *data;

	if (need <= batch->room)
		return 0;
	if (need < ROOM_KEPT)
		need = ROOM_KEPT;
	data = realloc(batch->data, need);
	if (!data)
		return -ENOMEM;
	batch->data = data;
	batch->room = need;
	return 0;
}

int archive_batch_add(struct archive_batch *batch, uint16_t type,
		      const struct archive_head *head, const char *text,
		      const uint8_t meta[ARCHIVE_META_SIZE])
{
	uint8_t *at_index = batch->index + batch->rows * ARCHIVE_INDEX_SIZE;
	uint8_t *at_meta = batch->meta + batch->rows * ARCHIVE_META_SIZE;
	struct archive_index index = { .type = type };
	uint8_t *at;
	int err;

	err = archive_batch_place(batch, &index);
	if (!err)
		err = make_room(batch, head->len);
	if (err)
		return err;
	if (!index.offset)
		batch->split = batch->base + batch->rows ? batch->len : SIZE_MAX;
	at = batch->data + batch->len;
	archive_index_put(at_index, &index);
	archive_head_put(at, head);
	memcpy(at + ARCHIVE_HEAD_SIZE, text, head->len);
	if (batch->has_meta) {
		memcpy(at_meta, meta, ARCHIVE_META_SIZE);
		archive_meta_set_sum(at_meta,
				     archive_row_sum(at_index, at, text, head->len, at_meta));
	}
	batch->len += ARCHIVE_HEAD_SIZE + head->len;
	batch->offset = index.offset + ARCHIVE_HEAD_SIZE + head->len;
	batch->rows++;
	return 0;
}

void archive_batch_rebase(struct archive_batch *batch, const struct archive_files *day)
{
	unsigned int rows = batch->rows;
	const uint8_t *at = batch->data;
	size_t len = batch->len;

	archive_batch_begin(batch, day, batch->date, batch->has_meta);
	for (; batch->rows < rows; batch->rows++) {
		uint8_t *at_index = batch->index + batch->rows * ARCHIVE_INDEX_SIZE;
		uint8_t *at_meta = batch->meta + batch->rows * ARCHIVE_META_SIZE;
		struct archive_index index;
		struct archive_head head;

		archive_head_get(at, &head);
		archive_index_get(at_index, &index);
		archive_batch_place(batch, &index);
		if (!index.offset && batch->base + batch->rows)
			batch->split = at - batch->data;
		archive_index_put(at_index, &index);
		archive_meta_set_sum(at_meta,
				     archive_row_sum(at_index, at, at + ARCHIVE_HEAD_SIZE,
						     head.len, at_meta));
		at += ARCHIVE_HEAD_SIZE + head.len;
		batch->offset = index.offset + ARCHIVE_HEAD_SIZE + head.len;
	}
	batch->len = len;
}

void archive_end_pass(struct archive_end *end, uint64_t stream, const struct memlog_record *rec,
		      uint16_t type, const char *text, size_t len)
{
	uint64_t records = 1, bytes = len;

	if (type == ARCHIVE_TYPE_GAP && archive_gap_parse(text, len, &records, &bytes)) {
		records = 1;
		bytes = 0;
	}
	end->stream = stream;
	end->seq = rec->seq + records;
	end->pos = rec->pos + bytes;
}

void archive_end_pass_bare(struct archive_end *end, uint32_t date, uint64_t row, uint64_t len)
{
	uint64_t stream = 0;

	/* As archive_day_open() tells it: the date's digits, read as hexadecimal. */
	for (int shift = 0; date; date /= 10, shift += 4)
		stream |= (uint64_t)(date % 10) << shift;
	if (end->stream != stream || !row)
		end->pos = 0;
	end->stream = stream;
	end->seq = row + 1;
	end->pos += len;
}
