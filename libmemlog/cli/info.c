// SPDX-License-Identifier: GPL-2.0-only
/*
 * memlog info: a channel's numbers.
 */
#include <errno.h>
#include <getopt.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"

static const struct option options[] = {
	{ "channel", required_argument, NULL, 'c' },
	{ "all",     no_argument,	NULL, 'a' },
	{ "json",    no_argument,	NULL, 'j' },
	{ "help",    no_argument,	NULL, 'h' },
	{ }
};

static void print_text(const char *path, const struct memlog_info *info)
{
	uint64_t kept = info->next_seq - info->oldest_seq;
	uint64_t bytes = info->next_pos - info->oldest_pos;

	printf("%s\n"
	       "  stream      %016" PRIx64 ", resized %u times\n"
	       "  written     %" PRIu64 " records, %" PRIu64 " bytes\n"
	       "  kept        %" PRIu64 " records of %" PRIu64 ", %" PRIu64
	       " bytes of %" PRIu64 "\n",
	       path, (uint64_t)info->stream, info->generation,
	       (uint64_t)info->next_seq, (uint64_t)info->next_pos, kept,
	       (uint64_t)info->records, bytes, (uint64_t)info->text_size);
	if (kept)
		printf("  numbers     %" PRIu64 " to %" PRIu64 "\n",
		       (uint64_t)info->oldest_seq, (uint64_t)info->next_seq - 1);
	if (info->clear_seq)
		printf("  cleared     before %" PRIu64 "\n", (uint64_t)info->clear_seq);
	printf("  max_record  %u bytes\n"
	       "  evicted     %" PRIu64 " records by newer ones\n"
	       "  denied      %" PRIu64 " writes by the quota\n"
	       "  faults      %" PRIu64 " writes tried again\n",
	       info->max_record, (uint64_t)info->evicted, (uint64_t)info->denied,
	       (uint64_t)info->faults);
}

static void print_json(const char *path, const struct memlog_info *info)
{
	size_t size = 6 * strlen(path) + 3;
	char *quoted = malloc(size);

	if (!quoted)
		die("no memory");
	memlog_json_string(quoted, size, path, strlen(path));
	printf("{\"path\":%s,\"stream\":\"%016" PRIx64 "\",\"generation\":%u,"
	       "\"oldest_seq\":%" PRIu64 ",\"oldest_pos\":%" PRIu64
	       ",\"next_seq\":%" PRIu64 ",\"next_pos\":%" PRIu64
	       ",\"clear_seq\":%" PRIu64 ",\"text_size\":%" PRIu64
	       ",\"records\":%" PRIu64 ",\"max_record\":%u,\"map_size\":%" PRIu64
	       ",\"evicted\":%" PRIu64 ",\"denied\":%" PRIu64 ",\"faults\":%" PRIu64
	       "}\n",
	       quoted, (uint64_t)info->stream, info->generation,
	       (uint64_t)info->oldest_seq, (uint64_t)info->oldest_pos,
	       (uint64_t)info->next_seq, (uint64_t)info->next_pos,
	       (uint64_t)info->clear_seq, (uint64_t)info->text_size,
	       (uint64_t)info->records, info->max_record, (uint64_t)info->map_size,
	       (uint64_t)info->evicted, (uint64_t)info->denied, (uint64_t)info->faults);
	free(quoted);
}

/* Return: the exit status. */
static int show(const char *path, bool json)
{
	struct memlog_info info;
	struct stat st;
	int err;

	if (!stat(path, &st) && S_ISDIR(st.st_mode)) {
		complain("%s is a folder, no channel; \"memlog archive ls %s\" shows an archive",
			 path, path);
		return EXIT_SYSTEM;
	}
	err = memlog_info(path, &info);
	if (err) {
		complain_channel(path, TO_READ, err);
		return EXIT_SYSTEM;
	}
	if (json)
		print_json(path, &info);
	else
		print_text(path, &info);
	return EXIT_SUCCESS;
}

static int show_channel(const char *channel, bool json)
{
	char path[PATH_MAX];

	arg_channel(path, channel);
	return show(path, json);
}

/* Every device, whatever its name: each has a folder in sysfs with these files. */
static int show_all(bool json)
{
	int status = EXIT_SUCCESS;
	glob_t found;

	if (glob("/sys/class/misc/*/oldest_seq", 0, NULL, &found))
		return show_channel(NULL, json);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		char path[PATH_MAX];
		int len;

		len = (int)strcspn(found.gl_pathv[i] + strlen("/sys/class/misc/"), "/");
		snprintf(path, sizeof(path), "/dev/%.*s", len,
			 found.gl_pathv[i] + strlen("/sys/class/misc/"));
		status |= show(path, json);
	}
	globfree(&found);
	return status;
}

static int info_main(int argc, char **argv)
{
	const char *channel = NULL;
	bool all = false, json = false;
	int c, status = EXIT_SUCCESS;

	while ((c = getopt_long(argc, argv, "c:ajh", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			channel = optarg;
			break;
		case 'a':
			all = true;
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			print_help();
		default:
			arg_bad_option();
		}
	}
	if (all)
		status |= show_all(json);
	else if (channel || optind == argc)
		status |= show_channel(channel, json);
	for (; optind < argc; optind++)
		status |= show_channel(argv[optind], json);
	if (fflush(stdout))
		die("standard output: %s", strerror(errno));
	return status;
}

const struct command command_info = {
	.name = "info",
	.run = info_main,
	.help =
"usage: memlog info [OPTION]... [CHANNEL]...\n"
"\n"
"Shows sizes and numbers of channels: what was written, what is kept, and what\n"
"gave way to newer records.\n"
"\n"
"  -a, --all               all devices of the module\n"
"  -j, --json              a JSON object a line\n"
"  -c, --channel CHANNEL   another way to name one\n",
};
