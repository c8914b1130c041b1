// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the device knows about a record and its writer, as each format gives it:
 * held against what read(2) gives.
 */
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "kselftest_harness.h"

#include "device.h"
#include "objects.h"
#include "served.h"

#define LONG_MS		20000
#define CGROUP		"/sys/fs/cgroup/bridge-test.service"
#define CGROUP_GONE	"/sys/fs/cgroup/bridge-gone.service"

FIXTURE(facts)
{
	pid_t bridge;
	struct rec_reader *device;
};

FIXTURE_VARIANT(facts)
{
	const char *params;
	const char *args[3];
};

FIXTURE_VARIANT_ADD(facts, root)
{
	.params = "size=64K",
};

/* This one finds the names of cgroups in another way. */
FIXTURE_VARIANT_ADD(facts, nobody)
{
	.params = "size=64K mode=0666",
	.args = { "--user", "nobody" },
};

FIXTURE_SETUP(facts)
{
	int fd;

	ASSERT_EQ(0, module_reload(variant->params));
	fd = dev_open(O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, dev_format(fd, MEMLOG_FORMAT_RECORD, 0));
	self->device = malloc(sizeof(*self->device));
	ASSERT_NE(NULL, self->device);
	rec_init(self->device, fd);
	self->bridge = served_start(variant->args);
	ASSERT_LT(0, self->bridge);
}

FIXTURE_TEARDOWN(facts)
{
	close(self->device->fd);
	free(self->device);
	if (self->bridge > 0)
		EXPECT_EQ(0, served_stop(self->bridge));
	rmdir(CGROUP);
	EXPECT_EQ(0, module_reload(""));
}

/**
 * struct writer - Somebody who writes one record.
 * @uid: Who.
 * @comm: Name of the thread.
 * @cgroup: Folder of the cgroup, NULL: where the test is.
 * @type: Stamped, if not MEMLOG_TYPE_TEXT.
 * @text: What is written, a priority before it as it likes.
 * @len: Bytes of it.
 */
struct writer {
	uid_t uid;
	const char *comm;
	const char *cgroup;
	__u16 type;
	const char *text;
	size_t len;
};

static int write_as(const struct writer *writer)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.procs", writer->cgroup ? writer->cgroup : "");
	if (writer->cgroup && write_file(path, "0"))
		return 2;
	if (drop_to(writer->uid))
		return 3;
	/* writing is for all, reading is not */
	fd = open("/dev/memlog", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || prctl(PR_SET_NAME, writer->comm))
		return 4;
	if (writer->type != MEMLOG_TYPE_TEXT && dev_stamp(fd, writer->type, 12))
		return 5;
	return write(fd, writer->text, writer->len) != (ssize_t)writer->len;
}

/* Return: its process, of the past; -1. */
static pid_t let_write(const struct writer *writer)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(write_as(writer));
	return waitpid(pid, &status, 0) == pid && !status ? pid : -1;
}

static const struct writer writers[] = {
	{ 0, "root-writer", NULL, 0, "plain\n", 6 },
	{ 1234, "nobody's", NULL, 0, "<11>an error\n", 13 },
	{ 65534, "b\xff\"\n", NULL, 0, "<30>no newline", 14 },
	{ 4000000000U, "high", NULL, 0, "bad \xff utf-8\n", 12 },
	{ 1000, "a-comm-of-15-by", NULL, 7, "\0\1\2\3\4\5\6\xfe", 8 },
	{ 1000, "quotes", NULL, 0, "\"\\\t\x1b[31m<b>\n", 12 },
	{ 1000, "utf8", NULL, 0, "<191>\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\n", 15 },
	{ 1000, "empty", NULL, 0, "\n", 1 },
};

#define WRITERS (sizeof(writers) / sizeof(writers[0]))

/* What the device says, of the same record. */
static void expect_same(struct __test_metadata *_metadata, const json_t *json,
			const struct memlog_record *rec)
{
	char number[24];

	EXPECT_EQ(rec->seq, object_number(json, "seq"));
	EXPECT_EQ(rec->pos, object_number(json, "pos"));
	EXPECT_EQ(rec->pri, object_number(json, "pri"));
	EXPECT_EQ(rec->type, object_number(json, "type"));
	EXPECT_EQ(rec->pid, object_number(json, "pid"));
	EXPECT_EQ(rec->uid, object_number(json, "uid"));
	EXPECT_EQ(rec->flags, object_number(json, "flags"));
	snprintf(number, sizeof(number), "%llu", (unsigned long long)rec->time_ns);
	EXPECT_STREQ(number, object_text(json, "time_ns"));
	snprintf(number, sizeof(number), "%llu", (unsigned long long)rec->cgroup);
	EXPECT_STREQ(number, object_text(json, "cgroup"));
}

TEST_F_TIMEOUT(facts, json, 60)
{
	static const char *const texts[WRITERS] = {
		"plain\n", "an error\n", "no newline", NULL, NULL,
		"\"\\\t\x1b[31m<b>\n", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\n", "\n",
	};
	static const int pris[WRITERS] = { 13, 11, 30, 13, 12, 13, 191, 13 };
	const struct memlog_record *rec;
	struct objects objects;
	pid_t pids[WRITERS];
	const char *text;
	json_t *json;

	ASSERT_EQ(0, objects_open_ws(&objects, "/ws/memlog"));
	json_decref(objects_next(&objects, LONG_MS));
	for (size_t i = 0; i < WRITERS; i++) {
		uint64_t before = now_ns(CLOCK_REALTIME), time;

		pids[i] = let_write(&writers[i]);
		ASSERT_LT(0, pids[i]);
		json = objects_next(&objects, LONG_MS);
		ASSERT_NE(NULL, json);
		ASSERT_EQ(1, rec_next(self->device, &rec, &text));
		expect_same(_metadata, json, rec);
		EXPECT_EQ(pids[i], (pid_t)object_number(json, "pid"));
		EXPECT_EQ(writers[i].uid, object_number(json, "uid"));
		EXPECT_EQ(pris[i], (int)object_number(json, "pri"));
		EXPECT_STREQ(i == 2 ? "b\xef\xbf\xbd\"\n" : writers[i].comm,
			     object_text(json, "comm"));
		time = strtoull(object_text(json, "time_ns"), NULL, 10);
		EXPECT_LE(before, time);
		EXPECT_GE(now_ns(CLOCK_REALTIME), time);
		if (texts[i])
			EXPECT_STREQ(texts[i], object_text(json, "text"));
		EXPECT_EQ(!texts[i], json_object_get(json, "base64") != NULL);
		EXPECT_EQ(!texts[i], json_object_get(json, "text") == NULL);
		if (i == 3)
			EXPECT_STREQ("YmFkIP8gdXRmLTgK", object_text(json, "base64"));
		if (i == 4)
			EXPECT_STREQ("AAECAwQFBv4=", object_text(json, "base64"));
		json_decref(json);
	}
	objects_close(&objects);
}

/* Byte for byte what read(2) gives in the record format. */
TEST_F_TIMEOUT(facts, binary, 60)
{
	char want[8192], have[8192];
	size_t len = 0, got = 0;
	ssize_t n;
	struct ws ws;

	for (size_t i = 0; i < WRITERS; i++)
		ASSERT_LT(0, let_write(&writers[i]));
	while ((n = read(self->device->fd, want + len, sizeof(want) - len)) > 0)
		len += (size_t)n;
	ASSERT_LT(WRITERS * sizeof(struct memlog_record), len);
	ASSERT_EQ(0, ws_open(&ws, "/ws/memlog", "memlog.binary"));
	ASSERT_EQ(WS_TEXT, ws_next(&ws, LONG_MS));
	while (got < len) {
		ASSERT_EQ(WS_BINARY, ws_next(&ws, LONG_MS));
		ASSERT_GE(sizeof(have) - got, ws.len);
		memcpy(have + got, ws.message, ws.len);
		got += ws.len;
	}
	EXPECT_EQ(len, got);
	/* the kernel leaves what is behind a comm's NUL open; others need not see it */
	for (size_t at = 0; at < len;) {
		struct memlog_record a, b;

		memcpy(&a, want + at, sizeof(a));
		memcpy(&b, have + at, sizeof(b));
		EXPECT_EQ(0, memcmp(&a, &b, offsetof(struct memlog_record, comm)));
		EXPECT_EQ(0, strncmp(a.comm, b.comm, sizeof(a.comm)));
		at += sizeof(a);
		EXPECT_EQ(0, memcmp(want + at, have + at, (a.len + 7) & ~7U));
		at += (a.len + 7) & ~7U;
	}
	ws_close(&ws);
}

/* What read(2) gives as text, but for bytes that are not UTF-8. */
TEST_F_TIMEOUT(facts, text, 60)
{
	static const char want[] =
		"plain\nan error\nno newline\nbad \xef\xbf\xbd utf-8\n"
		"\"\\\t\x1b[31m<b>\n\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\n\n";
	char have[1024] = "";
	struct ws ws;

	for (size_t i = 0; i < WRITERS; i++)
		if (writers[i].type == MEMLOG_TYPE_TEXT)
			ASSERT_LT(0, let_write(&writers[i]));
	ASSERT_EQ(0, ws_open(&ws, "/ws", "memlog.text"));
	while (strlen(have) < sizeof(want) - 1) {
		ASSERT_EQ(WS_TEXT, ws_next(&ws, LONG_MS));
		ASSERT_GT(sizeof(have) - strlen(have), ws.len);
		strncat(have, ws.message, ws.len);
	}
	EXPECT_STREQ(want, have);
	ws_close(&ws);
}

static json_t *only_record(const char *query)
{
	char path[256];
	json_t *lines, *record = NULL;

	snprintf(path, sizeof(path),
		 "/api/v1/channels/memlog/records?format=ndjson&%s", query);
	lines = objects_of_lines(path);
	if (json_array_size(lines) == 2)
		record = json_incref(json_array_get(lines, 1));
	json_decref(lines);
	return record;
}

/* The name is found while the cgroup is there, and remembered from then on. */
TEST_F_TIMEOUT(facts, service, 60)
{
	static const struct writer in = { 0, "w", CGROUP, 0, "in\n", 3 };
	static const struct writer gone = { 0, "w", CGROUP_GONE, 0, "gone\n", 5 };
	struct objects objects;
	char number[24];
	struct stat st;
	json_t *json;

	ASSERT_EQ(0, mkdir(CGROUP, 0755));
	ASSERT_EQ(0, stat(CGROUP, &st));
	snprintf(number, sizeof(number), "%llu", (unsigned long long)st.st_ino);
	ASSERT_EQ(0, objects_open_ws(&objects, "/ws/memlog"));
	json_decref(objects_next(&objects, LONG_MS));
	ASSERT_LT(0, let_write(&in));
	json = objects_next(&objects, LONG_MS);
	EXPECT_STREQ(number, object_text(json, "cgroup"));
	EXPECT_STREQ("bridge-test.service", object_text(json, "service"));
	json_decref(json);
	objects_close(&objects);

	ASSERT_EQ(0, rmdir(CGROUP));
	json = only_record("field=service=bridge-test");
	ASSERT_NE(NULL, json);
	EXPECT_STREQ("bridge-test.service", object_text(json, "service"));
	EXPECT_STREQ(number, object_text(json, "cgroup"));
	json_decref(json);

	/* one that nobody could see while it was there */
	ASSERT_EQ(0, mkdir(CGROUP_GONE, 0755));
	ASSERT_LT(0, let_write(&gone));
	ASSERT_EQ(0, rmdir(CGROUP_GONE));
	json = only_record("grep=gone");
	ASSERT_NE(NULL, json);
	EXPECT_STREQ("", object_text(json, "service"));
	EXPECT_STRNE("0", object_text(json, "cgroup"));
	json_decref(json);
}

TEST_HARNESS_MAIN
