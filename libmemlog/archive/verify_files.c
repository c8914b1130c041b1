// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is around a day's rows: headers, sizes, the names of files, and times.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verifying.h"
#include "writing.h"

/*
 * Its size is taken before that of the others, which are written first: then rows
 * of all its entries are there.
 */
void archive_verify_open_times(struct archive_verifying *day)
{
	uint8_t head[ARCHIVE_TIMES_HEAD];
	struct stat st;

	day->times = archive_open_file(day->dirfd, "times", O_RDONLY);
	if (day->times < 0)
		return;
	if (fstat(day->times, &st) || st.st_size < ARCHIVE_TIMES_HEAD ||
	    archive_read_all(day->times, head, sizeof(head), 0) ||
	    archive_times_head_check(head)) {
		/* One that is just being made has no head yet. */
		if (day->verify->finished || st.st_size >= ARCHIVE_TIMES_HEAD)
			archive_fault(day, ARCHIVE_NO_ROW, "times", 0,
				      "no header of version 1; `memlog archive repair` makes "
				      "the file again");
		close(day->times);
		day->times = -1;
		return;
	}
	day->entries = ((uint64_t)st.st_size - ARCHIVE_TIMES_HEAD) / ARCHIVE_TIMES_SIZE;
	if (day->verify->finished && ((uint64_t)st.st_size - ARCHIVE_TIMES_HEAD) %
	    ARCHIVE_TIMES_SIZE)
		archive_fault(day, ARCHIVE_NO_ROW, "times", (uint64_t)st.st_size,
			      "the last entry is not whole");
}

void archive_verify_time(struct archive_verifying *day, uint64_t row, uint64_t time_ns)
{
	uint64_t entry = row / ARCHIVE_TIMES_ROWS, at;
	uint8_t bytes[ARCHIVE_TIMES_SIZE];

	if (time_ns > day->max_time)
		day->max_time = time_ns;
	if (day->times < 0 || (row + 1) % ARCHIVE_TIMES_ROWS || entry >= day->entries)
		return;
	at = ARCHIVE_TIMES_HEAD + entry * ARCHIVE_TIMES_SIZE;
	if (archive_read_all(day->times, bytes, sizeof(bytes), at) ||
	    archive_times_get(bytes) != day->max_time)
		archive_fault(day, row, "times", at,
			      "time %llu, expected %llu; `memlog archive repair` makes the file "
			      "again", (unsigned long long)archive_times_get(bytes),
			      (unsigned long long)day->max_time);
}

void archive_verify_data_end(struct archive_verifying *day, unsigned int number)
{
	char name[ARCHIVE_NAME_ROOM];
	struct stat st;

	archive_data_name(name, number);
	if (!day->end_known || fstatat(day->dirfd, name, &st, AT_SYMLINK_NOFOLLOW))
		return;
	if ((uint64_t)st.st_size != day->end)
		archive_fault(day, ARCHIVE_NO_ROW, name, day->end,
			      "%llu bytes, expected %llu: nothing stands behind the last row",
			      (unsigned long long)st.st_size, (unsigned long long)day->end);
}

static int check_meta_head(struct archive_verifying *day)
{
	uint8_t head[ARCHIVE_META_HEAD];
	int err;

	if (day->rows->meta_size < ARCHIVE_META_HEAD)
		return 0;
	err = archive_read_all(day->rows->meta, head, sizeof(head), 0);
	if (!err && archive_meta_head_check(head))
		archive_fault(day, ARCHIVE_NO_ROW, "meta", 0,
			      "no header of version 1 with entries of %u bytes",
			      ARCHIVE_META_SIZE);
	return err;
}

static void check_size(struct archive_verifying *day, const char *name, uint64_t size,
		       uint64_t wanted)
{
	if (size != wanted)
		archive_fault(day, ARCHIVE_NO_ROW, name, size < wanted ? size : wanted,
			      "%llu bytes, expected %llu for %llu rows",
			      (unsigned long long)size, (unsigned long long)wanted,
			      (unsigned long long)day->count);
}

/* Both tell of more rows than the other one. */
static void check_sizes(struct archive_verifying *day)
{
	const struct archive_rows *rows = day->rows;
	struct stat st;

	if (rows->index < 0)
		archive_fault(day, ARCHIVE_NO_ROW, "index", 0, "the file is missing");
	check_size(day, "index", rows->index_size, day->count * ARCHIVE_INDEX_SIZE);
	if (rows->has_meta)
		check_size(day, "meta", rows->meta_size,
			   ARCHIVE_META_HEAD + day->count * ARCHIVE_META_SIZE);
	if (!fstatat(day->dirfd, "finish", &st, AT_SYMLINK_NOFOLLOW) &&
	    (!S_ISREG(st.st_mode) || st.st_size))
		archive_fault(day, ARCHIVE_NO_ROW, "finish", 0, "expected an empty file");
}

/* The number in "dataNNNNNN", -1 if it is none. */
static int data_number(const char *name)
{
	if (strncmp(name, "data", 4) || strlen(name) != 10 ||
	    strspn(name + 4, "0123456789") != 6)
		return -1;
	return atoi(name + 4);
}

/* Data files without rows; the writer of an open day makes the next one ahead. */
static int check_names(struct archive_verifying *day)
{
	uint64_t files = (day->count + ARCHIVE_FILE_ROWS - 1) / ARCHIVE_FILE_ROWS;
	int fd = openat(day->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int err = errno;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return -err;
	}
	if (!files)
		files = 1;
	while ((entry = readdir(dir))) {
		int number = data_number(entry->d_name);

		if (number < 0 || (uint64_t)number < files ||
		    (!day->verify->finished && (uint64_t)number == files))
			continue;
		archive_fault(day, ARCHIVE_NO_ROW, entry->d_name, 0,
			      "expected no such file: %llu rows take %llu",
			      (unsigned long long)day->count, (unsigned long long)files);
	}
	closedir(dir);
	return 0;
}

int archive_verify_files(struct archive_verifying *day)
{
	int err = 0;

	if (day->rows->has_meta)
		err = check_meta_head(day);
	else if (day->times >= 0)
		archive_fault(day, ARCHIVE_NO_ROW, "meta", 0,
			      "the file is missing, times is there");
	if (day->verify->finished)
		check_sizes(day);
	if (day->entries > day->count / ARCHIVE_TIMES_ROWS)
		archive_fault(day, ARCHIVE_NO_ROW, "times", ARCHIVE_TIMES_HEAD,
			      "%llu entries, expected at most %llu; `memlog archive repair` "
			      "makes the file again", (unsigned long long)day->entries,
			      (unsigned long long)(day->count / ARCHIVE_TIMES_ROWS));
	return err ? err : check_names(day);
}
