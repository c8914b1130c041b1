// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is wrong with a row: its parts are looked at one by one, in the order in
 * which they lead to each other.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verifying.h"
#include "writing.h"

bool archive_verify_place(struct archive_verifying *day, uint64_t row,
			  const struct archive_index *index)
{
	uint64_t file = row / ARCHIVE_FILE_ROWS;
	uint64_t at = row * ARCHIVE_INDEX_SIZE;

	if (index->file != file) {
		archive_fault(day, row, "index", at, "data file %u, expected %llu", index->file,
			      (unsigned long long)file);
		return false;
	}
	if (day->end_known && index->offset != day->end) {
		archive_fault(day, row, "index", at + 2,
			      "offset %llu, expected %llu, where the row before ends",
			      (unsigned long long)index->offset, (unsigned long long)day->end);
		return false;
	}
	return true;
}

/* Its header and whether its bytes are there. 0: told; 1: they are; or -errno. */
static int look_at_data(struct archive_verifying *day, uint64_t row, int fd,
			const char *name, const struct archive_index *index)
{
	uint8_t bytes[ARCHIVE_HEAD_SIZE];
	struct archive_head head;
	uint64_t size, at = index->offset;
	struct stat st;
	int err;

	if (fstat(fd, &st))
		return -errno;
	size = (uint64_t)st.st_size;
	if (at > size || size - at < ARCHIVE_HEAD_SIZE) {
		archive_fault(day, row, name, size, "the file ends, expected a header at %llu",
			      (unsigned long long)at);
		return 0;
	}
	err = archive_read_all(fd, bytes, sizeof(bytes), at);
	if (err)
		return err;
	if (archive_head_get(bytes, &head)) {
		unsigned int magic = (unsigned int)bytes[0] << 8 | bytes[1];

		if (magic != ARCHIVE_DATA_MAGIC)
			archive_fault(day, row, name, at, "magic %u, expected %u", magic,
				      ARCHIVE_DATA_MAGIC);
		else
			archive_fault(day, row, name, at + 6, "length %u, expected at most %u",
				      head.len, ARCHIVE_TEXT_MAX);
		return 0;
	}
	if (head.len > size - at - ARCHIVE_HEAD_SIZE) {
		archive_fault(day, row, name, at + 6,
			      "length %u, expected at most %llu, where the file ends", head.len,
			      (unsigned long long)(size - at - ARCHIVE_HEAD_SIZE));
		return 0;
	}
	return 1;
}

static void tell_sum(struct archive_verifying *day, uint64_t row, const char *name,
		     const struct archive_index *index)
{
	uint64_t at = ARCHIVE_META_HEAD + row * ARCHIVE_META_SIZE;

	archive_fault(day, row, name, index->offset,
		      "its checksum is wrong: a byte of this row, of its entry in meta (at "
		      "%llu) or of its type in index (at %llu) has changed",
		      (unsigned long long)at,
		      (unsigned long long)(row * ARCHIVE_INDEX_SIZE + 10));
}

int archive_verify_bad_row(struct archive_verifying *day, uint64_t row)
{
	uint8_t bytes[ARCHIVE_INDEX_SIZE];
	char name[ARCHIVE_NAME_ROOM];
	struct archive_index index;
	int fd, ret;

	ret = archive_read_all(day->rows->index, bytes, sizeof(bytes),
			       row * ARCHIVE_INDEX_SIZE);
	if (ret)
		return ret;
	if (archive_index_get(bytes, &index)) {
		archive_fault(day, row, "index", row * ARCHIVE_INDEX_SIZE,
			      "file number or offset is negative");
		return 0;
	}
	if (!archive_verify_place(day, row, &index))
		return 0;
	archive_data_name(name, index.file);
	fd = archive_open_file(day->dirfd, name, O_RDONLY);
	if (fd == -ENOENT || fd == -EBADMSG || fd == -ELOOP) {
		archive_fault(day, row, name, 0, "the file is missing, or is no file");
		return 0;
	}
	if (fd < 0)
		return fd;
	ret = look_at_data(day, row, fd, name, &index);
	close(fd);
	if (ret == 1)
		tell_sum(day, row, name, &index);
	return ret < 0 ? ret : 0;
}
