// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bytes of rows, which other programs read, and the days of times.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "archive/date.h"
#include "archive/format.h"
#include "archive/times.h"
#include "kselftest_harness.h"

#define SEC	1000000000ULL
#define GOLDEN	"tests/archive/golden/20261120/"

static const struct memlog_record sample = {
	.seq = 0x0102030405060708, .pos = 0x1112131415161718,
	.time_ns = 0x2122232425262728, .cgroup = 0x3132333435363738,
	.len = 5, .pid = 0x41424344, .uid = 0x51525354, .type = 1001, .pri = 0x61,
	.flags = 3, .comm = "writer",
};

static const uint8_t sample_meta[ARCHIVE_META_SIZE] =
	"\x81\x82\x83\x84\x85\x86\x87\x88"
	"\x01\x02\x03\x04\x05\x06\x07\x08"
	"\x11\x12\x13\x14\x15\x16\x17\x18"
	"\x21\x22\x23\x24\x25\x26\x27\x28"
	"\x31\x32\x33\x34\x35\x36\x37\x38"
	"\x41\x42\x43\x44" "\x51\x52\x53\x54"
	"\x61\x03\0\0" "\0\0\0\0"
	"writer\0\0\0\0\0\0\0\0\0";

TEST(crc)
{
	uint8_t bytes[1000];

	EXPECT_EQ(0xe3069283, archive_crc32c(0, "123456789", 9));
	EXPECT_EQ(0xe3069283, archive_crc32c_tables(0, "123456789", 9));
	EXPECT_EQ(0, archive_crc32c(0, "", 0));
	memset(bytes, 0, 32);
	EXPECT_EQ(0x8a9136aa, archive_crc32c(0, bytes, 32));
	memset(bytes, 0xff, 32);
	EXPECT_EQ(0x62a8ab43, archive_crc32c_tables(0, bytes, 32));

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = i * 7 + i / 11;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		size_t from = i % 9;
		uint32_t whole = archive_crc32c_tables(0, bytes + from, sizeof(bytes) - from);
		uint32_t half = archive_crc32c(0, bytes + from, i > from ? i - from : 0);
		size_t done = i > from ? i - from : 0;

		EXPECT_EQ(whole, archive_crc32c(half, bytes + from + done,
						sizeof(bytes) - from - done));
	}
}

TEST(meta)
{
	struct memlog_record rec = sample, back;
	uint8_t meta[ARCHIVE_META_SIZE];
	uint64_t stream;

	/* What stands behind the NUL must not get into files. */
	memset(rec.comm + 7, 'x', sizeof(rec.comm) - 7);
	memset(meta, 0xee, sizeof(meta));
	archive_meta_put(meta, 0x8182838485868788, &rec);
	EXPECT_EQ(0, memcmp(sample_meta, meta, sizeof(meta)));

	archive_meta_get(meta, &stream, &back);
	rec = sample;
	rec.len = 0;
	rec.type = 0;
	EXPECT_EQ(0x8182838485868788, stream);
	EXPECT_EQ(0, memcmp(&rec, &back, sizeof(rec)));
	EXPECT_EQ(0x8182838485868788, archive_meta_stream(meta));
	EXPECT_EQ(sample.seq, archive_meta_seq(meta));
	EXPECT_EQ(sample.time_ns, archive_meta_time(meta));

	memset(meta + 56, 'y', 16);
	archive_meta_get(meta, &stream, &back);
	EXPECT_EQ(15, strlen(back.comm));
}

TEST(index_and_head)
{
	struct archive_index index = { 0x0102, 0x1112131415161718, 0x2122 }, back;
	struct archive_head head = { 0x31323334, 0x00515253 }, back_head;
	uint8_t at[ARCHIVE_INDEX_SIZE];

	archive_index_put(at, &index);
	EXPECT_EQ(0, memcmp(at, "\x01\x02\x11\x12\x13\x14\x15\x16\x17\x18\x21\x22", 12));
	EXPECT_EQ(0, archive_index_get(at, &back));
	EXPECT_EQ(0x0102, back.file);
	EXPECT_EQ(0x1112131415161718, back.offset);
	EXPECT_EQ(0x2122, back.type);
	at[2] = 0x80;
	EXPECT_EQ(-EBADMSG, archive_index_get(at, &back));
	at[2] = 0;
	at[0] = 0x80;
	EXPECT_EQ(-EBADMSG, archive_index_get(at, &back));

	archive_head_put(at, &head);
	EXPECT_EQ(0, memcmp(at, "\x4b\x86\x31\x32\x33\x34\x00\x51\x52\x53", 10));
	EXPECT_EQ(0, archive_head_get(at, &back_head));
	EXPECT_EQ(head.time, back_head.time);
	EXPECT_EQ(head.len, back_head.len);
	memcpy(at + 6, "\x01\0\0\0", 4);
	EXPECT_EQ(0, archive_head_get(at, &back_head));
	at[9] = 1;
	EXPECT_EQ(-EBADMSG, archive_head_get(at, &back_head));
	memcpy(at, "\x4b\x87", 2);
	at[9] = 0;
	EXPECT_EQ(-EBADMSG, archive_head_get(at, &back_head));
}

TEST(file_heads)
{
	uint8_t at[ARCHIVE_META_HEAD], times[ARCHIVE_TIMES_HEAD];

	archive_meta_head_put(at);
	EXPECT_EQ(0, memcmp(at, "MLOGMETA\0\0\0\1\0\0\0\x48", 16));
	EXPECT_EQ(0, archive_meta_head_check(at));
	at[11] = 2;
	EXPECT_EQ(-EPROTONOSUPPORT, archive_meta_head_check(at));
	at[11] = 1;
	at[15]++;
	EXPECT_EQ(-EPROTONOSUPPORT, archive_meta_head_check(at));
	at[0] = 0;
	EXPECT_EQ(-EBADMSG, archive_meta_head_check(at));

	archive_times_head_put(times);
	EXPECT_EQ(0, archive_times_head_check(times));
	EXPECT_EQ(-EBADMSG, archive_meta_head_check(times));
	archive_times_put(times, 0x0102030405060708);
	EXPECT_EQ(0, memcmp(times, "\1\2\3\4\5\6\7\10", 8));
	EXPECT_EQ(0x0102030405060708, archive_times_get(times));
}

/* Each bit of a row counts. */
TEST(sum)
{
	struct archive_index index = { 1, 1234567, 1001 };
	struct archive_head head = { 1764000000, 5 };
	uint8_t row[ARCHIVE_INDEX_SIZE + ARCHIVE_HEAD_SIZE + ARCHIVE_META_SIZE + 5];
	uint8_t *at_index = row, *at_head = row + 12, *at_meta = row + 22, *text = row + 94;
	uint32_t sum;

	archive_index_put(at_index, &index);
	archive_head_put(at_head, &head);
	memcpy(at_meta, sample_meta, ARCHIVE_META_SIZE);
	memcpy(text, "hello", 5);
	sum = archive_row_sum(at_index, at_head, text, 5, at_meta);
	/* By hand, and pinned: archives that exist must stay readable. */
	EXPECT_EQ(0xd70bab38, sum);
	archive_meta_set_sum(at_meta, sum);
	EXPECT_EQ(sum, archive_meta_sum(at_meta));
	EXPECT_EQ(sum, archive_row_sum(at_index, at_head, text, 5, at_meta));
	for (size_t bit = 0; bit < sizeof(row) * 8; bit++) {
		row[bit / 8] ^= 1 << bit % 8;
		EXPECT_NE(archive_meta_sum(at_meta),
			  archive_row_sum(at_index, at_head, text, 5, at_meta));
		row[bit / 8] ^= 1 << bit % 8;
	}
}

TEST(gap)
{
	static const char * const bad[] = {
		"", "memlog: lost ", "memlog: lost 1 records, 2 bytes",
		"memlog: lost 1 records, 2 bytes\n\n", "memlog: lost  1 records, 2 bytes\n",
		"memlog: lost -1 records, 2 bytes\n", "memlog: lost 1 records, bytes\n",
		"memlog: lost 18446744073709551616 records, 2 bytes\n",
		"memlog: lost 0 records, 0 bytes\n", "memlog: Lost 1 records, 2 bytes\n",
	};
	uint64_t records, bytes;
	char text[ARCHIVE_GAP_ROOM];
	size_t len;

	len = archive_gap_text(text, 3, 300);
	EXPECT_EQ(strlen("memlog: lost 3 records, 300 bytes\n"), len);
	EXPECT_STREQ("memlog: lost 3 records, 300 bytes\n", text);
	EXPECT_EQ(0, archive_gap_parse(text, len, &records, &bytes));
	EXPECT_EQ(3, records);
	EXPECT_EQ(300, bytes);
	len = archive_gap_text(text, UINT64_MAX, UINT64_MAX);
	EXPECT_GT(ARCHIVE_GAP_ROOM, len);
	EXPECT_EQ(0, archive_gap_parse(text, len, &records, &bytes));
	EXPECT_EQ(UINT64_MAX, records);
	EXPECT_EQ(UINT64_MAX, bytes);
	for (size_t i = 0; i < len; i++)
		EXPECT_EQ(-EBADMSG, archive_gap_parse(text, i, &records, &bytes));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		EXPECT_EQ(-EBADMSG, archive_gap_parse(bad[i], strlen(bad[i]), &records, &bytes))
			TH_LOG("\"%s\"", bad[i]);
	}
}

static ssize_t slurp(const char *path, void *buf, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t got = fd < 0 ? -1 : read(fd, buf, size);

	close(fd);
	return got;
}

/* A folder that go-modsynclog wrote. */
TEST(golden)
{
	uint8_t index[100], data[500], at[ARCHIVE_INDEX_SIZE];
	struct archive_index row;
	struct archive_head head;
	uint64_t place = 0;

	ASSERT_EQ(48, slurp(GOLDEN "index", index, sizeof(index)));
	ASSERT_EQ(344, slurp(GOLDEN "data000000", data, sizeof(data)));
	for (int i = 0; i < 4; i++) {
		EXPECT_EQ(0, archive_index_get(index + i * 12, &row));
		EXPECT_EQ(0, row.file);
		EXPECT_EQ(1201, row.type);
		ASSERT_EQ(place, row.offset);
		EXPECT_EQ(0, archive_head_get(data + row.offset, &head));
		EXPECT_EQ(1700000000, head.time);
		place += ARCHIVE_HEAD_SIZE + head.len;
		archive_index_put(at, &row);
		EXPECT_EQ(0, memcmp(at, index + i * 12, 12));
		archive_head_put(at, &head);
		EXPECT_EQ(0, memcmp(at, data + row.offset, ARCHIVE_HEAD_SIZE));
	}
	EXPECT_EQ(344, place);
}

TEST(dates)
{
	static const uint32_t bad[] = {
		0, 19691231, 20230229, 20241301, 20240001, 20240100, 20240431, 21000229,
		99991232, 100000101,
	};
	static const char * const names[] = {
		"", "2024010", "202401011", "20240101/", "2024x101", "+2024010", "20240230",
	};
	char name[ARCHIVE_DATE_NAME], iso[11];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		EXPECT_EQ(false, archive_date_ok(bad[i]));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		EXPECT_EQ(0, archive_date_parse(names[i]));
	EXPECT_EQ(20240229, archive_date_parse("20240229"));
	EXPECT_EQ(20240229, archive_date_parse_iso("2024-02-29T12:00"));
	EXPECT_EQ(0, archive_date_parse_iso("2024-02-30"));
	EXPECT_EQ(0, archive_date_parse_iso("2024-02-2"));
	EXPECT_EQ(0, archive_date_parse_iso("20240229"));
	EXPECT_EQ(0, archive_date_parse_iso(""));
	archive_date_name(name, 20240229);
	EXPECT_STREQ("20240229", name);
	archive_date_iso(iso, 20240229);
	EXPECT_STREQ("2024-02-29", iso);

	EXPECT_EQ(0, archive_date_add(19700101, -1));
	EXPECT_EQ(0, archive_date_add(99991231, 1));
	EXPECT_EQ(0, archive_date_add(99991231, INT32_MAX));
	EXPECT_EQ(0, archive_date_add(20230229, 1));
	EXPECT_EQ(20240229, archive_date_add(20240228, 1));
	EXPECT_EQ(20240301, archive_date_add(20240229, 1));
	EXPECT_EQ(-366, archive_date_diff(20250101, 20240101));
	EXPECT_EQ(2932896, archive_date_diff(19700101, 99991231));
	EXPECT_EQ(99991231, archive_date_add(19700101, 2932896));

	/* Every day there is, one after another. */
	for (uint32_t date = 19700101, n = 0; n < 2932896; n++) {
		uint32_t next = archive_date_add(date, 1);

		if (!archive_date_ok(next) || next <= date || archive_date_diff(date, next) != 1 ||
		    archive_date_add(next, -1) != date)
			ASSERT_EQ(date, next);
		date = next;
	}
}

static void zone(const char *tz)
{
	setenv("TZ", tz, 1);
	tzset();
}

/* @hours long day @date, which @ns is in. */
#define EXPECT_DAY(day, start, hours, ns) do {				\
	archive_date_of(&span, ns, true);				\
	EXPECT_EQ(day, span.date);					\
	EXPECT_EQ((start) * SEC, span.begin_ns);			\
	EXPECT_EQ((hours) * 3600 * SEC, span.end_ns - span.begin_ns);	\
} while (0)

TEST(days_of_times)
{
	struct archive_span span;

	archive_date_of(&span, 0, false);
	EXPECT_EQ(19700101, span.date);
	archive_date_of(&span, 1764028799 * SEC + SEC - 1, false);
	EXPECT_EQ(20251124, span.date);
	EXPECT_EQ(1763942400 * SEC, span.begin_ns);
	EXPECT_EQ(1764028800 * SEC, span.end_ns);
	archive_date_of(&span, 1764028800 * SEC, false);
	EXPECT_EQ(20251125, span.date);
	archive_date_of(&span, UINT64_MAX, false);
	EXPECT_EQ(25540721, span.date);
	EXPECT_EQ(UINT64_MAX, span.end_ns);

	zone("CET-1CEST,M3.5.0,M10.5.0/3");
	EXPECT_DAY(20240331, 1711839600, 23, 1711839600 * SEC);
	EXPECT_DAY(20240331, 1711839600, 23, 1711922399 * SEC);
	EXPECT_DAY(20241027, 1729980000, 25, 1729980000 * SEC);
	EXPECT_DAY(20241027, 1729980000, 25, (1729980000 + 25 * 3600 - 1) * SEC);
	EXPECT_DAY(20241028, 1729980000 + 25 * 3600, 24, (1729980000 + 25 * 3600) * SEC);

	/* No midnight: 00:00 becomes 01:00. */
	zone("BRT3BRST,M10.3.0/0,M2.3.0/0");
	EXPECT_DAY(20171015, 1508036400, 23, 1508036400 * SEC);
	/* Its end: 24:00 becomes 23:00. */
	EXPECT_DAY(20180217, 1518832800, 25, 1518832800 * SEC + 24 * 3600 * SEC);

	/* 00:01 becomes 23:01 the day before: a minute of the next day comes early. */
	zone("NST3:30NDT,M3.2.0/0:01,M11.1.0/0:01");
	archive_date_of(&span, 1289100630 * SEC, true);	/* 00:00:30, November 7 */
	for (uint64_t s = span.begin_ns / SEC - 5000; s < span.begin_ns / SEC + 5000; s++) {
		struct archive_span one;

		archive_date_of(&one, s * SEC, true);
		EXPECT_EQ(s * SEC < span.begin_ns ? 20101106 : 20101107, one.date);
		EXPECT_EQ(true, one.begin_ns <= s * SEC && s * SEC < one.end_ns);
		EXPECT_EQ(span.begin_ns, one.date == span.date ? one.begin_ns : one.end_ns);
	}

	/* West of UTC, 1970 begins with what is left of it. */
	zone("PST8");
	archive_date_of(&span, 0, true);
	EXPECT_EQ(19700101, span.date);
	EXPECT_EQ(0, span.begin_ns);
	EXPECT_EQ(32 * 3600 * SEC, span.end_ns);
}

/* Each day begins where the one before ends, whatever the zone. */
TEST(days_join)
{
	static const char * const zones[] = {
		"UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Asia/Gaza",
		"LMT-14:39", "Australia/Lord_Howe",
	};

	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		struct archive_span span, next;

		zone(zones[i]);
		archive_date_of(&span, 0, true);
		while (span.date < 20400101) {
			archive_date_of(&next, span.end_ns, true);
			if (next.begin_ns != span.end_ns || next.date <= span.date)
				ASSERT_EQ(next.date, 0) TH_LOG("%s %u", zones[i], span.date);
			span = next;
		}
	}
}

TEST_HARNESS_MAIN
