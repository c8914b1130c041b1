// SPDX-License-Identifier: GPL-2.0-only
/*
 * bridge_load - many clients of a server of log records
 *
 * Connects them all, prints "ready N", and then does what standard input says:
 *
 *	begin FIRST LAST  wait until all have what was written, or were told that it
 *			  is lost; forget it; print "begun"
 *	end FIRST LAST	  wait likewise; print what was seen, as one line of JSON; end
 *	end		  nothing was written
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conn.h"
#include "payload.h"

#define BUFFER_SIZE	(256 * 1024)
#define EVENTS		512
#define CONNECTING_MAX	100
#define SECOND		1000000000ULL

/* How long nothing may come before what is missing counts as missing. */
#define SILENCE_NS	(3 * SECOND)
#define CONNECT_NS	(60 * SECOND)
#define WAIT_NS		(60 * SECOND)

/**
 * struct load - The clients.
 * @target: What they do.
 * @conns: They.
 * @count: How many.
 * @begun: How many have begun to connect.
 * @open: How many are connected.
 * @broken: How many could not be, or are no more.
 * @stalled: They never read.
 * @ready: "ready" was printed.
 * @epoll: Waits for all of them, and for standard input.
 * @bytes: That came.
 * @heard: When something last came.
 * @records_from: When the first record came.
 * @records_to: When the last one did.
 * @waiting: Since when it waits for what was written; 0: it does not.
 * @beginning: What comes after that is what counts.
 * @first: Number of the first record written.
 * @last: Of the last one; UINT64_MAX: none was.
 */
struct load {
	struct target target;
	struct conn *conns;
	unsigned int count;
	unsigned int begun;
	unsigned int open;
	unsigned int broken;
	bool stalled;
	bool ready;
	int epoll;
	uint64_t bytes;
	uint64_t heard;
	uint64_t records_from;
	uint64_t records_to;
	uint64_t waiting;
	bool beginning;
	uint64_t first;
	uint64_t last;
};

static char buffer[BUFFER_SIZE];

static void __attribute__((noreturn, format(printf, 2, 3)))
die(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "bridge_load: ");
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	exit(status);
}

static void drop(struct load *load, struct conn *conn)
{
	if (conn->state == CONN_OPEN)
		load->open--;
	conn_close(conn);
	load->broken++;
}

static void begin(struct load *load)
{
	struct epoll_event event = { .events = EPOLLOUT };
	struct conn *conn;
	int err;

	while (load->begun < load->count &&
	       load->begun - load->open - load->broken < CONNECTING_MAX) {
		conn = &load->conns[load->begun];
		err = conn_open(conn, &load->target, load->begun++);
		if (err) {
			wrong("can't connect: %s", strerror(-err));
			conn->state = CONN_CLOSED;
			load->broken++;
			continue;
		}
		event.data.ptr = conn;
		epoll_ctl(load->epoll, EPOLL_CTL_ADD, conn->fd, &event);
	}
}

static void on_connected(struct load *load, struct conn *conn)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = conn };
	int err = conn_connected(conn);

	if (err) {
		wrong("can't connect: %s", strerror(-err));
		drop(load, conn);
		return;
	}
	epoll_ctl(load->epoll, EPOLL_CTL_MOD, conn->fd, &event);
}

static void on_readable(struct load *load, struct conn *conn)
{
	ssize_t n = recv(conn->fd, buffer, sizeof(buffer), 0);
	enum conn_state before = conn->state;
	uint64_t delivered = totals.delivered;
	int ret;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		wrong("the connection ends: %s", n ? strerror(errno) : "closed");
		drop(load, conn);
		return;
	}
	load->heard = now_ns();
	load->bytes += (uint64_t)n;
	ret = conn_feed(conn, buffer, (size_t)n, load->heard);
	if (totals.delivered != delivered) {
		load->records_to = load->heard;
		if (!load->records_from)
			load->records_from = load->heard;
	}
	if (before != CONN_OPEN && conn->state == CONN_OPEN) {
		load->open++;
		if (load->stalled)
			epoll_ctl(load->epoll, EPOLL_CTL_DEL, conn->fd, NULL);
	}
	if (ret)
		drop(load, conn);
}

/* Clients that have left stay so. */
static void forget(struct load *load)
{
	for (unsigned int i = 0; i < load->count; i++)
		load->conns[i].track = (struct track){ 0 };
	memset(&totals.latency, 0, sizeof(totals.latency));
	totals.delivered = 0;
	totals.lost = 0;
	totals.missing = 0;
	load->bytes = 0;
	load->records_from = 0;
}

static void obey(struct load *load, const char *line)
{
	load->beginning = !strncmp(line, "begin ", 6);
	if (!load->beginning && strncmp(line, "end", 3))
		die(100, "there is no command %s", line);
	if (sscanf(line, "%*s %" SCNu64 " %" SCNu64, &load->first, &load->last) != 2)
		load->last = UINT64_MAX;
	load->waiting = now_ns();
	load->heard = load->waiting;
}

static void on_command(struct load *load)
{
	static char line[100];
	static size_t len;
	ssize_t n = read(STDIN_FILENO, line + len, sizeof(line) - 1 - len);
	char *newline;

	if (n <= 0)
		exit(0);
	len += (size_t)n;
	line[len] = '\0';
	while ((newline = strchr(line, '\n'))) {
		*newline = '\0';
		obey(load, line);
		len -= (size_t)(newline + 1 - line);
		memmove(line, newline + 1, len + 1);
	}
}

static bool complete(const struct load *load)
{
	if (load->last == UINT64_MAX)
		return true;
	for (unsigned int i = 0; i < load->count; i++)
		if (load->conns[i].state == CONN_OPEN &&
		    !track_complete(&load->conns[i].track, load->last))
			return false;
	return true;
}

static void report(struct load *load)
{
	bool flowing = now_ns() - load->heard < SILENCE_NS;

	for (unsigned int i = 0; i < load->count && load->last != UINT64_MAX; i++)
		track_close(&load->conns[i].track, load->first, load->last,
			    flowing && load->conns[i].state == CONN_OPEN);
	for (char *c = totals.first_wrong; *c; c++)
		if (*c < ' ' || *c > '~' || *c == '"' || *c == '\\')
			*c = '?';
	printf("{\"open\":%u,\"broken\":%u,\"bytes\":%" PRIu64 ",\"delivered\":%" PRIu64
	       ",\"lost\":%" PRIu64 ",\"missing\":%" PRIu64 ",\"late\":%" PRIu64
	       ",\"wrong\":%" PRIu64 ",\"first_wrong\":\"%s\",\"max\":%" PRIu64 ",\"ns\":%" PRIu64 ",\"latency\":",
	       load->open, load->broken, load->bytes, totals.delivered, totals.lost,
	       totals.missing, totals.late, totals.wrong, totals.first_wrong, totals.latency.max,
	       load->records_from ? load->records_to - load->records_from : 0);
	histogram_print(&totals.latency, stdout);
	printf("}\n");
}

static void turn(struct load *load, struct epoll_event *events)
{
	int n = epoll_wait(load->epoll, events, EVENTS, load->waiting ? 10 : 100);

	for (int i = 0; i < n; i++) {
		struct conn *conn = events[i].data.ptr;

		if (!conn)
			on_command(load);
		else if (conn->state == CONN_CONNECTING)
			on_connected(load, conn);
		else if (conn->state != CONN_CLOSED)
			on_readable(load, conn);
	}
}

static void say_ready(struct load *load, uint64_t waited)
{
	if (load->ready || (load->open + load->broken < load->count && waited < CONNECT_NS))
		return;
	load->ready = true;
	printf("ready %u\n", load->open);
	fflush(stdout);
}

/* Whether there is nothing more to wait for. */
static bool waited_enough(const struct load *load, uint64_t now)
{
	return load->waiting && (complete(load) || now - load->heard > SILENCE_NS ||
				 now - load->waiting > WAIT_NS);
}

static void run(struct load *load)
{
	static struct epoll_event events[EVENTS];
	struct epoll_event command = { .events = EPOLLIN };
	uint64_t began = now_ns(), now;

	load->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, STDIN_FILENO, &command))
		die(111, "standard input must be a pipe: %s", strerror(errno));
	for (;;) {
		begin(load);
		turn(load, events);
		now = now_ns();
		say_ready(load, now - began);
		if (!waited_enough(load, now))
			continue;
		if (!load->beginning)
			return;
		forget(load);
		load->waiting = 0;
		printf("begun\n");
		fflush(stdout);
	}
}

static const char help_text[] =
"usage: bridge_load [OPTION]... ADDR:PORT\n"
"\n"
"Connects clients to a server of log records, and accounts for every record.\n"
"\n"
"  --clients N        how many (1)\n"
"  --path PATH        what they ask for (/)\n"
"  --format FORMAT    text, json or binary, as memlog-bridge gives them; any: the\n"
"                     records wherever they stand, a loss told nowhere (text)\n"
"  --http TYPE        not WebSocket, but a response of this type that goes on\n"
"  --say TEXT         a message every client sends first\n"
"  --per-address N    clients from one address (200)\n"
"  --stalled          never read once connected\n";

static unsigned int number(const char *value, const char *option, unsigned int most)
{
	char *end;
	unsigned long n = strtoul(value, &end, 10);

	if (!*value || *end || !n || n > most)
		die(100, "--%s wants a number from 1 to %u, not %s", option, most, value);
	return (unsigned int)n;
}

static void set_server(struct load *load, char *where)
{
	struct sockaddr_in *server = &load->target.server;
	char *colon = strrchr(where, ':');

	if (!colon)
		die(100, "%s is no ADDR:PORT", where);
	*colon = '\0';
	server->sin_family = AF_INET;
	server->sin_port = htons((uint16_t)number(colon + 1, "port", 65535));
	if (inet_pton(AF_INET, where, &server->sin_addr) != 1)
		die(100, "%s is no IPv4 address", where);
}

static void set_option(struct load *load, int option, const char *name)
{
	switch (option) {
	case 'c':
		load->count = number(optarg, name, 1000000);
		break;
	case 'p':
		load->target.path = optarg;
		break;
	case 'f':
		load->target.decoder = decoder_find(optarg);
		if (!load->target.decoder)
			die(100, "there is no format %s (see --help)", optarg);
		break;
	case 'h':
		load->target.http = optarg;
		break;
	case 's':
		load->target.say = optarg;
		break;
	case 'a':
		load->target.per_address = number(optarg, name, 20000);
		break;
	case 'S':
		load->stalled = true;
		load->target.receive_buffer = 4096;
		break;
	case 'H':
		fputs(help_text, stdout);
		exit(0);
	default:
		exit(100);
	}
}

static const struct option options[] = {
	{ "clients", required_argument, NULL, 'c' }, { "path", required_argument, NULL, 'p' },
	{ "format", required_argument, NULL, 'f' }, { "http", required_argument, NULL, 'h' },
	{ "say", required_argument, NULL, 's' }, { "per-address", required_argument, NULL, 'a' },
	{ "stalled", no_argument, NULL, 'S' }, { "help", no_argument, NULL, 'H' },
	{ NULL, 0, NULL, 0 },
};

/* Root may have more files than the limit says. */
static void want_files(unsigned int count)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur >= count)
		return;
	limit.rlim_cur = count;
	if (limit.rlim_max < count)
		limit.rlim_max = count;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		die(111, "%u open files are needed: raise the limit (ulimit -Hn)", count);
}

int main(int argc, char **argv)
{
	static struct load load = {
		.target = { .path = "/", .per_address = 200 },
		.count = 1,
	};
	int option, which = 0;

	load.target.decoder = decoder_find("text");
	while ((option = getopt_long(argc, argv, "", options, &which)) != -1)
		set_option(&load, option, options[which].name);
	if (optind != argc - 1)
		die(100, "one ADDR:PORT, please (see --help)");
	set_server(&load, argv[optind]);
	want_files(load.count + 20);
	load.conns = calloc(load.count, sizeof(*load.conns));
	if (!load.conns)
		die(111, "no memory for %u clients", load.count);
	run(&load);
	report(&load);
	return 0;
}
