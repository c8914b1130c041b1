// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reading a ring file without mapping it, because whoever writes it may truncate
 * it at any moment: a read that comes up short is an error, a page that is not
 * there any more would kill the process.
 *
 * The protocol is that of a mapped ring, with pread(2) for every copy. Nobody is
 * asked to wake this reader: it looks every 20 ms.
 */
#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "private.h"
#include "reader.h"

#define LOOK_EVERY_NS	20000000
#define SCAN_RECORDS	256

static int read_at(const struct memlog_reader *reader, void *to, u64 len, u64 off)
{
	char *bytes = to;

	while (len) {
		ssize_t n = pread(reader->device, bytes, len, (off_t)off);

		if (n < 0)
			return -errno;
		if (!n)
			return -EBADMSG;
		bytes += n;
		len -= (u64)n;
		off += (u64)n;
	}
	return 0;
}

/* A control page that can be true. */
static int read_control(const struct memlog_reader *reader, struct memlog_control *ctrl)
{
	for (int i = 0; i < MEMLOG_TRIES; i++) {
		int err = read_at(reader, ctrl, sizeof(*ctrl), 0);

		port_rmb();
		if (err)
			return err;
		if (ctrl->oldest <= ctrl->next &&
		    ctrl->next - ctrl->oldest <= reader->map.geo.records)
			return 0;
	}
	return -EBADMSG;
}

static int read_descs(const struct memlog_reader *reader, struct memlog_record *descs,
		      u64 seq, u64 count)
{
	u64 slot = seq & (reader->map.geo.records - 1);

	return read_at(reader, descs, count * sizeof(*descs),
		       reader->map.lay.desc_off + slot * sizeof(*descs));
}

/* The text stands in the file once, so it may wrap. */
static int read_text(const struct memlog_reader *reader, char *to, u64 pos, u64 len)
{
	const struct memlog_layout *lay = &reader->map.lay;
	u64 off = pos & (lay->text_map - 1);
	u64 first = min_of(len, lay->text_map - off);
	int err;

	err = read_at(reader, to, first, lay->text_off + off);
	if (!err && first < len)
		err = read_at(reader, to + first, len - first, lay->text_off);
	return err;
}

/* The place of record @seq, or of the end. 1: it is gone by now. */
static int find_place(const struct memlog_reader *reader, u64 seq, u64 next,
		      struct memlog_place *place)
{
	struct memlog_control ctrl;
	struct memlog_record rec;
	int err;

	place->seq = seq;
	place->pos = reader->map.first_pos;
	if (!next)
		return 0;
	err = read_descs(reader, &rec, seq < next ? seq : next - 1, 1);
	if (!err)
		err = read_control(reader, &ctrl);
	if (err)
		return err;
	if (seq < next) {
		place->pos = rec.pos;
		return ctrl.oldest > seq;
	}
	place->pos = rec.pos + rec.len;
	return ctrl.next - (next - 1) >= reader->map.geo.records;
}

/* The place of record @seq, or of the oldest one if that is gone. */
static int find_kept(const struct memlog_reader *reader, u64 seq,
		     struct memlog_place *place)
{
	struct memlog_control ctrl;
	int err;

	for (int i = 0; i < MEMLOG_TRIES; i++) {
		err = read_control(reader, &ctrl);
		if (err)
			return err;
		err = find_place(reader, max_of(seq, ctrl.oldest), ctrl.next, place);
		if (err <= 0)
			return err;
	}
	return -EAGAIN;
}

static int copy_batch(struct memlog_reader *reader, u32 *count, u64 *bytes)
{
	const size_t descs_size = MEMLOG_BATCH * sizeof(struct memlog_record);
	int err;

	err = read_descs(reader, (struct memlog_record *)reader->buf, reader->cur.seq,
			 *count);
	if (err)
		return err;
	reader->descs = (struct memlog_record *)reader->buf;
	*count = memlog_batch_fitting(reader, *count, bytes);
	err = memlog_reader_reserve(reader, descs_size + *bytes);
	if (err)
		return err;
	reader->descs = (struct memlog_record *)reader->buf;
	reader->text = reader->buf + descs_size;
	reader->text_pos = reader->cur.pos;
	return read_text(reader, reader->buf + descs_size, reader->cur.pos, *bytes);
}

static int pread_fill(struct memlog_reader *reader)
{
	struct memlog_control ctrl;
	struct memlog_place kept;
	u64 slots, bytes = 0;
	u32 count;
	int ret = 0;

	for (int tries = 0; !ret && tries < MEMLOG_TRIES; tries++) {
		ret = read_control(reader, &ctrl);
		if (ret || ctrl.next <= reader->cur.seq)
			return ret;
		slots = reader->map.geo.records -
			(reader->cur.seq & (reader->map.geo.records - 1));
		count = (u32)min_of(reader->burst,
				    min_of(ctrl.next - reader->cur.seq, slots));
		ret = copy_batch(reader, &count, &bytes);
		if (!ret)
			ret = read_control(reader, &ctrl);
		if (ret)
			return ret;
		ret = memlog_batch_take(reader, count, bytes, ctrl.oldest);
		if (ret)
			return ret;
		ret = find_kept(reader, ctrl.oldest, &kept);
		if (!ret)
			reader->cur = kept;
	}
	return ret == -EAGAIN ? 0 : ret;
}

/* The first record with a time of @time_ns or later: one by one. */
static int find_since(const struct memlog_reader *reader, const struct memlog_control *ctrl,
		      u64 time_ns, u64 *seq)
{
	struct memlog_record descs[SCAN_RECORDS];
	u64 records = reader->map.geo.records;

	for (*seq = ctrl->oldest; *seq < ctrl->next;) {
		u64 count = min_of(ctrl->next - *seq, records - (*seq & (records - 1)));
		int err;

		count = min_of(count, SCAN_RECORDS);
		err = read_descs(reader, descs, *seq, count);
		if (err)
			return err;
		/* One that was overwritten meanwhile has a later time, and is gone. */
		for (u64 i = 0; i < count; i++, (*seq)++)
			if (descs[i].time_ns >= time_ns)
				return 0;
	}
	return 0;
}

static int pread_seek(struct memlog_reader *reader, struct memlog_seek *seek)
{
	struct memlog_control ctrl;
	struct memlog_place place;
	u64 want = seek->value;
	int err;

	if (seek->stream && seek->stream != reader->stream)
		return -ESTALE;
	err = read_control(reader, &ctrl);
	if (err)
		return err;
	if (seek->whence == MEMLOG_SEEK_LAST)
		want = ctrl.next - min_of(seek->value, ctrl.next);
	else if (seek->whence == MEMLOG_SEEK_SINCE)
		err = find_since(reader, &ctrl, seek->value, &want);
	else if (seek->whence != MEMLOG_SEEK_SEQ)
		err = -EINVAL;
	else if (want > ctrl.next)
		err = -ERANGE;
	if (!err)
		err = find_kept(reader, want, &place);
	if (err)
		return err;
	seek->seq = place.seq;
	seek->pos = place.pos;
	seek->missed = place.seq - min_of(want, place.seq);
	return 0;
}

static int pread_info(struct memlog_reader *reader, struct memlog_info *info)
{
	struct memlog_place oldest, end;
	struct memlog_control ctrl;
	int err;

	err = read_control(reader, &ctrl);
	if (err)
		return err;
	err = find_kept(reader, 0, &oldest);
	if (!err)
		err = find_kept(reader, ctrl.next, &end);
	if (err)
		return err;
	memlog_map_describe(&reader->map, &oldest, &end, info);
	info->generation = ctrl.generation;
	return 0;
}

/* A file that was replaced is not looked for: what replaced it is not trusted. */
static bool pread_over(struct memlog_reader *reader)
{
	struct memlog_control ctrl;
	struct memlog_state state;

	if (read_at(reader, &state, sizeof(state), memlog_state_offset(&reader->map.lay)) ||
	    read_at(reader, &ctrl, sizeof(ctrl), 0))
		return true;
	return state.finished || ctrl.retired;
}

static int pread_renew(struct memlog_reader *reader)
{
	return MEMLOG_END;
}

static int pread_arm(struct memlog_reader *reader)
{
	struct itimerspec when = { .it_value.tv_nsec = LOOK_EVERY_NS };

	if (reader->fd < 0)
		return 0;
	return timerfd_settime(reader->fd, 0, &when, NULL) ? -errno : 0;
}

/* What came before it is seen when the timer first ends. */
static int pread_make_fd(struct memlog_reader *reader)
{
	reader->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	return reader->fd < 0 ? -errno : pread_arm(reader);
}

static void pread_close(struct memlog_reader *reader)
{
	close(reader->device);
	if (reader->fd >= 0)
		close(reader->fd);
}

static const struct memlog_source pread_source = {
	.fill = pread_fill,
	.seek = pread_seek,
	.over = pread_over,
	.renew = pread_renew,
	.arm = pread_arm,
	.make_fd = pread_make_fd,
	.info = pread_info,
	.close = pread_close,
};

/**
 * memlog_file_open_unmapped() - Open a ring file as a source, not mapping it.
 * @reader: The reader.
 * @fd: The file; the reader's if this returns 0.
 *
 * Return: As memlog_reader_open().
 */
int memlog_file_open_unmapped(struct memlog_reader *reader, int fd)
{
	struct memlog_map *map = &reader->map;
	struct memlog_control ctrl;
	int err;

	reader->device = fd;
	err = read_at(reader, &ctrl, sizeof(ctrl), 0);
	if (!err)
		err = memlog_control_check(&ctrl, &map->geo, &map->lay);
	if (!err)
		err = memlog_ringfile_check_size(fd, &map->lay);
	if (err)
		return err;
	map->stream = ctrl.stream;
	map->first_pos = ctrl.first_pos;
	map->buf.text_size = map->geo.text_size;
	reader->stream = ctrl.stream;
	reader->source = &pread_source;
	return 0;
}
