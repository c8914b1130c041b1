// SPDX-License-Identifier: GPL-2.0-only
/*
 * memlog feed: the lines of files into a channel, and with -f those that come.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "files/files.h"
#include "sink.h"

struct feed {
	struct sink sink;
	struct files files;
	const char *tag;
	const char *channel;
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
		feed->files.follow = true;
		break;
	case 'n':
		feed->files.last = arg_number("-n", optarg, LINES_ALL - 1);
		break;
	case 'p':
		feed->files.lines.pri = arg_pri("-p", optarg);
		break;
	case 't':
		feed->tag = optarg;
		break;
	case OPT_PREFIX:
		feed->files.lines.level_prefix = true;
		break;
	case OPT_KEEP_CR:
		feed->files.lines.keep_cr = true;
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

static void name_sink(void *arg, const struct tail *tail)
{
	struct feed *feed = arg;

	if (!feed->tag)
		sink_name(&feed->sink, strcmp(tail->path, "-") ? tail->path : "memlog");
}

static void check_sink(void *arg, struct tail *tail)
{
	struct feed *feed = arg;
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

static void say_note(void *arg, const struct tail *tail, enum files_note note)
{
	static const char *const what[] = {
		[FILES_MISSING] = "not there yet, waiting for it",
		[FILES_REPLACED] = "replaced by another file, reading that one too",
		[FILES_TRUNCATED] = "truncated, reading from its start",
	};
	const struct feed *feed = arg;

	if (!feed->quiet)
		complain("%s: %s", tail->path, what[note]);
}

static void say_failed(void *arg, const struct tail *tail, int err)
{
	struct feed *feed = arg;

	complain("%s: %s", tail->path, strerror(-err));
	feed->status = EXIT_SYSTEM;
}

static bool is_stopped(void *arg)
{
	return stop;
}

static const struct files_ops files_ops = {
	.begin = name_sink,
	.check = check_sink,
	.note = say_note,
	.failed = say_failed,
	.stopped = is_stopped,
};

static void follow_all(struct feed *feed, const sigset_t *mask)
{
	feed->files.inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	files_open(&feed->files);
	while (!stop && files_any_left(&feed->files)) {
		files_look(&feed->files);
		if (!stop)
			files_wait(&feed->files, -1, mask);
	}
	if (feed->files.inotify >= 0)
		close(feed->files.inotify);
}

static void read_all(struct feed *feed, sigset_t *mask)
{
	sigprocmask(SIG_SETMASK, mask, NULL);
	for (struct tail *t = feed->files.tails; t && !stop; t = t->next)
		files_read(&feed->files, t);
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

static int feed_main(int argc, char **argv)
{
	struct feed feed = {
		.files = {
			.ops = &files_ops,
			.arg = &feed,
			.lines = { .put = sink_put, .arg = &feed.sink, .pri = MEMLOG_PRI_DEFAULT },
			.last = LINES_ALL,
			.inotify = -1,
		},
	};
	sigset_t before;

	sink_init(&feed.sink);
	parse(&feed, argc, argv);
	sink_open(&feed.sink);
	for (char **path = argv + optind; *path; path++)
		if (!files_add(&feed.files, *path))
			die("no memory");
	catch_signals(&before);
	if (feed.files.follow)
		follow_all(&feed, &before);
	else
		read_all(&feed, &before);
	files_free(&feed.files);
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
