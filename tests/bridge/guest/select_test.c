// SPDX-License-Identifier: GPL-2.0-only
/* What a client asks for of the device: by place, time, level, text and writer. */
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "kselftest_harness.h"

#include "device.h"
#include "objects.h"
#include "served.h"

#define LONG_MS		20000
#define RECORDS		10

FIXTURE(select)
{
	pid_t bridge;
	int fd;
	pid_t odd;
	pid_t even;
	uint64_t middle_ns;
	char stream[17];
};

/* Every second record from @from on: uid 1000 and 1001, "odd" and "even". */
static int write_some(int from, int end)
{
	int fd, len;
	char text[64];

	prctl(PR_SET_NAME, from % 2 ? "odd" : "even");
	if (drop_to(from % 2 ? 1001 : 1000))
		return 1;
	fd = open("/dev/memlog", O_WRONLY | O_CLOEXEC);
	for (int i = from; i < end; i += 2) {
		/* levels 0 to 7 of facility user */
		len = sprintf(text, "<%d>record %d%s\n", 8 + i % 8, i, i % 3 ? "" : " Three");
		if (write(fd, text, (size_t)len) != len)
			return 1;
	}
	return 0;
}

static pid_t let_write(int from, int end)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(write_some(from, end));
	return waitpid(pid, &status, 0) == pid && !status ? pid : -1;
}

/* The even ones first: 0 2 4 6 8 have the numbers 0 to 4, 1 3 5 7 9 have 5 to 9. */
FIXTURE_SETUP(select)
{
	struct memlog_info info;

	ASSERT_EQ(0, module_reload("size=64K"));
	self->fd = dev_open(O_RDONLY);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, dev_info(self->fd, &info));
	snprintf(self->stream, sizeof(self->stream), "%016llx",
		 (unsigned long long)info.stream);
	self->even = let_write(0, RECORDS);
	ASSERT_LT(0, self->even);
	sleep_ms(20);
	self->middle_ns = now_ns(CLOCK_REALTIME);
	sleep_ms(20);
	self->odd = let_write(1, RECORDS);
	ASSERT_LT(0, self->odd);
	self->bridge = served_start(NULL);
	ASSERT_LT(0, self->bridge);
}

FIXTURE_TEARDOWN(select)
{
	close(self->fd);
	if (self->bridge > 0)
		EXPECT_EQ(0, served_stop(self->bridge));
	EXPECT_EQ(0, module_reload(""));
}

/* Numbers of the records among @lines, with blanks between them; no loss. */
static void numbers(struct __test_metadata *_metadata, const json_t *lines, char *buf)
{
	json_t *line;
	size_t i, len = 0;

	buf[0] = '\0';
	json_array_foreach(lines, i, line) {
		EXPECT_EQ(NULL, json_object_get(line, "lost"));
		EXPECT_EQ(!i, json_object_get(line, "channel") != NULL);
		if (json_object_get(line, "seq"))
			len += (size_t)sprintf(buf + len, "%s%llu", i > 1 ? " " : "",
					       (unsigned long long)object_number(line, "seq"));
	}
}

/* The same of events, which are followed for as many as there should be. */
static void event_numbers(struct __test_metadata *_metadata, FIXTURE_DATA(select) *self,
			  const char *query, const char *last_event_id, size_t count, char *buf)
{
	struct objects objects;
	char path[256], id[64];
	size_t len = 0;
	json_t *json;

	buf[0] = '\0';
	snprintf(path, sizeof(path), "/sse/memlog%s%s", query[0] ? "?" : "", query);
	ASSERT_EQ(0, objects_open_sse(&objects, path, last_event_id));
	json = objects_next(&objects, LONG_MS);
	EXPECT_STREQ(self->stream, object_text(json, "stream"));
	EXPECT_STREQ("", objects.id);
	json_decref(json);
	for (size_t i = 0; i < count; i++) {
		json = objects_next(&objects, LONG_MS);
		ASSERT_NE(NULL, json);
		snprintf(id, sizeof(id), "%s:%llu", self->stream,
			 (unsigned long long)object_number(json, "seq"));
		EXPECT_STREQ(id, objects.id);
		len += (size_t)sprintf(buf + len, "%s%llu", i ? " " : "",
				       (unsigned long long)object_number(json, "seq"));
		json_decref(json);
	}
	EXPECT_EQ(0, objects.errors);
	objects_close(&objects);
}

static size_t words(const char *text)
{
	size_t n = text[0] ? 1 : 0;

	for (; *text; text++)
		n += *text == ' ';
	return n;
}

/* Asks in both ways; tells which query it was if the answer is another. */
static void expect_numbers(struct __test_metadata *_metadata, FIXTURE_DATA(select) *self,
			   const char *query, const char *want)
{
	char path[256], have[256];
	json_t *lines;

	snprintf(path, sizeof(path), "/api/v1/channels/memlog/records?format=ndjson&%s", query);
	lines = objects_of_lines(path);
	ASSERT_NE(NULL, lines);
	numbers(_metadata, lines, have);
	json_decref(lines);
	EXPECT_STREQ(want, have) {
		TH_LOG("records: %s", query);
	}
	event_numbers(_metadata, self, query, NULL, words(want), have);
	EXPECT_STREQ(want, have) {
		TH_LOG("events: %s", query);
	}
}

TEST_F_TIMEOUT(select, place_and_time, 60)
{
	char query[128];

	expect_numbers(_metadata, self, "from=0", "0 1 2 3 4 5 6 7 8 9");
	expect_numbers(_metadata, self, "tail=3", "7 8 9");
	expect_numbers(_metadata, self, "tail=100", "0 1 2 3 4 5 6 7 8 9");
	expect_numbers(_metadata, self, "from=7", "7 8 9");
	snprintf(query, sizeof(query), "from=%s:8", self->stream);
	expect_numbers(_metadata, self, query, "8 9");
	snprintf(query, sizeof(query), "since=@%llu.%09llu",
		 (unsigned long long)self->middle_ns / 1000000000,
		 (unsigned long long)self->middle_ns % 1000000000);
	expect_numbers(_metadata, self, query, "5 6 7 8 9");
	snprintf(query, sizeof(query), "until=@%llu.%09llu",
		 (unsigned long long)self->middle_ns / 1000000000,
		 (unsigned long long)self->middle_ns % 1000000000);
	expect_numbers(_metadata, self, query, "0 1 2 3 4");
	expect_numbers(_metadata, self, "since=-1h", "0 1 2 3 4 5 6 7 8 9");
}

TEST_F_TIMEOUT(select, filters, 60)
{
	char query[128];

	expect_numbers(_metadata, self, "level=err", "0 1 4 5 6 9");
	expect_numbers(_metadata, self, "level==warning", "2");
	expect_numbers(_metadata, self, "level=info..err", "2 3 6 7");
	expect_numbers(_metadata, self, "grep=Three", "0 3 6 9");
	expect_numbers(_metadata, self, "grep=/record.[13].three/i", "6");
	expect_numbers(_metadata, self, "grep=Three&tail=2", "6 9");
	expect_numbers(_metadata, self, "field=comm=odd", "5 6 7 8 9");
	expect_numbers(_metadata, self, "field=uid=1000", "0 1 2 3 4");
	expect_numbers(_metadata, self, "field=facility=user&field=type=0&tail=1", "9");
	expect_numbers(_metadata, self, "field=comm=odd&grep=Three&level=err", "6 9");
	snprintf(query, sizeof(query), "field=pid=%d&tail=2", self->even);
	expect_numbers(_metadata, self, query, "3 4");
	snprintf(query, sizeof(query), "field=pid=%d&field=pid=%d&from=4", self->even, self->odd);
	expect_numbers(_metadata, self, query, "4 5 6 7 8 9");
	snprintf(query, sizeof(query), "field=pid=%d&field=comm=odd", self->even);
	expect_numbers(_metadata, self, query, "");
}

/* Who follows with a filter gets what passes of what is written later. */
TEST_F_TIMEOUT(select, live, 60)
{
	struct objects objects;
	json_t *json;
	char id[64], have[64];

	ASSERT_EQ(0, objects_open_sse(&objects, "/sse/memlog?tail=0&field=uid=1001", NULL));
	json_decref(objects_next(&objects, LONG_MS));
	ASSERT_LT(0, let_write(0, 4));
	ASSERT_LT(0, let_write(1, 4));
	for (int seq = 12; seq < 14; seq++) {
		json = objects_next(&objects, LONG_MS);
		ASSERT_NE(NULL, json);
		EXPECT_EQ(seq, (int)object_number(json, "seq"));
		EXPECT_STREQ("odd", object_text(json, "comm"));
		json_decref(json);
	}
	objects_close(&objects);
	snprintf(id, sizeof(id), "%s:11", self->stream);
	event_numbers(_metadata, self, "", id, 2, have);
	EXPECT_STREQ("12 13", have);
	snprintf(id, sizeof(id), "%s:1", self->stream);
	event_numbers(_metadata, self, "field=uid=1001", id, 7, have);
	EXPECT_STREQ("5 6 7 8 9 12 13", have);
}

/* CLEAR deletes nothing: it is a mark for programs that ask for it. */
TEST_F_TIMEOUT(select, clear_takes_nothing_away, 60)
{
	__u64 mark;

	ASSERT_EQ(0, dev_clear(self->fd, &mark));
	EXPECT_EQ(RECORDS, mark);
	expect_numbers(_metadata, self, "from=0", "0 1 2 3 4 5 6 7 8 9");
	ASSERT_LT(0, let_write(0, 2));
	expect_numbers(_metadata, self, "tail=2", "9 10");
}

TEST_F_TIMEOUT(select, place_not_written_yet, 60)
{
	struct objects objects;
	struct http http;

	ASSERT_EQ(0, http_ask(&http, "GET", "/api/v1/channels/memlog/records?from=11", NULL,
			      NULL, 0));
	EXPECT_EQ(400, http.status);
	http_close(&http);
	ASSERT_EQ(0, objects_open_ws(&objects, "/ws/memlog?from=11"));
	EXPECT_EQ(NULL, objects_next(&objects, LONG_MS));
	EXPECT_EQ(1008, objects.ws.close_code);
	objects_close(&objects);
	EXPECT_EQ(400, objects_open_sse(&objects, "/sse/memlog?colour=red", NULL));
	objects_close(&objects);
}

TEST_HARNESS_MAIN
