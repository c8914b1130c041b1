// SPDX-License-Identifier: GPL-2.0-only
/*
 * memlog clear and memlog resize: what takes privileges on a device.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"

static const struct option clear_options[] = {
	{ "channel", required_argument, NULL, 'c' },
	{ "quiet",   no_argument,	NULL, 'q' },
	{ "help",    no_argument,	NULL, 'h' },
	{ }
};

static int clear_main(int argc, char **argv)
{
	const char *channel = NULL;
	char path[PATH_MAX];
	bool quiet = false;
	uint64_t seq;
	int c, err;

	while ((c = getopt_long(argc, argv, "c:qh", clear_options, NULL)) != -1) {
		switch (c) {
		case 'c':
			channel = optarg;
			break;
		case 'q':
			quiet = true;
			break;
		case 'h':
			print_help();
		default:
			arg_bad_option();
		}
	}
	if (optind < argc && !channel)
		channel = argv[optind++];
	if (optind < argc)
		usage("one channel at a time, not %s too", argv[optind]);
	arg_channel(path, channel);
	err = memlog_clear(path, &seq);
	if (err)
		die_channel(path, TO_CLEAR, err);
	if (!quiet)
		printf("%s: follow begins at record %" PRIu64 "; follow --all shows "
		       "what is kept from before\n", path, seq);
	return EXIT_SUCCESS;
}

const struct command command_clear = {
	.name = "clear",
	.run = clear_main,
	.help =
"usage: memlog clear [OPTION]... [CHANNEL]\n"
"\n"
"Moves the mark at which memlog follow begins behind the newest record. Nothing\n"
"is deleted: follow --all shows it still. Devices only; takes CAP_SYSLOG.\n"
"\n"
"  -c, --channel CHANNEL   another way to name it\n"
"  -q, --quiet             print nothing\n",
};

enum { OPT_RECORDS = OPT_FIRST, OPT_MAX_RECORD };

static const struct option resize_options[] = {
	{ "channel",	required_argument, NULL, 'c' },
	{ "size",	required_argument, NULL, 's' },
	{ "records",	required_argument, NULL, OPT_RECORDS },
	{ "max-record", required_argument, NULL, OPT_MAX_RECORD },
	{ "quiet",	no_argument,	   NULL, 'q' },
	{ "help",	no_argument,	   NULL, 'h' },
	{ }
};

struct resize_job {
	struct memlog_resize resize;
	const char *channel;
	char path[PATH_MAX];
	bool quiet;
};

static void parse_resize_option(struct resize_job *job, int c)
{
	uint64_t n;

	switch (c) {
	case 'c':
		job->channel = optarg;
		break;
	case 's':
		job->resize.text_size = arg_size("--size", optarg);
		break;
	case OPT_RECORDS:
		job->resize.records = arg_size("--records", optarg);
		break;
	case OPT_MAX_RECORD:
		n = arg_size("--max-record", optarg);
		if (n > UINT32_MAX)
			usage("--max-record %s: at most 64K", optarg);
		job->resize.max_record = (uint32_t)n;
		break;
	case 'q':
		job->quiet = true;
		break;
	case 'h':
		print_help();
	default:
		arg_bad_option();
	}
}

/* [CHANNEL] [SIZE]: the last word is the size unless --size gave one. */
static void parse_resize(struct resize_job *job, int argc, char **argv)
{
	uint64_t size;

	if (optind < argc && !job->resize.text_size &&
	    !memlog_parse_size(argv[argc - 1], &size)) {
		job->resize.text_size = size;
		argc--;
	}
	if (optind < argc && !job->channel)
		job->channel = argv[optind++];
	if (optind < argc)
		usage("%s is not a size such as 65536, 64K or 1M", argv[optind]);
	if (!job->resize.text_size && !job->resize.records && !job->resize.max_record)
		usage("which size? such as 64K or 1M");
	arg_channel(job->path, job->channel);
}

/* What was not named stays, but for what goes with the size. */
static void keep_others(struct resize_job *job)
{
	struct memlog_info info;
	int err;

	if (job->resize.text_size)
		return;
	err = memlog_info(job->path, &info);
	if (err)
		die_channel(job->path, TO_READ, err);
	job->resize.text_size = info.text_size;
	if (!job->resize.records)
		job->resize.records = info.records;
	if (!job->resize.max_record)
		job->resize.max_record = info.max_record;
}

static int resize_ring(const char *path, const struct memlog_resize *resize)
{
	struct memlog_embedded_options options = {
		.size = sizeof(options),
		.flags = MEMLOG_EMBEDDED_EXISTING,
	};
	struct memlog_embedded *ring;
	int err;

	err = memlog_embedded_open(&ring, path, &options);
	if (err)
		return err;
	err = memlog_embedded_resize(ring, resize);
	memlog_embedded_close(ring);
	return err;
}

static int resize_main(int argc, char **argv)
{
	struct resize_job job = { };
	struct memlog_info info;
	int c, err;

	while ((c = getopt_long(argc, argv, "c:s:qh", resize_options, NULL)) != -1)
		parse_resize_option(&job, c);
	parse_resize(&job, argc, argv);
	keep_others(&job);
	if (is_ring_file(job.path))
		err = resize_ring(job.path, &job.resize);
	else
		err = memlog_resize(job.path, &job.resize);
	if (err == -EINVAL)
		usage("allowed are: size a power of two from 4K to 1G, records a power "
		      "of two from 16 to the size, max-record at most a quarter of the "
		      "size and 64K");
	if (err == -ENOMEM)
		die("%s: no memory for that; a device takes at most a quarter of RAM",
		    job.path);
	if (err)
		die_channel(job.path, TO_RESIZE, err);
	if (!job.quiet && !memlog_info(job.path, &info))
		printf("%s: size %" PRIu64 ", records %" PRIu64 ", max_record %u\n",
		       job.path, (uint64_t)info.text_size, (uint64_t)info.records,
		       info.max_record);
	return EXIT_SUCCESS;
}

const struct command command_resize = {
	.name = "resize",
	.run = resize_main,
	.help =
"usage: memlog resize [OPTION]... [CHANNEL] SIZE\n"
"\n"
"Changes how much a channel keeps. The newest records stay, and so do readers\n"
"and their places. A device takes CAP_SYS_ADMIN; a ring file must have no writer.\n"
"\n"
"  -s, --size SIZE         bytes of text, a power of two, 4K to 1G; as SIZE\n"
"      --records N         records, a power of two, 16 to SIZE (SIZE / 32)\n"
"      --max-record N      bytes of the longest record: at most SIZE / 4 and 64K\n"
"                          (SIZE / 4, at most 16K)\n"
"  -c, --channel CHANNEL   another way to name it\n"
"  -q, --quiet             print nothing\n"
"\n"
"Without SIZE, that and what is not named stays as it is.\n"
"\n"
"  memlog resize 1M      memlog resize audit 256K      memlog resize ./ring 8M\n",
};
