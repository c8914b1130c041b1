// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The file of an embedded ring: found and locked, made, or replaced.
 *
 * Who holds the lock on the file at PATH is the ring's one writing process. A
 * file that takes its place is made whole as PATH.new, locked, and renamed, so
 * that PATH is a complete ring at every moment. Only then is the old one marked
 * retired; a writer killed in between leaves a file without a name, which its
 * readers notice.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "embedded.h"
#include "private.h"

#define OPEN_TRIES	100

/* A ring in the making. */
struct fresh {
	struct memlog_map map;
	char *path;		/* PATH.new, NULL for a memfd */
	int fd;
};

static u64 new_stream(void)
{
	u64 stream = 0;

	while (!stream)
		if (getrandom(&stream, sizeof(stream), 0) != sizeof(stream))
			stream = 0;
	return stream;
}

/* Whether @path names the file of @fd. */
static bool names_file(const char *path, int fd)
{
	struct stat at_path, at_fd;

	return !lstat(path, &at_path) && !fstat(fd, &at_fd) &&
	       at_path.st_dev == at_fd.st_dev && at_path.st_ino == at_fd.st_ino;
}

/*
 * Opens and locks the file at @path, which may be replaced by the process that
 * holds the lock until then.
 */
static int open_locked(const char *path, int flags, mode_t mode)
{
	struct stat st;
	int fd, err;

	for (int i = 0; i < OPEN_TRIES; i++) {
		fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags,
			  mode);
		if (fd < 0)
			return -errno;
		err = fstat(fd, &st) ? -errno : 0;
		if (!err && !S_ISREG(st.st_mode))
			err = -EBADMSG;
		if (!err && flock(fd, LOCK_EX | LOCK_NB))
			err = errno == EWOULDBLOCK ? -EBUSY : -errno;
		if (!err && names_file(path, fd))
			return fd;
		close(fd);
		if (err)
			return err;
	}
	return -EBUSY;
}

static void fresh_drop(struct fresh *fresh)
{
	memlog_unmap(&fresh->map);
	if (fresh->path)
		unlink(fresh->path);
	free(fresh->path);
	if (fresh->fd >= 0)
		close(fresh->fd);
}

static int fresh_open(struct fresh *fresh, const struct memlog_embedded *ring)
{
	if (!ring->path) {
		fresh->fd = memfd_create("memlog", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		return fresh->fd < 0 ? -errno : 0;
	}
	if (asprintf(&fresh->path, "%s.new", ring->path) < 0) {
		fresh->path = NULL;
		return -ENOMEM;
	}
	fresh->fd = open_locked(fresh->path, O_CREAT, 0600);
	if (fresh->fd < 0) {
		/* Whoever has it open is making it. */
		free(fresh->path);
		fresh->path = NULL;
		return fresh->fd;
	}
	if (ftruncate(fresh->fd, 0) || fchmod(fresh->fd, ring->mode))
		return -errno;
	return 0;
}

/* An empty ring beside the one at @ring->path. */
static int fresh_make(struct fresh *fresh, const struct memlog_embedded *ring,
		      const struct memlog_geometry *geo, u64 stream, u32 generation)
{
	int err;

	memset(fresh, 0, sizeof(*fresh));
	fresh->fd = -1;
	err = fresh_open(fresh, ring);
	if (!err)
		err = memlog_ringfile_init(fresh->fd, geo, stream, generation,
					   &fresh->map);
	if (!err && !ring->path &&
	    fcntl(fresh->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		err = -errno;
	if (err)
		fresh_drop(fresh);
	return err;
}

/* Makes it the ring's own. */
static void fresh_take(struct fresh *fresh, struct memlog_embedded *ring,
		       const struct memlog_span *span)
{
	ring->map = fresh->map;
	ring->fd = fresh->fd;
	ring->ring.kept = *span;
	free(fresh->path);
}

/* Tells readers of @map that nothing will be added to it any more. */
static void retire(struct memlog_embedded *ring)
{
	__atomic_store_n(&ring->map.buf.ctrl->retired, 1, __ATOMIC_RELEASE); /* (C) */
	memlog_embedded_wake(ring);
}

static struct memlog_span empty_span(void)
{
	struct memlog_span span = { 0 };

	span.oldest.pos = MEMLOG_FIRST_POS;
	span.next.pos = MEMLOG_FIRST_POS;
	return span;
}

/* A ring where none was. -EEXIST: there is one now. */
static int make_first(struct memlog_embedded *ring, const struct memlog_geometry *geo)
{
	struct memlog_span span = empty_span();
	struct fresh fresh;
	int err;

	err = fresh_make(&fresh, ring, geo, new_stream(), 0);
	if (err)
		return err;
	if (fresh.path) {
		/* Unlike rename(2), this never replaces what is there. */
		if (link(fresh.path, ring->path)) {
			err = -errno;
			fresh_drop(&fresh);
			return err;
		}
		unlink(fresh.path);
	}
	fresh_take(&fresh, ring, &span);
	return 0;
}

/* A new stream in the place of the ring at ring->fd, which may be damaged. */
static int make_instead(struct memlog_embedded *ring, const struct memlog_geometry *geo)
{
	struct memlog_span span = empty_span();
	struct fresh fresh;
	int err;

	err = fresh_make(&fresh, ring, geo, new_stream(), 0);
	if (err)
		return err;
	if (rename(fresh.path, ring->path)) {
		err = -errno;
		fresh_drop(&fresh);
		return err;
	}
	if (ring->map.base) {
		retire(ring);
		memlog_unmap(&ring->map);
	}
	close(ring->fd);
	fresh_take(&fresh, ring, &span);
	return 0;
}

/* Copies the newest records into @fresh, as many as fit. */
static void copy_newest(const struct memlog_embedded *ring, struct memlog_map *fresh,
			struct memlog_span *span)
{
	const struct memlog_buf *from = &ring->map.buf;
	const struct memlog_span *kept = &ring->ring.kept;
	u64 seq = memlog_buf_fitting(from, fresh->geo.text_size, fresh->geo.records);

	memset(span, 0, sizeof(*span));
	span->next = kept->next;
	if (seq < kept->next.seq)
		memlog_buf_place(from, seq, &span->next);
	span->oldest = span->next;
	for (; seq < kept->next.seq; seq++) {
		const struct memlog_record *rec = memlog_buf_desc(from, seq);

		memlog_buf_append(&fresh->buf, span, rec, memlog_buf_text(from, rec->pos));
	}
	/* Where the end is stands in the last descriptor, its text kept or not. */
	if (seq)
		*memlog_buf_desc(&fresh->buf, seq - 1) = *memlog_buf_desc(from, seq - 1);
	span->last_time = kept->last_time;
}

static int resize_locked(struct memlog_embedded *ring, const struct memlog_geometry *geo)
{
	struct memlog_span span;
	struct fresh fresh;
	int err;

	err = fresh_make(&fresh, ring, geo, ring->map.stream,
			 ring->map.buf.ctrl->generation + 1);
	if (err)
		return err;
	copy_newest(ring, &fresh.map, &span);
	memlog_buf_publish(&fresh.map.buf, &span);
	fresh.map.state->finished = ring->finished;
	if (fresh.path && rename(fresh.path, ring->path)) {
		err = -errno;
		fresh_drop(&fresh);
		return err;
	}
	retire(ring);
	memlog_unmap(&ring->map);
	close(ring->fd);
	fresh_take(&fresh, ring, &span);
	return 0;
}

int memlog_embedded_resize(struct memlog_embedded *ring,
			   const struct memlog_resize *resize)
{
	struct memlog_geometry geo = {
		.text_size = resize->text_size,
		.records = resize->records,
		.max_record = resize->max_record,
	};
	int err;

	if (resize->flags || memlog_geometry_check(&geo))
		return -EINVAL;
	port_lock(&ring->ring.lock);
	err = resize_locked(ring, &geo);
	port_unlock(&ring->ring.lock);
	return err;
}

static bool same_geometry(const struct memlog_geometry *a,
			  const struct memlog_geometry *b)
{
	return a->text_size == b->text_size && a->records == b->records &&
	       a->max_record == b->max_record;
}

/* Goes on with the ring at ring->fd, or makes another one in its place. */
static int take_over(struct memlog_embedded *ring, u32 flags,
		     const struct memlog_geometry *geo)
{
	struct memlog_geometry sizes = *geo;
	int err;

	err = memlog_map_file(&ring->map, ring->fd, true);
	if (!err)
		err = memlog_map_recover(&ring->map, &ring->ring.kept);
	if (!sizes.text_size && !err)
		sizes = ring->map.geo;
	if (flags & MEMLOG_EMBEDDED_NEW || (!err && ring->map.state->finished)) {
		memlog_geometry_check(&sizes);
		return make_instead(ring, &sizes);
	}
	if (err)
		return err;
	ring->map.buf.ctrl->next_pos = ring->ring.kept.next.pos;
	if (!same_geometry(&sizes, &ring->map.geo))
		return resize_locked(ring, &sizes);
	return 0;
}

static int open_path(struct memlog_embedded *ring, u32 flags,
		     const struct memlog_geometry *geo)
{
	struct memlog_geometry sizes = *geo;
	int err;

	memlog_geometry_check(&sizes);
	for (int i = 0; i < OPEN_TRIES; i++) {
		ring->fd = open_locked(ring->path, 0, 0);
		if (ring->fd >= 0)
			return take_over(ring, flags, geo);
		if (ring->fd != -ENOENT || flags & MEMLOG_EMBEDDED_EXISTING)
			return ring->fd;
		err = make_first(ring, &sizes);
		if (err != -EEXIST)
			return err;
	}
	return -EBUSY;
}

/**
 * memlog_embedded_file_open() - Find or make the file of a ring.
 * @ring: The ring: path, mode and comm are set.
 * @flags: MEMLOG_EMBEDDED_*.
 * @geo: Sizes asked for; text_size 0: none were.
 *
 * Return: As memlog_embedded_open().
 */
int memlog_embedded_file_open(struct memlog_embedded *ring, u32 flags,
			      const struct memlog_geometry *geo)
{
	struct memlog_geometry sizes = *geo;
	int err;

	memlog_ring_init(&ring->ring, &ring->map.buf);
	if (ring->path) {
		err = open_path(ring, flags, geo);
	} else {
		memlog_geometry_check(&sizes);
		err = flags & MEMLOG_EMBEDDED_EXISTING ? -ENOENT :
							make_first(ring, &sizes);
	}
	if (err)
		memlog_embedded_file_close(ring);
	return err;
}

/**
 * memlog_embedded_file_close() - Undo memlog_embedded_file_open().
 * @ring: The ring.
 */
void memlog_embedded_file_close(struct memlog_embedded *ring)
{
	memlog_unmap(&ring->map);
	if (ring->fd >= 0)
		close(ring->fd);
	pthread_mutex_destroy(&ring->ring.lock);
}
