// SPDX-License-Identifier: GPL-2.0-only
/*
 * memlog archive ls: the days of an archive.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "archive.h"

/* Rows of index that are looked at at once, for gaps. */
#define ROWS	4096

static const struct option options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "utc",  no_argument, NULL, 'u' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

/**
 * struct listing - What was asked for, and how it goes.
 * @titled: The names of the columns were printed.
 * @failed: A day could not be read.
 */
struct listing {
	bool json;
	bool utc;
	bool titled;
	bool failed;
};

/**
 * struct facts - What there is to say of a day.
 * @bytes: Of text.
 * @first_ns, @last_ns: Times of the first and the last row, if @rows.
 */
struct facts {
	uint32_t date;
	uint64_t rows;
	uint64_t bytes;
	uint64_t gaps;
	uint64_t streams;
	uint64_t first_ns;
	uint64_t last_ns;
	bool finished;
	bool meta;
};

static int count_stream(void *arg, uint64_t stream, uint64_t first_row, uint64_t rows)
{
	++*(uint64_t *)arg;
	return 0;
}

static int count_gaps(struct archive_day *day, struct facts *facts)
{
	uint8_t *rows = malloc(ROWS * ARCHIVE_INDEX_SIZE);
	unsigned int count;
	int err = rows ? 0 : -ENOMEM;

	for (uint64_t row = 0; !err && row < facts->rows; row += count) {
		uint64_t left = facts->rows - row;
		struct archive_index index;

		count = left < ROWS ? (unsigned int)left : ROWS;
		err = archive_day_raw(day, row, count, rows, NULL);
		for (unsigned int i = 0; !err && i < count; i++)
			if (!archive_index_get(rows + i * ARCHIVE_INDEX_SIZE, &index))
				facts->gaps += index.type == ARCHIVE_TYPE_GAP;
	}
	free(rows);
	return err;
}

/* Texts are what data files hold beside headers; the last one may be growing. */
static int count_bytes(struct archive_day *day, struct facts *facts,
		       const struct archive_row *last)
{
	uint64_t bytes = last->index.offset + ARCHIVE_HEAD_SIZE + last->rec.len;
	uint64_t heads = facts->rows * ARCHIVE_HEAD_SIZE;

	for (unsigned int n = 0; n < last->index.file; n++) {
		char name[16];
		struct stat st;

		snprintf(name, sizeof(name), "data%06u", n);
		if (fstatat(archive_day_dirfd(day), name, &st, AT_SYMLINK_NOFOLLOW))
			return errno == ENOENT ? -EBADMSG : -errno;
		bytes += (uint64_t)st.st_size;
	}
	facts->bytes = bytes > heads ? bytes - heads : 0;
	return 0;
}

static int look(struct archive_day *day, struct facts *facts)
{
	struct archive_row first, last;
	int err;

	facts->date = archive_day_date(day);
	facts->rows = archive_day_rows(day);
	facts->finished = archive_day_finished(day);
	facts->meta = archive_day_has_meta(day);
	if (!facts->rows)
		return 0;
	err = archive_day_row(day, 0, &first);
	if (!err)
		err = archive_day_row(day, facts->rows - 1, &last);
	if (!err)
		err = count_bytes(day, facts, &last);
	if (!err)
		err = archive_day_streams(day, count_stream, &facts->streams);
	if (!err)
		err = count_gaps(day, facts);
	if (err)
		return err;
	facts->first_ns = first.rec.time_ns;
	facts->last_ns = last.rec.time_ns;
	return 0;
}

static void print_json(const struct folder *folder, const struct facts *facts)
{
	const char *channel = folder->channel ? folder->channel : "";
	char quoted[6 * NAME_MAX + 3], date[11];

	archive_date_iso(date, facts->date);
	memlog_json_string(quoted, sizeof(quoted), channel, strlen(channel));
	printf("{\"channel\":%s,\"day\":\"%s\",\"rows\":%" PRIu64 ",\"bytes\":%" PRIu64
	       ",\"gaps\":%" PRIu64 ",\"streams\":%" PRIu64, quoted, date, facts->rows,
	       facts->bytes, facts->gaps, facts->streams);
	if (facts->rows)
		printf(",\"first_ns\":\"%" PRIu64 "\",\"last_ns\":\"%" PRIu64 "\"",
		       facts->first_ns, facts->last_ns);
	printf(",\"finished\":%s,\"meta\":%s}\n", facts->finished ? "true" : "false",
	       facts->meta ? "true" : "false");
}

/* The time of day, with the date where it is another: clocks are set. */
static void put_time(char text[32], uint64_t ns, uint32_t date, bool utc)
{
	char full[MEMLOG_TIME_SIZE], iso[11];

	memlog_format_time(full, ns, utc);
	archive_date_iso(iso, date);
	if (strncmp(full, iso, 10))
		snprintf(text, 32, "%.10s %.8s", full, full + 11);
	else
		snprintf(text, 32, "%.8s", full + 11);
}

static void print_line(struct listing *listing, const struct folder *folder,
		       const struct facts *facts)
{
	char date[11], first[32] = "-", last[32] = "-";

	if (!listing->titled)
		printf("%-10s %12s %15s %6s %7s  %-8s  %-8s  %s\n", "DAY", "ROWS", "BYTES",
		       "GAPS", "STREAMS", "FIRST", "LAST", "STATE");
	listing->titled = true;
	archive_date_iso(date, facts->date);
	if (facts->rows) {
		put_time(first, facts->first_ns, facts->date, listing->utc);
		put_time(last, facts->last_ns, facts->date, listing->utc);
	}
	printf("%s %12" PRIu64 " %15" PRIu64 " %6" PRIu64 " %7" PRIu64 "  %-8s  %-8s  %s%s\n",
	       date, facts->rows, facts->bytes, facts->gaps, facts->streams, first, last,
	       facts->finished ? "finished" : "open", facts->meta ? "" : ", no meta");
}

static void list_day(struct listing *listing, const struct folder *folder, uint32_t date)
{
	struct facts facts = { 0 };
	struct archive_day *day;
	int err;

	err = archive_day_open(&day, folder->dirfd, date);
	/* It was removed meanwhile. */
	if (err == -ENOENT)
		return;
	if (!err) {
		err = look(day, &facts);
		archive_day_close(day);
	}
	if (err) {
		complain("%s/%08u: %s", folder->path, date, err == -EBADMSG ?
			 "it is damaged; \"memlog archive verify\" says where" :
			 err == -EPROTONOSUPPORT ? "it was written by a later version" :
			 strerror(-err));
		listing->failed = true;
		return;
	}
	if (listing->json)
		print_json(folder, &facts);
	else
		print_line(listing, folder, &facts);
}

static void list(void *arg, const struct folder *folder)
{
	struct listing *listing = arg;

	if (folder->channel && !listing->json) {
		printf("%s%s:\n", listing->titled ? "\n" : "", folder->channel);
		listing->titled = false;
	}
	if (!folder->count && !listing->json)
		complain("%s has no days", folder->path);
	for (size_t i = 0; i < folder->count; i++)
		list_day(listing, folder, folder->dates[i]);
}

static int ls_main(int argc, char **argv)
{
	struct listing listing = { 0 };
	int c;

	while ((c = getopt_long(argc, argv, "jh", options, NULL)) != -1) {
		switch (c) {
		case 'j':
			listing.json = true;
			break;
		case 'u':
			listing.utc = true;
			break;
		case 'h':
			print_help();
		default:
			arg_bad_option();
		}
	}
	if (optind == argc)
		usage("of which folder?");
	for (; optind < argc; optind++)
		folders_each(argv[optind], list, &listing);
	if (fflush(stdout))
		die("standard output: %s", strerror(errno));
	return listing.failed ? EXIT_SYSTEM : EXIT_SUCCESS;
}

const struct command archive_ls = {
	.name = "archive ls",
	.run = ls_main,
	.help =
"usage: memlog archive ls [OPTION]... DIR...\n"
"\n"
"Lists the days of an archive, or of each channel's archive in DIR: rows, bytes\n"
"of text, gaps (where records were lost), streams, times of the first and the\n"
"last row, and whether the day is finished.\n"
"\n"
"  -j, --json              a JSON object a day\n"
"      --utc               times are UTC, not local\n",
};
