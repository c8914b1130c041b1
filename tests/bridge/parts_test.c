// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bridge's parts by themselves: who may connect, tokens, and the text format.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access.h"
#include "auth.h"
#include "format.h"
#include "kselftest_harness.h"

TEST(host)
{
	static char *names[] = { "log.example" };
	struct options options = { .names = { names, 1 } };
	static const char *const good[] = {
		"localhost", "LocalHost:1", "127.0.0.1", "1.2.3.4:65535", "[::1]", "[fe80::1]:8080",
		"log.example", "LOG.EXAMPLE:80",
	};
	static const char *const bad[] = {
		"", ":80", "localhost:", "localhost:http", "localhost:1234567", "1.2.3", "1.2.3.4.5",
		"[::1", "[::1]80", "[::1]:", "[1.2.3.4]", "[]", "log.example.evil", "xlog.example",
		"localhost.", "localhost localhost", "localhost,localhost", "evil",
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		EXPECT_TRUE(access_host(&options, good[i])) TH_LOG("%s", good[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_FALSE(access_host(&options, bad[i])) TH_LOG("%s", bad[i]);
	}
}

TEST(origin)
{
	static char *origins[] = { "https://viewer.example" };
	struct options options = { .origins = { origins, 1 } };

	EXPECT_TRUE(access_origin(&options, "http://localhost:8080", "localhost:8080"));
	EXPECT_TRUE(access_origin(&options, "http://localhost", "localhost:80"));
	EXPECT_TRUE(access_origin(&options, "http://localhost:80", "localhost"));
	EXPECT_TRUE(access_origin(&options, "https://LOCALHOST", "localhost:443"));
	EXPECT_TRUE(access_origin(&options, "https://viewer.example", "localhost"));
	EXPECT_FALSE(access_origin(&options, "http://viewer.example", "localhost"));
	EXPECT_FALSE(access_origin(&options, "http://localhost", "localhost:443"));
	EXPECT_FALSE(access_origin(&options, "http://localhost:8080", "localhost:8081"));
	EXPECT_FALSE(access_origin(&options, "http://localhost.evil", "localhost"));
	EXPECT_FALSE(access_origin(&options, "http://", "localhost"));
	EXPECT_FALSE(access_origin(&options, "null", "localhost"));
	EXPECT_FALSE(access_origin(&options, "ftp://localhost", "localhost"));
	EXPECT_FALSE(access_origin(&options, "", ""));
}

TEST(decode)
{
	char token[TOKEN_MAX];

	ASSERT_EQ(5, auth_decode(token, "aGVsbG8", 7));
	EXPECT_EQ(0, memcmp(token, "hello", 5));
	ASSERT_EQ(3, auth_decode(token, "-_-_", 4));
	EXPECT_EQ(0, memcmp(token, "\xfb\xff\xbf", 3));
	EXPECT_EQ(0, auth_decode(token, "", 0));
	EXPECT_EQ(-1, auth_decode(token, "a", 1));
	EXPECT_EQ(-1, auth_decode(token, "aG=", 3));
	EXPECT_EQ(-1, auth_decode(token, "a\0Gx", 4));
	EXPECT_EQ(-1, auth_decode(token, "+/+/", 4));
	for (size_t len = 0; len < 200; len++) {
		char text[200];

		memset(text, 'A', sizeof(text));
		EXPECT_GE(TOKEN_MAX, auth_decode(token, text, len));
	}
}

FIXTURE(tokens)
{
	struct auth auth;
	char path[64];
};

FIXTURE_SETUP(tokens)
{
	int fd;

	auth_init(&self->auth);
	strcpy(self->path, "/tmp/memlog-tokens.XXXXXX");
	fd = mkstemp(self->path);
	ASSERT_LE(0, fd);
	dprintf(fd, "# comment\n\nread aaaaaaaaaaaaaaaa\n  read\tbbbbbbbbbbbbbbbb web  audit\r\n"
		"write cccccccccccccccc\nread dddddddddddddddd web-2");
	close(fd);
}

FIXTURE_TEARDOWN(tokens)
{
	auth_free(&self->auth);
	unlink(self->path);
}

static bool may(struct auth *auth, const char *token, enum auth_right right,
		const char *channel)
{
	return auth_allows(auth, token, strlen(token), right, channel);
}

TEST_F(tokens, allow)
{
	struct auth *auth = &self->auth;

	ASSERT_EQ(0, auth_load(auth, self->path));
	EXPECT_TRUE(may(auth, "aaaaaaaaaaaaaaaa", AUTH_READ, "web"));
	EXPECT_TRUE(may(auth, "aaaaaaaaaaaaaaaa", AUTH_READ, ""));
	EXPECT_FALSE(may(auth, "aaaaaaaaaaaaaaaa", AUTH_WRITE, "web"));
	EXPECT_TRUE(may(auth, "bbbbbbbbbbbbbbbb", AUTH_READ, "web"));
	EXPECT_TRUE(may(auth, "bbbbbbbbbbbbbbbb", AUTH_READ, "audit"));
	EXPECT_FALSE(may(auth, "bbbbbbbbbbbbbbbb", AUTH_READ, "we"));
	EXPECT_FALSE(may(auth, "bbbbbbbbbbbbbbbb", AUTH_READ, "web-2"));
	EXPECT_FALSE(may(auth, "bbbbbbbbbbbbbbbb", AUTH_READ, ""));
	EXPECT_FALSE(may(auth, "bbbbbbbbbbbbbbbb", AUTH_READ, "web  audit"));
	EXPECT_TRUE(may(auth, "cccccccccccccccc", AUTH_WRITE, "any"));
	EXPECT_FALSE(may(auth, "dddddddddddddddd", AUTH_READ, "web"));
	EXPECT_TRUE(may(auth, "dddddddddddddddd", AUTH_READ, "web-2"));
	EXPECT_FALSE(may(auth, "aaaaaaaaaaaaaaa", AUTH_READ, "web"));
	EXPECT_FALSE(may(auth, "aaaaaaaaaaaaaaaaa", AUTH_READ, "web"));
	EXPECT_FALSE(may(auth, "", AUTH_READ, "web"));
	EXPECT_FALSE(auth_allows(auth, "aaaaaaaaaaaaaaaa\0", 17, AUTH_READ, "web"));
}

TEST_F(tokens, kept_when_file_is_bad)
{
	ASSERT_EQ(0, auth_load(&self->auth, self->path));
	ASSERT_EQ(0, chmod(self->path, 0644));
	EXPECT_EQ(-EPERM, auth_load(&self->auth, NULL));
	ASSERT_EQ(0, unlink(self->path));
	EXPECT_EQ(-ENOENT, auth_load(&self->auth, NULL));
	EXPECT_TRUE(may(&self->auth, "aaaaaaaaaaaaaaaa", AUTH_READ, "web"));
}

FIXTURE(text)
{
	struct encoder enc;
	struct block *block;
	uint64_t seq;
};

FIXTURE_SETUP(text)
{
	struct carry carry = { 0 };

	encoder_init(&self->enc, &format_text, 1, &carry);
	self->block = NULL;
	self->seq = 0;
}

FIXTURE_TEARDOWN(text)
{
	encoder_uninit(&self->enc);
	block_put(self->block);
}

static void add(struct encoder *enc, const char *text, unsigned int flags)
{
	struct memlog_record rec = {
		.len = (uint32_t)strlen(text), .flags = (uint8_t)flags,
	};

	enc->format->record(enc, &rec, text, flags & MEMLOG_JOIN);
}

/* Ends the block: what it says. */
static const char *take(struct __test_metadata *_metadata, FIXTURE_DATA(text) *self)
{
	block_put(self->block);
	self->block = NULL;
	ASSERT_EQ(0, encoder_take(&self->enc, &self->block));
	if (!self->block)
		return "";
	*block_reserve(&self->block, 1) = '\0';
	return block_bytes(self->block);
}

#define EXPECT_TEXT(text) EXPECT_STREQ(text, take(_metadata, self))

TEST_F(text, lines)
{
	add(&self->enc, "one\n", 0);
	add(&self->enc, "two", 0);
	add(&self->enc, "\n", 0);
	EXPECT_TEXT("one\ntwo\n\n");
	EXPECT_TEXT("");
}

TEST_F(text, bad_bytes)
{
	add(&self->enc, "a\xff" "b\xe2\x82" "c\xc3\n", 0);
	EXPECT_TEXT("a\xef\xbf\xbd" "b\xef\xbf\xbd" "c\xef\xbf\xbd\n");
}

TEST_F(text, pieces_are_one_line)
{
	add(&self->enc, "one ", MEMLOG_PARTIAL);
	add(&self->enc, "\xe2\x82", MEMLOG_PARTIAL | MEMLOG_JOIN);
	add(&self->enc, "\xac two", MEMLOG_JOIN);
	EXPECT_TEXT("one \xe2\x82\xac two\n");
}

TEST_F(text, piece_that_stays_alone)
{
	add(&self->enc, "one\xe2", MEMLOG_PARTIAL);
	add(&self->enc, "two\n", 0);
	add(&self->enc, "three", MEMLOG_PARTIAL);
	format_text.lost(&self->enc, &(struct memlog_loss){ .records = 3, .bytes = 44 });
	EXPECT_TEXT("one\xef\xbf\xbd\ntwo\nthree\nmemlog: lost 3 records, 44 bytes\n");
}

TEST_F(text, cut_inside_a_character)
{
	add(&self->enc, "one\xf0\x9f\x98", MEMLOG_PARTIAL);
	EXPECT_TEXT("one\n");
	EXPECT_EQ(3, self->enc.carry.len);
	add(&self->enc, "\x80 end\n", MEMLOG_JOIN);
	EXPECT_TEXT("\xf0\x9f\x98\x80 end\n");
	add(&self->enc, "one\xf0\x9f\x98", MEMLOG_PARTIAL);
	EXPECT_TEXT("one\n");
	add(&self->enc, "other\n", 0);
	EXPECT_TEXT("\xef\xbf\xbd\nother\n");
}

TEST_F(text, carry_goes_to_another_encoder)
{
	struct encoder other;
	struct block *block;

	add(&self->enc, "one\xe2\x82", MEMLOG_PARTIAL);
	EXPECT_TEXT("one\n");
	encoder_init(&other, &format_text, 1, &self->enc.carry);
	add(&other, "\xac\n", MEMLOG_JOIN);
	ASSERT_EQ(0, encoder_take(&other, &block));
	ASSERT_EQ(4, block->len);
	EXPECT_EQ(0, memcmp(block_bytes(block), "\xe2\x82\xac\n", 4));
	block_put(block);
}

TEST_HARNESS_MAIN
