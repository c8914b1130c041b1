/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Between the two halves of mending: mend.c finds where a day ends, cut.c cuts.
 */
#ifndef MEMLOG_ARCHIVE_MEND_H
#define MEMLOG_ARCHIVE_MEND_H

#include "rows.h"
#include "writing.h"

/**
 * struct archive_mending - A day that is mended.
 * @bound: Rows that are known to have been committed, and to be on the disk if
 *         the machine has gone down since.
 * @there: Rows that index and meta have.
 * @keep: Rows that stay.
 * @damaged: Rows among those that are not whole.
 * @number: Data file of the last row that stays.
 * @data_size: Its size then.
 * @bytes: Bytes that are cut.
 * @words: What is cut from which files.
 * @aside: Folder where it is; empty: nowhere.
 */
struct archive_mending {
	uint32_t date;
	int dirfd;
	struct archive_rows *rows;
	bool has_meta;
	uint64_t bound;
	uint64_t there;
	uint64_t keep;
	uint64_t damaged;
	uint64_t first_damaged;
	unsigned int number;
	uint64_t data_size;
	uint64_t bytes;
	char words[256];
	char aside[ARCHIVE_NAME_ROOM];
};

/* Sets what there is to be cut. */
int archive_cut_find(struct archive_mending *mend);
/* Copies that. */
int archive_cut_aside(struct archive_writer *writer, struct archive_mending *mend);
int archive_cut(struct archive_mending *mend);

/* Where a day ends whose last row is @found, the @rows th. */
int archive_found_end(int dirfd, uint32_t date, uint64_t rows,
		      const struct archive_found *found, struct archive_end *end);

#endif /* MEMLOG_ARCHIVE_MEND_H */
