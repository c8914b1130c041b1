// SPDX-License-Identifier: GPL-2.0-only
/*
 * memlog archive import: lines into an archive. They are taken in batches, each
 * whole or not at all; what is wrong with one ends it, and says how far it came.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "archive_import.h"

static const struct option options[] = {
	{ "format",   required_argument, NULL, 'F' },
	{ "time",     required_argument, NULL, 'T' },
	{ "type",     required_argument, NULL, 'y' },
	{ "priority", required_argument, NULL, 'p' },
	{ "tag",      required_argument, NULL, 't' },
	{ "zone",     required_argument, NULL, 'z' },
	{ "quiet",    no_argument,	 NULL, 'q' },
	{ "help",     no_argument,	 NULL, 'h' },
	{ }
};

/* What the writer said last, where nothing was to be said. */
static char kept[1024];

/* That days open and end is of interest where something goes wrong. */
static void keep(void *arg, const char *text)
{
	snprintf(kept, sizeof(kept), "%s", text);
}

static void put_line_number(char *command, size_t size, uint64_t line)
{
	size_t len = strlen(command);

	if (line)
		snprintf(command + len, size - len, "%" PRIu64 "p;", line);
}

/* To go on, the lines that say the day and the stream are needed once more. */
static void tell_taken(const struct import *import)
{
	char command[128] = "";

	put_line_number(command, sizeof(command), import->day_line);
	put_line_number(command, sizeof(command), import->stream_line);
	complain("of %s, lines 1 to %" PRIu64 " are in the archive; go on behind them: "
		 "sed -n '%s%" PRIu64 ",$p'", import->name, import->taken, command,
		 import->taken + 1);
}

void import_die(struct import *import, const char *fmt, ...)
{
	char what[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	if (kept[0])
		complain("%s", kept);
	if (import->line)
		complain("%s line %" PRIu64 ": %s", import->name, import->line, what);
	else
		complain("%s: %s", import->name, what);
	if (import->writer) {
		archive_drop(import->writer);
		archive_writer_close(import->writer);
	}
	if (import->taken)
		tell_taken(import);
	else
		complain("of %s, nothing was taken", import->name);
	exit(EXIT_SYSTEM);
}

void import_commit(struct import *import)
{
	int err;

	if (!import->writer || !archive_batched(import->writer))
		return;
	err = archive_commit(import->writer);
	if (err)
		import_die(import, "%s", strerror(-err));
	/* This line itself is not done. */
	import->taken = import->line - 1;
	import->day_line = import->day_at;
	import->stream_line = import->stream_at;
}

static void take_line(struct import *import, char *text, size_t len)
{
	struct line line = { .kind = LINE_RECORD };
	char why[ARCHIVE_LINE_ROOM];

	if (import->text) {
		if (len > ARCHIVE_TEXT_MAX)
			import_die(import, "longer than 16 MiB");
		line.rec = import->like;
		line.rec.len = (uint32_t)len;
		line.text = text;
		import_line(import, &line);
		return;
	}
	if (strspn(text, " \t\r\n") == len)
		return;
	if (archive_line_parse(&line, text, len, why))
		import_die(import, "%s", why);
	import_line(import, &line);
	free(line.text);
}

static void import_stream(struct import *import, FILE *file)
{
	char *text = NULL;
	size_t size = 0;
	ssize_t len;

	import->line = 0;
	import->taken = 0;
	import->day_at = 0;
	import->stream_at = 0;
	for (;;) {
		import->line++;
		errno = 0;
		len = getline(&text, &size, file);
		if (len < 0)
			break;
		take_line(import, text, (size_t)len);
	}
	if (!feof(file))
		import_die(import, "%s", strerror(errno ? errno : EIO));
	free(text);
	import_commit(import);
}

static void import_file(struct import *import, const char *name)
{
	FILE *file = stdin;

	import->name = strcmp(name, "-") ? name : "standard input";
	if (strcmp(name, "-"))
		file = fopen(name, "re");
	if (!file) {
		import->line = 0;
		import_die(import, "%s", strerror(errno));
	}
	import_stream(import, file);
	if (file != stdin)
		fclose(file);
}

static void finish(struct import *import)
{
	int err;

	if (!import->writer)
		return;
	import_end_day(import);
	err = archive_sync(import->writer);
	if (err)
		die("%s: %s", import->dir, strerror(-err));
	archive_writer_close(import->writer);
}

static void set_zone(struct import *import, const char *zone)
{
	if (strcmp(zone, "utc") && strcmp(zone, "local"))
		usage("--zone %s: not utc or local", zone);
	import->options.local = !strcmp(zone, "local");
}

static void parse_option(struct import *import, bool *quiet, int c)
{
	switch (c) {
	case 'F':
		import->text = arg_line_format(optarg);
		break;
	case 'T':
		import->like.time_ns = arg_time("--time", optarg);
		import->time_set = true;
		break;
	case 'y':
		import->like.type = (uint16_t)arg_number("--type", optarg,
							 ARCHIVE_TYPE_GAP - 1);
		break;
	case 'p':
		import->like.pri = (uint8_t)arg_pri("-p", optarg);
		break;
	case 't':
		if (!*optarg || strlen(optarg) >= MEMLOG_COMM_LEN)
			usage("-t %s: a tag has 1 to %d bytes", optarg, MEMLOG_COMM_LEN - 1);
		strcpy(import->like.comm, optarg);
		break;
	case 'z':
		set_zone(import, optarg);
		break;
	case 'q':
		*quiet = true;
		import->options.say = keep;
		break;
	case 'h':
		print_help();
	default:
		arg_bad_option();
	}
}

static int import_main(int argc, char **argv)
{
	static struct import import = {
		.options = { .sync = ARCHIVE_SYNC_SECOND, .bare = true, .gid = (gid_t)-1,
			     .say = archive_told },
		.like = { .pid = MEMLOG_ID_NONE, .uid = MEMLOG_ID_NONE,
			  .pri = MEMLOG_PRI_DEFAULT },
	};
	bool quiet = false;
	int c;

	while ((c = getopt_long(argc, argv, "F:p:t:qh", options, NULL)) != -1)
		parse_option(&import, &quiet, c);
	if (optind == argc)
		usage("into which folder?");
	import.dir = argv[optind++];
	if (optind == argc)
		import_file(&import, "-");
	for (; optind < argc; optind++)
		import_file(&import, argv[optind]);
	finish(&import);
	if (!quiet)
		complain("%" PRIu64 " rows were added to %s", import.total, import.dir);
	return EXIT_SUCCESS;
}

const struct command archive_import = {
	.name = "archive import",
	.run = import_main,
	.help =
"usage: memlog archive import [OPTION]... DIR [FILE]...\n"
"\n"
"Appends lines of FILE (or standard input) to the archive DIR, which is made if\n"
"it is missing: lines of JSON as \"memlog archive export\", \"memlog follow --json\"\n"
"and the bridge write them, or text. Nobody else may write DIR meanwhile. Lines\n"
"are taken in batches; a bad one ends it, and it is said how many were taken.\n"
"\n"
"  -F, --format FORMAT     json, text\n"
"      --time TIME         of lines that have none; else it is now\n"
"      --zone ZONE         days are those of utc or local; utc\n"
"\n"
"of lines of text:\n"
"      --type N            of the records, 0 to 65534; 0\n"
"  -p, --priority PRI      as err, daemon.info or 13\n"
"  -t, --tag NAME          what they come from\n"
"  -q, --quiet             no totals on standard error\n",
};
