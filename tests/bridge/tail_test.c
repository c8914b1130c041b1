// SPDX-License-Identifier: GPL-2.0-only
/*
 * Channels that follow a text file: what is added, rotated, truncated, late.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hub.h"
#include "kselftest_harness.h"

#define LONG_MS		8000

FIXTURE(tail)
{
	char dir[64];
	char path[96];
	char old[96];
	char value[128];
	struct channels channels;
	struct memlog_reader *reader;
	const struct memlog_record *rec;
	const char *text;
};

FIXTURE_SETUP(tail)
{
	strcpy(self->dir, "/tmp/memlog-tail.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	snprintf(self->path, sizeof(self->path), "%s/log", self->dir);
	snprintf(self->old, sizeof(self->old), "%s/log.1", self->dir);
	snprintf(self->value, sizeof(self->value), "tail:64K:%s", self->path);
	channels_init(&self->channels);
	self->reader = NULL;
}

FIXTURE_TEARDOWN(tail)
{
	char command[96];

	memlog_reader_close(self->reader);
	channels_uninit(&self->channels);
	snprintf(command, sizeof(command), "rm -rf '%s'", self->dir);
	EXPECT_EQ(0, system(command));
}

static void append(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	close(fd);
}

static int serve(FIXTURE_DATA(tail) *self)
{
	struct memlog_reader_options options = {
		.size = sizeof(options), .flags = MEMLOG_READ_FOLLOW,
	};
	int err = channels_add(&self->channels, "web", self->value);

	if (err)
		return err;
	return source_reader(&channels_find(&self->channels, "web")->source, &self->reader,
			     &options);
}

/* The next record's text. */
static const char *next(FIXTURE_DATA(tail) *self)
{
	static char text[70000];
	int event;

	while (!(event = memlog_next(self->reader, &self->rec, &self->text)))
		if (memlog_wait(self->reader, LONG_MS) <= 0)
			return "nothing came";
	if (event != MEMLOG_RECORD)
		return "no record";
	memcpy(text, self->text, self->rec->len);
	text[self->rec->len] = '\0';
	return text;
}

TEST_F(tail, what_is_added)
{
	append(self->path, "before\n");
	ASSERT_EQ(0, serve(self));
	append(self->path, "one\ntwo\r\nhalf");
	EXPECT_STREQ("one\n", next(self));
	EXPECT_STREQ("web", self->rec->comm);
	EXPECT_EQ(MEMLOG_PRI_DEFAULT, self->rec->pri);
	EXPECT_EQ(MEMLOG_ID_NONE, self->rec->pid);
	EXPECT_EQ(0, self->rec->cgroup);
	EXPECT_STREQ("two\n", next(self));
	append(self->path, " and half\n");
	EXPECT_STREQ("half and half\n", next(self));
}

TEST_F(tail, comes_later)
{
	ASSERT_EQ(0, serve(self));
	append(self->path, "first\n");
	EXPECT_STREQ("first\n", next(self));
}

TEST_F(tail, renamed)
{
	append(self->path, "before\n");
	ASSERT_EQ(0, serve(self));
	append(self->path, "1\n");
	ASSERT_EQ(0, rename(self->path, self->old));
	append(self->old, "2\n");
	EXPECT_STREQ("1\n", next(self));
	EXPECT_STREQ("2\n", next(self));
	append(self->path, "3\n");
	EXPECT_STREQ("3\n", next(self));
	append(self->old, "4\n");
	EXPECT_STREQ("4\n", next(self));
	ASSERT_EQ(0, unlink(self->path));
	append(self->path, "5\n");
	EXPECT_STREQ("5\n", next(self));
}

TEST_F(tail, truncated)
{
	append(self->path, "before\n");
	ASSERT_EQ(0, serve(self));
	append(self->path, "something long\n");
	EXPECT_STREQ("something long\n", next(self));
	ASSERT_EQ(0, truncate(self->path, 0));
	append(self->path, "new\n");
	EXPECT_STREQ("new\n", next(self));
}

/* Every line of a file that is renamed again and again. */
TEST_F(tail, many_rotations)
{
	char line[32];

	append(self->path, "");
	ASSERT_EQ(0, serve(self));
	for (int i = 0; i < 1000; i++) {
		snprintf(line, sizeof(line), "%d\n", i);
		append(self->path, line);
		if (i % 100 == 99) {
			ASSERT_EQ(0, rename(self->path, self->old));
			append(self->path, "");
			usleep(50000);
		}
	}
	for (int i = 0; i < 1000; i++) {
		snprintf(line, sizeof(line), "%d\n", i);
		ASSERT_STREQ(line, next(self));
	}
}

TEST_F(tail, long_line)
{
	static char line[40001];
	size_t len = 0;

	append(self->path, "");
	ASSERT_EQ(0, serve(self));
	memset(line, 'x', sizeof(line) - 2);
	line[sizeof(line) - 2] = '\n';
	append(self->path, line);
	for (int i = 0; i < 3; i++) {
		len += strlen(next(self));
		EXPECT_EQ((i < 2 ? MEMLOG_PARTIAL : 0) | (i ? MEMLOG_JOIN : 0), self->rec->flags);
	}
	EXPECT_EQ(sizeof(line) - 1, len);
}

TEST_F(tail, refused)
{
	static const char *const sizes[] = { "0:", "5000:", "2G:", "1K:" };

	EXPECT_EQ(-EINVAL, channels_add(&self->channels, "a", "tail:"));
	EXPECT_EQ(-EINVAL, channels_add(&self->channels, "a", "tail:64K:"));
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		snprintf(self->value, sizeof(self->value), "tail:%s%s", sizes[i], self->path);
		EXPECT_EQ(-EINVAL, channels_add(&self->channels, "a", self->value));
	}
	snprintf(self->value, sizeof(self->value), "tail:%s", self->dir);
	EXPECT_EQ(-EISDIR, channels_add(&self->channels, "a", self->value));
	/* nobody writes it, and that holds up nobody */
	ASSERT_EQ(0, mkfifo(self->path, 0644));
	snprintf(self->value, sizeof(self->value), "tail:%s", self->path);
	EXPECT_EQ(-EINVAL, channels_add(&self->channels, "a", self->value));
	EXPECT_EQ(NULL, channels_next(&self->channels, NULL));
}

/* A path with a colon in it is a path. */
/* The file is root's, and whoever has the folder may not have it read. */
TEST_F(tail, link_of_another)
{
	char secret[sizeof(self->path) + 8];

	if (geteuid())
		SKIP(return, "needs root");
	snprintf(secret, sizeof(secret), "%s.secret", self->path);
	append(secret, "");
	append(self->path, "");
	ASSERT_EQ(0, serve(self));
	ASSERT_EQ(0, symlink(secret, self->old));
	ASSERT_EQ(0, lchown(self->old, 1, 1));
	ASSERT_EQ(0, rename(self->old, self->path));
	append(secret, "not for them\n");
	usleep(1200000);
	ASSERT_EQ(0, unlink(self->path));
	append(self->path, "for them\n");
	EXPECT_STREQ("for them\n", next(self));
	/* their own, and ours */
	ASSERT_EQ(0, chown(secret, 1, 1));
	ASSERT_EQ(0, rename(self->path, secret));
	ASSERT_EQ(0, symlink(secret, self->path));
	append(secret, "by ours\n");
	EXPECT_STREQ("by ours\n", next(self));
	unlink(secret);
}

TEST_F(tail, path_with_colon)
{
	snprintf(self->path, sizeof(self->path), "%s/4K:log", self->dir);
	snprintf(self->value, sizeof(self->value), "tail:%s", self->path);
	ASSERT_EQ(0, serve(self));
	append(self->path, "here\n");
	EXPECT_STREQ("here\n", next(self));
}

TEST_HARNESS_MAIN
