// SPDX-License-Identifier: GPL-2.0-only
/*
 * memlog write: a message, or the lines of standard input.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files/lines.h"
#include "sink.h"

struct write_job {
	struct sink sink;
	int pri;
	unsigned int type;
	bool whole;
	bool print_place;
};

enum { OPT_TYPE = OPT_FIRST, OPT_CREATE, OPT_SIZE, OPT_PRINT };

static const struct option options[] = {
	{ "channel",	 required_argument, NULL, 'c' },
	{ "priority",	 required_argument, NULL, 'p' },
	{ "tag",	 required_argument, NULL, 't' },
	{ "whole",	 no_argument,	    NULL, 'w' },
	{ "type",	 required_argument, NULL, OPT_TYPE },
	{ "create",	 no_argument,	    NULL, OPT_CREATE },
	{ "size",	 required_argument, NULL, OPT_SIZE },
	{ "print-place", no_argument,	    NULL, OPT_PRINT },
	{ "help",	 no_argument,	    NULL, 'h' },
	{ }
};

/* Stops at the first word of the message: what follows is text. */
static void parse(struct write_job *job, int argc, char **argv)
{
	const char *channel = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "+c:p:t:wh", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			channel = optarg;
			break;
		case 'p':
			job->pri = arg_pri("-p", optarg);
			break;
		case 't':
			sink_name(&job->sink, optarg);
			break;
		case 'w':
			job->whole = true;
			break;
		case OPT_TYPE:
			job->type = (unsigned int)arg_number("--type", optarg,
							     MEMLOG_TYPE_INVALID - 1);
			job->whole = true;
			break;
		case OPT_SIZE:
			job->sink.size = arg_size("--size", optarg);
			/* fallthrough */
		case OPT_CREATE:
			job->sink.create = true;
			break;
		case OPT_PRINT:
			job->print_place = true;
			break;
		case 'h':
			print_help();
		default:
			arg_bad_option();
		}
	}
	arg_channel(job->sink.path, channel);
}

static void write_text(struct write_job *job, const char *text, size_t len)
{
	struct memlog_info info;
	ssize_t err;

	if (!job->type) {
		err = sink_write(&job->sink, job->pri, text, len);
	} else {
		int pri = job->pri < 0 ? MEMLOG_PRI_DEFAULT : job->pri;

		err = memlog_write_typed(job->sink.writer, job->type, pri, text, len);
	}
	if (err == -EMSGSIZE && !memlog_writer_info(job->sink.writer, &info))
		die("%s takes typed records of at most %u bytes, this one has %zu; "
		    "see memlog resize --max-record", job->sink.path, info.max_record,
		    len);
	if (err < 0)
		die("%s: %s", job->sink.path, strerror((int)-err));
}

/* The words with a blank between, and a newline behind them, as echo does it. */
static void write_words(struct write_job *job, char **words)
{
	size_t len = 0, size = 1;
	char *text;

	for (char **w = words; *w; w++)
		size += strlen(*w) + 1;
	text = malloc(size);
	if (!text)
		die("no memory");
	for (char **w = words; *w; w++)
		len += (size_t)sprintf(text + len, "%s%s", w == words ? "" : " ", *w);
	if (!job->type)
		text[len++] = '\n';
	write_text(job, text, len);
	free(text);
}

static void write_whole(struct write_job *job)
{
	size_t len = 0, size = 0;
	char *text = NULL;
	ssize_t n = 1;

	while (n) {
		if (len == size) {
			size = size ? 2 * size : 65536;
			text = realloc(text, size);
			if (!text)
				die("no memory");
		}
		n = read(STDIN_FILENO, text + len, size - len);
		if (n > 0)
			len += (size_t)n;
		else if (n < 0 && errno != EINTR)
			die("standard input: %s", strerror(errno));
	}
	write_text(job, text, len);
	free(text);
}

static void write_lines(struct write_job *job)
{
	struct lines lines = { .put = sink_put, .arg = &job->sink, .pri = job->pri };
	ssize_t n;

	do
		n = lines_read(&lines, STDIN_FILENO);
	while ((n > 0 || n == -EINTR) && !lines.error);
	if (n < 0)
		die("standard input: %s", strerror((int)-n));
	lines_flush(&lines);
	if (lines.error)
		die("%s: %s", job->sink.path, strerror(-lines.error));
	lines_free(&lines);
}

static void print_place(struct write_job *job)
{
	struct memlog_info info;
	int err;

	err = memlog_writer_info(job->sink.writer, &info);
	if (err)
		die("%s: %s", job->sink.path, strerror(-err));
	/* A ring file has no other writer, so its last record was ours. */
	if (job->sink.ring)
		info.written_seq = info.next_seq - 1;
	if (info.written_seq == MEMLOG_SEQ_NONE)
		return;
	printf("%016" PRIx64 ":%" PRIu64 "\n", (uint64_t)info.stream,
	       (uint64_t)info.written_seq);
	if (fflush(stdout))
		die("standard output: %s", strerror(errno));
}

static int write_main(int argc, char **argv)
{
	struct write_job job = { .pri = MEMLOG_PRI_NONE };

	sink_init(&job.sink);
	parse(&job, argc, argv);
	sink_open(&job.sink);
	if (optind < argc)
		write_words(&job, argv + optind);
	else if (job.whole)
		write_whole(&job);
	else
		write_lines(&job);
	if (job.print_place)
		print_place(&job);
	sink_close(&job.sink);
	return EXIT_SUCCESS;
}

const struct command command_write = {
	.name = "write",
	.run = write_main,
	.help =
"usage: memlog write [OPTION]... [MESSAGE]...\n"
"\n"
"Writes MESSAGE as a record, its words with a blank between; without one, each\n"
"line of standard input.\n"
"\n"
"  -c, --channel CHANNEL   where to: a name, or a path with a slash (memlog)\n"
"  -p, --priority PRI      LEVEL, FACILITY.LEVEL or 0 to 191 (user.notice); with\n"
"                          none named, a \"<N>\" before the text is its priority\n"
"  -t, --tag NAME          what the record is from, as its comm (memlog)\n"
"  -w, --whole             all of standard input is one record\n"
"      --type N            a record of type N, 0 is text; implies -w\n"
"      --create            make a ring file if there is none\n"
"      --size SIZE         make it this large, or resize it: 4K to 1G (16K)\n"
"      --print-place       print STREAM:SEQ of the last record, for follow --from\n"
"\n"
"Levels: emerg alert crit err warning notice info debug.\n"
"\n"
"  memlog write -p err \"disk full on\" /srv\n"
"  dmesg | memlog write -t dmesg\n",
};
