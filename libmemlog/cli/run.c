// SPDX-License-Identifier: GPL-2.0-only
/*
 * memlog run: a command whose output becomes records, as it comes.
 *
 * The channel is opened, or made, before the command starts, so that whoever
 * reads it misses nothing. The command's two pipes are read in the order in
 * which they become readable; the order between them is not to be had more
 * exactly, but with --merge both are one pipe.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "files/lines.h"
#include "sink.h"

#define EXIT_NO_EXEC	126
#define EXIT_NO_COMMAND	127
/* Said when the command has ended and something else holds its output open. */
#define LINGER_MS	3000

struct run {
	struct sink sink;
	struct child child;
	struct lines out;
	struct lines err;
	bool merge;
	bool finish;
	bool quiet;
	struct timespec start;
};

enum { OPT_STDERR = OPT_FIRST, OPT_PREFIX, OPT_MERGE, OPT_KEEP_CR, OPT_CREATE,
       OPT_SIZE, OPT_FINISH };

static const struct option options[] = {
	{ "priority",	     required_argument, NULL, 'p' },
	{ "stderr-priority", required_argument, NULL, OPT_STDERR },
	{ "tag",	     required_argument, NULL, 't' },
	{ "merge",	     no_argument,	NULL, OPT_MERGE },
	{ "level-prefix",    no_argument,	NULL, OPT_PREFIX },
	{ "keep-cr",	     no_argument,	NULL, OPT_KEEP_CR },
	{ "create",	     no_argument,	NULL, OPT_CREATE },
	{ "size",	     required_argument, NULL, OPT_SIZE },
	{ "finish",	     no_argument,	NULL, OPT_FINISH },
	{ "quiet",	     no_argument,	NULL, 'q' },
	{ "help",	     no_argument,	NULL, 'h' },
	{ }
};

static bool parse_option(struct run *run, int c, const char **tag)
{
	switch (c) {
	case 'p':
		run->out.pri = arg_pri("-p", optarg);
		break;
	case OPT_STDERR:
		run->err.pri = arg_pri("--stderr-priority", optarg);
		break;
	case 't':
		*tag = optarg;
		break;
	case OPT_MERGE:
		run->merge = true;
		break;
	case OPT_PREFIX:
		run->out.level_prefix = run->err.level_prefix = true;
		break;
	case OPT_KEEP_CR:
		run->out.keep_cr = run->err.keep_cr = true;
		break;
	case OPT_CREATE:
		break;
	case OPT_SIZE:
		run->sink.size = arg_size("--size", optarg);
		break;
	case OPT_FINISH:
		run->finish = true;
		break;
	case 'q':
		run->quiet = true;
		break;
	default:
		return false;
	}
	return true;
}

/* Options may stand before and behind CHANNEL; the rest is the command's. */
static char **parse(struct run *run, int argc, char **argv)
{
	const char *channel = NULL, *tag = NULL;
	int c;

	for (;;) {
		c = getopt_long(argc, argv, "+p:t:qh", options, NULL);
		if (c == 'h')
			print_help();
		if (c != -1) {
			if (!parse_option(run, c, &tag))
				arg_bad_option();
			continue;
		}
		if (channel || optind >= argc)
			break;
		channel = argv[optind++];
		if (optind < argc && argv[optind][0] != '-')
			break;
	}
	if (!channel)
		usage("which channel?");
	if (optind >= argc)
		usage("which command shall run? memlog run %s -- COMMAND", channel);
	arg_channel(run->sink.path, channel);
	sink_name(&run->sink, tag ? tag : argv[optind]);
	return argv + optind;
}

/* One read: the other pipe gets its turn. Return: whether there is more to come. */
static bool take(struct lines *lines, int fd)
{
	ssize_t n = lines_read(lines, fd);

	if (n > 0 || n == -EAGAIN || n == -EINTR)
		return true;
	if (n == -ENOMEM) {
		lines_flush(lines);
		return true;
	}
	lines_flush(lines);
	return false;
}

/* What is there by now, after an interruption. */
static void drain(struct lines *lines, int fd)
{
	while (fd >= 0 && lines_read(lines, fd) > 0)
		;
	lines_flush(lines);
}

static void say_lingers(const struct run *run, char **argv)
{
	if (!run->quiet)
		complain("%s has ended; reading on what it left running, until that "
			 "closes its output (Ctrl-C ends this)", argv[0]);
}

/* Until the command has ended and both of its outputs are closed. */
static void relay(struct run *run, char **argv)
{
	struct child *child = &run->child;
	struct pollfd fds[] = {
		{ .fd = child->signals, .events = POLLIN },
		{ .fd = child->out, .events = POLLIN },
		{ .fd = child->err, .events = POLLIN },
	};
	bool said = false;
	int n;

	while (!child->interrupted &&
	       (child->pid || fds[1].fd >= 0 || fds[2].fd >= 0)) {
		n = poll(fds, ARRAY_SIZE(fds), child->pid || said ? -1 : LINGER_MS);
		if (!n) {
			say_lingers(run, argv);
			said = true;
		}
		if (n <= 0)
			continue;
		if (fds[1].revents && !take(&run->out, child->out))
			fds[1].fd = -1;
		if (fds[2].revents && !take(&run->err, child->err))
			fds[2].fd = -1;
		if (fds[0].revents)
			child_signal(child);
	}
	drain(&run->out, fds[1].fd);
	drain(&run->err, fds[2].fd);
}

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) +
	       (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

/*
 * The last record. Its facility is syslog, which the command's output has not,
 * and it is from "memlog".
 */
static void write_status(struct run *run, int level, const char *text)
{
	int err;

	sink_name(&run->sink, "memlog");
	err = sink_write(&run->sink, LOG_SYSLOG | level, text, strlen(text));
	if (err)
		complain("%s: the status of the command could not be written: %s",
			 run->sink.path, strerror(-err));
}

static void tell_status(struct run *run, const char *command)
{
	int status = run->child.wait_status;
	double seconds = seconds_since(&run->start);
	char text[512];

	if (WIFSIGNALED(status))
		snprintf(text, sizeof(text),
			 "memlog: %.200s was killed by signal %d (SIG%s)%s after %.3f s\n",
			 command, WTERMSIG(status),
			 sigabbrev_np(WTERMSIG(status)) ?: "?",
			 WCOREDUMP(status) ? ", core dumped," : "", seconds);
	else
		snprintf(text, sizeof(text),
			 "memlog: %.200s ended with status %d after %.3f s\n",
			 command, WEXITSTATUS(status), seconds);
	write_status(run, status ? LOG_ERR : LOG_INFO, text);
}

static int tell_not_started(struct run *run, const char *command, int err)
{
	char text[512];

	snprintf(text, sizeof(text), "memlog: %.200s could not be started: %s\n",
		 command, strerror(-err));
	write_status(run, LOG_ERR, text);
	complain("%s could not be started: %s", command, strerror(-err));
	return err == -ENOENT ? EXIT_NO_COMMAND : EXIT_NO_EXEC;
}

static void tell_refused(const struct run *run)
{
	int err = run->out.error ? run->out.error : run->err.error;

	if (err)
		complain("%s did not take %llu lines: %s", run->sink.path,
			 (unsigned long long)(run->out.refused + run->err.refused),
			 strerror(-err));
}

static int run_main(int argc, char **argv)
{
	struct run run = {
		.out = { .put = sink_put, .arg = &run.sink, .pri = LOG_USER | LOG_NOTICE },
		.err = { .put = sink_put, .arg = &run.sink, .pri = LOG_USER | LOG_WARNING },
	};
	char **command;
	int err, status;

	sink_init(&run.sink);
	run.sink.create = true;
	command = parse(&run, argc, argv);
	sink_open(&run.sink);
	if (run.finish && !run.sink.ring)
		usage("--finish: %s is a device, which has no end", run.sink.path);
	clock_gettime(CLOCK_MONOTONIC, &run.start);
	err = child_start(&run.child, command, run.merge);
	if (err) {
		status = tell_not_started(&run, command[0], err);
	} else {
		relay(&run, command);
		status = child_exit_status(&run.child);
		tell_refused(&run);
		tell_status(&run, command[0]);
	}
	if (run.finish)
		memlog_embedded_finish(run.sink.ring);
	lines_free(&run.out);
	lines_free(&run.err);
	sink_close(&run.sink);
	return status;
}

const struct command command_run = {
	.name = "run",
	.run = run_main,
	.help =
"usage: memlog run [OPTION]... CHANNEL [--] COMMAND [ARGUMENT]...\n"
"\n"
"Runs COMMAND and writes its output to CHANNEL as it comes, a record a line, and\n"
"at the end a record of its status. CHANNEL is a name, or a path with a slash; a\n"
"ring file is made if there is none, before COMMAND starts.\n"
"\n"
"  -p, --priority PRI          of standard output (user.notice)\n"
"      --stderr-priority PRI   of standard error (user.warning)\n"
"  -t, --tag NAME              what the records are from, as their comm (COMMAND)\n"
"      --merge                 both outputs in one pipe: exact order, one level\n"
"      --level-prefix          a \"<N>\" before a line is its priority\n"
"      --keep-cr               leave CR LF at the end of a line, else LF only\n"
"      --size SIZE             size of the ring file: 4K to 1G (16K)\n"
"      --finish                end the ring file's stream with COMMAND: its\n"
"                              followers end, too\n"
"  -q, --quiet                 no word when something keeps the output open\n"
"\n"
"Signals are passed on. Exit status: COMMAND's own, 128 + N for signal N, 126 or\n"
"127 if it can't be started; 100 wrong usage, 111 the channel can't be opened.\n",
};
