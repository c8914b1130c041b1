// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device's records in an archive: more of them than the ring holds, of two
 * loads of the module, told as they were written.
 */
#include <sys/stat.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "device.h"
#include "objects.h"
#include "served.h"

#define LONG_MS		20000
#define DIR		"/tmp/archive-test"
#define CGROUP		"/sys/fs/cgroup/bridge-test.service"
#define RECORDS		600
#define HISTORY		"/api/v1/channels/memlog/records?format=ndjson"

static const char *const archived[] = { "--archive", "memlog=" DIR, "--sync", "none", NULL };
static const unsigned int types[] = { 0, 1001, 1101, 1201 };

FIXTURE(archive)
{
	pid_t bridge;
	char streams[2][17];
};

FIXTURE_SETUP(archive)
{
	system("rm -rf " DIR);
	ASSERT_EQ(0, module_reload("size=16K"));
	self->bridge = served_start(archived);
	ASSERT_LT(0, self->bridge);
}

FIXTURE_TEARDOWN(archive)
{
	if (self->bridge > 0)
		EXPECT_EQ(0, served_stop(self->bridge));
	EXPECT_EQ(0, module_reload(""));
	system("rm -rf " DIR);
}

/* Number @n: bytes of every kind in records that are not text. */
static size_t make_text(char text[128], unsigned int n)
{
	size_t len = (size_t)sprintf(text, "record %u of type %u ", n, types[n % 4]);

	if (n % 4)
		for (unsigned int i = 0; i < 32; i++)
			text[len++] = (char)(n + i * 8);
	else
		text[len++] = '\n';
	return len;
}

static uint64_t archived_next(void)
{
	json_t *channel = objects_channel("memlog");
	uint64_t next = object_number(json_object_get(channel, "archive"), "next");

	json_decref(channel);
	return next;
}

/* Records @from and on, never more at once than the ring can hold. */
static void write_records(struct __test_metadata *_metadata, unsigned int from, char stream[17])
{
	int fd = dev_open(O_WRONLY);
	struct memlog_info info;
	char text[128];

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, dev_info(fd, &info));
	sprintf(stream, "%016llx", (unsigned long long)info.stream);
	for (unsigned int n = 0; n < RECORDS; n++) {
		size_t len = make_text(text, from + n);

		ASSERT_EQ(0, dev_stamp(fd, (__u16)types[(from + n) % 4], (__u8)(8 + n % 8)));
		ASSERT_EQ(len, write(fd, text, len));
		for (int i = 0; n % 50 == 49 && archived_next() <= n && i < 2000; i++)
			sleep_ms(5);
	}
	ASSERT_EQ(RECORDS, archived_next());
	close(fd);
}

/* The text of a record, in JSON text or base64. */
static size_t text_of(const json_t *record, char text[128])
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *base64 = json_string_value(json_object_get(record, "base64"));
	unsigned int bits = 0, count = 0;
	size_t len = 0;

	if (!base64) {
		const json_t *string = json_object_get(record, "text");

		len = json_string_length(string);
		memcpy(text, json_string_value(string), len);
		return len;
	}
	for (; *base64 && *base64 != '='; base64++) {
		bits = bits << 6 | (unsigned int)(strchr(digits, *base64) - digits);
		count += 6;
		if (count >= 8) {
			count -= 8;
			text[len++] = (char)(bits >> count);
		}
	}
	return len;
}

static void expect_record(struct __test_metadata *_metadata, const json_t *record,
			  unsigned int n)
{
	char want[128], have[128];
	size_t len = make_text(want, n);

	ASSERT_EQ(n % RECORDS, object_number(record, "seq"));
	EXPECT_EQ(types[n % 4], object_number(record, "type"));
	EXPECT_EQ(8 + n % RECORDS % 8, object_number(record, "pri"));
	EXPECT_EQ(getpid(), object_number(record, "pid"));
	ASSERT_EQ(len, text_of(record, have));
	EXPECT_EQ(0, memcmp(want, have, len));
}

TEST_F_TIMEOUT(archive, two_loads, 100)
{
	unsigned int n = 0, hellos = 0, ends = 0;
	json_t *lines, *line;
	size_t i;

	write_records(_metadata, 0, self->streams[0]);
	/* the archiver has the device open */
	EXPECT_EQ(0, served_stop(self->bridge));
	ASSERT_EQ(0, module_reload("size=16K"));
	self->bridge = served_start(archived);
	ASSERT_LT(0, self->bridge);
	write_records(_metadata, RECORDS, self->streams[1]);
	EXPECT_STRNE(self->streams[0], self->streams[1]);
	lines = objects_of_lines(HISTORY);
	ASSERT_NE(NULL, lines);
	json_array_foreach(lines, i, line) {
		EXPECT_EQ(NULL, json_object_get(line, "lost"));
		if (json_object_get(line, "channel")) {
			EXPECT_STREQ(self->streams[hellos++ % 2], object_text(line, "stream"));
		} else if (json_object_get(line, "ended")) {
			ends++;
		} else {
			expect_record(_metadata, line, n++);
		}
	}
	json_decref(lines);
	EXPECT_EQ(2 * RECORDS, n);
	EXPECT_EQ(2, hellos);
	EXPECT_EQ(1, ends);
}

/* One who was in the stream before goes on behind what he had. */
TEST_F_TIMEOUT(archive, resume, 100)
{
	struct objects objects;
	char id[64];
	json_t *json;

	write_records(_metadata, 0, self->streams[0]);
	EXPECT_EQ(0, served_stop(self->bridge));
	ASSERT_EQ(0, module_reload("size=16K"));
	self->bridge = served_start(archived);
	ASSERT_LT(0, self->bridge);
	write_records(_metadata, RECORDS, self->streams[1]);
	sprintf(id, "%s:%u", self->streams[0], 99);
	ASSERT_EQ(0, objects_open_sse(&objects, "/sse/memlog", id));
	for (unsigned int n = 100; n < 2 * RECORDS;) {
		json = objects_next(&objects, LONG_MS);
		ASSERT_NE(NULL, json);
		EXPECT_EQ(NULL, json_object_get(json, "lost"));
		if (json_object_get(json, "seq"))
			expect_record(_metadata, json, n++);
		json_decref(json);
	}
	EXPECT_EQ(0, objects.errors);
	objects_close(&objects);
}

/* Its folder is for who may read the device. */
TEST_F_TIMEOUT(archive, modes, 60)
{
	struct stat st, device;

	write_records(_metadata, 0, self->streams[0]);
	ASSERT_EQ(0, stat("/dev/memlog", &device));
	ASSERT_EQ(0, stat(DIR, &st));
	EXPECT_EQ(0750, st.st_mode & 07777);
	EXPECT_EQ(device.st_gid, st.st_gid);
}

/* The paths of cgroups are kept, for when they are gone. */
TEST_F_TIMEOUT(archive, cgroups, 60)
{
	char line[256], want[128];
	struct stat st;
	bool found = false;
	int status;
	FILE *file;
	pid_t pid;

	ASSERT_EQ(0, mkdir(CGROUP, 0755));
	ASSERT_EQ(0, stat(CGROUP, &st));
	pid = fork();
	if (!pid) {
		if (write_file(CGROUP "/cgroup.procs", "0"))
			_exit(1);
		_exit(write(dev_open(O_WRONLY), "in\n", 3) != 3);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	for (int i = 0; !archived_next() && i < 1000; i++)
		sleep_ms(5);
	EXPECT_EQ(0, served_stop(self->bridge));
	self->bridge = 0;
	EXPECT_EQ(0, rmdir(CGROUP));
	sprintf(want, "%llu /bridge-test.service\n", (unsigned long long)st.st_ino);
	file = popen("cat " DIR "/*/cgroups", "r");
	ASSERT_NE(NULL, file);
	while (fgets(line, sizeof(line), file))
		found |= !strcmp(line, want);
	pclose(file);
	EXPECT_TRUE(found);
}

/* A device that comes later is archived from then on. */
TEST_F_TIMEOUT(archive, later, 60)
{
	static const char *const other[] = {
		"--archive", "memlog=" DIR, "--channel", "other=embedded:16K", NULL,
	};
	json_t *lines;

	EXPECT_EQ(0, archived_next());
	EXPECT_EQ(0, served_stop(self->bridge));
	ASSERT_EQ(0, module_unload());
	self->bridge = served_start(other);
	ASSERT_LT(0, self->bridge);
	ASSERT_EQ(0, module_load("size=16K"));
	write_records(_metadata, 0, self->streams[0]);
	lines = objects_of_lines(HISTORY);
	EXPECT_EQ(1 + RECORDS, json_array_size(lines));
	json_decref(lines);
}

TEST_HARNESS_MAIN
