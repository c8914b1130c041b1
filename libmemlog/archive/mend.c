// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a crash has left of the day that is written.
 *
 * Three things look alike and are not. A torn tail, rows of a batch whose commit
 * did not end, is cut: nobody was told that they are there. Damage to rows that
 * were committed is left where it is and told: what stands behind it is good.
 * Rows that can't be kept although they were committed, because a file is gone or
 * cut short, are put aside before they are cut. DIR/lock says which is which.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mend.h"
#include "rows.h"
#include "writing.h"

/* Whether a row is not whole: 1, 0, or -errno. */
static int is_bad(struct archive_rows *rows, uint64_t row, struct archive_found *found)
{
	int err = archive_rows_get(rows, row, found);

	return err == -EBADMSG ? 1 : err;
}

/* Off the end go rows that are not whole. */
static int cut_bad_end(struct archive_mending *mend)
{
	struct archive_found found;
	int bad = 1;

	for (mend->keep = mend->there; mend->keep; mend->keep--) {
		bad = is_bad(mend->rows, mend->keep - 1, &found);
		if (bad <= 0)
			break;
	}
	return bad < 0 ? bad : 0;
}

/* Does a row of a day without checksums stand behind the one before? */
static bool follows(const struct archive_found *before, const struct archive_found *found)
{
	if (found->index.file == before->index.file)
		return found->index.offset == before->end;
	return found->index.file == before->index.file + 1 && !found->index.offset;
}

/*
 * Looks at rows from @from on; the first that is not whole, of those that nobody
 * was told of, ends the day.
 */
static int look_from(struct archive_mending *mend, uint64_t from)
{
	struct archive_found before = { .end = 0 }, found;
	bool known = false;

	for (uint64_t row = from; row < mend->keep; row++) {
		int bad = is_bad(mend->rows, row, &found);

		if (bad < 0)
			return bad;
		if (!bad && known && !mend->rows->has_meta && !follows(&before, &found))
			bad = 1;
		if (bad && row >= mend->bound) {
			mend->keep = row;
			break;
		}
		if (bad && !mend->damaged++)
			mend->first_damaged = row;
		known = !bad;
		before = found;
	}
	return 0;
}

/* A header that is not ours: a torn one, or that of a version to come? */
static int check_head(struct archive_writer *writer, struct archive_mending *mend)
{
	uint8_t head[ARCHIVE_META_HEAD];
	int err;

	if (!mend->rows->has_meta || mend->keep || mend->rows->meta_size < sizeof(head))
		return 0;
	/* A first batch that nobody was told of may have any header. */
	if (!mend->bound && mend->there <= ARCHIVE_BATCH_ROWS)
		return 0;
	err = archive_read_all(mend->rows->meta, head, sizeof(head), 0);
	if (err)
		return err;
	/* Versions are small numbers, and their zeros are not there by accident. */
	if (archive_meta_head_check(head) == -EPROTONOSUPPORT && !head[8] && !head[9] &&
	    !head[10] && head[11] > 1 && !head[12] && !head[13]) {
		archive_say(writer, "%08u: its meta is of version %u, this program knows "
			    "version 1; use a newer memlog", mend->date, head[11]);
		return -EPROTONOSUPPORT;
	}
	return 0;
}

/* Rows without a meta: 0 they can be gone on with, or never were rows. */
static int check_bare(struct archive_writer *writer, struct archive_mending *mend)
{
	bool ours = writer->before.date == mend->date && writer->before.has_meta;

	if (mend->rows->has_meta || mend->rows->index_size < ARCHIVE_INDEX_SIZE)
		return 0;
	if (ours && !mend->bound) {
		/* The folder's entry for it was lost with the batch. */
		mend->rows->has_meta = true;
		return 0;
	}
	if (!ours && writer->options.bare)
		return 0;
	archive_say(writer, ours ? "%08u/meta is gone, and with it what tells its %llu rows from "
		    "damaged ones; nothing was changed: put it back, or run `memlog archive "
		    "repair --add-meta %s`, which makes another" :
		    "%08u has %llu rows and no meta: another program writes it, or its meta was "
		    "removed; nothing was changed: end that program, then run `memlog archive "
		    "repair --add-meta %s`, or use another folder", mend->date,
		    (unsigned long long)(mend->rows->index_size / ARCHIVE_INDEX_SIZE),
		    writer->path);
	return -EBADMSG;
}

/* A day of others that is cut into files in another way can't be gone on with. */
static int check_numbers(struct archive_writer *writer, const struct archive_mending *mend,
			 unsigned int number)
{
	if (!mend->keep || number == (mend->keep - 1) / ARCHIVE_FILE_ROWS)
		return 0;
	archive_say(writer, "%08u: row %llu is in data file %u, and a file has %u rows; nothing "
		    "was changed", mend->date, (unsigned long long)mend->keep - 1, number,
		    ARCHIVE_FILE_ROWS);
	return -EBADMSG;
}

static int decide(struct archive_writer *writer, struct archive_mending *mend)
{
	uint64_t from;
	int err;

	if (writer->before.date == mend->date)
		mend->bound = archive_mark_same_boot(writer) ? writer->before.committed :
							       writer->before.durable;
	err = check_bare(writer, mend);
	if (err)
		return err;
	mend->there = archive_rows_count(mend->rows);
	err = cut_bad_end(mend);
	if (!err)
		err = check_head(writer, mend);
	if (err)
		return err;
	from = mend->keep > ARCHIVE_TAIL_ROWS ? mend->keep - ARCHIVE_TAIL_ROWS : 0;
	return look_from(mend, from < mend->bound ? from : mend->bound);
}

/* The last row that is kept says where data ends, and the archive. */
static int find_end(struct archive_writer *writer, struct archive_mending *mend,
		    struct archive_end *end)
{
	struct archive_found found;
	int err;

	mend->number = 0;
	mend->data_size = 0;
	if (!mend->keep)
		return 0;
	err = archive_rows_get(mend->rows, mend->keep - 1, &found);
	if (err)
		return err;
	mend->number = found.index.file;
	mend->data_size = found.end;
	return archive_found_end(mend->dirfd, mend->date, mend->keep, &found, end);
}

/* Whether what is cut is more than a batch that nobody was told of. */
static bool worth_keeping(const struct archive_writer *writer, const struct archive_mending *mend)
{
	return mend->keep < mend->bound || writer->before.date != mend->date ||
	       mend->there - mend->keep > ARCHIVE_BATCH_ROWS ||
	       mend->bytes > 2 * ARCHIVE_BATCH_BYTES;
}

static void tell(struct archive_writer *writer, const struct archive_mending *mend)
{
	if (mend->damaged)
		archive_say(writer, "%08u: %llu rows are damaged, the first is row %llu; they are "
			    "left as they are, `memlog archive verify %s` names them", mend->date,
			    (unsigned long long)mend->damaged,
			    (unsigned long long)mend->first_damaged, writer->path);
	if (mend->bytes)
		archive_say(writer, "%08u: cut behind %llu whole rows: %llu rows were not whole "
			    "(%s)%s%s", mend->date, (unsigned long long)mend->keep,
			    (unsigned long long)(archive_rows_begun(mend->rows) - mend->keep),
			    mend->words, mend->aside[0] ? "; what was cut is in " : "",
			    mend->aside);
}

int archive_mend(struct archive_writer *writer, uint32_t date, int dirfd)
{
	struct archive_mending mend = { .date = date, .dirfd = dirfd };
	struct archive_end end = { 0 };
	int err;

	err = archive_rows_open(&mend.rows, dirfd);
	if (err)
		return archive_fail(writer, err, "%08u can't be read", date);
	err = decide(writer, &mend);
	if (!err)
		err = find_end(writer, &mend, &end);
	if (!err)
		err = check_numbers(writer, &mend, mend.number);
	if (!err)
		err = archive_cut_find(&mend);
	if (!err && mend.bytes && worth_keeping(writer, &mend))
		err = archive_cut_aside(writer, &mend);
	if (!err && mend.bytes)
		err = archive_cut(&mend);
	if (!err)
		tell(writer, &mend);
	else if (err != -EBADMSG && err != -EPROTONOSUPPORT)
		archive_fail(writer, err, "%08u can't be mended", date);
	mend.has_meta = mend.rows->has_meta || !mend.keep;
	archive_rows_close(mend.rows);
	if (err)
		return err;
	writer->end.rows = mend.keep;
	if (mend.keep) {
		writer->end.stream = end.stream;
		writer->end.seq = end.seq;
		writer->end.pos = end.pos;
	}
	return archive_files_open(writer, date, dirfd, mend.keep, mend.number, mend.data_size,
				  mend.has_meta);
}
