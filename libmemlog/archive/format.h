/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bytes of an archive, and nothing of files: the one place that makes and
 * takes apart rows.
 *
 * An archive is a folder of days, YYYYMMDD, and a day has (all big-endian)
 *
 *	index		12 bytes a row: int16 file number, int64 offset, int16 type
 *	dataNNNNNN	int16 19334, int32 time (s), int32 length, bytes; a
 *			million rows a file
 *	finish		empty: the day is complete, and never written again
 *	meta		16 bytes ahead, then 72 a row: see struct archive_meta
 *	times		a cache for searches by time, made again from meta where
 *			it is missing: see times.h
 *	cgroups		lines "ID PATH"
 *
 * index, data and finish are those of go-filelog v1. A row is there once its
 * meta is, or in a day without meta, its index: they are written in the order
 * data, index, meta.
 *
 * A row of type -1 is a gap: its text is the lost line, its seq and pos are those
 * of the first record lost, and how many were lost is in the text.
 */
#ifndef MEMLOG_ARCHIVE_FORMAT_H
#define MEMLOG_ARCHIVE_FORMAT_H

#include <memlog.h>
#include <stdbool.h>
#include <stdint.h>

#define ARCHIVE_INDEX_SIZE	12
#define ARCHIVE_HEAD_SIZE	10
#define ARCHIVE_META_HEAD	16
#define ARCHIVE_META_SIZE	72
#define ARCHIVE_DATA_MAGIC	19334
#define ARCHIVE_FILE_ROWS	1000000
#define ARCHIVE_FILES_MAX	32768
#define ARCHIVE_TYPE_GAP	0xffff

/*
 * Longest text of a row that we write or believe: nothing of ours is above 64 KiB,
 * but others' programs put whole documents in one.
 */
#define ARCHIVE_TEXT_MAX	(16U << 20)

/* Bytes of a gap's text at most. */
#define ARCHIVE_GAP_ROOM	80

/**
 * struct archive_index - A row of index.
 * @file: Number of its data file, 0 to 32767.
 * @offset: Where its data header is in that.
 * @type: Its type.
 */
struct archive_index {
	uint16_t file;
	uint64_t offset;
	uint16_t type;
};

/**
 * struct archive_head - What stands before a row's bytes in its data file.
 * @time: Seconds since 1970, its low 32 bits.
 * @len: Bytes that follow.
 */
struct archive_head {
	uint32_t time;
	uint32_t len;
};

void archive_index_put(uint8_t at[ARCHIVE_INDEX_SIZE], const struct archive_index *index);
/* -EBADMSG if it can't be: a negative number. */
int archive_index_get(const uint8_t at[ARCHIVE_INDEX_SIZE], struct archive_index *index);

void archive_head_put(uint8_t at[ARCHIVE_HEAD_SIZE], const struct archive_head *head);
/* -EBADMSG: no magic, or longer than ARCHIVE_TEXT_MAX. */
int archive_head_get(const uint8_t at[ARCHIVE_HEAD_SIZE], struct archive_head *head);

void archive_meta_head_put(uint8_t at[ARCHIVE_META_HEAD]);
/* -EBADMSG no meta of ours, -EPROTONOSUPPORT one of another version. */
int archive_meta_head_check(const uint8_t at[ARCHIVE_META_HEAD]);

/**
 * archive_meta_put() - Make a row's entry in meta, but for its checksum.
 * @at: Where.
 * @stream: The record's stream.
 * @rec: The record; its len and type are not in there.
 *
 * Order: stream, seq, pos, time_ns, cgroup; pid, uid; pri, flags, 0; checksum; comm.
 */
void archive_meta_put(uint8_t at[ARCHIVE_META_SIZE], uint64_t stream,
		      const struct memlog_record *rec);
/* Sets all of @rec but its len and type, which become 0. */
void archive_meta_get(const uint8_t at[ARCHIVE_META_SIZE], uint64_t *stream,
		      struct memlog_record *rec);

/* Single fields, for searches. */
uint64_t archive_meta_stream(const uint8_t at[ARCHIVE_META_SIZE]);
uint64_t archive_meta_seq(const uint8_t at[ARCHIVE_META_SIZE]);
uint64_t archive_meta_time(const uint8_t at[ARCHIVE_META_SIZE]);

/*
 * The checksum of a row: CRC-32C over its index row, its data header, its bytes,
 * and its meta entry with zeros where the checksum stands.
 */
uint32_t archive_row_sum(const uint8_t index[ARCHIVE_INDEX_SIZE],
			 const uint8_t head[ARCHIVE_HEAD_SIZE], const void *text,
			 size_t len, const uint8_t meta[ARCHIVE_META_SIZE]);
void archive_meta_set_sum(uint8_t at[ARCHIVE_META_SIZE], uint32_t sum);
uint32_t archive_meta_sum(const uint8_t at[ARCHIVE_META_SIZE]);

/* The text of a gap; returns its length. "memlog: lost N records, M bytes\n" */
size_t archive_gap_text(char text[ARCHIVE_GAP_ROOM], uint64_t records, uint64_t bytes);
/* -EBADMSG if it is none. */
int archive_gap_parse(const char *text, size_t len, uint64_t *records, uint64_t *bytes);

/* CRC-32C of @len more bytes; begins with 0. crc32c.c */
uint32_t archive_crc32c(uint32_t crc, const void *data, size_t len);
/* The same where the processor has no instruction for it. */
uint32_t archive_crc32c_tables(uint32_t crc, const void *data, size_t len);

#endif /* MEMLOG_ARCHIVE_FORMAT_H */
