// SPDX-License-Identifier: GPL-2.0-only
/*
 * Folders that others give us: whatever is in the files of two days, readers and
 * verify look at it, the writer mends it and goes on with it, and nothing is read
 * that was not written.
 *
 * An input is a byte of flags, then for each day and file a length of two bytes,
 * then the files. Checksums are made right if the flags say so, or no change of an
 * input would ever get behind them.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/day.h"
#include "archive/verify.h"
#include "archive/repair.h"
#include "archive/writer.h"
#include "libfuzz.h"

enum { FINISH = 1, FINISH_LATER = 2, BARE = 4, BARE_LATER = 8, NO_TIMES = 16, RIGHT_SUMS = 32,
       OPEN_BARE = 64 };

enum { INDEX, DATA, META, TIMES, CGROUPS, FILES };

static const char * const names[FILES] = { "index", "data000000", "meta", "times", "cgroups" };
static const uint32_t dates[2] = { 20261120, 20261121 };
static char dir[64];

struct part {
	const uint8_t *data;
	size_t len;
};

/* Takes a piece off the front, shorter where there is not enough. */
static struct part take(const uint8_t **data, size_t *size, size_t len)
{
	struct part part = { *data, len < *size ? len : *size };

	*data += part.len;
	*size -= part.len;
	return part;
}

static void write_file(const char *day, const char *name, const void *data, size_t len)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", day, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	must(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	close(fd);
}

/* Meta with the header and the sums that it should have. */
static void mend_sums(uint8_t *meta, const struct part files[FILES])
{
	size_t rows = (files[META].len - ARCHIVE_META_HEAD) / ARCHIVE_META_SIZE;

	archive_meta_head_put(meta);
	for (size_t i = 0; i < rows && (i + 1) * ARCHIVE_INDEX_SIZE <= files[INDEX].len; i++) {
		const uint8_t *at = files[INDEX].data + i * ARCHIVE_INDEX_SIZE;
		uint8_t *entry = meta + ARCHIVE_META_HEAD + i * ARCHIVE_META_SIZE;
		const uint8_t *bytes = files[DATA].data;
		struct archive_index index;
		struct archive_head head;

		if (archive_index_get(at, &index) || index.offset > files[DATA].len ||
		    files[DATA].len - index.offset < ARCHIVE_HEAD_SIZE)
			continue;
		bytes += index.offset;
		if (archive_head_get(bytes, &head) ||
		    head.len > files[DATA].len - index.offset - ARCHIVE_HEAD_SIZE)
			continue;
		archive_meta_set_sum(entry, archive_row_sum(at, bytes, bytes + ARCHIVE_HEAD_SIZE,
							    head.len, entry));
	}
}

static void make_day(uint32_t date, const struct part files[FILES], bool finish, bool bare,
		     uint8_t flags)
{
	uint8_t *meta = malloc(files[META].len + 1);
	char day[96];

	must(meta);
	snprintf(day, sizeof(day), "%s/%08u", dir, date);
	mkdir(day, 0700);
	memcpy(meta, files[META].data, files[META].len);
	if (flags & RIGHT_SUMS && files[META].len >= ARCHIVE_META_HEAD)
		mend_sums(meta, files);
	for (int i = 0; i < FILES; i++) {
		if ((i == META && bare) || (i == TIMES && (bare || flags & NO_TIMES)))
			continue;
		write_file(day, names[i], i == META ? meta : files[i].data, files[i].len);
	}
	if (finish)
		write_file(day, "finish", "", 0);
	free(meta);
}

static void make_folder(const uint8_t *data, size_t size)
{
	struct part head = take(&data, &size, 1 + 2 * 2 * FILES), files[2][FILES];
	uint8_t flags = head.len ? head.data[0] : 0;

	for (int i = 0; i < 2 * FILES; i++) {
		const uint8_t *at = head.data + 1 + 2 * i;
		size_t len = head.len >= (size_t)(3 + 2 * i) ? (size_t)at[0] << 8 | at[1] : 0;

		files[i / FILES][i % FILES] = take(&data, &size, len);
	}
	make_day(dates[0], files[0], flags & FINISH, flags & BARE, flags);
	make_day(dates[1], files[1], flags & FINISH_LATER, flags & BARE_LATER, flags);
}

static int count_fault(void *arg, const struct archive_fault *fault)
{
	must(fault->file && fault->text && strlen(fault->text));
	return ++*(unsigned int *)arg > 100;
}

static int add_rows(void *arg, uint64_t stream, uint64_t first_row, uint64_t rows)
{
	must(rows && first_row == *(uint64_t *)arg);
	*(uint64_t *)arg += rows;
	return 0;
}

/* Rows of a day that can be read. */
static uint64_t read_day(struct archive_day *day)
{
	static char buf[1 << 16];
	uint64_t rows = archive_day_rows(day), found, seen = 0, good = 0, ns;
	struct archive_row row;

	for (uint64_t i = 0; i < rows; i++) {
		int got = archive_day_read(day, i, &row, 1, buf, sizeof(buf), true);

		must(got == 1 || got == -EBADMSG || got == -ENOBUFS);
		if (got != 1)
			continue;
		good++;
		must(row.rec.len <= sizeof(buf));
		archive_day_find_seq(day, row.stream, row.rec.seq, &found);
		if (!archive_day_find_time(day, row.rec.time_ns, &found))
			must(found <= rows);
	}
	if (!archive_day_streams(day, add_rows, &seen))
		must(seen == rows);
	archive_day_max_time(day, &ns);
	return good;
}

static void check_day(int dirfd, uint32_t date)
{
	struct archive_day *day;
	unsigned int faults = 0;
	uint64_t good;
	int ret, err;

	ret = archive_verify_day(dirfd, date, count_fault, &faults);
	must((ret == 1 && faults) || (!ret && !faults));
	err = archive_day_open(&day, dirfd, date);
	if (err) {
		must(ret == 1 || err == -EBADMSG || err == -EPROTONOSUPPORT);
		return;
	}
	good = read_day(day);
	/* What is complete and good is read to the last row. */
	if (!ret && archive_day_finished(day))
		must(good == archive_day_rows(day));
	archive_day_close(day);
}

static void read_all(void)
{
	struct memlog_reader_options opt = { .size = sizeof(opt), .flags = MEMLOG_READ_SINCE };
	const struct memlog_record *rec;
	struct memlog_reader *reader;
	unsigned int events = 0;
	const char *text;
	int event;

	if (memlog_reader_open(&reader, dir, &opt))
		return;
	do {
		event = memlog_next(reader, &rec, &text);
		must(++events < 100000 && event != MEMLOG_NOTHING);
	} while (event > 0 && event != MEMLOG_END);
	memlog_reader_close(reader);
}

/* What goes into a mended archive comes out of it. */
static void write_on(uint8_t flags)
{
	struct archive_options opt = { .sync = ARCHIVE_SYNC_NONE, .gid = (gid_t)-1,
				       .bare = flags & OPEN_BARE };
	struct memlog_record rec = { .time_ns = 1795000000000000000ULL, .len = 6, .seq = 7 };
	struct archive_writer *writer;
	struct archive_row row;
	struct archive_end end;
	struct archive_day *day;
	char buf[64];
	int dirfd;

	if (archive_writer_open(&writer, dir, &opt))
		return;
	if (!archive_append(writer, 99, &rec, "hello\n") && !archive_commit(writer)) {
		end = *archive_writer_end(writer);
		must(end.stream == 99 && end.seq == 8 && end.rows);
		dirfd = open(dir, O_RDONLY | O_DIRECTORY);
		must(dirfd >= 0 && !archive_day_open(&day, dirfd, end.date));
		must(archive_day_rows(day) == end.rows);
		must(archive_day_read(day, end.rows - 1, &row, 1, buf, sizeof(buf), true) == 1);
		must(row.stream == 99 && row.rec.seq == 7 && !memcmp(buf, "hello\n", 6));
		archive_day_close(day);
		close(dirfd);
	}
	archive_writer_close(writer);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return ftw->level ? remove(path) : 0;
}

static void remove_dir(void)
{
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	rmdir(dir);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t row;
	int dirfd;

	if (!dir[0]) {
		/* in memory where there is such a folder: thousands of files a second */
		strcpy(dir, access("/dev/shm", W_OK) ? "/tmp/memlog-fuzz.XXXXXX" :
						       "/dev/shm/memlog-fuzz.XXXXXX");
		must(mkdtemp(dir));
		atexit(remove_dir);
	}
	make_folder(data, size);
	dirfd = open(dir, O_RDONLY | O_DIRECTORY);
	must(dirfd >= 0);
	check_day(dirfd, dates[0]);
	check_day(dirfd, dates[1]);
	read_all();
	if (size && data[0] & OPEN_BARE)
		archive_add_meta(dirfd, dates[0], &row);
	archive_make_times(dirfd, dates[0]);
	write_on(size ? data[0] : 0);
	check_day(dirfd, dates[0]);
	close(dirfd);
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return 0;
}
