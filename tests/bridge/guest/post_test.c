// SPDX-License-Identifier: GPL-2.0-only
/* Records that the bridge writes to the device for a client. */
#include <sys/stat.h>

#include "kselftest_harness.h"

#include "device.h"
#include "objects.h"
#include "served.h"

#define PATH	"/api/v1/channels/memlog/records"
#define TEXT	"Content-Type: text/plain\r\n"
#define NDJSON	"Content-Type: application/x-ndjson\r\n"

/* A program of another user writes: nothing is for root alone here. */
#define NOBODY	65534

FIXTURE(post)
{
	pid_t bridge;
	struct rec_reader *device;
	struct http http;
};

FIXTURE_VARIANT(post)
{
	const char *params;
	const char *args[3];
	uid_t uid;
};

FIXTURE_VARIANT_ADD(post, root)
{
	.params = "size=64K",
	.uid = 0,
};

FIXTURE_VARIANT_ADD(post, nobody)
{
	.params = "size=64K mode=0666",
	.args = { "--user", "nobody" },
	.uid = NOBODY,
};

static struct rec_reader *open_device(void)
{
	int fd = dev_open(O_RDONLY | O_NONBLOCK);
	struct rec_reader *reader;

	if (fd < 0 || dev_format(fd, MEMLOG_FORMAT_RECORD, 0))
		return NULL;
	reader = malloc(sizeof(*reader));
	if (reader)
		rec_init(reader, fd);
	return reader;
}

FIXTURE_SETUP(post)
{
	self->http.fd = -1;
	ASSERT_EQ(0, module_reload(variant->params));
	self->device = open_device();
	ASSERT_NE(NULL, self->device);
	self->bridge = served_start(variant->args);
	ASSERT_LT(0, self->bridge);
}

FIXTURE_TEARDOWN(post)
{
	http_close(&self->http);
	close(self->device->fd);
	free(self->device);
	if (self->bridge > 0)
		EXPECT_EQ(0, served_stop(self->bridge));
	EXPECT_EQ(0, module_reload(""));
}

/* Return: the status; the answer is in http->body. */
static int post(struct http *http, const char *type, const char *body, size_t len)
{
	http_close(http);
	if (http_ask(http, "POST", PATH, type, body, len) || !http_all(http))
		return -1;
	return http->status;
}

/* The answer names what was written. */
static void expect_answer(struct __test_metadata *_metadata, FIXTURE_DATA(post) *self,
			  uint64_t first, uint64_t last)
{
	json_t *json = json_loads(self->http.body, 0, NULL);
	struct memlog_info info;
	char stream[17];

	ASSERT_NE(NULL, json);
	ASSERT_EQ(0, dev_info(self->device->fd, &info));
	snprintf(stream, sizeof(stream), "%016llx", (unsigned long long)info.stream);
	EXPECT_STREQ(stream, object_text(json, "stream"));
	EXPECT_EQ(first, object_number(json, "first"));
	EXPECT_EQ(last, object_number(json, "last"));
	EXPECT_EQ(last - first + 1, object_number(json, "records"));
	EXPECT_EQ(last + 1, info.next_seq);
	json_decref(json);
}

/* The next record: its writer is the bridge, whoever asked it to. */
static void expect_record(struct __test_metadata *_metadata, FIXTURE_DATA(post) *self,
			  uid_t uid, int pri, const char *want)
{
	const struct memlog_record *rec;
	const char *text;

	ASSERT_EQ(1, rec_next(self->device, &rec, &text));
	EXPECT_EQ(pri, rec->pri);
	EXPECT_EQ(MEMLOG_TYPE_TEXT, rec->type);
	EXPECT_EQ(strlen(want), rec->len);
	EXPECT_EQ(0, memcmp(want, text, strlen(want)));
	EXPECT_EQ(self->bridge, (pid_t)rec->pid);
	EXPECT_EQ(uid, rec->uid);
	EXPECT_STREQ("memlog-bridge", rec->comm);
}

/* A line is a text: what looks like a priority in it is a part of it. */
TEST_F_TIMEOUT(post, lines_arrive_as_they_are, 60)
{
	static const char body[] =
		"plain\n<11>no prefix\n<3>\n<300>x\r\n\n\xff\xfe bytes\nno newline";

	ASSERT_EQ(200, post(&self->http, TEXT, body, sizeof(body) - 1));
	expect_answer(_metadata, self, 0, 6);
	expect_record(_metadata, self, variant->uid, 13, "plain\n");
	expect_record(_metadata, self, variant->uid, 13, "<11>no prefix\n");
	expect_record(_metadata, self, variant->uid, 13, "<3>\n");
	expect_record(_metadata, self, variant->uid, 13, "<300>x\n");
	expect_record(_metadata, self, variant->uid, 13, "\n");
	expect_record(_metadata, self, variant->uid, 13, "\xff\xfe bytes\n");
	expect_record(_metadata, self, variant->uid, 13, "no newline\n");
	/* and the next one goes on behind that */
	ASSERT_EQ(200, post(&self->http, TEXT, "more\n", 5));
	expect_answer(_metadata, self, 7, 7);
}

TEST_F_TIMEOUT(post, objects_say_more, 60)
{
	static const char body[] =
		"{\"text\":\"<11>text\",\"pri\":191}\n"
		"{\"text\":\"of the kernel?\\n\",\"pri\":3}\n"
		"{\"base64\":\"AAH/\",\"type\":7,\"pri\":12}\n";
	static const char comm[] = "{\"text\":\"x\"}\n{\"text\":\"x\",\"comm\":\"other\"}\n";
	const struct memlog_record *rec;
	const char *text;

	ASSERT_EQ(200, post(&self->http, NDJSON, body, sizeof(body) - 1));
	expect_answer(_metadata, self, 0, 2);
	expect_record(_metadata, self, variant->uid, 191, "<11>text\n");
	expect_record(_metadata, self, variant->uid, 11, "of the kernel?\n");
	ASSERT_EQ(1, rec_next(self->device, &rec, &text));
	EXPECT_EQ(7, rec->type);
	EXPECT_EQ(12, rec->pri);
	EXPECT_EQ(3, rec->len);
	EXPECT_EQ(0, memcmp("\0\1\xff", text, 3));
	/* the device says who writes */
	EXPECT_EQ(400, post(&self->http, NDJSON, comm, sizeof(comm) - 1));
	EXPECT_NE(NULL, strstr(self->http.body, "line 2"));
	EXPECT_EQ(3, dev_next(self->device->fd));
}

/* One longer than the device's records becomes several, in order. */
TEST_F_TIMEOUT(post, a_long_line, 60)
{
	const struct memlog_record *rec;
	size_t len = 40000, at = 0;
	struct memlog_info info;
	char *body = malloc(len);
	const char *text;
	uint64_t last;

	for (size_t i = 0; i < len; i++)
		body[i] = (char)('a' + i % 23);
	body[len - 1] = '\n';
	ASSERT_EQ(0, dev_info(self->device->fd, &info));
	last = (len - 1) / info.max_record;
	ASSERT_LT(0, last);
	ASSERT_EQ(200, post(&self->http, TEXT, body, len));
	expect_answer(_metadata, self, 0, last);
	for (uint64_t seq = 0; seq <= last; seq++) {
		ASSERT_EQ(1, rec_next(self->device, &rec, &text));
		EXPECT_EQ((seq < last ? MEMLOG_PARTIAL : 0) | (seq ? MEMLOG_JOIN : 0), rec->flags);
		ASSERT_GE(len - at, rec->len);
		EXPECT_EQ(0, memcmp(body + at, text, rec->len));
		at += rec->len;
	}
	EXPECT_EQ(len, at);
	free(body);
}

FIXTURE(limits)
{
	pid_t bridge;
	int fd;
	struct http http;
};

FIXTURE_SETUP(limits)
{
	static const char *const args[] = { "--user", "nobody", NULL };

	self->http.fd = -1;
	ASSERT_EQ(0, module_reload("size=1M quota=20000 mode=0666"));
	self->fd = dev_open(O_RDONLY);
	ASSERT_LE(0, self->fd);
	self->bridge = served_start(args);
	ASSERT_LT(0, self->bridge);
}

FIXTURE_TEARDOWN(limits)
{
	http_close(&self->http);
	close(self->fd);
	if (self->bridge > 0)
		EXPECT_EQ(0, served_stop(self->bridge));
	EXPECT_EQ(0, module_reload(""));
}

/* The bridge's user has a quota, which is told, with how far it went. */
TEST_F_TIMEOUT(limits, quota, 60)
{
	char body[2000 * 11];
	struct memlog_info info;

	for (size_t i = 0; i < sizeof(body); i += 11)
		memcpy(body + i, "0123456789\n", 11);
	ASSERT_EQ(429, post(&self->http, TEXT, body, sizeof(body)));
	ASSERT_EQ(0, dev_info(self->fd, &info));
	EXPECT_EQ(1, info.denied);
	EXPECT_LT(0, info.next_seq);
	EXPECT_GT(2000, info.next_seq);
	EXPECT_EQ(info.next_seq, strtoull(self->http.body, NULL, 10));
	EXPECT_NE(NULL, strstr(self->http.body, "quota"));
	/* a second later there is some of it again */
	sleep_ms(1100);
	EXPECT_EQ(200, post(&self->http, TEXT, "again\n", 6));
	EXPECT_EQ(info.next_seq + 1, dev_next(self->fd));
}

/* One that the bridge may read and not write. */
TEST_F_TIMEOUT(limits, may_not_write, 60)
{
	ASSERT_EQ(0, chmod("/dev/memlog", 0644));
	EXPECT_EQ(403, post(&self->http, TEXT, "no\n", 3));
	EXPECT_NE(NULL, strstr(self->http.body, "may not write"));
	EXPECT_EQ(0, dev_next(self->fd));
	ASSERT_EQ(0, chmod("/dev/memlog", 0666));
	EXPECT_EQ(200, post(&self->http, TEXT, "yes\n", 4));
	EXPECT_EQ(1, dev_next(self->fd));
}

TEST_HARNESS_MAIN
