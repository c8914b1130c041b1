// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Rows of an archive, made and taken apart.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "format.h"
#include "times.h"

#define META_MAGIC	"MLOGMETA"
#define TIMES_MAGIC	"MLOGTIME"
#define VERSION		1

/* Places in a row of meta. */
enum {
	META_STREAM = 0,
	META_SEQ = 8,
	META_POS = 16,
	META_TIME = 24,
	META_CGROUP = 32,
	META_PID = 40,
	META_UID = 44,
	META_PRI = 48,
	META_FLAGS = 49,
	META_ZERO = 50,
	META_SUM = 52,
	META_COMM = 56,
};

_Static_assert(META_COMM + MEMLOG_COMM_LEN == ARCHIVE_META_SIZE, "a row of meta");

void archive_index_put(uint8_t at[ARCHIVE_INDEX_SIZE], const struct archive_index *index)
{
	put16(at, index->file);
	put64(at + 2, index->offset);
	put16(at + 10, index->type);
}

int archive_index_get(const uint8_t at[ARCHIVE_INDEX_SIZE], struct archive_index *index)
{
	index->file = get16(at);
	index->offset = get64(at + 2);
	index->type = get16(at + 10);
	return index->file >= ARCHIVE_FILES_MAX || index->offset > INT64_MAX ? -EBADMSG : 0;
}

void archive_head_put(uint8_t at[ARCHIVE_HEAD_SIZE], const struct archive_head *head)
{
	put16(at, ARCHIVE_DATA_MAGIC);
	put32(at + 2, head->time);
	put32(at + 6, head->len);
}

int archive_head_get(const uint8_t at[ARCHIVE_HEAD_SIZE], struct archive_head *head)
{
	head->time = get32(at + 2);
	head->len = get32(at + 6);
	return get16(at) != ARCHIVE_DATA_MAGIC || head->len > ARCHIVE_TEXT_MAX ? -EBADMSG :
										  0;
}

/* Magic, version, and a number that goes with it. */
static void file_head_put(uint8_t *at, const char *magic, uint32_t number)
{
	memcpy(at, magic, 8);
	put32(at + 8, VERSION);
	put32(at + 12, number);
}

static int file_head_check(const uint8_t *at, const char *magic, uint32_t number)
{
	if (memcmp(at, magic, 8))
		return -EBADMSG;
	return get32(at + 8) != VERSION || get32(at + 12) != number ? -EPROTONOSUPPORT : 0;
}

void archive_meta_head_put(uint8_t at[ARCHIVE_META_HEAD])
{
	file_head_put(at, META_MAGIC, ARCHIVE_META_SIZE);
}

int archive_meta_head_check(const uint8_t at[ARCHIVE_META_HEAD])
{
	return file_head_check(at, META_MAGIC, ARCHIVE_META_SIZE);
}

void archive_times_head_put(uint8_t at[ARCHIVE_TIMES_HEAD])
{
	file_head_put(at, TIMES_MAGIC, ARCHIVE_TIMES_ROWS);
}

int archive_times_head_check(const uint8_t at[ARCHIVE_TIMES_HEAD])
{
	return file_head_check(at, TIMES_MAGIC, ARCHIVE_TIMES_ROWS);
}

void archive_times_put(uint8_t at[ARCHIVE_TIMES_SIZE], uint64_t ns)
{
	put64(at, ns);
}

uint64_t archive_times_get(const uint8_t at[ARCHIVE_TIMES_SIZE])
{
	return get64(at);
}

void archive_meta_put(uint8_t at[ARCHIVE_META_SIZE], uint64_t stream,
		      const struct memlog_record *rec)
{
	put64(at + META_STREAM, stream);
	put64(at + META_SEQ, rec->seq);
	put64(at + META_POS, rec->pos);
	put64(at + META_TIME, rec->time_ns);
	put64(at + META_CGROUP, rec->cgroup);
	put32(at + META_PID, rec->pid);
	put32(at + META_UID, rec->uid);
	at[META_PRI] = rec->pri;
	at[META_FLAGS] = rec->flags;
	put16(at + META_ZERO, 0);
	put32(at + META_SUM, 0);
	/* What is behind the NUL is anything, and would differ from run to run. */
	memset(at + META_COMM, 0, MEMLOG_COMM_LEN);
	memcpy(at + META_COMM, rec->comm, strnlen(rec->comm, MEMLOG_COMM_LEN - 1));
}

void archive_meta_get(const uint8_t at[ARCHIVE_META_SIZE], uint64_t *stream,
		      struct memlog_record *rec)
{
	*stream = get64(at + META_STREAM);
	*rec = (struct memlog_record) {
		.seq = get64(at + META_SEQ),
		.pos = get64(at + META_POS),
		.time_ns = get64(at + META_TIME),
		.cgroup = get64(at + META_CGROUP),
		.pid = get32(at + META_PID),
		.uid = get32(at + META_UID),
		.pri = at[META_PRI],
		.flags = at[META_FLAGS],
	};
	memcpy(rec->comm, at + META_COMM, MEMLOG_COMM_LEN - 1);
}

uint64_t archive_meta_stream(const uint8_t at[ARCHIVE_META_SIZE])
{
	return get64(at + META_STREAM);
}

uint64_t archive_meta_seq(const uint8_t at[ARCHIVE_META_SIZE])
{
	return get64(at + META_SEQ);
}

uint64_t archive_meta_time(const uint8_t at[ARCHIVE_META_SIZE])
{
	return get64(at + META_TIME);
}

uint32_t archive_row_sum(const uint8_t index[ARCHIVE_INDEX_SIZE],
			 const uint8_t head[ARCHIVE_HEAD_SIZE], const void *text,
			 size_t len, const uint8_t meta[ARCHIVE_META_SIZE])
{
	uint8_t entry[ARCHIVE_META_SIZE];
	uint32_t crc;

	memcpy(entry, meta, sizeof(entry));
	put32(entry + META_SUM, 0);
	crc = archive_crc32c(0, index, ARCHIVE_INDEX_SIZE);
	crc = archive_crc32c(crc, head, ARCHIVE_HEAD_SIZE);
	crc = archive_crc32c(crc, text, len);
	return archive_crc32c(crc, entry, sizeof(entry));
}

void archive_meta_set_sum(uint8_t at[ARCHIVE_META_SIZE], uint32_t sum)
{
	put32(at + META_SUM, sum);
}

uint32_t archive_meta_sum(const uint8_t at[ARCHIVE_META_SIZE])
{
	return get32(at + META_SUM);
}

#define GAP_BEGIN	"memlog: lost "
#define GAP_MIDDLE	" records, "
#define GAP_END		" bytes\n"

size_t archive_gap_text(char text[ARCHIVE_GAP_ROOM], uint64_t records, uint64_t bytes)
{
	return snprintf(text, ARCHIVE_GAP_ROOM, GAP_BEGIN "%llu" GAP_MIDDLE "%llu" GAP_END,
			(unsigned long long)records, (unsigned long long)bytes);
}

/* Takes @word, or with a value, a number, off the front of what is left. */
static bool take(const char **text, size_t *len, const char *word, uint64_t *value)
{
	size_t size = strlen(word);
	const char *at = *text + size;

	if (*len < size || memcmp(*text, word, size))
		return false;
	if (value) {
		const char *end = *text + *len;

		*value = 0;
		for (; at < end && *at >= '0' && *at <= '9'; at++)
			if (__builtin_mul_overflow(*value, 10, value) ||
			    __builtin_add_overflow(*value, *at - '0', value))
				return false;
		if (at == *text + size)
			return false;
	}
	*len -= at - *text;
	*text = at;
	return true;
}

int archive_gap_parse(const char *text, size_t len, uint64_t *records, uint64_t *bytes)
{
	if (!take(&text, &len, GAP_BEGIN, records) || !take(&text, &len, GAP_MIDDLE, bytes) ||
	    !take(&text, &len, GAP_END, NULL) || len || !*records)
		return -EBADMSG;
	return 0;
}
