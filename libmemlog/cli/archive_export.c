// SPDX-License-Identifier: GPL-2.0-only
/*
 * memlog archive export: rows as lines of JSON, of which memlog archive import
 * makes the same rows again, or as text.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive.h"
#include "archive_lines.h"
#include "format.h"
#include "out.h"

#define ROWS		256
#define BUF_FIRST	(1U << 20)

static const struct option options[] = {
	{ "format", required_argument, NULL, 'F' },
	{ "since",  required_argument, NULL, 'S' },
	{ "until",  required_argument, NULL, 'U' },
	{ "quiet",  no_argument,       NULL, 'q' },
	{ "help",   no_argument,       NULL, 'h' },
	{ }
};

/**
 * struct export - What was asked for, and how it goes.
 * @text: Text, not JSON.
 * @since_ns: Begin with the first row, in order, that is not before this; 0 from
 *            there on.
 * @until_ns: End before the first that is behind this.
 * @ended: It was.
 * @damaged: Rows that could not be read.
 * @folder: The archive.
 * @meta: The day has one.
 * @stream: Stream of the last line.
 * @rows: Rows at hand.
 * @buf: Their texts.
 * @size: Room for them.
 * @format: For text.
 * @out: Where it goes.
 */
struct export {
	bool text;
	bool quiet;
	uint64_t since_ns;
	uint64_t until_ns;
	bool ended;
	uint64_t damaged;
	struct folder folder;
	bool meta;
	uint64_t stream;
	struct archive_row rows[ROWS];
	char *buf;
	size_t size;
	struct format format;
	struct out out;
};

static void put_line(struct out *out, const char *line)
{
	out_string(out, line);
	out_char(out, '\n');
}

static void put_day(struct export *export, struct archive_day *day)
{
	char line[ARCHIVE_LINE_ROOM];

	export->meta = archive_day_has_meta(day);
	if (export->text)
		return;
	archive_line_day(line, archive_day_date(day), export->meta,
			 archive_day_finished(day));
	put_line(&export->out, line);
	export->stream = 0;
}

static void put_json(struct export *export, const struct archive_row *row,
		     const char *text)
{
	char line[ARCHIVE_LINE_ROOM];
	size_t room, len;
	char *to;

	if (row->stream != export->stream) {
		archive_line_stream(line, row->stream);
		put_line(&export->out, line);
		export->stream = row->stream;
	}
	if (export->meta && archive_line_gap(line, row, text)) {
		put_line(&export->out, line);
		return;
	}
	room = archive_line_room(&row->rec);
	to = out_room(&export->out, room);
	if (!to)
		return;
	len = archive_line_record(to, room, &row->rec, text);
	export->out.len += len;
	out_char(&export->out, '\n');
}

static void put_text(struct export *export, const struct archive_row *row,
		     const char *text)
{
	if (row->rec.type == ARCHIVE_TYPE_GAP)
		format_end(&export->format, &export->out);
	format_record(&export->format, &export->out, &row->rec, text);
}

/* Return: rows read; 0 the first is damaged, or was taken back just now. */
static unsigned int read_rows(struct export *export, struct archive_day *day,
			      uint64_t number)
{
	uint64_t left = archive_day_rows(day) - number;
	int got;

	do {
		got = archive_day_read(day, number, export->rows,
				       left < ROWS ? (unsigned int)left : ROWS, export->buf,
				       export->size, true);
		if (got == -ENOBUFS) {
			export->size = 2 * (size_t)export->rows[0].rec.len;
			free(export->buf);
			export->buf = malloc(export->size);
			if (!export->buf)
				die("no memory");
		}
	} while (got == -ENOBUFS);
	if (got >= 0)
		return (unsigned int)got;
	if (got != -EBADMSG)
		die_archive(export->folder.path, got);
	complain("%s/%08u row %" PRIu64 " is damaged and left out; \"memlog archive verify\" "
		 "says what is wrong", export->folder.path, archive_day_date(day), number);
	export->damaged++;
	return 0;
}

static void put_rows(struct export *export, unsigned int count)
{
	const char *text = export->buf;

	for (unsigned int i = 0; i < count; i++) {
		const struct archive_row *row = &export->rows[i];

		if (row->rec.time_ns > export->until_ns) {
			export->ended = true;
			return;
		}
		if (export->text)
			put_text(export, row, text);
		else
			put_json(export, row, text);
		text += row->rec.len;
	}
}

static void export_day(struct export *export, struct archive_day *day)
{
	uint64_t row = 0, rows = archive_day_rows(day);
	unsigned int got;
	int err;

	if (export->since_ns) {
		err = archive_day_find_time(day, export->since_ns, &row);
		if (err)
			die_archive(export->folder.path, err);
		if (row == rows)
			return;
		export->since_ns = 0;
	}
	put_day(export, day);
	while (row < rows && !export->ended && !export->out.error) {
		got = read_rows(export, day, row);
		put_rows(export, got);
		row += got ? got : 1;
	}
}

static void export_date(struct export *export, uint32_t date)
{
	struct archive_day *day;
	int err;

	err = archive_day_open(&day, export->folder.dirfd, date);
	if (err == -ENOENT)
		die("%s has no day %08u", export->folder.path, date);
	if (err) {
		complain("%s/%08u:", export->folder.path, date);
		die_archive(export->folder.path, err);
	}
	export_day(export, day);
	archive_day_close(day);
}

static void parse_option(struct export *export, int c)
{
	switch (c) {
	case 'F':
		export->text = arg_line_format(optarg);
		break;
	case 'S':
		export->since_ns = arg_time("--since", optarg);
		break;
	case 'U':
		export->until_ns = arg_time("--until", optarg);
		break;
	case 'q':
		export->quiet = true;
		break;
	case 'h':
		print_help();
	default:
		arg_bad_option();
	}
}

static void export_all(struct export *export, int argc, char **argv)
{
	if (optind < argc) {
		for (; optind < argc && !export->ended; optind++)
			export_date(export, arg_date(argv[optind]));
		return;
	}
	for (size_t i = 0; i < export->folder.count && !export->ended; i++)
		export_date(export, export->folder.dates[i]);
}

static int export_main(int argc, char **argv)
{
	static struct export export = { .until_ns = UINT64_MAX, .size = BUF_FIRST };
	static const volatile int stop;
	int c;

	format_init(&export.format);
	export.format.style = STYLE_CAT;
	while ((c = getopt_long(argc, argv, "F:S:U:qh", options, NULL)) != -1)
		parse_option(&export, c);
	if (optind == argc)
		usage("which folder?");
	folder_open(&export.folder, argv[optind++]);
	export.buf = malloc(export.size);
	if (!export.buf || out_init(&export.out, STDOUT_FILENO, &stop))
		die("no memory");
	export_all(&export, argc, argv);
	format_end(&export.format, &export.out);
	out_flush(&export.out);
	if (export.out.error)
		die("standard output: %s", strerror(-export.out.error));
	out_free(&export.out);
	free(export.buf);
	folder_close(&export.folder);
	if (export.damaged && !export.quiet)
		complain("%" PRIu64 " rows were left out", export.damaged);
	return export.damaged ? EXIT_LOSS : EXIT_SUCCESS;
}

const struct command archive_export = {
	.name = "archive export",
	.run = export_main,
	.help =
"usage: memlog archive export [OPTION]... DIR [DAY]...\n"
"\n"
"Writes the rows of an archive, or of these days of it, to standard output: as\n"
"text, or as lines of JSON, of which \"memlog archive import\" makes the same rows\n"
"again, to the byte. DAY is 2026-11-20 or 20261120.\n"
"\n"
"  -F, --format FORMAT     json, text\n"
"  -S, --since TIME        begin at that time: -5m, 12:00, yesterday, RFC 3339\n"
"  -U, --until TIME        end at that time\n"
"  -q, --quiet             no totals on standard error\n"
"\n"
"Exit status: 0, 1 damaged rows were left out, 100 wrong usage, 111 system error.\n",
};
