/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Days of an archive made by hand, row by row, so that what reads them is tested
 * against the format and not against what writes them.
 */
#ifndef TESTS_ARCHIVE_MAKE_DAY_H
#define TESTS_ARCHIVE_MAKE_DAY_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/day.h"
#include "archive/times.h"

#define SEC	1000000000ULL

/**
 * struct maker - A day that is being made.
 * @dir: Its folder.
 * @meta: NULL: it has none.
 * @times: NULL: likewise.
 */
struct maker {
	char dir[160];
	FILE *index, *data, *meta, *times;
	uint16_t file;
	uint64_t rows, offset, max_time;
};

static inline FILE *maker_file(const struct maker *maker, const char *name)
{
	char path[200];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", maker->dir, name);
	file = fopen(path, "w");
	if (!file || setvbuf(file, NULL, _IOFBF, 1 << 20))
		abort();
	return file;
}

static inline void maker_open(struct maker *maker, const char *archive, uint32_t date,
			      bool meta, bool times)
{
	uint8_t head[16];

	memset(maker, 0, sizeof(*maker));
	snprintf(maker->dir, sizeof(maker->dir), "%s/%08u", archive, date);
	mkdir(archive, 0700);
	if (mkdir(maker->dir, 0700))
		abort();
	if (meta) {
		maker->meta = maker_file(maker, "meta");
		archive_meta_head_put(head);
		fwrite(head, sizeof(head), 1, maker->meta);
		fflush(maker->meta);
	}
	if (times) {
		maker->times = maker_file(maker, "times");
		archive_times_head_put(head);
		fwrite(head, sizeof(head), 1, maker->times);
	}
	maker->data = maker_file(maker, "data000000");
	maker->index = maker_file(maker, "index");
}

static inline void maker_next_file(struct maker *maker)
{
	char name[16];

	fclose(maker->data);
	maker->file++;
	maker->offset = 0;
	snprintf(name, sizeof(name), "data%06u", maker->file);
	maker->data = maker_file(maker, name);
}

static inline void maker_time(struct maker *maker, uint64_t ns)
{
	uint8_t entry[ARCHIVE_TIMES_SIZE];

	if (ns > maker->max_time)
		maker->max_time = ns;
	if (!maker->times || maker->rows % ARCHIVE_TIMES_ROWS)
		return;
	archive_times_put(entry, maker->max_time);
	fwrite(entry, sizeof(entry), 1, maker->times);
}

/* rec->type and len count. */
static inline void maker_put(struct maker *maker, uint64_t stream,
			     const struct memlog_record *rec, const char *text)
{
	struct archive_index row = { .type = rec->type };
	struct archive_head head = { .time = rec->time_ns / SEC, .len = rec->len };
	uint8_t index[ARCHIVE_INDEX_SIZE], data[ARCHIVE_HEAD_SIZE], meta[ARCHIVE_META_SIZE];

	if (maker->rows && maker->rows % ARCHIVE_FILE_ROWS == 0)
		maker_next_file(maker);
	row.file = maker->file;
	row.offset = maker->offset;
	archive_index_put(index, &row);
	archive_head_put(data, &head);
	fwrite(data, sizeof(data), 1, maker->data);
	fwrite(text, rec->len, 1, maker->data);
	fwrite(index, sizeof(index), 1, maker->index);
	if (maker->meta) {
		archive_meta_put(meta, stream, rec);
		archive_meta_set_sum(meta, archive_row_sum(index, data, text, rec->len, meta));
		fwrite(meta, sizeof(meta), 1, maker->meta);
	}
	maker->rows++;
	maker->offset += sizeof(data) + rec->len;
	maker_time(maker, rec->time_ns);
}

static inline void maker_gap(struct maker *maker, uint64_t stream, uint64_t seq,
			     uint64_t pos, uint64_t records, uint64_t bytes, uint64_t ns)
{
	struct memlog_record rec = { .seq = seq, .pos = pos, .time_ns = ns,
				     .type = ARCHIVE_TYPE_GAP };
	char text[ARCHIVE_GAP_ROOM];

	rec.len = archive_gap_text(text, records, bytes);
	maker_put(maker, stream, &rec, text);
}

/* In the order in which they are there. */
static inline void maker_flush(struct maker *maker)
{
	fflush(maker->data);
	fflush(maker->index);
	if (maker->meta)
		fflush(maker->meta);
	if (maker->times)
		fflush(maker->times);
}

static inline void maker_finish(struct maker *maker)
{
	maker_flush(maker);
	fclose(maker_file(maker, "finish"));
}

static inline void maker_close(struct maker *maker)
{
	maker_flush(maker);
	fclose(maker->data);
	fclose(maker->index);
	if (maker->meta)
		fclose(maker->meta);
	if (maker->times)
		fclose(maker->times);
}

#endif /* TESTS_ARCHIVE_MAKE_DAY_H */
