// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Where a day ends, by its last row.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mend.h"

/* Damaged rows at the end of a finished day that are passed over. */
#define LOOK_BACK	4096

/* Bytes of text in the first @rows rows, which end with @found. */
static int texts_before(int dirfd, uint64_t rows, const struct archive_found *found,
			uint64_t *bytes)
{
	char name[ARCHIVE_NAME_ROOM];
	struct stat st;

	*bytes = found->end;
	for (unsigned int n = 0; n < found->index.file; n++) {
		archive_data_name(name, n);
		if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW))
			return -errno;
		*bytes += st.st_size;
	}
	*bytes -= rows * ARCHIVE_HEAD_SIZE;
	return 0;
}

int archive_found_end(int dirfd, uint32_t date, uint64_t rows,
		      const struct archive_found *found, struct archive_end *end)
{
	struct memlog_record rec;
	uint64_t stream;

	if (found->meta) {
		archive_meta_get(found->meta, &stream, &rec);
		archive_end_pass(end, stream, &rec, found->index.type, found->text,
				 found->head.len);
		return 0;
	}
	archive_end_pass_bare(end, date, rows - 1, 0);
	return texts_before(dirfd, rows, found, &end->pos);
}

int archive_last_row(int dirfd, uint32_t date, struct archive_end *end)
{
	struct archive_found found;
	struct archive_rows *rows;
	uint64_t count, tries = 0;
	int err;

	err = archive_rows_open(&rows, dirfd);
	if (err)
		return err;
	count = archive_rows_count(rows);
	end->rows = count;
	do {
		err = count ? archive_rows_get(rows, count - 1, &found) : -ENOENT;
	} while (err == -EBADMSG && count-- && tries++ < LOOK_BACK);
	if (!err)
		err = archive_found_end(dirfd, date, count, &found, end);
	/* Those that can't be read had numbers too. */
	if (!err)
		end->seq += end->rows - count;
	archive_rows_close(rows);
	return err;
}
