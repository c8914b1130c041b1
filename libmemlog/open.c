// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Opening readers: what a path or a file descriptor is decides the source.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "history.h"
#include "archive/day.h"
#include "private.h"
#include "reader.h"

#define ALL_FLAGS	(MEMLOG_READ_FOLLOW | MEMLOG_READ_NO_MMAP | \
			 MEMLOG_READ_SINCE | MEMLOG_READ_UNTIL | \
			 MEMLOG_READ_TAIL | MEMLOG_READ_FROM | MEMLOG_READ_ARCHIVE)

/* The first version's options ended here. */
#define LEAST_OPTIONS	offsetof(struct memlog_reader_options, archive)

int memlog_copy_options(void *to, size_t known, size_t least, const void *from,
			size_t size)
{
	const char *bytes = from;

	if (size < least)
		return -EINVAL;
	for (size_t i = known; i < size; i++)
		if (bytes[i])
			return -EINVAL;
	memcpy(to, from, min_of(size, known));
	return 0;
}

int memlog_reopen(int fd, int flags)
{
	char path[32];
	int copy;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	copy = open(path, flags | O_CLOEXEC | O_NOCTTY);
	if (copy < 0)
		copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return copy < 0 ? -errno : copy;
}

static int copy_reader_options(struct memlog_reader_options *opt,
			       const struct memlog_reader_options *given)
{
	int err;

	memset(opt, 0, sizeof(*opt));
	if (!given)
		return 0;
	err = memlog_copy_options(opt, sizeof(*opt), LEAST_OPTIONS, given, given->size);
	if (err)
		return err;
	/* not a part of a pointer either */
	if (opt->flags & MEMLOG_READ_ARCHIVE && (given->size < sizeof(*opt) || !opt->archive))
		return -EINVAL;
	return opt->flags & ~ALL_FLAGS || opt->reserved ? -EINVAL : 0;
}

static struct memlog_reader *reader_new(const struct memlog_reader_options *opt)
{
	struct memlog_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return NULL;
	reader->flags = opt->flags;
	reader->follow = opt->flags & MEMLOG_READ_FOLLOW;
	reader->until_ns = opt->flags & MEMLOG_READ_UNTIL ? opt->until_ns : ~0ULL;
	reader->armed_seq = MEMLOG_SEQ_NONE;
	reader->burst = MEMLOG_BATCH;
	reader->fd = -1;
	reader->device = -1;
	reader->inotify = -1;
	reader->timer = -1;
	return reader;
}

void memlog_reader_close(struct memlog_reader *reader)
{
	if (!reader)
		return;
	if (reader->source)
		reader->source->close(reader);
	free(reader->buf);
	free(reader->path);
	free(reader);
}

/* Makes *@readerp, a ring's, a reader of that and its archive. */
static int join(struct memlog_reader **readerp, const struct memlog_reader_options *opt)
{
	const struct memlog_reader_options all = { .size = sizeof(all) };
	struct memlog_reader *joined, *ring = *readerp;
	int err, dirfd;

	err = memlog_reader_begin(ring, &all);
	if (err)
		return err;
	dirfd = open(opt->archive, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return -errno;
	joined = reader_new(opt);
	err = joined ? memlog_history_open(joined, dirfd, ring) : -ENOMEM;
	if (err) {
		free(joined);
		close(dirfd);
		return err;
	}
	/* What it is asked is whether there is more, which only a follower is. */
	ring->follow = true;
	ring->until_ns = ~0ULL;
	*readerp = joined;
	return 0;
}

/* The reader is complete but for its place. */
static int begin(struct memlog_reader **readerp, struct memlog_reader *reader,
		 const struct memlog_reader_options *opt)
{
	int err = 0;

	if (opt->flags & MEMLOG_READ_ARCHIVE)
		err = join(&reader, opt);
	if (!err)
		err = memlog_reader_begin(reader, opt);
	if (err)
		memlog_reader_close(reader);
	else
		*readerp = reader;
	return err;
}

/*
 * Of all folders, those that an archive's writer has made, or that have days: who
 * names another one is better told than left to wait.
 */
static int open_folder(struct memlog_reader *reader, int fd)
{
	uint32_t *dates;
	size_t count;
	int err;

	if (reader->flags & MEMLOG_READ_ARCHIVE)
		return -EINVAL;
	err = archive_days(fd, &dates, &count);
	if (err)
		return err;
	free(dates);
	if (!count && faccessat(fd, "lock", F_OK, 0))
		return -ENOTTY;
	return memlog_history_open(reader, fd, NULL);
}

/* Takes @fd, also when it fails. */
static int open_source(struct memlog_reader *reader, int fd)
{
	struct stat st;
	int err = -ENOTTY;

	if (fstat(fd, &st))
		err = -errno;
	/* what memlogfs makes looks like a file */
	else if (S_ISCHR(st.st_mode) || S_ISREG(st.st_mode))
		err = memlog_device_open(reader, fd);
	if (err == -ENOTTY && S_ISREG(st.st_mode))
		err = memlog_file_open(reader, fd);
	else if (S_ISDIR(st.st_mode))
		err = open_folder(reader, fd);
	if (err)
		close(fd);
	return err;
}

static int open_reader(struct memlog_reader **readerp, int fd, const char *path,
		       const struct memlog_reader_options *opt)
{
	struct memlog_reader *reader = reader_new(opt);
	int err;

	if (!reader) {
		close(fd);
		return -ENOMEM;
	}
	err = open_source(reader, fd);
	if (err) {
		reader->source = NULL;
		memlog_reader_close(reader);
		return err;
	}
	if (path) {
		reader->path = strdup(path);
		if (!reader->path) {
			memlog_reader_close(reader);
			return -ENOMEM;
		}
	}
	return begin(readerp, reader, opt);
}

/* A ring file is opened for writing where that is allowed, to be woken. */
static int open_readable(const char *path)
{
	struct stat st;
	int fd, more;

	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return fd;
	more = memlog_reopen(fd, O_RDWR);
	if (more < 0)
		return fd;
	close(fd);
	return more;
}

int memlog_reader_open(struct memlog_reader **readerp, const char *path,
		       const struct memlog_reader_options *options)
{
	struct memlog_reader_options opt;
	int err, fd;

	err = copy_reader_options(&opt, options);
	if (err)
		return err;
	fd = open_readable(path);
	return fd < 0 ? fd : open_reader(readerp, fd, path, &opt);
}

int memlog_reader_open_fd(struct memlog_reader **readerp, int fd,
			  const struct memlog_reader_options *options)
{
	struct memlog_reader_options opt;
	struct stat st;
	int err, copy;

	err = copy_reader_options(&opt, options);
	if (err)
		return err;
	if (fstat(fd, &st))
		return -errno;
	copy = memlog_reopen(fd, S_ISREG(st.st_mode) ? O_RDWR : O_RDONLY | O_NONBLOCK);
	return copy < 0 ? copy : open_reader(readerp, copy, NULL, &opt);
}

int memlog_reader_open_embedded(struct memlog_reader **readerp,
				struct memlog_embedded *ring,
				const struct memlog_reader_options *options)
{
	struct memlog_reader_options opt;
	struct memlog_reader *reader;
	int err;

	err = copy_reader_options(&opt, options);
	if (err)
		return err;
	reader = reader_new(&opt);
	if (!reader)
		return -ENOMEM;
	err = memlog_embedded_attach(reader, ring);
	if (err) {
		reader->source = NULL;
		memlog_reader_close(reader);
		return err;
	}
	return begin(readerp, reader, &opt);
}
