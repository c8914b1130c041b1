// SPDX-License-Identifier: GPL-2.0-only
/*
 * memlog feed: the lines of files into a channel, and with -f those that come.
 *
 * A file that was renamed or removed is read on under its old name until nothing
 * has come for a while: its writer may have it open still. So nothing written
 * around a rotation is missed, unless files come and go faster than we look.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "tail.h"

/* A rotated file is closed after this time without anything new. */
#define OLD_QUIET_NS	(30 * NSEC_PER_SEC)
/* How often to look where inotify tells nothing: network file systems. */
#define LOOK_MS		500
#define LINES_ALL	UINT64_MAX

struct feed {
	struct sink sink;
	struct lines lines;	/* what those of all files are like */
	struct tail *tails;
	const char *tag;
	const char *channel;
	uint64_t last;
	bool follow;
	bool quiet;
	int status;
};

static volatile sig_atomic_t stop;

enum { OPT_PREFIX = OPT_FIRST, OPT_KEEP_CR, OPT_CREATE, OPT_SIZE };

static const struct option options[] = {
	{ "channel",	  required_argument, NULL, 'c' },
	{ "follow",	  no_argument,	     NULL, 'f' },
	{ "lines",	  required_argument, NULL, 'n' },
	{ "priority",	  required_argument, NULL, 'p' },
	{ "tag",	  required_argument, NULL, 't' },
	{ "level-prefix", no_argument,	     NULL, OPT_PREFIX },
	{ "keep-cr",	  no_argument,	     NULL, OPT_KEEP_CR },
	{ "create",	  no_argument,	     NULL, OPT_CREATE },
	{ "size",	  required_argument, NULL, OPT_SIZE },
	{ "quiet",	  no_argument,	     NULL, 'q' },
	{ "help",	  no_argument,	     NULL, 'h' },
	{ }
};

static void parse_option(struct feed *feed, int c)
{
	switch (c) {
	case 'c':
		feed->channel = optarg;
		break;
	case 'f':
	case 'F':
		feed->follow = true;
		break;
	case 'n':
		feed->last = arg_number("-n", optarg, LINES_ALL - 1);
		break;
	case 'p':
		feed->lines.pri = arg_pri("-p", optarg);
		break;
	case 't':
		feed->tag = optarg;
		break;
	case OPT_PREFIX:
		feed->lines.level_prefix = true;
		break;
	case OPT_KEEP_CR:
		feed->lines.keep_cr = true;
		break;
	case OPT_SIZE:
		feed->sink.size = arg_size("--size", optarg);
		/* fallthrough */
	case OPT_CREATE:
		feed->sink.create = true;
		break;
	case 'q':
		feed->quiet = true;
		break;
	case 'h':
		print_help();
	default:
		arg_bad_option();
	}
}

static void parse(struct feed *feed, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "c:fFn:p:t:qh", options, NULL)) != -1)
		parse_option(feed, c);
	if (optind == argc)
		usage("which file? - is standard input");
	arg_channel(feed->sink.path, feed->channel);
	if (feed->tag || strcmp(argv[optind], "-"))
		sink_name(&feed->sink, feed->tag ? feed->tag : argv[optind]);
}

static struct tail *add_tail(struct feed *feed, const char *path)
{
	struct tail *tail = calloc(1, sizeof(*tail)), **end = &feed->tails;

	if (!tail)
		die("no memory");
	tail->path = path;
	tail->fd = -1;
	tail->lines = feed->lines;
	while (*end)
		end = &(*end)->next;
	*end = tail;
	return tail;
}

static void name_sink(struct feed *feed, const struct tail *tail)
{
	if (feed->tag)
		return;
	sink_name(&feed->sink, strcmp(tail->path, "-") ? tail->path : "memlog");
}

static void note(const struct feed *feed, const char *path, const char *what)
{
	if (!feed->quiet)
		complain("%s: %s", path, what);
}

static void check_sink(struct feed *feed, struct tail *tail)
{
	int err = tail->lines.error;

	if (!err)
		return;
	if (err != -EDQUOT)
		die("%s: %s", feed->sink.path, strerror(-err));
	complain("%s: %llu lines were not taken by %s: over its quota", tail->path,
		 (unsigned long long)tail->lines.refused, feed->sink.path);
	tail->lines.error = 0;
	tail->lines.refused = 0;
	feed->status = EXIT_SYSTEM;
}

/* All there is to the end of the file. Return: whether there was anything. */
static bool read_on(struct feed *feed, struct tail *tail)
{
	bool any = false;
	ssize_t n = 1;

	name_sink(feed, tail);
	while (!stop && (n > 0 || n == -EINTR)) {
		n = tail_read(tail);
		any |= n > 0;
		check_sink(feed, tail);
	}
	if (n < 0 && n != -EINTR) {
		complain("%s: %s", tail->path, strerror((int)-n));
		feed->status = EXIT_SYSTEM;
		tail_close(tail);
	}
	return any;
}

/* @skip: the file was there when we came, so -n counts for it. */
static void try_open(struct feed *feed, struct tail *tail, bool skip)
{
	int err = tail_open(tail);

	if (!err && skip && tail->regular && feed->last != LINES_ALL)
		err = tail_seek_lines(tail, feed->last);
	if (!err)
		return;
	tail_close(tail);
	if (tail->missing_said)
		return;
	tail->missing_said = true;
	if (feed->follow && err == -ENOENT) {
		note(feed, tail->path, "not there yet, waiting for it");
		return;
	}
	complain("%s: %s", tail->path, strerror(-err));
	feed->status = EXIT_SYSTEM;
}

/* The file goes on as an old one, and its name begins anew. */
static void rotate(struct feed *feed, struct tail *tail)
{
	struct tail *old = malloc(sizeof(*old));

	if (!old)
		die("no memory");
	*old = *tail;
	old->old = true;
	old->quiet_ns = now_ns();
	tail->next = old;
	tail->fd = -1;
	tail->lines = feed->lines;
	note(feed, tail->path, "replaced by another file, reading that one too");
	try_open(feed, tail, false);
}

static void look(struct feed *feed, struct tail *tail)
{
	bool replaced;

	if (tail->fd < 0) {
		if (!tail->old)
			try_open(feed, tail, false);
		if (tail->fd < 0)
			return;
	}
	if (!tail->regular)
		return;
	/* Before the last read, or what came in between would be missed. */
	replaced = !tail->old && tail_replaced(tail);
	if (tail_truncated(tail)) {
		note(feed, tail->path, "truncated, reading from its start");
		tail_rewind(tail);
	}
	if (read_on(feed, tail))
		tail->quiet_ns = now_ns();
	if (replaced && tail->fd >= 0) {
		rotate(feed, tail);
		if (tail->fd >= 0)
			read_on(feed, tail);
	}
}

static void drop_old(struct feed *feed)
{
	struct tail **link = &feed->tails;
	uint64_t now = now_ns();

	while (*link) {
		struct tail *tail = *link;

		/* The clock may step back. */
		if (tail->old && tail->quiet_ns > now)
			tail->quiet_ns = now;
		if (tail->old && (tail->fd < 0 || now - tail->quiet_ns > OLD_QUIET_NS)) {
			name_sink(feed, tail);
			tail_close(tail);
			lines_free(&tail->lines);
			*link = tail->next;
			free(tail);
		} else {
			link = &tail->next;
		}
	}
}

/* Return: whether a pipe or the like has more to come; @fds has them. */
static size_t pipes(struct feed *feed, struct pollfd *fds, struct tail **whose,
		    size_t max)
{
	size_t n = 0;

	for (struct tail *t = feed->tails; t && n < max; t = t->next) {
		if (t->fd < 0 || t->regular)
			continue;
		whose[n] = t;
		fds[n++] = (struct pollfd){ .fd = t->fd, .events = POLLIN };
	}
	return n;
}

static void read_pipe(struct feed *feed, struct tail *tail)
{
	ssize_t n;

	name_sink(feed, tail);
	n = tail_read(tail);
	check_sink(feed, tail);
	if (n == 0 || (n < 0 && n != -EINTR && n != -EAGAIN)) {
		tail_close(tail);
		/* It has ended: no opening it again, as for a file that was removed. */
		tail->old = true;
		tail->quiet_ns = now_ns();
	}
}

/* What may tell that a file has changed, has gone or has come. */
static void watch(int fd, const struct feed *feed)
{
	for (const struct tail *t = feed->tails; t; t = t->next) {
		char dir[PATH_MAX];
		char *slash;

		if (t->old || !strcmp(t->path, "-"))
			continue;
		inotify_add_watch(fd, t->path, IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF);
		snprintf(dir, sizeof(dir), "%s", t->path);
		slash = strrchr(dir, '/');
		if (slash)
			slash[slash == dir] = '\0';
		else
			snprintf(dir, sizeof(dir), ".");
		inotify_add_watch(fd, dir, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
	}
}

static bool any_left(const struct feed *feed)
{
	for (const struct tail *t = feed->tails; t; t = t->next)
		if (t->fd >= 0 || !t->old)
			return true;
	return false;
}

static void wait_for_more(struct feed *feed, int inotify, const sigset_t *mask)
{
	static const struct timespec timeout = { .tv_nsec = LOOK_MS * 1000000L };
	struct pollfd fds[64] = { { .fd = inotify, .events = POLLIN } };
	struct tail *whose[ARRAY_SIZE(fds)];
	char events[4096];
	size_t n;

	n = 1 + pipes(feed, fds + 1, whose + 1, ARRAY_SIZE(fds) - 1);
	if (ppoll(fds, n, &timeout, mask) <= 0)
		return;
	while (inotify >= 0 && read(inotify, events, sizeof(events)) > 0)
		;
	for (size_t i = 1; i < n; i++)
		if (fds[i].revents)
			read_pipe(feed, whose[i]);
}

static void follow_all(struct feed *feed, const sigset_t *mask)
{
	int inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	for (struct tail *t = feed->tails; t; t = t->next)
		try_open(feed, t, true);
	while (!stop && any_left(feed)) {
		/* First the watches, then a look: nothing falls in between. */
		if (inotify >= 0)
			watch(inotify, feed);
		for (struct tail *t = feed->tails; t && !stop; t = t->next)
			look(feed, t);
		drop_old(feed);
		if (!stop)
			wait_for_more(feed, inotify, mask);
	}
	if (inotify >= 0)
		close(inotify);
}

static void read_all(struct feed *feed, sigset_t *mask)
{
	sigprocmask(SIG_SETMASK, mask, NULL);
	for (struct tail *t = feed->tails; t && !stop; t = t->next) {
		try_open(feed, t, true);
		if (t->fd < 0)
			continue;
		read_on(feed, t);
		tail_close(t);
		check_sink(feed, t);
	}
}

static void on_signal(int signo)
{
	stop = 1;
}

static void catch_signals(sigset_t *before)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, before);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static void free_all(struct feed *feed)
{
	struct tail *tail, *next;

	for (tail = feed->tails; tail; tail = next) {
		next = tail->next;
		name_sink(feed, tail);
		tail_close(tail);
		check_sink(feed, tail);
		lines_free(&tail->lines);
		free(tail);
	}
}

static int feed_main(int argc, char **argv)
{
	struct feed feed = {
		.lines = { .sink = &feed.sink, .pri = MEMLOG_PRI_DEFAULT },
		.last = LINES_ALL,
	};
	sigset_t before;

	sink_init(&feed.sink);
	parse(&feed, argc, argv);
	sink_open(&feed.sink);
	for (char **path = argv + optind; *path; path++)
		add_tail(&feed, *path);
	catch_signals(&before);
	if (feed.follow)
		follow_all(&feed, &before);
	else
		read_all(&feed, &before);
	free_all(&feed);
	sink_close(&feed.sink);
	return feed.status;
}

const struct command command_feed = {
	.name = "feed",
	.run = feed_main,
	.help =
"usage: memlog feed [OPTION]... FILE...\n"
"\n"
"Writes each line of the files as a record; - is standard input.\n"
"\n"
"  -c, --channel CHANNEL   where to: a name, or a path with a slash (memlog)\n"
"  -f, --follow            go on with what is added, like tail -F: through\n"
"                          rotation, truncation, and files that are not there yet\n"
"  -n, --lines N           begin with the last N lines of each file (all)\n"
"  -p, --priority PRI      LEVEL, FACILITY.LEVEL or 0 to 191 (user.notice)\n"
"  -t, --tag NAME          what the records are from, as their comm (file's name)\n"
"      --level-prefix      a \"<N>\" before a line is its priority\n"
"      --keep-cr           leave CR LF at the end of a line, else LF only\n"
"      --create            make a ring file if there is none\n"
"      --size SIZE         make it this large, or resize it: 4K to 1G (16K)\n"
"  -q, --quiet             no word about rotation and truncation\n"
"\n"
"A line longer than the channel's max_record becomes several records. Ctrl-C ends\n"
"-f; a line that was begun is written.\n",
};
