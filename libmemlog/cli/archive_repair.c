// SPDX-License-Identifier: GPL-2.0-only
/*
 * memlog archive repair: what a crash has left, and what can be made again.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "archive.h"
#include "archive/repair.h"
#include "archive/verify.h"
#include "archive/writer.h"

static const struct option options[] = {
	{ "add-meta", no_argument, NULL, 'a' },
	{ "quiet",    no_argument, NULL, 'q' },
	{ "help",     no_argument, NULL, 'h' },
	{ }
};

/**
 * struct job - Archives to repair, and what came of it.
 * @add_meta: Days without meta get one.
 * @folder: Archive that is repaired.
 * @told: Faults of this day that were told.
 * @bare: Days without meta.
 * @bad: Days with faults that stay.
 */
struct job {
	bool add_meta;
	bool quiet;
	const struct folder *folder;
	unsigned int told;
	uint64_t bare;
	uint64_t bad;
};

/* Nobody writes it meanwhile; the writer opened later takes the lock anew. */
static int lock(const struct folder *folder)
{
	int fd = openat(folder->dirfd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);

	if (fd < 0)
		die_archive(folder->path, -errno);
	if (flock(fd, LOCK_EX | LOCK_NB))
		die_archive(folder->path, errno == EWOULDBLOCK ? -EBUSY : -errno);
	return fd;
}

static void add_meta(struct job *job, uint32_t date)
{
	uint64_t row;
	int ret = archive_add_meta(job->folder->dirfd, date, &row);

	if (ret == 1 && !job->quiet)
		printf("%s/%08u: has a meta now\n", job->folder->path, date);
	if (ret == -EBADMSG)
		complain("%s/%08u gets no meta: row %" PRIu64 " is not whole, or its meta is not "
			 "ours", job->folder->path, date, row);
	else if (ret < 0 && ret != -ENOENT)
		die("%s/%08u: %s", job->folder->path, date, strerror(-ret));
}

/* What a writer does when it begins. */
static void mend(const struct folder *folder)
{
	struct archive_options opt = { .sync = ARCHIVE_SYNC_BATCH, .bare = true,
				       .gid = (gid_t)-1, .say = archive_told };
	struct archive_writer *writer;
	int err = archive_writer_open(&writer, folder->path, &opt);

	if (!err)
		archive_writer_close(writer);
	else if (err != -EBADMSG)
		die_archive(folder->path, err);
}

static int tell(void *arg, const struct archive_fault *fault)
{
	struct job *job = arg;

	if (!job->told++) {
		printf("%s/%08u", job->folder->path, fault->date);
		if (fault->row != ARCHIVE_NO_ROW)
			printf(" row %" PRIu64, fault->row);
		printf(": %s at %" PRIu64 ": %s\n", fault->file, fault->offset, fault->text);
	}
	return 1;
}

static void look_again(struct job *job, struct archive_verify *verify, uint32_t date)
{
	int ret;

	ret = archive_make_times(job->folder->dirfd, date);
	if (ret && ret != -ENOENT)
		complain("%s/%08u: its times can't be made: %s", job->folder->path, date,
			 strerror(-ret));
	job->told = 0;
	ret = archive_verify_next(verify, job->folder->dirfd, date);
	if (ret < 0 && ret != -ENOENT)
		die("%s/%08u: %s", job->folder->path, date, strerror(-ret));
	if (ret == 1)
		job->bad++;
	if (!ret && verify->rows && !verify->has_meta)
		job->bare++;
	if (!ret && !job->quiet)
		printf("%s/%08u: %" PRIu64 " rows: good\n", job->folder->path, date,
		       verify->rows);
}

static void repair(void *arg, const struct folder *folder)
{
	struct job *job = arg;
	struct archive_verify verify = { .fn = tell, .arg = job };
	int fd = lock(folder);

	job->folder = folder;
	for (size_t i = 0; job->add_meta && i < folder->count; i++)
		add_meta(job, folder->dates[i]);
	close(fd);
	mend(folder);
	fd = lock(folder);
	for (size_t i = 0; i < folder->count; i++)
		look_again(job, &verify, folder->dates[i]);
	close(fd);
}

static int repair_main(int argc, char **argv)
{
	struct job job = { 0 };
	int c;

	while ((c = getopt_long(argc, argv, "qh", options, NULL)) != -1) {
		switch (c) {
		case 'a':
			job.add_meta = true;
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
	if (optind != argc - 1)
		usage("which folder? (one)");
	folders_each(argv[optind], repair, &job);
	if (fflush(stdout))
		die("standard output: %s", strerror(errno));
	if (job.bare && !job.quiet)
		complain("%" PRIu64 " days have no meta; --add-meta gives them one", job.bare);
	if (job.bad)
		complain("%" PRIu64 " days have damaged rows, which stay as they are: only where "
			 "they came from they can be had again (\"memlog-replica --repair\", or "
			 "a backup of the day)", job.bad);
	return job.bad ? EXIT_LOSS : EXIT_SUCCESS;
}

const struct command archive_repair = {
	.name = "archive repair",
	.run = repair_main,
	.help =
"usage: memlog archive repair [OPTION]... DIR\n"
"\n"
"Mends an archive, or that of each channel in DIR, as its writer does when it\n"
"begins: rows that were not written whole are cut off the end of the newest day,\n"
"days before it are finished. The file times of each day is made again. Then all\n"
"is verified. Damaged rows between others stay as they are. Nobody may write DIR\n"
"meanwhile.\n"
"\n"
"      --add-meta          give days without meta (of go-filelog) one: searches\n"
"                          are quick then, and damage is found. Their other files\n"
"                          stay as they are. End go-filelog first\n"
"  -q, --quiet             only faults\n"
"\n"
"Exit status: 0, 1 damage is left, 100 wrong usage, 111 system error.\n",
};
