// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bridge over /dev/memlog, in the guest: a WebSocket client of its own, since
 * there is no Python. Every client accounts for every record by its payload.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/memlog.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"

#define DEVICE		"/dev/memlog"
#define SOCKET		"/tmp/bridge-test.socket"
#define FRAME_MAX	(1U << 20)
#define CLIENTS		4

/* A number, and a byte repeated as often as the number says. */
static size_t payload(char *buf, unsigned long long number)
{
	size_t len = (size_t)sprintf(buf, "%llu ", number);
	size_t fill = number * 37 % 150;

	memset(buf + len, 'a' + (int)(number % 26), fill);
	buf[len + fill] = '\n';
	return len + fill + 1;
}

/* Payloads have the numbers of their records: nobody else writes here. */
static struct memlog_info ring_info(void)
{
	struct memlog_info info = { 0 };
	int fd = open(DEVICE, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, MEMLOG_IOC_INFO, &info))
		exit(KSFT_FAIL);
	close(fd);
	return info;
}

static unsigned long long next_seq(void)
{
	return ring_info().next_seq;
}

static int write_payloads(unsigned long long first, unsigned long long end, int pause_every)
{
	int fd = open(DEVICE, O_WRONLY | O_CLOEXEC);
	char buf[256];

	if (fd < 0)
		return -1;
	for (unsigned long long n = first; n < end; n++) {
		size_t len = payload(buf, n);

		if (write(fd, buf, len) != (ssize_t)len)
			return -1;
		if (pause_every && n % (unsigned int)pause_every == 0)
			usleep(1000);
	}
	close(fd);
	return 0;
}

/**
 * struct ws - A WebSocket client.
 * @fd: Its socket.
 * @buf: What has come and was not looked at.
 * @len: Bytes of it.
 * @begun: A payload has come.
 * @next: Number of the next payload.
 * @end: It is done when that is this.
 * @delivered: Payloads that came.
 * @lost: Records told as lost, and the gap it is in.
 * @errors: What was not as it should be.
 * @close_code: Of the close frame.
 */
struct ws {
	int fd;
	unsigned char *buf;
	size_t len;
	bool begun;
	unsigned long long next, end, delivered, lost, gap_records, gap_bytes;
	unsigned int errors;
	int close_code;
};

static int unix_connect(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX, .sun_path = SOCKET };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	close(fd);
	return -1;
}

static bool fill(struct ws *ws, int timeout_ms)
{
	struct pollfd poll_fd = { .fd = ws->fd, .events = POLLIN };
	ssize_t n;

	if (poll(&poll_fd, 1, timeout_ms) <= 0)
		return false;
	n = read(ws->fd, ws->buf + ws->len, FRAME_MAX - ws->len);
	if (n > 0)
		ws->len += (size_t)n;
	return n > 0;
}

static void consume(struct ws *ws, size_t len)
{
	ws->len -= len;
	memmove(ws->buf, ws->buf + len, ws->len);
}

static int ws_open(struct ws *ws, unsigned long long end)
{
	static const char request[] =
		"GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
		"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
	unsigned char *head;

	memset(ws, 0, sizeof(*ws));
	ws->end = end;
	ws->buf = malloc(FRAME_MAX);
	ws->fd = unix_connect();
	if (ws->fd < 0 || write(ws->fd, request, sizeof(request) - 1) < 0)
		return -1;
	while (!(head = memmem(ws->buf, ws->len, "\r\n\r\n", 4)))
		if (!fill(ws, 20000))
			return -1;
	if (strncmp((char *)ws->buf, "HTTP/1.1 101", 12))
		return -1;
	consume(ws, (size_t)(head - ws->buf) + 4);
	return 0;
}

static void ws_close(struct ws *ws)
{
	close(ws->fd);
	free(ws->buf);
}

static void take_payload(struct ws *ws, const char *line, size_t len)
{
	unsigned long long number = strtoull(line, NULL, 10), bytes = 0;
	char want[256];

	if (!ws->begun)
		ws->next = number - ws->gap_records;
	for (unsigned long long n = ws->next; n < number; n++)
		bytes += payload(want, n);
	/* what was in the ring before the payloads is not known */
	if (ws->begun)
		ws->errors += number - ws->next != ws->gap_records || bytes != ws->gap_bytes;
	ws->errors += payload(want, number) != len || memcmp(want, line, len) != 0;
	ws->begun = true;
	ws->gap_records = 0;
	ws->gap_bytes = 0;
	ws->delivered++;
	ws->next = number + 1;
}

static void take_line(struct ws *ws, const char *line, size_t len)
{
	unsigned long long records, bytes;
	char copy[128];

	if (len < 8 || memcmp(line, "memlog: ", 8)) {
		take_payload(ws, line, len);
		return;
	}
	snprintf(copy, sizeof(copy), "%.*s", (int)len, line);
	if (sscanf(copy, "memlog: lost %llu records, %llu bytes", &records, &bytes) == 2) {
		ws->lost += records;
		ws->gap_records += records;
		ws->gap_bytes += bytes;
	} else {
		ws->errors++;
	}
}

static void take_text(struct ws *ws, const char *text, size_t len)
{
	ws->errors += !len || text[len - 1] != '\n';
	while (len) {
		const char *end = memchr(text, '\n', len);
		size_t line = end ? (size_t)(end - text) + 1 : len;

		take_line(ws, text, line);
		text += line;
		len -= line;
	}
}

/* Size of the frame's header; 0 if not all of the frame is there. */
static size_t frame_header(const struct ws *ws, size_t *payload_len)
{
	const unsigned char *b = ws->buf;
	size_t header = 2, len;

	if (ws->len < 10 && (ws->len < 2 || b[1] >= 126))
		return 0;
	len = b[1];
	if (len == 126) {
		header = 4;
		len = (size_t)b[2] << 8 | b[3];
	} else if (len == 127) {
		header = 10;
		len = (size_t)b[6] << 24 | (size_t)b[7] << 16 | (size_t)b[8] << 8 | b[9];
	}
	*payload_len = len;
	return ws->len >= header + len ? header : 0;
}

/* One frame. Return: its opcode, -1 if none came in time. */
static int ws_next(struct ws *ws, int timeout_ms)
{
	size_t len = 0, header;
	int op;

	while (!(header = frame_header(ws, &len)))
		if (!fill(ws, timeout_ms))
			return -1;
	op = ws->buf[0] & 15;
	if (op == 1)
		take_text(ws, (char *)ws->buf + header, len);
	if (op == 8 && len >= 2)
		ws->close_code = ws->buf[header] << 8 | ws->buf[header + 1];
	consume(ws, header + len);
	return op;
}

static void follow(struct ws *ws)
{
	while (!ws->begun || ws->next < ws->end) {
		if (ws_next(ws, 30000) < 0) {
			ws->errors++;
			return;
		}
	}
}

FIXTURE(bridge)
{
	pid_t pid;
};

/* What others wrote before is no payload. */
static int push_others_out(void)
{
	struct memlog_info info = ring_info();

	return write_payloads(info.next_seq, info.next_seq + info.records, 0);
}

FIXTURE_SETUP(bridge)
{
	ASSERT_EQ(0, push_others_out());
	self->pid = fork();
	ASSERT_LE(0, self->pid);
	if (!self->pid) {
		execlp("memlog-bridge", "memlog-bridge", "--listen", "unix:" SOCKET, NULL);
		_exit(127);
	}
	for (int i = 0; i < 300; i++) {
		int fd = unix_connect();

		if (fd >= 0) {
			close(fd);
			return;
		}
		usleep(100000);
	}
	ASSERT_TRUE(false) {
		TH_LOG("the bridge does not start");
	}
}

FIXTURE_TEARDOWN(bridge)
{
	int status;

	kill(self->pid, SIGTERM);
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, 0));
	EXPECT_EQ(0, status);
}

static void resize(unsigned long long size)
{
	struct memlog_resize arg = { .text_size = size };
	int fd = open(DEVICE, O_RDONLY | O_CLOEXEC);

	for (int i = 0; i < 50 && ioctl(fd, MEMLOG_IOC_RESIZE, &arg) && errno == EBUSY; i++)
		usleep(20000);
	close(fd);
}

TEST_F(bridge, history_then_live)
{
	unsigned long long first = next_seq();
	struct ws ws;

	ASSERT_EQ(0, write_payloads(first, first + 10, 0));
	ASSERT_EQ(0, ws_open(&ws, first + 10));
	follow(&ws);
	ASSERT_EQ(0, write_payloads(first + 10, first + 11, 0));
	ws.end = first + 11;
	follow(&ws);
	EXPECT_EQ(0, ws.errors);
	EXPECT_LE(11, ws.delivered);
	EXPECT_EQ(0, ws.lost);
	ASSERT_EQ(0, kill(self->pid, SIGTERM));
	while (!ws.close_code && ws_next(&ws, 5000) >= 0)
		;
	EXPECT_EQ(1001, ws.close_code);
	ws_close(&ws);
}

/* Clients join at different times; each in a process of its own. */
static void crowd(struct __test_metadata *_metadata, unsigned int count, int pause,
		  bool resizing)
{
	unsigned long long first = next_seq(), end = first + count;
	pid_t pids[CLIENTS], writer;

	writer = fork();
	if (!writer)
		_exit(write_payloads(first, end, pause) != 0);
	for (int i = 0; i < CLIENTS; i++) {
		struct ws ws;

		pids[i] = fork();
		if (pids[i])
			continue;
		usleep((unsigned int)i * 150000);
		if (ws_open(&ws, end))
			_exit(2);
		follow(&ws);
		dprintf(1, "# client %d: delivered %llu, lost %llu, errors %u\n", i,
			ws.delivered, ws.lost, ws.errors);
		_exit(ws.errors || !ws.delivered);
	}
	for (int i = 0; resizing && i < 10; i++) {
		usleep(100000);
		resize(i % 2 ? 1U << 20 : 65536);
	}
	for (int i = -1; i < CLIENTS; i++) {
		int status;

		ASSERT_LT(0, waitpid(i < 0 ? writer : pids[i], &status, 0));
		EXPECT_EQ(0, status) {
			TH_LOG("process %d", i);
		}
	}
}

TEST_F_TIMEOUT(bridge, paced, 120)
{
	resize(1U << 20);
	crowd(_metadata, 5000, 10, false);
}

TEST_F_TIMEOUT(bridge, unpaced, 120)
{
	resize(16384);
	crowd(_metadata, 30000, 0, false);
}

TEST_F_TIMEOUT(bridge, resized_meanwhile, 120)
{
	resize(16384);
	crowd(_metadata, 30000, 20, true);
}

TEST_HARNESS_MAIN
