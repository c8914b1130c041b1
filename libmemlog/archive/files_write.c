// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Writing the day that is open: data, index and meta, in that order, each at a
 * place that is known before, so that a failed write is taken back by cutting, and
 * done again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "writing.h"

#define COPY_SIZE	(256U << 10)

int archive_write_all(int fd, const uint8_t *data, size_t len, uint64_t offset)
{
	while (len) {
		ssize_t done = pwrite(fd, data, len, offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done ? -errno : -EIO;
		data += done;
		len -= done;
		offset += done;
	}
	return 0;
}

int archive_read_all(int fd, uint8_t *data, size_t len, uint64_t offset)
{
	while (len) {
		ssize_t done = pread(fd, data, len, offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done ? -errno : -ENODATA;
		data += done;
		len -= done;
		offset += done;
	}
	return 0;
}

/* What of a batch is in the next data file. */
static int write_next(struct archive_writer *writer, const struct archive_batch *batch)
{
	struct archive_files *day = &writer->day;
	int err;

	err = archive_files_make_next(writer);
	if (!err)
		err = archive_write_all(day->next.fd, batch->data + batch->split,
					batch->len - batch->split, 0);
	/* The one behind us is never synced again. */
	if (!err && fdatasync(day->data.fd)) {
		err = -errno;
		day->lost = true;
	}
	return err;
}

int archive_files_write(struct archive_writer *writer, const struct archive_batch *batch)
{
	struct archive_files *day = &writer->day;
	size_t first = batch->split < batch->len ? batch->split : batch->len;
	int err;

	day->torn = true;
	err = archive_write_all(day->data.fd, batch->data, first, day->data.size);
	if (!err && batch->split < batch->len)
		err = write_next(writer, batch);
	if (!err)
		err = archive_write_all(day->index.fd, batch->index,
					batch->rows * ARCHIVE_INDEX_SIZE, day->index.size);
	if (!err && day->has_meta)
		err = archive_write_all(day->meta.fd, batch->meta,
					batch->rows * ARCHIVE_META_SIZE, day->meta.size);
	return err;
}

/* Writes what is in a file once more, since the kernel forgot that it must. */
static int rewrite(const struct archive_file *file)
{
	uint8_t *copy = malloc(COPY_SIZE);
	uint64_t at = file->synced;
	int err = copy ? 0 : -ENOMEM;

	while (!err && at < file->size) {
		size_t len = file->size - at < COPY_SIZE ? file->size - at : COPY_SIZE;

		err = archive_read_all(file->fd, copy, len, at);
		if (!err)
			err = archive_write_all(file->fd, copy, len, at);
		at += len;
	}
	free(copy);
	return err;
}

int archive_files_sync(struct archive_writer *writer)
{
	struct archive_files *day = &writer->day;
	struct archive_file *files[] = { &day->data, &day->next, &day->index, &day->meta };
	int err = 0;

	for (unsigned int i = 0; i < 4 && !err && day->lost; i++)
		err = files[i]->fd < 0 ? 0 : rewrite(files[i]);
	if (!err)
		day->lost = false;
	/* All are on their way before the first is waited for: a fifth less time. */
	for (unsigned int i = 0; i < 4; i++)
		if (files[i]->fd >= 0)
			sync_file_range(files[i]->fd, files[i]->synced, 0, SYNC_FILE_RANGE_WRITE);
	for (unsigned int i = 0; i < 4 && !err; i++)
		if (files[i]->fd >= 0 && fdatasync(files[i]->fd)) {
			err = -errno;
			day->lost = true;
		}
	for (unsigned int i = 0; i < 4 && !err; i++)
		files[i]->synced = files[i]->size;
	return err;
}

static int trim_file(const struct archive_file *file)
{
	return file->fd >= 0 && ftruncate(file->fd, file->size) ? -errno : 0;
}

int archive_files_trim(struct archive_files *day)
{
	int err = trim_file(&day->meta);

	/* A row without meta is none; so that goes first. */
	if (!err)
		err = trim_file(&day->index);
	if (!err)
		err = trim_file(&day->data);
	if (!err)
		err = trim_file(&day->next);
	day->torn = err;
	return err;
}

void archive_files_settle(struct archive_files *day, const struct archive_batch *batch,
			  bool synced)
{
	day->torn = false;
	if (batch->split < batch->len) {
		close(day->data.fd);
		day->data = day->next;
		day->next = (struct archive_file) { .fd = -1 };
		day->number++;
		day->data.size = batch->len - batch->split;
	} else {
		day->data.size += batch->len;
	}
	day->index.size += batch->rows * ARCHIVE_INDEX_SIZE;
	if (day->has_meta)
		day->meta.size += batch->rows * ARCHIVE_META_SIZE;
	day->rows += batch->rows;
	if (!synced)
		return;
	day->data.synced = day->data.size;
	day->index.synced = day->index.size;
	day->meta.synced = day->meta.size;
}

/* Whatever the promise, a finished day is on the disk: nobody mends it any more. */
int archive_files_finish(struct archive_writer *writer)
{
	struct archive_files *day = &writer->day;
	char name[ARCHIVE_NAME_ROOM], final[ARCHIVE_DATE_NAME];
	int fd, err;

	err = day->torn ? archive_files_trim(day) : 0;
	if (!err)
		err = archive_files_sync(writer);
	if (err)
		return archive_fail(writer, err, "%08u can't be finished", day->date);
	if (day->times >= 0)
		fdatasync(day->times);
	fd = archive_open_file(day->dirfd, "finish", O_WRONLY | O_CREAT);
	if (fd < 0)
		return archive_fail(writer, fd, "%08u/finish", day->date);
	archive_give(writer, fd, 0640);
	close(fd);
	if (fsync(day->dirfd)) {
		err = archive_fail(writer, -errno, "%08u", day->date);
		/* It may get more rows, of which nobody would know who saw it complete. */
		unlinkat(day->dirfd, "finish", 0);
		return err;
	}
	if (!day->part)
		return 0;
	archive_part_name(name, day->date);
	archive_date_name(final, day->date);
	if (renameat2(writer->dirfd, name, writer->dirfd, final, RENAME_NOREPLACE) ||
	    fsync(writer->dirfd))
		return archive_fail(writer, -errno, "%s can't be put in its place", final);
	return 0;
}
