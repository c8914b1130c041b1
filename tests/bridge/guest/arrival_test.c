// SPDX-License-Identifier: GPL-2.0-only
/* Devices that come and go while the bridge runs, without being named to it. */
#include <sys/stat.h>

#include "kselftest_harness.h"

#include "device.h"
#include "objects.h"
#include "payload.h"
#include "served.h"

#define LONG_MS		20000

FIXTURE(arrival)
{
	pid_t bridge;
};

FIXTURE_SETUP(arrival)
{
	self->bridge = -1;
	ASSERT_EQ(0, module_loaded() ? module_unload() : 0);
}

FIXTURE_TEARDOWN(arrival)
{
	if (self->bridge > 0)
		EXPECT_EQ(0, served_stop(self->bridge));
	EXPECT_EQ(0, module_reload(""));
}

/* Whether these are the channels, as names with blanks between them. */
static bool names_are(const char *want)
{
	json_t *all = objects_get("/api/v1/channels"), *channels, *channel;
	char list[512], *name, *save;
	bool same = true;
	size_t n = 0;

	channels = json_object_get(all, "channels");
	snprintf(list, sizeof(list), "%s", want);
	for (name = strtok_r(list, " ", &save); name; name = strtok_r(NULL, " ", &save)) {
		channel = objects_channel(name);
		same = same && channel;
		json_decref(channel);
		n++;
	}
	same = same && json_array_size(channels) == n;
	json_decref(all);
	return same;
}

/* Return: whether these are the channels before long. */
static bool names_become(const char *want)
{
	for (int i = 0; i < 400; i++) {
		if (names_are(want))
			return true;
		sleep_ms(50);
	}
	return false;
}

static int info_of(const char *path, struct memlog_info *info)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = dev_info(fd, info);
	close(fd);
	return err;
}

/* The module goes once who followed is seen to have left. */
static int unload_soon(void)
{
	int err = -EAGAIN;

	for (int i = 0; i < 100 && err; i++) {
		err = module_unload();
		if (err)
			sleep_ms(20);
	}
	return err;
}

static void expect_entry(struct __test_metadata *_metadata, const char *name, const char *path)
{
	json_t *entry = objects_channel(name);
	struct memlog_info info;
	char stream[17];

	ASSERT_NE(NULL, entry);
	ASSERT_EQ(0, info_of(path, &info));
	snprintf(stream, sizeof(stream), "%016llx", (unsigned long long)info.stream);
	EXPECT_STREQ("device", object_text(entry, "type"));
	EXPECT_STREQ(stream, object_text(entry, "stream"));
	EXPECT_EQ(info.text_size, object_number(entry, "size"));
	EXPECT_EQ(info.oldest_seq, object_number(entry, "oldest"));
	EXPECT_EQ(info.next_seq, object_number(entry, "next"));
	EXPECT_EQ(info.next_pos - info.oldest_pos, object_number(entry, "bytes"));
	EXPECT_EQ(0, object_number(entry, "clients"));
	json_decref(entry);
}

TEST_F_TIMEOUT(arrival, found_by_themselves, 60)
{
	ASSERT_EQ(0, module_load("channels=web:64K,audit-1"));
	ASSERT_EQ(0, payload_write(0, 7, 0));
	self->bridge = served_start(NULL);
	ASSERT_LT(0, self->bridge);
	EXPECT_TRUE(names_become("audit-1 memlog web"));
	expect_entry(_metadata, "memlog", "/dev/memlog");
	expect_entry(_metadata, "web", "/dev/memlog-web");
	expect_entry(_metadata, "audit-1", "/dev/memlog-audit-1");
}

TEST_F_TIMEOUT(arrival, named_once, 60)
{
	const char *const args[] = { "--channel", "mine=/dev/memlog-web", NULL };

	ASSERT_EQ(0, module_load("channels=web,other"));
	self->bridge = served_start(args);
	ASSERT_LT(0, self->bridge);
	EXPECT_TRUE(names_become("memlog mine other"));
	expect_entry(_metadata, "mine", "/dev/memlog-web");
}

TEST_F_TIMEOUT(arrival, comes_later, 60)
{
	const char *const args[] = { "--channel", "own=embedded:64K", NULL };
	struct objects objects;
	json_t *hello;

	self->bridge = served_start(args);
	ASSERT_LT(0, self->bridge);
	EXPECT_TRUE(names_become("own"));
	EXPECT_EQ(404, objects_open_ws(&objects, "/ws/web"));
	objects_close(&objects);
	ASSERT_EQ(0, module_load("channels=web"));
	EXPECT_TRUE(names_become("memlog own web"));
	expect_entry(_metadata, "web", "/dev/memlog-web");
	ASSERT_EQ(0, objects_open_ws(&objects, "/ws/web"));
	hello = objects_next(&objects, LONG_MS);
	EXPECT_STREQ("web", object_text(hello, "channel"));
	json_decref(hello);
	objects_close(&objects);
}

/* udev gives a device its group and mode when it is there already. */
TEST_F_TIMEOUT(arrival, readable_later, 60)
{
	const char *const args[] = {
		"--channel", "own=embedded:64K", "--user", "nobody", NULL,
	};

	self->bridge = served_start(args);
	ASSERT_LT(0, self->bridge);
	ASSERT_EQ(0, module_load("channels=web mode=0622"));
	sleep_ms(300);
	EXPECT_TRUE(names_become("own"));
	ASSERT_EQ(0, chmod("/dev/memlog-web", 0666));
	EXPECT_TRUE(names_become("own web"));
}

/* Asks to go on from the record @seq of @stream, and follows to the next hello. */
static void expect_end(struct __test_metadata *_metadata, const char *stream, uint64_t seq)
{
	json_t *object, *ended = NULL;
	struct memlog_info info;
	struct objects objects;
	char path[128], now[17];

	ASSERT_EQ(0, info_of("/dev/memlog", &info));
	snprintf(now, sizeof(now), "%016llx", (unsigned long long)info.stream);
	snprintf(path, sizeof(path), "/ws/memlog?from=%s:%llu", stream, (unsigned long long)seq);
	ASSERT_EQ(0, objects_open_ws(&objects, path));
	object = objects_next(&objects, LONG_MS);
	ended = json_object_get(object, "ended");
	ASSERT_NE(NULL, ended) {
		TH_LOG("%s", json_dumps(object, 0));
	}
	EXPECT_STREQ(stream, object_text(ended, "stream"));
	/* nobody saw how it went on */
	EXPECT_TRUE(json_is_null(json_object_get(ended, "last")));
	json_decref(object);
	object = objects_next(&objects, LONG_MS);
	EXPECT_STREQ(now, object_text(object, "stream"));
	EXPECT_STREQ("memlog", object_text(object, "channel"));
	json_decref(object);
	for (uint64_t n = 0; n < info.next_seq; n++) {
		object = objects_next(&objects, LONG_MS);
		ASSERT_NE(NULL, object);
		EXPECT_EQ(n, object_number(object, "seq"));
		json_decref(object);
	}
	objects_close(&objects);
}

/* The same as an answer that ends with what there is. */
static void expect_end_lines(struct __test_metadata *_metadata, const char *stream,
			     uint64_t seq, size_t records)
{
	char path[128];
	json_t *lines;

	snprintf(path, sizeof(path),
		 "/api/v1/channels/memlog/records?format=ndjson&from=%s:%llu", stream,
		 (unsigned long long)seq);
	lines = objects_of_lines(path);
	ASSERT_EQ(records + 2, json_array_size(lines));
	EXPECT_STREQ(stream, object_text(json_object_get(json_array_get(lines, 0), "ended"),
					 "stream"));
	EXPECT_STREQ("memlog", object_text(json_array_get(lines, 1), "channel"));
	EXPECT_EQ(0, object_number(json_array_get(lines, 2), "seq"));
	json_decref(lines);
}

/* The same over events, whose client names the last record it had. */
static void expect_end_sse(struct __test_metadata *_metadata, const char *stream, uint64_t seq)
{
	struct objects objects;
	json_t *object;
	char id[64];

	snprintf(id, sizeof(id), "%s:%llu", stream, (unsigned long long)seq);
	ASSERT_EQ(0, objects_open_sse(&objects, "/sse/memlog", id));
	object = objects_next(&objects, LONG_MS);
	EXPECT_STREQ(stream, object_text(json_object_get(object, "ended"), "stream"));
	EXPECT_STREQ("", objects.id);
	json_decref(object);
	object = objects_next(&objects, LONG_MS);
	EXPECT_STREQ("memlog", object_text(object, "channel"));
	json_decref(object);
	object = objects_next(&objects, LONG_MS);
	EXPECT_EQ(0, object_number(object, "seq"));
	EXPECT_STRNE("", objects.id);
	json_decref(object);
	objects_close(&objects);
}

/* Follows to the record before @end and leaves. Return: the stream. */
static void follow_and_leave(struct __test_metadata *_metadata, uint64_t end, char stream[17])
{
	struct objects objects;
	json_t *object;

	ASSERT_EQ(0, objects_open_ws(&objects, "/ws/memlog"));
	object = objects_next(&objects, LONG_MS);
	snprintf(stream, 17, "%s", object_text(object, "stream"));
	json_decref(object);
	for (uint64_t n = 0; n < end; n++) {
		object = objects_next(&objects, LONG_MS);
		EXPECT_EQ(n, object_number(object, "seq"));
		json_decref(object);
	}
	/* who follows needs the module */
	EXPECT_GT(0, module_unload());
	objects_close(&objects);
}

TEST_F_TIMEOUT(arrival, an_idle_bridge_lets_go, 60)
{
	static const char *const args[] = { "--threads", "3", NULL };
	struct objects objects;
	char stream[17];
	json_t *entry;

	ASSERT_EQ(0, module_load("channels=web"));
	self->bridge = served_start(args);
	ASSERT_LT(0, self->bridge);
	EXPECT_TRUE(names_become("memlog web"));
	ASSERT_EQ(0, payload_write(0, 5, 0));
	for (int i = 0; i < 5; i++)
		follow_and_leave(_metadata, 5, stream);
	json_decref(objects_of_lines("/api/v1/channels/memlog/records?format=ndjson"));

	ASSERT_EQ(0, unload_soon());
	entry = objects_channel("memlog");
	ASSERT_NE(NULL, entry);
	EXPECT_TRUE(json_is_null(json_object_get(entry, "stream")));
	json_decref(entry);
	EXPECT_NE(0, objects_open_sse(&objects, "/sse/memlog", NULL));
	EXPECT_EQ(503, objects.http.status);
	objects_close(&objects);

	ASSERT_EQ(0, module_load("channels=web"));
	ASSERT_EQ(0, payload_write(0, 3, 0));
	EXPECT_TRUE(names_become("memlog web"));
	expect_entry(_metadata, "memlog", "/dev/memlog");
	expect_end(_metadata, stream, 5);
	/* one of the new stream's numbers, and yet not of this stream */
	expect_end(_metadata, stream, 1);
	expect_end_sse(_metadata, stream, 4);
	expect_end_lines(_metadata, stream, 5, 3);
	ASSERT_EQ(0, unload_soon());
}

TEST_HARNESS_MAIN
