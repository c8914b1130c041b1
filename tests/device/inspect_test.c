// SPDX-License-Identifier: GPL-2.0-only
/* What the system tells about the log: fdinfo, sysfs, tracepoints. */
#include <dirent.h>
#include <sys/stat.h>

#include "kselftest_harness.h"

#include "device.h"

#define TRACING "/sys/kernel/tracing/"

FIXTURE(inspect)
{
	int wr;
	int rd;
	char buf[1 << 16];
};

FIXTURE_SETUP(inspect)
{
	ASSERT_EQ(0, dev_reset());
	self->wr = dev_open(O_WRONLY);
	ASSERT_LE(0, self->wr);
	self->rd = dev_open(O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->rd);
	ASSERT_EQ(0, dev_go(self->rd, SEEK_END));
}

FIXTURE_TEARDOWN(inspect)
{
	close(self->wr);
	close(self->rd);
	dev_reset();
}

/* The value of a line "memlog-NAME:\tVALUE" of fdinfo, "" if there is none. */
static const char *fdinfo(int fd, const char *name)
{
	static char text[4096];
	char path[64], key[64], *at;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	snprintf(key, sizeof(key), "\nmemlog-%s:\t", name);
	if (read_file(path, text, sizeof(text)) < 0)
		return "";
	at = strstr(text, key);
	if (!at)
		return "";
	at += strlen(key);
	at[strcspn(at, "\n")] = '\0';
	return at;
}

TEST_F(inspect, fdinfo_of_a_reader)
{
	struct memlog_info info;
	char stream[32];

	ASSERT_EQ(0, put_n(self->wr, 400, 100));
	/* The lost line and a few records. */
	ASSERT_LT(200, get(self->rd, self->buf, 560));
	ASSERT_EQ(0, dev_info(self->rd, &info));
	snprintf(stream, sizeof(stream), "%016llx", info.stream);
	EXPECT_STREQ(stream, fdinfo(self->rd, "stream"));
	EXPECT_EQ(info.reader_seq,
		  strtoull(fdinfo(self->rd, "reader-seq"), NULL, 10));
	EXPECT_EQ(info.reader_pos,
		  strtoull(fdinfo(self->rd, "reader-pos"), NULL, 10));
	EXPECT_LT(0, info.lost_records);
	EXPECT_EQ(info.lost_records,
		  strtoull(fdinfo(self->rd, "lost-records"), NULL, 10));
	EXPECT_EQ(info.lost_bytes,
		  strtoull(fdinfo(self->rd, "lost-bytes"), NULL, 10));
	EXPECT_STREQ("text", fdinfo(self->rd, "format"));
	ASSERT_EQ(0, dev_format(self->rd, MEMLOG_FORMAT_RECORD, 0));
	EXPECT_STREQ("record", fdinfo(self->rd, "format"));
	EXPECT_STREQ("", fdinfo(self->rd, "written-seq"));
}

TEST_F(inspect, fdinfo_of_a_writer)
{
	struct memlog_info info;

	puts_dev(self->wr, "x\n");
	ASSERT_EQ(0, dev_info(self->wr, &info));
	EXPECT_EQ(info.written_seq,
		  strtoull(fdinfo(self->wr, "written-seq"), NULL, 10));
	EXPECT_STREQ("", fdinfo(self->wr, "reader-seq"));
}

TEST_F(inspect, sysfs)
{
	struct memlog_info info;

	ASSERT_EQ(0, put_n(self->wr, 400, 100));
	ASSERT_EQ(0, dev_info(self->rd, &info));
	EXPECT_EQ(info.text_size, sysfs_value("size"));
	EXPECT_EQ(info.records, sysfs_value("records"));
	EXPECT_EQ(info.oldest_seq, sysfs_value("oldest_seq"));
	EXPECT_EQ(info.next_seq, sysfs_value("next_seq"));
	EXPECT_EQ(info.evicted, sysfs_value("evicted"));
	EXPECT_EQ(info.denied, sysfs_value("denied"));
	EXPECT_EQ(info.faults, sysfs_value("faults"));
	EXPECT_LT(0, info.evicted);
}

TEST_F(inspect, sysfs_readers)
{
	int64_t before = sysfs_value("readers");
	int rd, wr;

	ASSERT_LE(1, before);
	rd = dev_open(O_RDONLY);
	ASSERT_LE(0, rd);
	EXPECT_EQ(before + 1, sysfs_value("readers"));
	wr = dev_open(O_WRONLY);
	ASSERT_LE(0, wr);
	EXPECT_EQ(before + 1, sysfs_value("readers"));
	close(rd);
	EXPECT_EQ(before, sysfs_value("readers"));
	close(wr);
	EXPECT_EQ(before, sysfs_value("readers"));
}

/* One value a file, and nobody writes there. */
TEST_F(inspect, sysfs_is_for_reading)
{
	char path[512], value[256];
	struct dirent *entry;
	struct stat st;
	int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/class/misc/%s", dev_name());
	dir = opendir(path);
	ASSERT_NE(NULL, dir);
	while ((entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/class/misc/%s/%s",
			 dev_name(), entry->d_name);
		/* uevent is the driver core's. */
		if (lstat(path, &st) || !S_ISREG(st.st_mode) ||
		    !strcmp(entry->d_name, "uevent"))
			continue;
		EXPECT_EQ(0, st.st_mode & 0222) {
			TH_LOG("%s can be written", entry->d_name);
		}
		ASSERT_LT(1, read_file(path, value, sizeof(value)));
		EXPECT_EQ(strlen(value) - 1, strcspn(value, "\n"));
		EXPECT_EQ(NULL, strchr(value, ' '));
		n++;
	}
	closedir(dir);
	EXPECT_LE(8, n);
}

/* A page that comes when it is asked for is a fault of the write. */
TEST_F(inspect, faults_are_counted)
{
	struct memlog_info before, after;

	ASSERT_EQ(0, dev_info(self->rd, &before));
	EXPECT_EQ(-EFAULT, put(self->wr, (void *)8, 10));
	ASSERT_EQ(0, dev_info(self->rd, &after));
	EXPECT_LE(before.faults, after.faults);
	EXPECT_GE(before.faults + 4, after.faults);
}

static void trace_clear(void)
{
	close(open(TRACING "trace", O_WRONLY | O_TRUNC | O_CLOEXEC));
}

static bool trace_has(const char *text, char *buf, size_t size)
{
	return read_file(TRACING "trace", buf, size) > 0 && strstr(buf, text);
}

TEST_F(inspect, tracepoints)
{
	char want[64];

	if (access(TRACING "events", F_OK))
		SKIP(return, "tracefs is not mounted at " TRACING);
	ASSERT_EQ(0, access(TRACING "events/memlog", F_OK));
	trace_clear();
	ASSERT_EQ(0, write_file(TRACING "events/memlog/enable", "1"));
	snprintf(want, sizeof(want), "seq=%llu", dev_next(self->rd));
	puts_dev(self->wr, "traced\n");
	EXPECT_TRUE(trace_has("memlog_write", self->buf, sizeof(self->buf)));
	EXPECT_NE(NULL, strstr(self->buf, want));
	EXPECT_EQ(-EFAULT, put(self->wr, (void *)8, 10));
	EXPECT_TRUE(trace_has("memlog_fault", self->buf, sizeof(self->buf)));
	ASSERT_EQ(0, put_n(self->wr, 200, 100));
	trace_clear();
	ASSERT_LT(0, get(self->rd, self->buf, 4096));
	EXPECT_TRUE(trace_has("memlog_lost", self->buf, sizeof(self->buf)));
	trace_clear();
	ASSERT_EQ(0, dev_resize(self->rd, 65536, 0, 0));
	EXPECT_TRUE(trace_has("memlog_resize", self->buf, sizeof(self->buf)));
	ASSERT_EQ(0, write_file(TRACING "events/memlog/enable", "0"));
	trace_clear();
	puts_dev(self->wr, "not traced\n");
	EXPECT_FALSE(trace_has("memlog_write", self->buf, sizeof(self->buf)));
}

TEST_HARNESS_MAIN
