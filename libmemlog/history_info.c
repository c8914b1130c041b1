// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The numbers of an archive's streams, as memlog_reader_info() gives them.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "history.h"
#include "private.h"

int memlog_history_finder(const struct memlog_history *history,
			  struct archive_cursor *finder)
{
	int fd = fcntl(history->cursor.dirfd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	archive_cursor_init(finder, fd);
	return 0;
}

static bool still_there(const struct memlog_history *history)
{
	char name[ARCHIVE_DATE_NAME];

	if (!history->oldest.date)
		return false;
	archive_date_name(name, history->oldest.date);
	return !faccessat(history->cursor.dirfd, name, F_OK, 0);
}

/* Where the reader's stream begins in the archive; its date is 0 if nowhere. */
static int find_beginning(struct memlog_reader *reader)
{
	struct memlog_history *history = reader->history;
	struct archive_spot *oldest = &history->oldest;
	struct archive_cursor finder;
	int err;

	if (still_there(history))
		return 0;
	memset(oldest, 0, sizeof(*oldest));
	err = memlog_history_finder(history, &finder);
	if (err)
		return err;
	err = archive_find_seq(&finder, reader->stream, ~0ULL, oldest);
	if (!err || err == -ENOENT)
		err = archive_find_oldest(&finder, oldest);
	if (err)
		memset(oldest, 0, sizeof(*oldest));
	archive_cursor_close(&finder);
	return err == -ENOENT || err == -ESTALE ? 0 : err;
}

/* What an archive alone can say: the numbers of the reader's stream. */
static int archive_info(struct memlog_reader *reader, struct memlog_info *info)
{
	struct archive_spot end = { .seq = reader->place.seq, .pos = reader->place.pos };
	struct archive_cursor finder;
	int err;

	memset(info, 0, sizeof(*info));
	err = memlog_history_finder(reader->history, &finder);
	if (err)
		return err;
	err = archive_find_seq(&finder, reader->stream, ~0ULL, &end);
	archive_cursor_close(&finder);
	info->abi = MEMLOG_ABI;
	info->stream = reader->stream;
	info->written_seq = MEMLOG_SEQ_NONE;
	info->oldest_seq = end.seq;
	info->oldest_pos = end.pos;
	info->next_seq = end.seq;
	info->next_pos = end.pos;
	return err == -ENOENT || err == -ESTALE ? 0 : err;
}

int memlog_history_info(struct memlog_reader *reader, struct memlog_info *info)
{
	struct memlog_history *history = reader->history;
	int err;

	if (history->ring && history->ring->stream == reader->stream)
		err = history->ring->source->info(history->ring, info);
	else
		err = archive_info(reader, info);
	if (!err)
		err = find_beginning(reader);
	if (err || !history->oldest.date || history->oldest.seq > info->oldest_seq)
		return err;
	info->oldest_seq = history->oldest.seq;
	info->oldest_pos = history->oldest.pos;
	return 0;
}
