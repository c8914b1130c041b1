// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that are found by themselves: those that are there, that come, that may
 * not be read at first, and what is none. Ring files stand for devices; device_test
 * has real ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "devices.h"
#include "hub.h"
#include "kselftest_harness.h"
#include "log.h"

FIXTURE(devices)
{
	char dir[64];
	uv_loop_t loop;
	struct channels channels;
	struct devices devices;
};

FIXTURE_SETUP(devices)
{
	strcpy(self->dir, "/tmp/memlog-devices.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	ASSERT_EQ(0, chmod(self->dir, 0755));
	ASSERT_EQ(0, uv_loop_init(&self->loop));
	channels_init(&self->channels);
	memset(&self->devices, 0, sizeof(self->devices));
}

FIXTURE_TEARDOWN(devices)
{
	char command[96];

	devices_close(&self->devices);
	devices_close(&self->devices);
	uv_run(&self->loop, UV_RUN_DEFAULT);
	EXPECT_EQ(0, uv_loop_close(&self->loop));
	channels_uninit(&self->channels);
	snprintf(command, sizeof(command), "rm -rf '%s'", self->dir);
	EXPECT_EQ(0, system(command));
}

static const char *in_dir(FIXTURE_DATA(devices) *self, const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", self->dir, name);
	return path;
}

static void make(FIXTURE_DATA(devices) *self, const char *name)
{
	struct memlog_embedded *ring;

	if (memlog_embedded_open(&ring, in_dir(self, name), NULL))
		abort();
	memlog_embedded_close(ring);
}

static void start(FIXTURE_DATA(devices) *self)
{
	devices_open(&self->devices, &self->channels, &self->loop, self->dir, S_IFREG);
}

/* The names of all channels, in their order. */
static const char *served(FIXTURE_DATA(devices) *self)
{
	static char names[512];
	struct channel *channel = NULL;

	for (int i = 0; i < 10; i++)
		uv_run(&self->loop, UV_RUN_NOWAIT);
	names[0] = '\0';
	while ((channel = channels_next(&self->channels, channel))) {
		strcat(names, names[0] ? " " : "");
		strcat(names, channel->name);
	}
	return names;
}

TEST_F(devices, found)
{
	make(self, "memlog-web");
	make(self, "memlog");
	make(self, "memlog-audit_2");
	make(self, "memlogs");
	make(self, "memlog-");
	make(self, "memlog--x");
	make(self, "memlog-a.b");
	make(self, "xmemlog");
	ASSERT_EQ(0, mkdir(in_dir(self, "memlog-dir"), 0755));
	ASSERT_EQ(0, symlink("nowhere", in_dir(self, "memlog-link")));
	close(open(in_dir(self, "memlog-empty"), O_CREAT | O_RDWR | O_CLOEXEC, 0644));
	start(self);
	EXPECT_STREQ("memlog audit_2 web", served(self));
}

TEST_F(devices, come)
{
	start(self);
	EXPECT_STREQ("", served(self));
	make(self, "memlog-web");
	EXPECT_STREQ("web", served(self));
	make(self, "other");
	ASSERT_EQ(0, unlink(in_dir(self, "memlog-web")));
	make(self, "memlog-web");
	make(self, "memlog");
	EXPECT_STREQ("web memlog", served(self));
}

TEST_F(devices, may_be_read_later)
{
	if (getuid())
		SKIP(return, "needs root, to stop being it");
	make(self, "memlog-late");
	ASSERT_EQ(0, chmod(in_dir(self, "memlog-late"), 0));
	ASSERT_EQ(0, seteuid(65534));
	start(self);
	EXPECT_STREQ("", served(self));
	ASSERT_EQ(0, seteuid(0));
	ASSERT_EQ(0, chmod(in_dir(self, "memlog-late"), 0644));
	ASSERT_EQ(0, seteuid(65534));
	EXPECT_STREQ("late", served(self));
	ASSERT_EQ(0, seteuid(0));
}

/* Runs the loop for @ms, or until all of @want is served. */
static const char *served_within(FIXTURE_DATA(devices) *self, const char *want, uint64_t ms)
{
	uint64_t end = uv_hrtime() + ms * 1000000;

	while (strcmp(served(self), want) && uv_hrtime() < end)
		usleep(10000);
	return served(self);
}

/* Standard error goes to a file of its own; what it was is returned. */
static int keep_log(FIXTURE_DATA(devices) *self)
{
	int was = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	int fd = open(in_dir(self, "log"), O_CREAT | O_RDWR | O_APPEND | O_CLOEXEC, 0600);

	dup2(fd, STDERR_FILENO);
	close(fd);
	log_set_verbose(true);
	return was;
}

/* How often @text is in the log, once standard error is @was again. */
static int logged(int was, const char *text)
{
	char buf[8192];
	ssize_t len;
	int n = 0;

	len = pread(STDERR_FILENO, buf, sizeof(buf) - 1, 0);
	buf[len > 0 ? len : 0] = '\0';
	if (was >= 0) {
		dup2(was, STDERR_FILENO);
		close(was);
		log_set_verbose(false);
	}
	for (const char *at = buf; (at = strstr(at, text)); at++)
		n++;
	return n;
}

/* A driver makes its device before it lets it be opened, and tells nobody of that. */
TEST_F(devices, can_be_opened_later)
{
	struct rlimit limit, none;
	char from[128];
	int was, fd;

	start(self);
	make(self, "made");
	was = keep_log(self);
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	fd = dup(STDERR_FILENO);
	close(fd);
	none = (struct rlimit){ .rlim_cur = (rlim_t)fd, .rlim_max = limit.rlim_max };
	strcpy(from, in_dir(self, "made"));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	ASSERT_EQ(0, rename(from, in_dir(self, "memlog-late")));
	EXPECT_STREQ("", served_within(self, "late", 1000));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_STREQ("late", served_within(self, "late", 10000));
	EXPECT_FALSE(uv_is_active((uv_handle_t *)&self->devices.retry));
	EXPECT_EQ(1, logged(was, strerror(EMFILE)));
}

/* One that never can is told of, not over and over, and is let go with its file. */
TEST_F(devices, can_never_be_opened)
{
	int was;

	/* a number that Linux gives to no driver */
	if (mknod(in_dir(self, "memlog-none"), S_IFCHR | 0666, makedev(60, 0)))
		SKIP(return, "needs root, to make a device");
	was = keep_log(self);
	devices_open(&self->devices, &self->channels, &self->loop, self->dir, S_IFCHR);
	for (int i = 0; i < 40 && logged(-1, "memlog-none is not served") < 2; i++)
		EXPECT_STREQ("", served_within(self, "none", 500));
	EXPECT_TRUE(uv_is_active((uv_handle_t *)&self->devices.retry));
	ASSERT_EQ(0, unlink(in_dir(self, "memlog-none")));
	for (int i = 0; i < 40 && uv_is_active((uv_handle_t *)&self->devices.retry); i++)
		EXPECT_STREQ("", served_within(self, "none", 500));
	EXPECT_FALSE(uv_is_active((uv_handle_t *)&self->devices.retry));
	/* quietly at first, and once aloud */
	EXPECT_EQ(2, logged(was, "memlog-none is not served"));
}

/* What was named on the command line stays what it is. */
TEST_F(devices, named_before)
{
	char path[128];

	make(self, "memlog-web");
	make(self, "memlog-db");
	strcpy(path, in_dir(self, "memlog-web"));
	ASSERT_EQ(0, channels_add(&self->channels, "mine", path));
	ASSERT_EQ(0, channels_add(&self->channels, "db", "embedded:4K"));
	start(self);
	EXPECT_STREQ("mine db", served(self));
}

TEST_F(devices, no_folder)
{
	devices_open(&self->devices, &self->channels, &self->loop, "/nonexistent/memlog", S_IFREG);
	EXPECT_STREQ("", served(self));
}

/* Devices of another driver are opened, and left alone. */
TEST_F(devices, others)
{
	if (mknod(in_dir(self, "memlog-null"), S_IFCHR | 0666, (1 << 8) | 3))
		SKIP(return, "needs root, to make a device");
	make(self, "memlog-file");
	devices_open(&self->devices, &self->channels, &self->loop, self->dir, S_IFCHR);
	EXPECT_STREQ("", served(self));
}

TEST_HARNESS_MAIN
