// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records as JSON, and text as UTF-8.
 */
#include "common.h"
#include "kselftest_harness.h"

static struct memlog_record a_record(const char *text)
{
	struct memlog_record rec = {
		.seq = 7, .pos = 700, .time_ns = 1714564800000000001ULL,
		.cgroup = 18446744073709551615ULL, .len = (uint32_t)strlen(text),
		.pid = 1, .uid = MEMLOG_ID_NONE, .type = 2, .pri = 13, .flags = 1,
		.comm = "test",
	};

	return rec;
}

TEST(record)
{
	struct memlog_record rec = a_record("hi\n\"\\\x01\x7f/é");
	char json[1024];
	size_t len;

	len = memlog_json_record(json, sizeof(json), &rec, "hi\n\"\\\x01\x7f/é", "ssh.service");
	EXPECT_EQ(strlen(json), len);
	EXPECT_STREQ("{\"seq\":7,\"pos\":700,\"time_ns\":\"1714564800000000001\","
		     "\"pri\":13,\"type\":2,\"pid\":1,\"uid\":4294967295,"
		     "\"comm\":\"test\",\"cgroup\":\"18446744073709551615\","
		     "\"service\":\"ssh.service\",\"flags\":1,"
		     "\"text\":\"hi\\n\\\"\\\\\\u0001\\u007f/é\"}", json);
	EXPECT_LE(len + 1, memlog_json_room(&rec, "ssh.service"));
}

TEST(base64)
{
	static const struct {
		const char *text, *base64;
	} cases[] = {
		{ "\xff", "/w==" }, { "a\xff", "Yf8=" }, { "ab\xff", "YWL/" },
		{ "abc\xff", "YWJj/w==" }, { "\xc3", "ww==" },
		{ "\xed\xa0\x80", "7aCA" }, { "\xc0\x80", "wIA=" },
	};
	char json[1024], end[64];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct memlog_record rec = a_record(cases[i].text);
		size_t len = memlog_json_record(json, sizeof(json), &rec, cases[i].text, NULL);

		snprintf(end, sizeof(end), ",\"base64\":\"%s\"}", cases[i].base64);
		ASSERT_GT(len, strlen(end));
		EXPECT_STREQ(end, json + len - strlen(end));
	}
}

TEST(comm)
{
	struct memlog_record rec = a_record("");
	char json[1024];

	memcpy(rec.comm, "a\xffz\xf0\x9f\x98", 7);
	memlog_json_record(json, sizeof(json), &rec, "", NULL);
	EXPECT_NE(NULL, strstr(json, "\"comm\":\"a\xef\xbf\xbdz\xef\xbf\xbd\""));
	/* No NUL at all. */
	memset(rec.comm, 'x', sizeof(rec.comm));
	memlog_json_record(json, sizeof(json), &rec, "", NULL);
	EXPECT_NE(NULL, strstr(json, "\"comm\":\"xxxxxxxxxxxxxxxx\""));
}

TEST(cut)
{
	struct memlog_record rec = a_record("some text");
	char whole[1024], cut[1024];
	size_t len = memlog_json_record(whole, sizeof(whole), &rec, "some text", NULL);

	for (size_t size = 0; size <= len + 1; size++) {
		memset(cut, '#', sizeof(cut));
		EXPECT_EQ(len, memlog_json_record(cut, size, &rec, "some text", NULL));
		EXPECT_EQ('#', cut[size]);
		if (size) {
			EXPECT_EQ(0, memcmp(cut, whole, size - 1));
			EXPECT_EQ('\0', cut[size - 1]);
		}
	}
}

TEST(room)
{
	char text[256], json[4096];
	struct memlog_record rec;

	memset(text, 1, sizeof(text));
	memset(&rec, 0xff, sizeof(rec));
	memset(rec.comm, 2, sizeof(rec.comm));
	rec.len = sizeof(text);
	EXPECT_LT(memlog_json_record(json, sizeof(json), &rec, text, "\x03\x03"),
		  memlog_json_room(&rec, "\x03\x03"));
	memset(text, 0xff, sizeof(text));
	EXPECT_LT(memlog_json_record(json, sizeof(json), &rec, text, NULL),
		  memlog_json_room(&rec, NULL));
}

TEST(others)
{
	struct memlog_loss loss = { .from_seq = 3, .to_seq = 9, .records = 7, .bytes = 700 };
	char json[128];

	memlog_json_lost(json, sizeof(json), &loss);
	EXPECT_STREQ("{\"lost\":{\"from\":3,\"to\":9,\"records\":7,\"bytes\":700}}", json);
	loss.flags = MEMLOG_LOSS_BYTES_UNKNOWN;
	memlog_json_lost(json, sizeof(json), &loss);
	EXPECT_STREQ("{\"lost\":{\"from\":3,\"to\":9,\"records\":7,\"bytes\":null}}", json);
	memset(&loss, 0xff, sizeof(loss));
	loss.flags = 0;
	EXPECT_GT(sizeof(json), memlog_json_lost(json, sizeof(json), &loss));

	memlog_json_ended(json, sizeof(json), 0xabcULL, 10);
	EXPECT_STREQ("{\"ended\":{\"stream\":\"0000000000000abc\",\"last\":9}}", json);
	memlog_json_ended(json, sizeof(json), ~0ULL, 0);
	EXPECT_STREQ("{\"ended\":{\"stream\":\"ffffffffffffffff\",\"last\":null}}", json);

	memlog_json_hello(json, sizeof(json), 1, "web", 5, 6);
	EXPECT_STREQ("{\"stream\":\"0000000000000001\",\"channel\":\"web\",\"oldest\":5,"
		     "\"next\":6}", json);
	memlog_json_string(json, sizeof(json), "a\xe2\x82z", 4);
	EXPECT_STREQ("\"a\xef\xbf\xbdz\"", json);
}

TEST(utf8)
{
	static const struct {
		const char *text;
		size_t valid;
		const char *repaired;
	} cases[] = {
		{ "", 0, "" },
		{ "plain ASCII, longer than eight", 30, "plain ASCII, longer than eight" },
		{ "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "12345678\x80", 8, "12345678\xef\xbf\xbd" },
		{ "\xe2\x82", 0, "\xef\xbf\xbd" },
		{ "\xe2\x28\xa1", 0, "\xef\xbf\xbd(\xef\xbf\xbd" },
		{ "\xf0\x9f\x98", 0, "\xef\xbf\xbd" },
		{ "\xf4\x90\x80\x80", 0, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xed\xa0\x80", 0, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xf8\x88\x80\x80\x80", 0, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xf1\x80\x80" "A\xc2\xc2", 0, "\xef\xbf\xbd" "A\xef\xbf\xbd\xef\xbf\xbd" },
	};
	char out[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = strlen(cases[i].text);

		EXPECT_EQ(cases[i].valid, memlog_utf8_valid(cases[i].text, len))
			TH_LOG("case %zu", i);
		EXPECT_EQ(strlen(cases[i].repaired),
			  memlog_utf8_repair(out, sizeof(out), cases[i].text, len));
		EXPECT_STREQ(cases[i].repaired, out) TH_LOG("case %zu", i);
	}
}

TEST_HARNESS_MAIN
