// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Mapping rings and making ring files. Nothing a file says is used before it is
 * checked, and what is used later is the copy that was checked.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memlog.h"
#include "private.h"
#include "ringfile.h"

static u64 page_size(void)
{
	return (u64)sysconf(_SC_PAGESIZE);
}

static bool aligned(u64 value, u64 to)
{
	return !(value & (to - 1));
}

/**
 * memlog_control_check() - Check all of a control page that never changes.
 * @ctrl: A copy of it that nobody else can change.
 * @geo: Set to the sizes it names.
 * @lay: Set to the layout it names.
 *
 * Return: 0; -EBADMSG it contradicts itself; -EPROTONOSUPPORT another ABI.
 */
int memlog_control_check(const struct memlog_control *ctrl,
			 struct memlog_geometry *geo, struct memlog_layout *lay)
{
	u64 page = page_size();

	if (ctrl->record_size != sizeof(struct memlog_record) || !ctrl->stream)
		return -EBADMSG;
	if (ctrl->abi != MEMLOG_ABI)
		return -EPROTONOSUPPORT;
	if (!ctrl->text_size || !ctrl->records || !ctrl->max_record)
		return -EBADMSG;
	geo->text_size = ctrl->text_size;
	geo->records = ctrl->records;
	geo->max_record = ctrl->max_record;
	if (memlog_geometry_check(geo))
		return -EBADMSG;

	/* Sizes are at most 2^30 from here on, so that sums can't overflow. */
	if (ctrl->map_size >> 40 || ctrl->text_off >> 40 || ctrl->desc_off >> 40 ||
	    ctrl->text_map >> 40)
		return -EBADMSG;
	if (ctrl->desc_off < sizeof(*ctrl) || !aligned(ctrl->desc_off, 64) ||
	    ctrl->desc_off + geo->records * sizeof(struct memlog_record) > ctrl->text_off)
		return -EBADMSG;
	if (!aligned(ctrl->text_off, page) || !aligned(ctrl->text_map, page) ||
	    !aligned(ctrl->text_map, ctrl->text_map) ||
	    ctrl->text_map < geo->text_size ||
	    ctrl->text_off + 2 * ctrl->text_map != ctrl->map_size)
		return -EBADMSG;
	lay->desc_off = ctrl->desc_off;
	lay->text_off = ctrl->text_off;
	lay->text_map = ctrl->text_map;
	lay->map_size = ctrl->map_size;
	return 0;
}

/**
 * memlog_ringfile_check_size() - Whether a ring file has all of its layout.
 * @fd: The file.
 * @lay: The layout.
 *
 * Return: 0; -EBADMSG it is shorter; or what fstat(2) gave.
 */
int memlog_ringfile_check_size(int fd, const struct memlog_layout *lay)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (st.st_size < 0 ||
	    (u64)st.st_size < memlog_state_offset(lay) + sizeof(struct memlog_state))
		return -EBADMSG;
	return 0;
}

/**
 * memlog_map_device() - Map a device's ring.
 * @map: Is filled in.
 * @fd: The device.
 * @size: What MEMLOG_IOC_INFO named as its map_size.
 *
 * Return: 0; -EINVAL @size is no longer right; -ENOMEM it is more than a process
 * can map; or what mmap(2) gave.
 */
int memlog_map_device(struct memlog_map *map, int fd, u64 size)
{
	struct memlog_control ctrl;
	int err;

	memset(map, 0, sizeof(*map));
	if (size > SIZE_MAX / 2)
		return -ENOMEM;
	map->base = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (map->base == MAP_FAILED)
		return -errno;
	map->size = size;
	memcpy(&ctrl, map->base, sizeof(ctrl));
	err = -EINVAL;
	if (ctrl.map_size == size)
		err = memlog_control_check(&ctrl, &map->geo, &map->lay);
	if (err) {
		memlog_unmap(map);
		return err;
	}
	map->stream = ctrl.stream;
	map->first_pos = ctrl.first_pos;
	memlog_buf_init(&map->buf, map->base, &map->geo, &map->lay);
	return 0;
}

static int read_control(int fd, struct memlog_control *ctrl)
{
	ssize_t n = pread(fd, ctrl, sizeof(*ctrl), 0);

	if (n < 0)
		return -errno;
	return n == sizeof(*ctrl) ? 0 : -EBADMSG;
}

/* The text is in the file once; here it stands twice in a row. */
static int map_parts(struct memlog_map *map, int fd, int prot)
{
	const struct memlog_layout *lay = &map->lay;
	u64 once = lay->text_off + lay->text_map;

	if (lay->map_size > SIZE_MAX / 2)
		return -ENOMEM;
	map->base = mmap(NULL, lay->map_size, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map->base == MAP_FAILED)
		return -errno;
	map->size = lay->map_size;
	if (mmap(map->base, once, prot, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED ||
	    mmap((char *)map->base + once, lay->text_map, prot,
		 MAP_SHARED | MAP_FIXED, fd, (off_t)lay->text_off) == MAP_FAILED)
		return -errno;
	return 0;
}

static int map_state(struct memlog_map *map, int fd)
{
	off_t off = (off_t)memlog_state_offset(&map->lay);
	struct memlog_state *state;

	state = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, off);
	map->state_writable = state != MAP_FAILED;
	if (state == MAP_FAILED)
		state = mmap(NULL, page_size(), PROT_READ, MAP_SHARED, fd, off);
	if (state == MAP_FAILED)
		return -errno;
	map->state = state;
	return state->magic == MEMLOG_STATE_MAGIC ? 0 : -EBADMSG;
}

/**
 * memlog_map_file() - Map a ring file.
 * @map: Is filled in.
 * @fd: The file.
 * @writable: For its writer.
 *
 * Return: 0; -EBADMSG not a ring, or damaged; -EPROTONOSUPPORT another ABI; or
 * what mmap(2) and the like gave.
 */
int memlog_map_file(struct memlog_map *map, int fd, bool writable)
{
	struct memlog_control ctrl;
	u64 oldest, next;
	int err;

	memset(map, 0, sizeof(*map));
	map->base = MAP_FAILED;
	err = read_control(fd, &ctrl);
	if (!err)
		err = memlog_control_check(&ctrl, &map->geo, &map->lay);
	if (!err)
		err = memlog_ringfile_check_size(fd, &map->lay);
	if (!err)
		err = map_parts(map, fd, writable ? PROT_READ | PROT_WRITE : PROT_READ);
	if (!err)
		err = map_state(map, fd);
	if (!err) {
		map->stream = ctrl.stream;
		map->first_pos = ctrl.first_pos;
		memlog_buf_init(&map->buf, map->base, &map->geo, &map->lay);
		if (!memlog_map_bounds(map, &oldest, &next))
			err = -EBADMSG;
	}
	if (err)
		memlog_unmap(map);
	return err;
}

/**
 * memlog_unmap() - Undo memlog_map_device() or memlog_map_file().
 * @map: The mapping; nothing is done to one that is all zeros.
 */
void memlog_unmap(struct memlog_map *map)
{
	if (map->state)
		munmap(map->state, page_size());
	if (map->size)
		munmap(map->base, map->size);
	memset(map, 0, sizeof(*map));
}

/**
 * memlog_map_bounds() - The records a ring says it keeps.
 * @map: The ring.
 * @oldest: Set to the oldest one's number.
 * @next: Set to the number of the next one to be written.
 *
 * Return: true, or false when they can't be true, whatever a writer is doing.
 */
bool memlog_map_bounds(const struct memlog_map *map, u64 *oldest, u64 *next)
{
	const struct memlog_buf *buf = &map->buf;
	u64 before;

	do {
		before = memlog_buf_next(buf);
		*oldest = port_load64(&buf->ctrl->oldest);
		port_rmb();
		*next = memlog_buf_next(buf);
	} while (*next != before);
	return *oldest <= *next && *next - *oldest <= map->geo.records;
}

/**
 * memlog_ringfile_init() - Make an empty file a ring, and map it.
 * @fd: The file, of size 0.
 * @geo: Sizes memlog_geometry_check() has accepted.
 * @stream: The stream's id.
 * @generation: How often the ring was resized before.
 * @map: Is filled in.
 *
 * Return: 0; -ENOSPC; or what mmap(2) and the like gave.
 */
int memlog_ringfile_init(int fd, const struct memlog_geometry *geo, u64 stream,
			 u32 generation, struct memlog_map *map)
{
	u64 page = page_size();
	struct memlog_state *state;
	int err;

	memset(map, 0, sizeof(*map));
	map->base = MAP_FAILED;
	map->geo = *geo;
	map->stream = stream;
	memlog_geometry_layout(geo, page, &map->lay);
	/* Allocated, not only promised: a full disk must not become a SIGBUS. */
	err = -posix_fallocate(fd, 0, (off_t)(memlog_state_offset(&map->lay) + page));
	if (err)
		return err;
	err = map_parts(map, fd, PROT_READ | PROT_WRITE);
	if (err)
		goto err_unmap;
	state = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		     (off_t)memlog_state_offset(&map->lay));
	if (state == MAP_FAILED) {
		err = -errno;
		goto err_unmap;
	}
	map->state = state;
	map->state_writable = true;
	state->magic = MEMLOG_STATE_MAGIC;
	memlog_buf_init(&map->buf, map->base, geo, &map->lay);
	memlog_buf_start(&map->buf, &map->lay, stream, generation);
	map->first_pos = map->buf.ctrl->first_pos;
	return 0;

err_unmap:
	memlog_unmap(map);
	return err;
}

/**
 * memlog_map_recover() - Find out again what the writers of a ring knew.
 * @map: The ring, which nobody is writing to.
 * @span: Is filled in.
 *
 * A record that was begun and not ended was never written.
 *
 * Return: 0; -EBADMSG its records contradict each other.
 */
int memlog_map_recover(const struct memlog_map *map, struct memlog_span *span)
{
	const struct memlog_buf *buf = &map->buf;
	const struct memlog_record *last;
	u64 seq, pos;

	memset(span, 0, sizeof(*span));
	if (!memlog_map_bounds(map, &seq, &span->next.seq))
		return -EBADMSG;
	memlog_buf_end(buf, &span->next);
	span->oldest.seq = seq;
	span->oldest.pos = span->next.pos;
	pos = span->next.pos;
	if (span->next.seq) {
		/* It stands there even when its text is gone. */
		last = memlog_buf_desc(buf, span->next.seq - 1);
		if (last->seq != span->next.seq - 1)
			return -EBADMSG;
		span->last_time = last->time_ns;
	}
	for (u64 i = span->next.seq; i > seq; i--) {
		const struct memlog_record *rec = memlog_buf_desc(buf, i - 1);

		if (rec->seq != i - 1 || rec->len > buf->text_size ||
		    rec->pos + rec->len != pos ||
		    span->next.pos - rec->pos > buf->text_size)
			return -EBADMSG;
		pos = rec->pos;
	}
	span->oldest.pos = pos;
	return 0;
}
