// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows of archives, the text of gaps, and dates: what is taken apart and put
 * together again is the same, and what is no such thing is refused.
 */
#include <errno.h>
#include <string.h>

#include "archive/date.h"
#include "archive/format.h"
#include "archive/times.h"
#include "libfuzz.h"

static void check_index(const uint8_t *at)
{
	uint8_t again[ARCHIVE_INDEX_SIZE];
	struct archive_index index;

	if (archive_index_get(at, &index))
		return;
	must(index.file < ARCHIVE_FILES_MAX && index.offset <= INT64_MAX);
	archive_index_put(again, &index);
	must(!memcmp(again, at, sizeof(again)));
}

static void check_head(const uint8_t *at)
{
	uint8_t again[ARCHIVE_HEAD_SIZE];
	struct archive_head head;

	if (archive_head_get(at, &head))
		return;
	must(head.len <= ARCHIVE_TEXT_MAX);
	archive_head_put(again, &head);
	must(!memcmp(again, at, sizeof(again)));
}

static void check_meta(const uint8_t *at)
{
	uint8_t once[ARCHIVE_META_SIZE], twice[ARCHIVE_META_SIZE];
	struct memlog_record rec;
	uint64_t stream;

	archive_meta_get(at, &stream, &rec);
	must(stream == archive_meta_stream(at) && rec.seq == archive_meta_seq(at) &&
	     rec.time_ns == archive_meta_time(at));
	must(memchr(rec.comm, 0, sizeof(rec.comm)));
	archive_meta_put(once, stream, &rec);
	archive_meta_set_sum(once, archive_meta_sum(at));
	must(archive_meta_sum(once) == archive_meta_sum(at));
	must(!memcmp(once, at, 50));
	archive_meta_get(once, &stream, &rec);
	archive_meta_put(twice, stream, &rec);
	archive_meta_set_sum(twice, archive_meta_sum(once));
	must(!memcmp(once, twice, sizeof(once)));
}

static void check_gap(const char *text, size_t len)
{
	uint64_t records, bytes, again, more;
	char made[ARCHIVE_GAP_ROOM];
	size_t n;

	if (archive_gap_parse(text, len, &records, &bytes))
		return;
	must(records);
	n = archive_gap_text(made, records, bytes);
	must(n < sizeof(made));
	must(!archive_gap_parse(made, n, &again, &more));
	must(again == records && more == bytes);
}

static void check_date(const char *text)
{
	uint32_t date = archive_date_parse(text), iso = archive_date_parse_iso(text);
	char name[ARCHIVE_DATE_NAME], made[11];
	struct archive_span span;

	if (date) {
		must(archive_date_ok(date));
		archive_date_name(name, date);
		must(!strcmp(name, text));
	}
	if (!iso)
		return;
	archive_date_iso(made, iso);
	must(archive_date_ok(iso) && !strncmp(made, text, 10));
	must(archive_date_diff(iso, iso) == 0);
	if (iso < 25540101) {
		uint64_t days = (uint64_t)archive_date_diff(19700101, iso);

		archive_date_of(&span, days * 86400 * 1000000000ULL, false);
		must(span.date == iso && span.begin_ns == days * 86400 * 1000000000ULL);
	}
}

static void check_sum(const uint8_t *data, size_t size)
{
	size_t half = size / 2;
	uint32_t sum = archive_crc32c(0, data, size);

	must(sum == archive_crc32c_tables(0, data, size));
	must(sum == archive_crc32c(archive_crc32c(0, data, half), data + half, size - half));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Copies of their own, so that a byte too far is seen. */
	char *text = malloc(size + 1);
	uint8_t *bytes = malloc(ARCHIVE_META_SIZE);

	must(text && bytes);
	memcpy(text, data, size);
	text[size] = '\0';
	check_date(text);
	check_gap(text, size);
	check_sum(data, size);
	memset(bytes, 0, ARCHIVE_META_SIZE);
	memcpy(bytes, data, size < ARCHIVE_META_SIZE ? size : ARCHIVE_META_SIZE);
	check_meta(bytes);
	check_index(bytes);
	check_head(bytes);
	must(archive_meta_head_check(bytes) || archive_times_head_check(bytes));
	free(bytes);
	free(text);
	return 0;
}
