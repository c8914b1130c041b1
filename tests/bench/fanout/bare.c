// SPDX-License-Identifier: GPL-2.0-only
/*
 * bridge_bare - the least that a fan-out of a ring can be
 *
 * It serves bridge_load and nothing else: any request is taken for its
 * handshake. What has come since the last round is one frame, so batches grow
 * with load; no pause is made between rounds. A client that does not take a
 * frame holds that one, goes on where it is when it can, and is told a loss
 * once more than FRAMES frames have passed it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bare.h"

/**
 * struct client - A connection.
 * @fd: Its socket.
 * @open: It is a WebSocket now.
 * @armed: It waits until it can send.
 * @at: Number of the frame it takes next.
 * @next: Number of the record it takes next.
 * @next_pos: Bytes of text before that.
 * @frame: It is in the middle of this one.
 * @sent: Bytes of it that are sent.
 * @following: The next client.
 */
struct client {
	int fd;
	bool open;
	bool armed;
	uint64_t at;
	uint64_t next;
	uint64_t next_pos;
	struct frame *frame;
	size_t sent;
	struct client *following;
};

static struct frame_source source;
static struct frame *frames[FRAMES];
static uint64_t made;
static uint64_t made_next, made_pos;
static struct client *clients;
static int epoll_fd, listen_fd;
static const char *protocol;

static void __attribute__((noreturn)) die(const char *what, int err)
{
	fprintf(stderr, "bridge_bare: %s: %s\n", what, strerror(err));
	exit(111);
}

static void watch(struct client *client, int op, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = client };

	epoll_ctl(epoll_fd, op, client->fd, &event);
}

static void drop(struct client *client)
{
	struct client **p = &clients;

	while (*p != client)
		p = &(*p)->following;
	*p = client->following;
	frame_put(client->frame);
	close(client->fd);
	free(client);
}

static struct frame *loss_of(const struct client *client, const struct frame *oldest)
{
	struct frame *frame = frame_new();
	struct memlog_loss loss = { .from_seq = client->next, .to_seq = oldest->first - 1,
				    .records = oldest->first - client->next,
				    .bytes = oldest->pos - client->next_pos };

	frame_lost(frame, source.format, &loss);
	frame->next_pos = oldest->pos;
	return frame;
}

/* Return: whether there is one. */
static bool next_frame(struct client *client)
{
	const struct frame *oldest;

	if (client->at == made)
		return false;
	client->sent = 0;
	if (made - client->at > FRAMES) {
		client->at = made - FRAMES;
		oldest = frames[client->at % FRAMES];
		if (oldest->first != client->next) {
			client->frame = loss_of(client, oldest);
			return true;
		}
	}
	client->frame = frames[client->at++ % FRAMES];
	client->frame->refs++;
	return true;
}

/* Return: 0, or -1 and it is gone. */
static int serve(struct client *client)
{
	struct frame *frame;
	ssize_t n;

	while (client->frame || next_frame(client)) {
		frame = client->frame;
		n = send(client->fd, frame->data + frame->start + client->sent,
			 frame->len - client->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN) {
			if (!client->armed)
				watch(client, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
			client->armed = true;
			return 0;
		}
		if (n < 0) {
			drop(client);
			return -1;
		}
		client->sent += (size_t)n;
		if (client->sent < frame->len)
			continue;
		client->next = frame->next;
		client->next_pos = frame->next_pos;
		client->frame = NULL;
		frame_put(frame);
	}
	if (client->armed)
		watch(client, EPOLL_CTL_MOD, EPOLLIN);
	client->armed = false;
	return 0;
}

static void on_accept(void)
{
	int yes = 1, fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct client *client;

	if (fd < 0)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	client = calloc(1, sizeof(*client));
	if (!client)
		die("a client", ENOMEM);
	client->fd = fd;
	client->following = clients;
	clients = client;
	watch(client, EPOLL_CTL_ADD, EPOLLIN);
}

static void open_client(struct client *client)
{
	static const char head[] =
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: ";
	char answer[512];
	int len = snprintf(answer, sizeof(answer), "%s%s\r\n\r\n", head, protocol);

	if (send(client->fd, answer, (size_t)len, MSG_NOSIGNAL) != len) {
		drop(client);
		return;
	}
	client->open = true;
	client->at = made;
	client->next = made_next;
	client->next_pos = made_pos;
	if (source.format != BARE_TEXT) {
		client->frame = frame_new();
		frame_hello(client->frame, source.reader);
		client->frame->next = made_next;
		client->frame->next_pos = made_pos;
	}
	serve(client);
}

static void on_client(struct client *client, uint32_t events)
{
	char request[4096];
	ssize_t n;

	if (events & ~(uint32_t)EPOLLOUT) {
		n = recv(client->fd, request, sizeof(request), MSG_DONTWAIT);
		if (!n || (n < 0 && errno != EAGAIN)) {
			drop(client);
			return;
		}
		if (n > 0 && !client->open) {
			open_client(client);
			return;
		}
	}
	if (events & EPOLLOUT)
		serve(client);
}

/* What has come, to all who are not behind. Return: whether anything had. */
static bool round_of_sends(void)
{
	struct frame *frame = frame_new();
	struct client *client, *following;
	int ret = frame_fill(frame, &source);

	if (ret <= 0) {
		frame_put(frame);
		if (ret < 0)
			die("the ring", -ret);
		return false;
	}
	if (made >= FRAMES)
		frame_put(frames[made % FRAMES]);
	frames[made++ % FRAMES] = frame;
	made_next = frame->next;
	made_pos = frame->next_pos;
	for (client = clients; client; client = following) {
		following = client->following;
		if (client->open && !client->armed)
			serve(client);
	}
	return true;
}

static void run(void)
{
	static struct epoll_event events[256];
	bool more = false;

	for (;;) {
		int n = epoll_wait(epoll_fd, events, 256, more ? 0 : -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr == &listen_fd)
				on_accept();
			else if (events[i].data.ptr != &source)
				on_client(events[i].data.ptr, events[i].events);
		}
		more = round_of_sends();
	}
}

static void add(int fd, void *what)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = what };

	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event))
		die("epoll", errno);
}

static void start(const char *path)
{
	struct memlog_reader_options options = { .size = sizeof(options),
						 .flags = MEMLOG_READ_FOLLOW | MEMLOG_READ_TAIL };
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct memlog_info info = { 0 };
	socklen_t len = sizeof(address);
	struct rlimit limit;
	int err;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	err = memlog_reader_open(&source.reader, path, &options);
	if (err)
		die(path, -err);
	memlog_reader_info(source.reader, &info);
	made_next = memlog_place(source.reader);
	made_pos = info.reader_pos;
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (listen_fd < 0 || bind(listen_fd, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(listen_fd, 1024) || getsockname(listen_fd, (struct sockaddr *)&address, &len))
		die("listening", errno);
	add(listen_fd, &listen_fd);
	add(memlog_fd(source.reader), &source);
	printf("http://127.0.0.1:%u/\n", ntohs(address.sin_port));
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const char *const names[] = { "memlog.text", "memlog.json", "memlog.binary" };

	for (int i = 0; i < 3 && argc == 3; i++) {
		if (!strcmp(argv[1], names[i] + strlen("memlog."))) {
			source.format = (enum bare_format)i;
			protocol = names[i];
		}
	}
	if (!protocol) {
		fprintf(stderr, "usage: bridge_bare text|json|binary RING\n");
		return 100;
	}
	start(argv[2]);
	run();
}
