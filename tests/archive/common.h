/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of archives share: records that prove themselves, a clock that is
 * set by hand, ears for what is said, and a reading of a day's files by nothing but
 * the format.
 */
#ifndef TESTS_ARCHIVE_COMMON_H
#define TESTS_ARCHIVE_COMMON_H

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/wait.h>

#include "../lib/common.h"
#include "archive/format.h"
#include "archive/writer.h"

#define SEC	1000000000ULL
#define HOUR	(3600 * SEC)
#define DAY	(24 * HOUR)
#define STREAM	0x0123456789abcdefULL

/* 2026-01-01T12:00:00Z */
#define NOON	(1767268800 * SEC)
#define NEWYEAR	20260101

/* ---- A clock that is set by hand: it holds unless it is told to step. */

struct hand {
	uint64_t real;
	uint64_t boot;
};

static uint64_t hand_real(void *arg)
{
	return ((struct hand *)arg)->real;
}

static uint64_t hand_boot(void *arg)
{
	return ((struct hand *)arg)->boot;
}

static inline void hand_pass(struct hand *hand, uint64_t ns)
{
	hand->real += ns;
	hand->boot += ns;
}

/* ---- What is said. */

static char heard[16384];

static void hear(void *arg, const char *text)
{
	size_t len = strlen(heard);

	snprintf(heard + len, sizeof(heard) - len, "%s\n", text);
	if (getenv("VERBOSE"))
		printf("# %s\n", text);
}

/* Whether @words were said since the last forget(). */
static inline bool said(const char *words)
{
	if (strstr(heard, words))
		return true;
	printf("# \"%s\" is not in what was said:\n%s", words, heard);
	return false;
}

static inline void forget(void)
{
	heard[0] = '\0';
}

/* ---- Records that prove themselves. */

static inline size_t text_of(uint64_t seq, char *text)
{
	return make_text(text, 7, seq, 40 + seq * 37 % 200);
}

static inline void record_of(uint64_t seq, uint64_t pos, uint64_t time_ns, size_t len,
			     struct memlog_record *rec)
{
	*rec = (struct memlog_record) {
		.seq = seq, .pos = pos, .time_ns = time_ns, .cgroup = 4000 + seq % 5,
		.len = len, .pid = 100 + seq, .uid = 1000, .type = seq % 3 ? 0 : 1001,
		.pri = 8 + seq % 100, .flags = seq % 2, .comm = "test",
	};
}

/* Adds record @seq at the end of the archive, or of the batch. */
static inline int add(struct archive_writer *writer, uint64_t seq, uint64_t time_ns)
{
	static uint64_t pos, next;
	struct memlog_record rec;
	char text[256];
	size_t len = text_of(seq, text);

	if (seq != next) {
		pos = 0;
		for (next = 0; next < seq; next++)
			pos += 40 + next * 37 % 200;
	}
	record_of(seq, pos, time_ns, len, &rec);
	next = seq + 1;
	pos += len;
	return archive_append(writer, STREAM, &rec, text);
}

/* ---- A day's files. */

static inline char *slurp(int dirfd, const char *path, size_t *size)
{
	int fd = openat(dirfd, path, O_RDONLY);
	struct stat st;
	char *text;

	*size = 0;
	if (fd < 0 || fstat(fd, &st))
		return NULL;
	text = malloc(st.st_size + 1);
	*size = read(fd, text, st.st_size);
	text[*size] = '\0';
	close(fd);
	return text;
}

static inline bool spill(int dirfd, const char *path, const char *text, size_t size)
{
	int fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_TRUNC, 0640);
	bool good = fd >= 0 && write(fd, text, size) == (ssize_t)size;

	close(fd);
	return good;
}

static inline bool there(int dirfd, const char *path)
{
	return !faccessat(dirfd, path, F_OK, AT_SYMLINK_NOFOLLOW);
}

#define SEQS_MAX	20000

/**
 * struct seen - What a day has.
 * @rows: Whole rows; -1: the files contradict each other.
 * @bad: Rows whose checksum is wrong.
 * @seqs: Numbers of whole rows whose text and facts are those of record_of().
 * @tail: Bytes behind the last row in any of its files.
 */
struct seen {
	int rows;
	int bad;
	uint64_t seqs[SEQS_MAX];
	int tail;
};

static inline void see_row(struct seen *seen, const char *index, const char *data,
			   size_t data_size, const char *meta, size_t *end)
{
	const uint8_t *at_index = (const void *)index, *at_meta = (const void *)meta;
	struct memlog_record rec, want;
	struct archive_index row;
	struct archive_head head;
	unsigned int writer;
	const uint8_t *at;
	uint64_t stream, n;

	if (archive_index_get(at_index, &row) || row.file || row.offset > data_size ||
	    data_size - row.offset < ARCHIVE_HEAD_SIZE) {
		seen->bad++;
		return;
	}
	at = (const void *)(data + row.offset);
	if (archive_head_get(at, &head) ||
	    head.len > data_size - row.offset - ARCHIVE_HEAD_SIZE ||
	    archive_row_sum(at_index, at, at + ARCHIVE_HEAD_SIZE, head.len, at_meta) !=
	    archive_meta_sum(at_meta)) {
		seen->bad++;
		return;
	}
	archive_meta_get(at_meta, &stream, &rec);
	rec.len = head.len;
	rec.type = row.type;
	record_of(rec.seq, rec.pos, rec.time_ns, head.len, &want);
	*end = row.offset + ARCHIVE_HEAD_SIZE + head.len;
	if (stream != STREAM || memcmp(&rec, &want, sizeof(rec)) ||
	    !check_text((const char *)at + ARCHIVE_HEAD_SIZE, head.len, &writer, &n) ||
	    n != rec.seq || seen->rows == SEQS_MAX || *end == 0)
		seen->bad++;
	else
		seen->seqs[seen->rows++] = rec.seq;
}

/* All of a day of one data file. */
static inline void see_day(struct seen *seen, int dirfd, uint32_t date)
{
	size_t index_size, data_size, meta_size, rows, end = 0;
	char path[64], *index, *data, *meta;

	memset(seen, 0, sizeof(*seen));
	snprintf(path, sizeof(path), "%08u/index", date);
	index = slurp(dirfd, path, &index_size);
	snprintf(path, sizeof(path), "%08u/data000000", date);
	data = slurp(dirfd, path, &data_size);
	snprintf(path, sizeof(path), "%08u/meta", date);
	meta = slurp(dirfd, path, &meta_size);
	rows = index_size / ARCHIVE_INDEX_SIZE;
	if (!index || !data || !meta || archive_meta_head_check((uint8_t *)meta) ||
	    meta_size != ARCHIVE_META_HEAD + rows * ARCHIVE_META_SIZE) {
		seen->rows = -1;
	} else {
		for (size_t i = 0; i < rows; i++)
			see_row(seen, index + i * ARCHIVE_INDEX_SIZE, data, data_size,
				meta + ARCHIVE_META_HEAD + i * ARCHIVE_META_SIZE, &end);
		seen->tail = data_size - end + index_size % ARCHIVE_INDEX_SIZE;
	}
	free(index);
	free(data);
	free(meta);
}

/* The day has exactly records @from to @to - 1, whole, and nothing else. */
static inline bool has_exactly(int dirfd, uint32_t date, uint64_t from, uint64_t to)
{
	static struct seen seen;
	bool good;

	see_day(&seen, dirfd, date);
	good = seen.rows == (int64_t)(to - from) && !seen.bad && !seen.tail;
	for (int i = 0; good && i < seen.rows; i++)
		good = seen.seqs[i] == from + i;
	if (!good)
		printf("# %u: %d rows, %d bad, %d bytes behind; wanted %llu to %llu\n", date,
		       seen.rows, seen.bad, seen.tail, (unsigned long long)from,
		       (unsigned long long)to);
	return good;
}

/* Names in a folder, sorted, each with a blank behind it. */
static inline const char *names_in(int dirfd, const char *path)
{
	static char names[16384];
	struct dirent **list;
	int count;
	char full[64];

	names[0] = '\0';
	snprintf(full, sizeof(full), "/proc/self/fd/%d/%s", dirfd, path);
	count = scandir(full, &list, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		if (strcmp(list[i]->d_name, ".") && strcmp(list[i]->d_name, "..")) {
			strcat(names, list[i]->d_name);
			strcat(names, " ");
		}
		free(list[i]);
	}
	if (count >= 0)
		free(list);
	return names;
}

#endif /* TESTS_ARCHIVE_COMMON_H */
