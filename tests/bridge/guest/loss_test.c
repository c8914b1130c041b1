// SPDX-License-Identifier: GPL-2.0-only
/*
 * Losses on the device, told to the record and byte in every format, and what a
 * RESIZE does to those who follow.
 */
#include <signal.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "device.h"
#include "ledger.h"
#include "payload.h"
#include "served.h"

#define LONG_MS		20000

FIXTURE(loss)
{
	pid_t bridge;
	int fd;
	struct memlog_info begin;
};

FIXTURE_VARIANT(loss)
{
	const char *args[3];
};

FIXTURE_VARIANT_ADD(loss, one_thread)
{
};

FIXTURE_VARIANT_ADD(loss, three_threads)
{
	.args = { "--threads", "3" },
};

FIXTURE_SETUP(loss)
{
	ASSERT_EQ(0, module_reload("size=64K"));
	self->fd = dev_open(O_RDONLY);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, dev_info(self->fd, &self->begin));
	ASSERT_EQ(0, self->begin.next_seq);
	self->bridge = served_start(variant->args);
	ASSERT_LT(0, self->bridge);
}

FIXTURE_TEARDOWN(loss)
{
	close(self->fd);
	EXPECT_EQ(0, served_stop(self->bridge));
	EXPECT_EQ(0, module_reload(""));
}

/* Opens a client whose account begins with the first record of all. */
static int open_client(FIXTURE_DATA(loss) *self, struct objects *objects,
		       struct ledger *ledger, bool events, const char *query)
{
	char path[256];
	json_t *hello;
	int err;

	*ledger = (struct ledger){ .pos = self->begin.next_pos };
	snprintf(path, sizeof(path), "/%s/memlog%s", events ? "sse" : "ws", query);
	err = events ? objects_open_sse(objects, path, NULL) : objects_open_ws(objects, path);
	if (err)
		return err;
	hello = objects_next(objects, LONG_MS);
	err = json_object_get(hello, "stream") ? 0 : -1;
	json_decref(hello);
	return err;
}

/* The writer laps the bridge for certain while that does not run. */
static int write_unseen(FIXTURE_DATA(loss) *self, uint64_t first, uint64_t end)
{
	int err, status;

	kill(self->bridge, SIGSTOP);
	/* its threads go on for a moment; only its parent can wait for that */
	waitpid(self->bridge, &status, WUNTRACED);
	err = payload_write(first, end, 0);
	kill(self->bridge, SIGCONT);
	return err;
}

/* Binary messages: whole records with their padding. */
static void take_binary(struct __test_metadata *_metadata, struct ledger *ledger,
			const char *data, size_t len)
{
	struct memlog_record rec;
	char want[PAYLOAD_MAX];

	while (len) {
		ASSERT_LE(sizeof(rec), len);
		memcpy(&rec, data, sizeof(rec));
		ASSERT_LE(sizeof(rec) + rec.len, len);
		EXPECT_EQ(ledger->next, rec.seq);
		EXPECT_EQ(ledger->pos, rec.pos);
		EXPECT_EQ(payload_text(want, rec.seq), rec.len);
		EXPECT_EQ(0, memcmp(want, data + sizeof(rec), rec.len));
		ledger->delivered++;
		ledger->next = rec.seq + 1;
		ledger->pos = rec.pos + rec.len;
		data += sizeof(rec) + ((rec.len + 7) & ~7U);
		len -= sizeof(rec) + ((rec.len + 7) & ~7U);
	}
}

static void follow_binary(struct __test_metadata *_metadata, struct ledger *ledger,
			  struct ws *ws, uint64_t end)
{
	while (ledger->next < end) {
		int op = ws_next(ws, LONG_MS);
		json_t *json;

		ASSERT_TRUE(op == WS_TEXT || op == WS_BINARY);
		if (op == WS_BINARY) {
			take_binary(_metadata, ledger, ws->message, ws->len);
			continue;
		}
		json = json_loadb(ws->message, ws->len, 0, NULL);
		ASSERT_TRUE(json_is_object(json));
		ledger_take(ledger, json);
		json_decref(json);
	}
}

/* Lines: numbers, and one that tells of a loss in its place. */
static void follow_text(struct __test_metadata *_metadata, struct ledger *ledger,
			struct ws *ws, uint64_t end)
{
	unsigned long long records, bytes;
	char want[PAYLOAD_MAX];
	char *line, *next;

	while (ledger->next < end) {
		ASSERT_EQ(WS_TEXT, ws_next(ws, LONG_MS));
		for (line = ws->message; line < ws->message + ws->len; line = next) {
			next = strchr(line, '\n');
			ASSERT_NE(NULL, next);
			next++;
			if (sscanf(line, "memlog: lost %llu records, %llu bytes\n", &records,
				   &bytes) == 2) {
				EXPECT_EQ(payload_bytes(ledger->next, ledger->next + records),
					  bytes);
				ledger->lost += records;
				ledger->lost_bytes += bytes;
				ledger->losses++;
				ledger->next += records;
				continue;
			}
			EXPECT_EQ(payload_text(want, ledger->next), (size_t)(next - line));
			EXPECT_EQ(0, strncmp(want, line, (size_t)(next - line)));
			ledger->delivered++;
			ledger->next++;
		}
	}
}

/* What the device itself has counted is what the client was told. */
static void expect_device_loss(struct __test_metadata *_metadata, FIXTURE_DATA(loss) *self,
			       const struct ledger *ledger, uint64_t had)
{
	struct memlog_info info;

	ASSERT_EQ(0, dev_info(self->fd, &info));
	EXPECT_EQ(0, ledger->errors);
	EXPECT_EQ(1, ledger->losses);
	EXPECT_EQ(info.evicted - had, ledger->lost);
	EXPECT_EQ(info.oldest_seq - had, ledger->lost);
	EXPECT_EQ(info.oldest_pos - self->begin.next_pos, ledger->lost_bytes +
		  payload_bytes(0, had));
	EXPECT_EQ(info.next_seq, ledger->delivered + ledger->lost);
}

TEST_F_TIMEOUT(loss, is_exact_in_every_format, 120)
{
	struct ledger json = { 0 }, sse, binary, text;
	struct objects json_client, sse_client;
	struct ws binary_ws, text_ws;
	json_t *clients, *client;
	size_t i;

	ASSERT_EQ(0, open_client(self, &json_client, &json, false, ""));
	ASSERT_EQ(0, open_client(self, &sse_client, &sse, true, ""));
	binary = text = json;
	ASSERT_EQ(0, ws_open(&binary_ws, "/ws/memlog", "memlog.binary"));
	ASSERT_EQ(0, ws_open(&text_ws, "/ws/memlog", "memlog.text"));
	/* all of them are at the head once they have this */
	ASSERT_EQ(0, payload_write(0, 5, 0));
	ledger_follow(&json, &json_client, 5);
	ledger_follow(&sse, &sse_client, 5);
	follow_binary(_metadata, &binary, &binary_ws, 5);
	follow_text(_metadata, &text, &text_ws, 5);

	ASSERT_EQ(0, write_unseen(self, 5, 3000));
	ledger_follow(&json, &json_client, 3000);
	expect_device_loss(_metadata, self, &json, 5);
	ledger_follow(&sse, &sse_client, 3000);
	expect_device_loss(_metadata, self, &sse, 5);
	follow_binary(_metadata, &binary, &binary_ws, 3000);
	expect_device_loss(_metadata, self, &binary, 5);
	follow_text(_metadata, &text, &text_ws, 3000);
	expect_device_loss(_metadata, self, &text, 5);

	clients = objects_get("/api/v1/clients");
	EXPECT_EQ(4, json_array_size(json_object_get(clients, "clients")));
	json_array_foreach(json_object_get(clients, "clients"), i, client) {
		EXPECT_EQ(json.lost, object_number(client, "lost_records"));
		EXPECT_EQ(json.lost_bytes, object_number(client, "lost_bytes"));
		EXPECT_EQ(0, object_number(client, "lag_records"));
	}
	json_decref(clients);
	objects_close(&json_client);
	objects_close(&sse_client);
	ws_close(&binary_ws);
	ws_close(&text_ws);
}

TEST_F_TIMEOUT(loss, of_a_fast_writer, 120)
{
	const uint64_t end = 15000;
	struct memlog_info info;
	struct objects client;
	struct ledger ledger;
	pid_t writer;
	int status;

	ASSERT_EQ(0, open_client(self, &client, &ledger, false, ""));
	writer = fork();
	if (!writer)
		_exit(payload_write(0, end / 2, 0) || write_unseen(self, end / 2, end * 3 / 4) ||
		      payload_write(end * 3 / 4, end, 0));
	ledger_follow(&ledger, &client, end);
	ASSERT_EQ(writer, waitpid(writer, &status, 0));
	ASSERT_EQ(0, status);
	TH_LOG("delivered %llu, lost %llu in %u gaps", (unsigned long long)ledger.delivered,
	       (unsigned long long)ledger.lost, ledger.losses);
	EXPECT_EQ(0, ledger.errors + client.errors);
	EXPECT_LT(0, ledger.lost);
	EXPECT_LT(0, ledger.delivered);
	ASSERT_EQ(0, dev_info(self->fd, &info));
	EXPECT_EQ(info.next_seq, ledger.delivered + ledger.lost);
	EXPECT_EQ(info.next_pos, ledger.pos);
	EXPECT_LE(ledger.lost, info.evicted);
	objects_close(&client);
}

/* RESIZE is refused for as long as somebody has the ring before the last mapped. */
static int resize_soon(int fd, uint64_t size)
{
	int err = -EBUSY;

	for (int i = 0; i < 200 && err == -EBUSY; i++) {
		err = dev_resize(fd, size, 0, 0);
		if (err == -EBUSY)
			sleep_ms(10);
	}
	return err;
}

TEST_F_TIMEOUT(loss, none_by_resize, 120)
{
	struct objects plain, filtered, events;
	struct ledger plain_ledger, filtered_ledger, events_ledger;
	const uint64_t end = 2000;
	struct memlog_info info;
	pid_t writer;
	int status;

	ASSERT_EQ(0, resize_soon(self->fd, 1 << 20));
	ASSERT_EQ(0, open_client(self, &plain, &plain_ledger, false, ""));
	ASSERT_EQ(0, open_client(self, &filtered, &filtered_ledger, false, "?field=type=0"));
	ASSERT_EQ(0, open_client(self, &events, &events_ledger, true, ""));
	writer = fork();
	if (!writer)
		_exit(payload_write(0, end, 2) != 0);
	for (int i = 0; i < 12; i++) {
		EXPECT_EQ(0, resize_soon(self->fd, i % 2 ? 1 << 20 : 1 << 19));
		sleep_ms(50);
	}
	ledger_follow(&plain_ledger, &plain, end);
	ledger_follow(&filtered_ledger, &filtered, end);
	ledger_follow(&events_ledger, &events, end);
	ASSERT_EQ(writer, waitpid(writer, &status, 0));
	ASSERT_EQ(0, status);
	EXPECT_EQ(0, plain_ledger.errors + filtered_ledger.errors + events_ledger.errors);
	EXPECT_EQ(end, plain_ledger.delivered);
	EXPECT_EQ(end, filtered_ledger.delivered);
	EXPECT_EQ(end, events_ledger.delivered);
	ASSERT_EQ(0, dev_info(self->fd, &info));
	EXPECT_LE(13, info.generation);
	objects_close(&plain);
	objects_close(&filtered);
	objects_close(&events);
}

/* Nobody who only waits keeps an old ring for long. */
TEST_F_TIMEOUT(loss, resize_of_an_idle_channel, 120)
{
	struct objects plain, filtered;
	struct ledger plain_ledger, filtered_ledger;

	ASSERT_EQ(0, open_client(self, &plain, &plain_ledger, false, ""));
	ASSERT_EQ(0, open_client(self, &filtered, &filtered_ledger, false, "?field=type=0"));
	ASSERT_EQ(0, payload_write(0, 100, 0));
	ledger_follow(&plain_ledger, &plain, 100);
	ledger_follow(&filtered_ledger, &filtered, 100);
	for (int i = 0; i < 4; i++) {
		EXPECT_EQ(0, resize_soon(self->fd, i % 2 ? 1 << 16 : 4096)) {
			TH_LOG("resize %d", i);
		}
	}
	ASSERT_EQ(0, payload_write(100, 110, 0));
	ledger_follow(&plain_ledger, &plain, 110);
	ledger_follow(&filtered_ledger, &filtered, 110);
	EXPECT_EQ(0, plain_ledger.errors + filtered_ledger.errors);
	EXPECT_EQ(110, plain_ledger.delivered);
	EXPECT_EQ(110, filtered_ledger.delivered);
	objects_close(&plain);
	objects_close(&filtered);
}

/* Nor does one that takes nothing, in the midst of what it missed. */
TEST_F_TIMEOUT(loss, resize_behind_a_stalled_client, 120)
{
	const uint64_t end = 6000;
	struct objects stalled;
	struct ledger ledger;

	ASSERT_EQ(0, resize_soon(self->fd, 1 << 20));
	ASSERT_EQ(0, payload_write(0, end, 0));
	ASSERT_EQ(0, open_client(self, &stalled, &ledger, false, ""));
	/* until its socket is full */
	sleep_ms(500);
	for (int i = 0; i < 4; i++) {
		EXPECT_EQ(0, resize_soon(self->fd, i % 2 ? 1 << 20 : 1 << 19)) {
			TH_LOG("resize %d", i);
		}
	}
	ledger_follow(&ledger, &stalled, end);
	EXPECT_EQ(0, ledger.errors);
	EXPECT_EQ(end, ledger.delivered);
	objects_close(&stalled);
}

TEST_HARNESS_MAIN
