// SPDX-License-Identifier: GPL-2.0-only
/*
 * What people write: times, levels, priorities, sizes, numbers, places.
 */
#include <time.h>

#include "common.h"
#include "kselftest_harness.h"

#define SEC	1000000000ULL
#define NOW	(1714564800ULL * SEC)		/* 2024-05-01T12:00:00Z */

FIXTURE(time) {
};

FIXTURE_SETUP(time)
{
	/* Two hours ahead in summer, one in winter. */
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
}

FIXTURE_TEARDOWN(time)
{
}

static const struct {
	const char *str;
	int err;
	uint64_t ns;
} times[] = {
	{ "now", 0, NOW },
	{ "Today", 0, 1714514400 * SEC },
	{ "yesterday", 0, 1714428000 * SEC },
	{ "tomorrow", 0, 1714600800 * SEC },
	{ "@0", 0, 0 },
	{ "@1714564800.25", 0, NOW + SEC / 4 },
	{ "@1714564800.123456789", 0, NOW + 123456789 },
	{ "@1714564800.1234567899", 0, NOW + 123456789 },
	{ "@", -EINVAL, 0 },
	{ "@1.", -EINVAL, 0 },
	{ "@-1", -EINVAL, 0 },
	{ "@99999999999", -ERANGE, 0 },
	{ "@184467440737095516161844674407370955161", -ERANGE, 0 },
	{ "-5m", 0, NOW - 300 * SEC },
	{ "-90", 0, NOW - 90 * SEC },
	{ "+1h30m", 0, NOW + 5400 * SEC },
	{ "-1w2d", 0, NOW - 9 * 86400 * SEC },
	{ "-250ms", 0, NOW - SEC / 4 },
	{ "-", -EINVAL, 0 },
	{ "-5x", -EINVAL, 0 },
	{ "-m", -EINVAL, 0 },
	{ "-5m 3", -EINVAL, 0 },
	{ "-100000w", -ERANGE, 0 },
	{ "+99999999999999999999", -ERANGE, 0 },
	{ "2024-05-01T12:00:00Z", 0, NOW },
	{ "2024-05-01t12:00:00z", 0, NOW },
	{ "2024-05-01T14:00:00+02:00", 0, NOW },
	{ "2024-05-01T06:30:00-0530", 0, NOW },
	{ "2024-05-01 14:00:00", 0, NOW },
	{ "2024-05-01 14:00", 0, NOW },
	{ "2024-05-01", 0, 1714514400 * SEC },
	{ "2024-01-01T00:00", 0, 1704063600 * SEC },
	{ "2024-05-01T12:00:00.5Z", 0, NOW + SEC / 2 },
	{ "2016-12-31T23:59:60Z", 0, 1483228800 * SEC },
	{ "2024-02-29", 0, 1709161200 * SEC },
	{ "2023-02-29", -EINVAL, 0 },
	{ "1900-02-29T00:00:00Z", -EINVAL, 0 },
	{ "2024-13-01", -EINVAL, 0 },
	{ "2024-04-31", -EINVAL, 0 },
	{ "2024-05-01T24:00:00Z", -EINVAL, 0 },
	{ "2024-05-01T12:60:00Z", -EINVAL, 0 },
	{ "2024-05-01T12:00:61Z", -EINVAL, 0 },
	{ "2024-05-01T12:00:00+24:00", -EINVAL, 0 },
	{ "2024-05-01T12:00:00Zx", -EINVAL, 0 },
	{ "2024-05-01X12:00:00Z", -EINVAL, 0 },
	{ "2024-5-1", -EINVAL, 0 },
	{ "1969-12-31T23:59:59Z", -ERANGE, 0 },
	{ "1970-01-01T00:00:00Z", 0, 0 },
	{ "9999-01-01T00:00:00Z", -ERANGE, 0 },
	{ "14:30", 0, NOW + 1800 * SEC },
	{ "14:30:05.5", 0, NOW + 1805 * SEC + SEC / 2 },
	{ "14:3", -EINVAL, 0 },
	{ "25:00", -EINVAL, 0 },
	{ "", -EINVAL, 0 },
	{ "soon", -EINVAL, 0 },
	{ " now", -EINVAL, 0 },
};

TEST_F(time, parse)
{
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		uint64_t ns = 42;
		int err = memlog_parse_time(times[i].str, NOW, &ns);

		EXPECT_EQ(times[i].err, err) TH_LOG("\"%s\"", times[i].str);
		EXPECT_EQ(times[i].err ? 42 : times[i].ns, ns)
			TH_LOG("\"%s\"", times[i].str);
	}
}

TEST_F(time, format)
{
	char text[MEMLOG_TIME_SIZE];
	uint64_t ns;

	EXPECT_EQ(27, memlog_format_time(text, NOW + 1234567, true));
	EXPECT_STREQ("2024-05-01T12:00:00.001234Z", text);
	memlog_format_time(text, NOW, false);
	EXPECT_STREQ("2024-05-01T14:00:00.000000+02:00", text);
	EXPECT_EQ(0, memlog_parse_time(text, 0, &ns));
	EXPECT_EQ(NOW, ns);
	EXPECT_GT(sizeof(text), memlog_format_time(text, ~0ULL, false));
}

static const struct {
	const char *str;
	int level;
} level_words[] = {
	{ "emerg", 0 }, { "PANIC", 0 }, { "alert", 1 }, { "crit", 2 }, { "err", 3 },
	{ "Error", 3 }, { "warn", 4 }, { "warning", 4 }, { "notice", 5 },
	{ "info", 6 }, { "debug", 7 }, { "0", 0 }, { "7", 7 }, { "8", -EINVAL },
	{ "", -EINVAL }, { "er", -EINVAL }, { "03", -EINVAL }, { "-1", -EINVAL },
	{ "a very long word indeed", -EINVAL },
};

TEST(level)
{
	for (size_t i = 0; i < sizeof(level_words) / sizeof(level_words[0]); i++) {
		EXPECT_EQ(level_words[i].level, memlog_parse_level(level_words[i].str))
			TH_LOG("\"%s\"", level_words[i].str);
	}
	EXPECT_STREQ("err", memlog_level_name(3));
	EXPECT_STREQ("notice", memlog_level_name(13));
	EXPECT_STREQ("user", memlog_facility_name(1));
	EXPECT_STREQ("local7", memlog_facility_name(23));
	EXPECT_STREQ("unknown", memlog_facility_name(24));
}

static const struct {
	const char *str;
	int err;
	unsigned int mask;
} level_sets[] = {
	{ "err", 0, 0x0f }, { "0", 0, 0x01 }, { "debug", 0, 0xff },
	{ "=err", 0, 0x08 }, { "crit..warning", 0, 0x1c }, { "4..2", 0, 0x1c },
	{ "=emerg,=debug", 0, 0x81 }, { "=info,crit", 0, 0x47 },
	{ "", -EINVAL, 0 }, { "err,", -EINVAL, 0 }, { ",err", -EINVAL, 0 },
	{ "=", -EINVAL, 0 }, { "..", -EINVAL, 0 }, { "err..", -EINVAL, 0 },
	{ "..err", -EINVAL, 0 }, { "=1..2", -EINVAL, 0 }, { "1...2", -EINVAL, 0 },
	{ "9", -EINVAL, 0 },
};

TEST(levels)
{
	for (size_t i = 0; i < sizeof(level_sets) / sizeof(level_sets[0]); i++) {
		unsigned int mask = 0;

		EXPECT_EQ(level_sets[i].err,
			  memlog_parse_levels(level_sets[i].str, &mask))
			TH_LOG("\"%s\"", level_sets[i].str);
		EXPECT_EQ(level_sets[i].mask, mask) TH_LOG("\"%s\"", level_sets[i].str);
	}
}

TEST(pri)
{
	EXPECT_EQ(11, memlog_parse_pri("err"));
	EXPECT_EQ(11, memlog_parse_pri("3"));
	EXPECT_EQ(30, memlog_parse_pri("daemon.info"));
	EXPECT_EQ(191, memlog_parse_pri("Local7.Debug"));
	EXPECT_EQ(191, memlog_parse_pri("191"));
	EXPECT_EQ(-EINVAL, memlog_parse_pri("192"));
	EXPECT_EQ(-EINVAL, memlog_parse_pri("8"));
	EXPECT_EQ(-EINVAL, memlog_parse_pri("nobody.info"));
	EXPECT_EQ(-EINVAL, memlog_parse_pri("daemon."));
	EXPECT_EQ(-EINVAL, memlog_parse_pri(".info"));
	EXPECT_EQ(-EINVAL, memlog_parse_pri(""));
}

static const struct {
	const char *str;
	int err;
	uint64_t bytes;
} sizes[] = {
	{ "0", 0, 0 }, { "4096", 0, 4096 }, { "16K", 0, 16384 }, { "16k", 0, 16384 },
	{ "2MiB", 0, 2 << 20 }, { "1GB", 0, 1 << 30 }, { "17179869183G", 0, 17179869183ULL << 30 },
	{ "17179869184G", -ERANGE, 0 }, { "18446744073709551615", 0, ~0ULL },
	{ "18446744073709551616", -ERANGE, 0 }, { "", -EINVAL, 0 }, { "K", -EINVAL, 0 },
	{ "1.5K", -EINVAL, 0 }, { "-1", -EINVAL, 0 }, { "1X", -EINVAL, 0 },
	{ "1KK", -EINVAL, 0 }, { "1 K", -EINVAL, 0 }, { " 1", -EINVAL, 0 },
	{ "0x10", -EINVAL, 0 },
};

TEST(size)
{
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t bytes = 0;

		EXPECT_EQ(sizes[i].err, memlog_parse_size(sizes[i].str, &bytes))
			TH_LOG("\"%s\"", sizes[i].str);
		EXPECT_EQ(sizes[i].bytes, bytes) TH_LOG("\"%s\"", sizes[i].str);
	}
}

TEST(place)
{
	uint64_t stream = 1, seq = 1;

	EXPECT_EQ(0, memlog_parse_place("17", &stream, &seq));
	EXPECT_EQ(0, stream);
	EXPECT_EQ(17, seq);
	EXPECT_EQ(0, memlog_parse_place("0123456789abCDEF:0", &stream, &seq));
	EXPECT_EQ(0x0123456789abcdefULL, stream);
	EXPECT_EQ(0, seq);
	EXPECT_EQ(-EINVAL, memlog_parse_place("123:0", &stream, &seq));
	EXPECT_EQ(-EINVAL, memlog_parse_place("0123456789abcdeg:0", &stream, &seq));
	EXPECT_EQ(-EINVAL, memlog_parse_place("0000000000000000:0", &stream, &seq));
	EXPECT_EQ(-EINVAL, memlog_parse_place("0123456789abcdef:", &stream, &seq));
	EXPECT_EQ(-ERANGE, memlog_parse_place("18446744073709551616", &stream, &seq));
}

TEST(channel)
{
	char path[32];

	EXPECT_EQ(0, memlog_channel_path(path, sizeof(path), NULL));
	EXPECT_STREQ("/dev/memlog", path);
	EXPECT_EQ(0, memlog_channel_path(path, sizeof(path), "memlog"));
	EXPECT_STREQ("/dev/memlog", path);
	EXPECT_EQ(0, memlog_channel_path(path, sizeof(path), "audit_2-x"));
	EXPECT_STREQ("/dev/memlog-audit_2-x", path);
	EXPECT_EQ(0, memlog_channel_path(path, sizeof(path), "./ring"));
	EXPECT_STREQ("./ring", path);
	EXPECT_EQ(-EINVAL, memlog_channel_path(path, sizeof(path), ""));
	EXPECT_EQ(-EINVAL, memlog_channel_path(path, sizeof(path), "Audit"));
	EXPECT_EQ(-EINVAL, memlog_channel_path(path, sizeof(path), "seventeen-letters"));
	EXPECT_EQ(-ENAMETOOLONG, memlog_channel_path(path, 5, "audit"));
}

TEST_HARNESS_MAIN
