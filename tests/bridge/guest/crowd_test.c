// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many clients of /dev/memlog at once, as text: each accounts for every record
 * by its payload.
 */
#include <signal.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "device.h"
#include "payload.h"
#include "served.h"
#include "ws.h"

#define CLIENTS		4

/**
 * struct crowd_client - A client.
 * @ws: Its WebSocket.
 * @begun: A payload has come.
 * @next: Number of the next payload.
 * @end: It is done when that is this.
 * @delivered: Payloads that came.
 * @lost: Records told as lost.
 * @gap_records: Those of them since the last payload.
 * @gap_bytes: Their bytes.
 * @errors: What was not as it should be.
 */
struct crowd_client {
	struct ws ws;
	bool begun;
	uint64_t next, end, delivered, lost, gap_records, gap_bytes;
	unsigned int errors;
};

static int client_open(struct crowd_client *client, uint64_t end)
{
	*client = (struct crowd_client){ .end = end };
	return ws_open(&client->ws, "/ws", NULL);
}

static void take_payload(struct crowd_client *client, const char *line, size_t len)
{
	uint64_t number = strtoull(line, NULL, 10), bytes;
	char want[PAYLOAD_MAX];

	if (!client->begun)
		client->next = number - client->gap_records;
	bytes = payload_bytes(client->next, number);
	/* what was in the ring before the payloads is not known */
	if (client->begun)
		client->errors += number - client->next != client->gap_records ||
				  bytes != client->gap_bytes;
	client->errors += payload_text(want, number) != len || memcmp(want, line, len) != 0;
	client->begun = true;
	client->gap_records = 0;
	client->gap_bytes = 0;
	client->delivered++;
	client->next = number + 1;
}

static void take_line(struct crowd_client *client, const char *line, size_t len)
{
	unsigned long long records, bytes;
	char copy[128];

	if (len < 8 || memcmp(line, "memlog: ", 8)) {
		take_payload(client, line, len);
		return;
	}
	snprintf(copy, sizeof(copy), "%.*s", (int)len, line);
	if (sscanf(copy, "memlog: lost %llu records, %llu bytes", &records, &bytes) == 2) {
		client->lost += records;
		client->gap_records += records;
		client->gap_bytes += bytes;
	} else {
		client->errors++;
	}
}

static void take_text(struct crowd_client *client, const char *text, size_t len)
{
	client->errors += !len || text[len - 1] != '\n';
	while (len) {
		const char *end = memchr(text, '\n', len);
		size_t line = end ? (size_t)(end - text) + 1 : len;

		take_line(client, text, line);
		text += line;
		len -= line;
	}
}

static void follow(struct crowd_client *client)
{
	while (!client->begun || client->next < client->end) {
		if (ws_next(&client->ws, 30000) != WS_TEXT) {
			client->errors++;
			return;
		}
		take_text(client, client->ws.message, client->ws.len);
	}
}

FIXTURE(crowd)
{
	pid_t bridge;
};

FIXTURE_SETUP(crowd)
{
	ASSERT_EQ(0, module_reload(""));
	self->bridge = served_start(NULL);
	ASSERT_LT(0, self->bridge);
}

FIXTURE_TEARDOWN(crowd)
{
	if (self->bridge > 0)
		EXPECT_EQ(0, served_stop(self->bridge));
	EXPECT_EQ(0, module_reload(""));
}

static void resize(uint64_t size)
{
	int fd = dev_open(O_RDONLY);

	for (int i = 0; i < 50 && dev_resize(fd, size, 0, 0) == -EBUSY; i++)
		sleep_ms(20);
	close(fd);
}

TEST_F_TIMEOUT(crowd, history_then_live, 60)
{
	struct crowd_client client;

	ASSERT_EQ(0, payload_write(0, 10, 0));
	ASSERT_EQ(0, client_open(&client, 10));
	follow(&client);
	ASSERT_EQ(0, payload_write(10, 11, 0));
	client.end = 11;
	follow(&client);
	EXPECT_EQ(0, client.errors);
	EXPECT_EQ(11, client.delivered);
	EXPECT_EQ(0, client.lost);
	ASSERT_EQ(0, kill(self->bridge, SIGTERM));
	EXPECT_EQ(WS_CLOSE, ws_next(&client.ws, 10000));
	EXPECT_EQ(1001, client.ws.close_code);
	ws_close(&client.ws);
}

/* Clients join at different times; each in a process of its own. */
static void crowd(struct __test_metadata *_metadata, uint64_t end, unsigned int pause,
		  bool resizing)
{
	pid_t pids[CLIENTS], writer;

	writer = fork();
	if (!writer)
		_exit(payload_write(0, end, pause) != 0);
	for (int i = 0; i < CLIENTS; i++) {
		struct crowd_client client;

		pids[i] = fork();
		if (pids[i])
			continue;
		sleep_ms((unsigned int)i * 150);
		if (client_open(&client, end))
			_exit(2);
		follow(&client);
		dprintf(1, "# client %d: delivered %llu, lost %llu, errors %u\n", i,
			(unsigned long long)client.delivered, (unsigned long long)client.lost,
			client.errors);
		_exit(client.errors || !client.delivered);
	}
	for (int i = 0; resizing && i < 10; i++) {
		sleep_ms(100);
		resize(i % 2 ? 1 << 20 : 65536);
	}
	for (int i = -1; i < CLIENTS; i++) {
		int status;

		ASSERT_LT(0, waitpid(i < 0 ? writer : pids[i], &status, 0));
		EXPECT_EQ(0, status) {
			TH_LOG("process %d", i);
		}
	}
}

TEST_F_TIMEOUT(crowd, paced, 120)
{
	resize(1U << 20);
	crowd(_metadata, 5000, 10, false);
}

TEST_F_TIMEOUT(crowd, unpaced, 120)
{
	resize(16384);
	crowd(_metadata, 30000, 0, false);
}

TEST_F_TIMEOUT(crowd, resized_meanwhile, 120)
{
	resize(16384);
	crowd(_metadata, 30000, 20, true);
}

TEST_HARNESS_MAIN
