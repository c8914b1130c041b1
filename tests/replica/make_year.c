// SPDX-License-Identifier: GPL-2.0-only
/*
 * make_year DIR FIRST DAYS ROWS LENGTH: an archive of so many days from FIRST
 * (YYYYMMDD) on, with about ROWS records a day of about LENGTH bytes, and a gap or
 * another stream here and there. Time is not the machine's. All days but the last
 * are finished. The same arguments give the same bytes; what is there is gone on
 * with.
 */
#include <archive/writer.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS	1000000000ULL
#define DAY_NS		(86400 * SECOND_NS)

/**
 * struct year - What is made.
 * @writer: Into this.
 * @now: The time, which has never been set.
 * @stream: The stream.
 * @seq: The next record's.
 * @pos: Likewise.
 * @random: For what varies.
 */
struct year {
	struct archive_writer *writer;
	uint64_t now;
	uint64_t stream;
	uint64_t seq;
	uint64_t pos;
	uint64_t random;
};

static uint64_t clock_ns(void *arg)
{
	return ((struct year *)arg)->now;
}

static void say(void *arg, const char *text)
{
	if (getenv("MAKE_YEAR_VERBOSE"))
		fprintf(stderr, "%s\n", text);
}

static uint64_t any(struct year *year, uint64_t n)
{
	year->random = year->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (year->random >> 33) % n;
}

static int put(struct year *year, unsigned int length)
{
	char text[65536];
	struct memlog_record rec = {
		.seq = year->seq, .pos = year->pos, .time_ns = year->now,
		.cgroup = any(year, 3), .pid = (uint32_t)any(year, 30000), .uid = 1000,
		.pri = (uint8_t)(8 + any(year, 180)), .comm = "make_year",
		.type = any(year, 50) ? 0 : 1101,
	};
	int err;

	rec.len = (uint32_t)(length / 2 + any(year, length) + 1);
	snprintf(text, sizeof(text), "%llu ", (unsigned long long)year->seq);
	for (size_t i = strlen(text); i < rec.len; i++)
		text[i] = (char)('a' + any(year, 26));
	text[rec.len - 1] = '\n';
	err = archive_append(year->writer, year->stream, &rec, text);
	if (err == -ENOBUFS) {
		err = archive_commit(year->writer);
		if (!err)
			err = archive_append(year->writer, year->stream, &rec, text);
	}
	year->seq++;
	year->pos += rec.len;
	return err;
}

static int put_gap(struct year *year)
{
	struct memlog_loss loss = {
		.from_seq = year->seq, .to_seq = year->seq + any(year, 100), .bytes = 0,
	};
	int err;

	loss.records = loss.to_seq - loss.from_seq + 1;
	loss.bytes = loss.records * 10;
	err = archive_append_gap(year->writer, year->stream, year->pos, &loss, year->now);
	if (err == -ENOBUFS) {
		err = archive_commit(year->writer);
		if (!err)
			err = archive_append_gap(year->writer, year->stream, year->pos, &loss,
						 year->now);
	}
	year->seq = loss.to_seq + 1;
	year->pos += loss.bytes;
	return err;
}

static int make_day(struct year *year, uint64_t begin, uint64_t rows, unsigned int length)
{
	int err = 0;

	for (uint64_t i = 0; !err && i < rows; i++) {
		year->now = begin + i * (DAY_NS / rows);
		if (i && !any(year, 1000))
			err = put_gap(year);
		if (!err)
			err = put(year, length);
	}
	if (!err)
		err = archive_commit(year->writer);
	if (!err)
		err = archive_add_cgroup(year->writer, 1 + any(year, 5), "/system.slice/some.service");
	return err;
}

static int make(struct year *year, uint32_t first, uint64_t days, uint64_t rows,
		unsigned int length)
{
	uint64_t begin = (uint64_t)archive_date_diff(19700101, first) * DAY_NS;
	int err = 0;

	for (uint64_t i = 0; !err && i < days; i++) {
		if (i && !any(year, 30)) {
			year->stream++;
			year->seq = 0;
			year->pos = 0;
		}
		err = make_day(year, begin + i * DAY_NS, rows, length);
	}
	return err;
}

int main(int argc, char **argv)
{
	struct year year = { .stream = 0x1122334455667788 };
	const struct archive_clock clock = { clock_ns, clock_ns, &year };
	const struct archive_options options = {
		.sync = ARCHIVE_SYNC_NONE, .gid = (gid_t)-1, .clock = &clock, .say = say,
	};
	const struct archive_end *end;
	uint32_t first;
	int err;

	first = argc == 6 ? archive_date_parse(argv[2]) : 0;
	if (!first || strtoul(argv[5], NULL, 10) > 30000) {
		fprintf(stderr, "usage: make_year DIR FIRST DAYS ROWS LENGTH\n");
		return 100;
	}
	year.now = (uint64_t)archive_date_diff(19700101, first) * DAY_NS;
	year.random = first;
	err = archive_writer_open(&year.writer, argv[1], &options);
	if (!err) {
		end = archive_writer_end(year.writer);
		if (end->stream) {
			year.stream = end->stream;
			year.seq = end->seq;
			year.pos = end->pos;
		}
		err = make(&year, first, strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10),
			   (unsigned int)strtoul(argv[5], NULL, 10));
		archive_writer_close(year.writer);
	}
	if (err)
		fprintf(stderr, "make_year: %s\n", strerror(-err));
	return err ? 111 : 0;
}
