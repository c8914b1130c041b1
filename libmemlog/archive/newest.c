// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The days that are there: older ones are finished, the newest is gone on with.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "writing.h"

/* Another try may tell what this one did not. */
static bool may_pass(int err)
{
	return err == -EMFILE || err == -ENFILE || err == -ENOMEM;
}

/* Opens a day for writing, mended. */
static int open_mended(struct archive_writer *writer, uint32_t date)
{
	char name[ARCHIVE_NAME_ROOM];
	int fd, err;

	archive_date_name(name, date);
	fd = archive_open_day(writer, name);
	if (fd < 0)
		return archive_fail(writer, fd, "%s can't be opened", name);
	err = archive_mend(writer, date, fd);
	if (err) {
		close(fd);
		return err;
	}
	if (archive_times_open(&writer->day, !archive_mark_same_boot(writer)))
		archive_give(writer, writer->day.times, 0640);
	return 0;
}

/* One that was left behind by a crash, or by another program. */
static void finish_old(struct archive_writer *writer, uint32_t date)
{
	char name[ARCHIVE_NAME_ROOM];
	int fd, finish = -1, err = open_mended(writer, date);

	/* The next opening mends it, which nobody does once it is finished. */
	if (may_pass(err))
		return;
	if (!err) {
		if (!archive_files_finish(writer))
			archive_say(writer, "%08u is finished: later days are there", date);
		archive_files_close(&writer->day);
		return;
	}
	archive_date_name(name, date);
	fd = archive_open_day(writer, name);
	if (fd >= 0)
		finish = archive_open_file(fd, "finish", O_WRONLY | O_CREAT);
	if (finish >= 0) {
		archive_give(writer, finish, 0640);
		close(finish);
		archive_say(writer, "%08u is finished as it is: later days are there", date);
	}
	if (fd >= 0)
		close(fd);
}

/*
 * Where a day that is not open ends: 1; 0 it does not tell; -errno it may tell later,
 * and whoever took an earlier end for it would write the same records twice.
 */
static int find_end(struct archive_writer *writer, uint32_t date, struct archive_end *end)
{
	char name[ARCHIVE_NAME_ROOM];
	int fd, err;

	archive_date_name(name, date);
	fd = archive_open_day(writer, name);
	err = fd < 0 ? fd : archive_last_row(fd, date, end);
	if (fd >= 0)
		close(fd);
	if (may_pass(err))
		return archive_fail(writer, err, "%s can't be read", name);
	return !err;
}

/* The last record may be days before the newest day. */
static int find_last(struct archive_writer *writer, const uint32_t *dates, size_t count)
{
	struct archive_end end = { 0 };
	int ret = 0;

	while (!ret && count--) {
		end = (struct archive_end) { 0 };
		ret = find_end(writer, dates[count], &end);
	}
	if (ret < 0)
		return ret;
	if (!ret)
		end = (struct archive_end) { 0 };
	writer->end.stream = end.stream;
	writer->end.seq = end.seq;
	writer->end.pos = end.pos;
	return 0;
}

static int load_days(struct archive_writer *writer, const uint32_t *dates, size_t count)
{
	uint32_t newest = dates[count - 1];
	int err = 0;

	for (size_t i = 0; i < count - 1; i++)
		if (!archive_is_finished(writer, dates[i]))
			finish_old(writer, dates[i]);
	writer->end = (struct archive_end) { .date = newest };
	writer->newest = newest;
	writer->newest_finished = archive_is_finished(writer, newest);
	writer->end.finished = writer->newest_finished;
	if (writer->newest_finished)
		err = find_end(writer, newest, &writer->end);
	else
		err = open_mended(writer, newest);
	if (err >= 0 && !writer->end.stream)
		err = find_last(writer, dates, count - 1);
	return err < 0 ? err : 0;
}

int archive_load_newest(struct archive_writer *writer)
{
	uint32_t *dates;
	size_t count;
	int err;

	archive_files_close(&writer->day);
	writer->newest = 0;
	writer->newest_finished = false;
	writer->end = (struct archive_end) { 0 };
	err = archive_list(writer, &dates, &count);
	if (err)
		return archive_fail(writer, err, "the folder can't be read");
	if (count)
		err = load_days(writer, dates, count);
	free(dates);
	archive_rolling_set(writer, writer->day.date);
	return err;
}
