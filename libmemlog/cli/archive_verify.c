// SPDX-License-Identifier: GPL-2.0-only
/*
 * memlog archive verify: is every byte what it was?
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "archive/verify.h"

#define FAULTS_MAX	10

static const struct option options[] = {
	{ "all",   no_argument, NULL, 'a' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "help",  no_argument, NULL, 'h' },
	{ }
};

/**
 * struct job - Days to verify, and what came of it.
 * @all: Every fault is told, not the first few of a day.
 * @quiet: Only faults.
 * @dates: Only these days, if there are any.
 * @date_count: How many.
 * @found: Of these, days that there were.
 * @folder: Archive that is looked at.
 * @told: Faults of this day that were told.
 * @bad: Days with faults.
 */
struct job {
	bool all;
	bool quiet;
	const uint32_t *dates;
	size_t date_count;
	size_t found;
	const struct folder *folder;
	unsigned int told;
	uint64_t bad;
};

static int tell(void *arg, const struct archive_fault *fault)
{
	struct job *job = arg;

	if (!job->all && job->told == FAULTS_MAX) {
		printf("%s/%08u: and more; --all tells every one\n", job->folder->path,
		       fault->date);
		return 1;
	}
	job->told++;
	printf("%s/%08u", job->folder->path, fault->date);
	if (fault->row != ARCHIVE_NO_ROW)
		printf(" row %" PRIu64, fault->row);
	printf(": %s at %" PRIu64 ": %s\n", fault->file, fault->offset, fault->text);
	return 0;
}

static bool wanted(struct job *job, uint32_t date)
{
	for (size_t i = 0; i < job->date_count; i++) {
		if (job->dates[i] == date) {
			job->found++;
			return true;
		}
	}
	return !job->date_count;
}

static void print_good(const struct job *job, const struct archive_verify *verify,
		       uint32_t date)
{
	printf("%s/%08u: %" PRIu64 " rows, %" PRIu64 " bytes%s: good%s\n", job->folder->path,
	       date, verify->rows, verify->bytes, verify->finished ? "" : " so far",
	       verify->has_meta ? "" : ", as far as one can see without meta");
}

static void verify_folder(void *arg, const struct folder *folder)
{
	struct job *job = arg;
	struct archive_verify verify = { .fn = tell, .arg = job };

	job->folder = folder;
	for (size_t i = 0; i < folder->count; i++) {
		uint32_t date = folder->dates[i];
		int ret;

		if (!wanted(job, date)) {
			verify.stream = 0;
			continue;
		}
		job->told = 0;
		ret = archive_verify_next(&verify, folder->dirfd, date);
		/* It was removed meanwhile. */
		if (ret == -ENOENT)
			continue;
		if (ret < 0)
			die("%s/%08u: %s", folder->path, date, strerror(-ret));
		if (ret)
			job->bad++;
		else if (!job->quiet)
			print_good(job, &verify, date);
		fflush(stdout);
	}
	if (!folder->count && !job->quiet)
		complain("%s has no days", folder->path);
}

static int verify_main(int argc, char **argv)
{
	struct job job = { 0 };
	uint32_t *dates;
	const char *dir;
	int c;

	while ((c = getopt_long(argc, argv, "aqh", options, NULL)) != -1) {
		switch (c) {
		case 'a':
			job.all = true;
			break;
		case 'q':
			job.quiet = true;
			break;
		case 'h':
			print_help();
		default:
			arg_bad_option();
		}
	}
	if (optind == argc)
		usage("which folder?");
	dir = argv[optind++];
	dates = calloc((size_t)argc, sizeof(*dates));
	if (!dates)
		die("no memory");
	for (; optind < argc; optind++)
		dates[job.date_count++] = arg_date(argv[optind]);
	job.dates = dates;
	folders_each(dir, verify_folder, &job);
	free(dates);
	if (fflush(stdout))
		die("standard output: %s", strerror(errno));
	if (job.date_count && !job.found)
		die("%s has no such day", dir);
	if (job.bad)
		complain("%" PRIu64 " days are not as they were written; "
			 "\"memlog-replica --repair\" fetches a day again from where it came, "
			 "\"memlog archive repair\" mends what a crash has left", job.bad);
	return job.bad ? EXIT_LOSS : EXIT_SUCCESS;
}

const struct command archive_verify = {
	.name = "archive verify",
	.run = verify_main,
	.help =
"usage: memlog archive verify [OPTION]... DIR [DAY]...\n"
"\n"
"Reads an archive, or that of each channel in DIR, and tells what is not as it\n"
"was written: the day, the row, the file and the place in it, and what was\n"
"expected. Every bit of index, data and meta counts. Of days without meta, only\n"
"what they have in themselves can be verified. A day that is being written is\n"
"verified as far as it goes. DAY is 2026-11-20 or 20261120; all if none is named.\n"
"\n"
"  -a, --all               all faults, not the first 10 of a day\n"
"  -q, --quiet             only faults\n"
"\n"
"Exit status: 0 all is well, 1 it is not, 100 wrong usage, 111 system error.\n",
};
