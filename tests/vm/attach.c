// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connects this terminal to a guest's serial port: attach SOCKET
 *
 * Until the guest says something the terminal stays as it is, so that Ctrl-C
 * ends a guest that is still booting. From then on it is raw: every key, Ctrl-C
 * and Ctrl-D too, is the guest's shell's business. It ends with the guest, or
 * when Ctrl-C is pressed so often in a row that the guest does not seem to care.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define CONNECT_TRIES	100
#define CONNECT_PAUSE	(50 * 1000 * 1000)

#define CTRL_C		3
#define IMPATIENT_KEYS	3
#define IMPATIENT_NS	2e9

static struct termios saved;
static int is_raw;

static void make_cooked(void)
{
	if (is_raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &saved);
	is_raw = 0;
}

static void make_raw(void)
{
	struct termios raw;

	if (is_raw || tcgetattr(STDIN_FILENO, &saved))
		return;
	raw = saved;
	cfmakeraw(&raw);
	if (!tcsetattr(STDIN_FILENO, TCSANOW, &raw))
		is_raw = 1;
}

/* tcsetattr() is async-signal-safe, exit() is not. */
static void on_signal(int sig)
{
	make_cooked();
	_exit(128 + sig);
}

/* QEMU makes the socket a moment after it was started. */
static int connect_to(const char *path)
{
	struct timespec pause = { .tv_nsec = CONNECT_PAUSE };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(sun.sun_path, path);
	for (int i = 0; i < CONNECT_TRIES; i++) {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0)
			return -1;
		if (!connect(fd, (struct sockaddr *)&sun, sizeof(sun)))
			return fd;
		close(fd);
		nanosleep(&pause, NULL);
	}
	return -1;
}

static int write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t w = write(fd, p, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return -1;
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* Was this the last of IMPATIENT_KEYS times Ctrl-C with nothing in between? */
static int is_impatient(const char *keys, size_t n)
{
	static double first;
	static int count;

	for (size_t i = 0; i < n; i++) {
		if (keys[i] != CTRL_C) {
			count = 0;
			continue;
		}
		if (!count || now_ns() - first > IMPATIENT_NS) {
			first = now_ns();
			count = 0;
		}
		if (++count == IMPATIENT_KEYS)
			return 1;
	}
	return 0;
}

static ssize_t read_some(int fd, char *buf, size_t size)
{
	ssize_t n;

	do
		n = read(fd, buf, size);
	while (n < 0 && errno == EINTR);
	return n;
}

static void relay(int guest)
{
	struct pollfd p[2] = {
		{ .fd = guest, .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN },
	};
	char buf[4096];
	ssize_t n;

	for (;;) {
		if (poll(p, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			return;
		}
		if (p[0].revents) {
			make_raw();
			n = read_some(guest, buf, sizeof(buf));
			if (n <= 0 || write_all(STDOUT_FILENO, buf, (size_t)n))
				return;
		}
		if (p[1].revents) {
			/* Typed into a guest that still boots: it reads it later. */
			n = read_some(STDIN_FILENO, buf, sizeof(buf));
			if (n <= 0)
				p[1].fd = -1;
			else if (is_impatient(buf, (size_t)n) ||
				 write_all(guest, buf, (size_t)n))
				return;
		}
	}
}

int main(int argc, char **argv)
{
	int guest;

	if (argc != 2) {
		fprintf(stderr, "usage: attach SOCKET\n");
		return 100;
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, on_signal);
	signal(SIGHUP, on_signal);
	guest = connect_to(argv[1]);
	if (guest < 0) {
		fprintf(stderr, "attach: %s: %s\n", argv[1], strerror(errno));
		return 111;
	}
	relay(guest);
	make_cooked();
	return 0;
}
