// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later
/*
 * A reader's cursor, and the two formats read(2) gives.
 *
 * Text goes from the ring to the reader's memory in one copy. Whether it was
 * whole is known only afterwards: if not, the copy is taken back and the loop
 * finds the cursor behind the oldest record. The cursor moves after that, so
 * that a fault or a lap in the middle leaves it where it was.
 *
 * read(2) in the text format is a loop of steps, each of which gives one thing
 * the reader is owed, in this order: the rest of a lost line; a newline; the
 * line for what was lost; records. A step returns 0 to go on, -EAGAIN when
 * nothing is left, -ENOSPC when the next thing does not fit as a whole and
 * something else was given already.
 */
#include "cursor.h"

#define BURST_MAX	1024U
/* Most bytes to copy before looking, and before others may run. */
#define RUN_MAX		(256U << 10)

static void set_place(struct memlog_cursor *cur, u64 seq, u64 pos)
{
	port_store64(&cur->at.seq, seq);
	port_store64(&cur->at.pos, pos);
	port_store(&cur->off, 0);
}

static void set_newline(struct memlog_cursor *cur, enum memlog_newline newline)
{
	port_store(&cur->newline, newline);
}

/* Behind what was given, should the rest be lost. */
static bool owes_newline(const struct memlog_cursor *cur)
{
	return port_load(&cur->newline) ||
	       (port_load(&cur->off) && port_load(&cur->midline));
}

static void set_line(struct memlog_cursor *cur, u8 len, u8 off)
{
	cur->line_len = len;
	port_store(&cur->line_off, off);
}

static void forget_text(struct memlog_cursor *cur)
{
	port_store(&cur->off, 0);
	set_newline(cur, MEMLOG_NEWLINE_NONE);
	set_line(cur, 0, 0);
	cur->burst = 1;
}

/* Takes back all that was put since @room bytes were left. */
static int take_back(struct memlog_out *out, size_t room, int err)
{
	memlog_out_unput(out, room - out->room);
	return err;
}

/* The copy was torn: the loop will find the cursor behind. */
static int torn(struct memlog_cursor *cur, struct memlog_out *out, size_t room)
{
	cur->burst = 1;
	port_resched();
	return take_back(out, room, 0);
}

/**
 * memlog_cursor_init() - A cursor at the oldest record.
 * @cur: Is filled in.
 * @buf: The ring's current buffer.
 */
void memlog_cursor_init(struct memlog_cursor *cur, const struct memlog_buf *buf)
{
	memset(cur, 0, sizeof(*cur));
	memlog_buf_oldest(buf, &cur->at);
	cur->burst = 1;
}

/* Goes to the oldest record, and counts what lies between as lost. */
static void accept_loss(struct memlog_cursor *cur, const struct memlog_place *to)
{
	port_store64(&cur->lost_records,
		     cur->lost_records + to->seq - cur->at.seq);
	port_store64(&cur->lost_bytes,
		     cur->lost_bytes + to->pos - cur->at.pos - cur->off);
	set_place(cur, to->seq, to->pos);
	set_newline(cur, MEMLOG_NEWLINE_NONE);
	cur->burst = 1;
}

static int put_rest_of_line(struct memlog_cursor *cur, struct memlog_out *out)
{
	size_t n = cur->line_len - cur->line_off;
	size_t room = out->room;

	if (n > room)
		n = room;
	if (memlog_out_put(out, cur->line + cur->line_off, n))
		return take_back(out, room, -EFAULT);
	n += cur->line_off;
	set_line(cur, n < cur->line_len ? cur->line_len : 0,
		 n < cur->line_len ? n : 0);
	return 0;
}

static int put_newline(struct memlog_cursor *cur, struct memlog_out *out)
{
	size_t room = out->room;

	if (memlog_out_put(out, "\n", 1))
		return take_back(out, room, -EFAULT);
	set_newline(cur, MEMLOG_NEWLINE_NONE);
	return 0;
}

static int put_loss(struct memlog_cursor *cur, const struct memlog_buf *buf,
		    struct memlog_out *out, bool first)
{
	bool newline = owes_newline(cur);
	struct memlog_place to;
	size_t room = out->room;
	size_t n;

	memlog_buf_oldest(buf, &to);
	if (cur->quiet) {
		accept_loss(cur, &to);
		if (newline)
			set_newline(cur, MEMLOG_NEWLINE_DUE);
		return 0;
	}

	n = snprintf(cur->line, sizeof(cur->line),
		     "%smemlog: lost %llu records, %llu bytes\n", newline ? "\n" : "",
		     (unsigned long long)(to.seq - cur->at.seq),
		     (unsigned long long)(to.pos - cur->at.pos - cur->off));
	if (n > room && !first)
		return -ENOSPC;
	if (memlog_out_put(out, cur->line, n < room ? n : room))
		return take_back(out, room, -EFAULT);
	accept_loss(cur, &to);
	if (n > room)
		set_line(cur, n, room);
	return 0;
}

/*
 * A run of records that end in newlines, none of them begun and no newline
 * owed, goes out in one copy: their text stands in a row. Returns -ENOENT if
 * there is none.
 */
static int put_lines(struct memlog_cursor *cur, const struct memlog_buf *buf,
		     struct memlog_out *out, u64 next)
{
	const char *text = memlog_buf_text(buf, cur->at.pos);
	u64 most = next - cur->at.seq;
	size_t room = out->room;
	size_t limit = room;
	u64 seq = cur->at.seq;
	size_t n = 0;

	if (limit > RUN_MAX)
		limit = RUN_MAX;
	if (limit > buf->text_size / 4)
		limit = buf->text_size / 4;
	if (most > cur->burst)
		most = cur->burst;
	for (most += seq; seq < most; seq++) {
		u32 len = port_load(&memlog_buf_desc(buf, seq)->len);

		/* a len of 0 or beyond what is left is torn, or for the next read */
		if ((size_t)len - 1 >= limit - n ||
		    port_load(&text[n + len - 1]) != '\n')
			break;
		n += len;
	}
	if (!n)
		return -ENOENT;
	if (memlog_out_put(out, text, n))
		return take_back(out, room, -EFAULT);
	if (!memlog_buf_kept(buf, cur->at.seq))
		return torn(cur, out, room);
	set_place(cur, seq, cur->at.pos + n);
	if (cur->burst < BURST_MAX)
		cur->burst *= 2;
	return 0;
}

/* One record of any kind, or as much of it as there is room for. */
static int put_text(struct memlog_cursor *cur, const struct memlog_buf *buf,
		    struct memlog_out *out, bool first)
{
	const struct memlog_record *rec = memlog_buf_desc(buf, cur->at.seq);
	const char *text = memlog_buf_text(buf, cur->at.pos);
	u32 len = port_load(&rec->len);
	u8 flags = port_load(&rec->flags);
	size_t room = out->room;
	bool midline;
	bool due;
	u32 n;

	if (len <= cur->off || len > buf->text_size)
		return memlog_buf_kept(buf, cur->at.seq) ? -EIO :
							   torn(cur, out, room);
	n = len - cur->off;
	due = port_load(&text[len - 1]) != '\n';
	if (n + (due && !(flags & MEMLOG_PARTIAL)) > room && !first)
		return memlog_buf_kept(buf, cur->at.seq) ? -ENOSPC :
							   torn(cur, out, room);
	if (n > room)
		n = room;
	if (memlog_out_put(out, text + cur->off, n))
		return take_back(out, room, -EFAULT);
	n += cur->off;
	midline = port_load(&text[n - 1]) != '\n';
	if (!memlog_buf_kept(buf, cur->at.seq))
		return torn(cur, out, room);

	port_store(&cur->midline, midline);
	set_newline(cur, MEMLOG_NEWLINE_NONE);
	if (n < len) {
		port_store(&cur->off, n);
		return 0;
	}
	set_place(cur, cur->at.seq + 1, cur->at.pos + len);
	if (due)
		set_newline(cur, flags & MEMLOG_PARTIAL ?
				 MEMLOG_NEWLINE_UNLESS_JOIN : MEMLOG_NEWLINE_DUE);
	return 0;
}

/*
 * Whether the record at the cursor continues the one before it. If it does, no
 * newline is owed once a byte of it was given; until then one is, should it go.
 */
static bool continues(struct memlog_cursor *cur, const struct memlog_buf *buf)
{
	u8 flags = port_load(&memlog_buf_desc(buf, cur->at.seq)->flags);

	if (memlog_buf_kept(buf, cur->at.seq) && !(flags & MEMLOG_JOIN))
		set_newline(cur, MEMLOG_NEWLINE_DUE);
	return flags & MEMLOG_JOIN;
}

static int text_step(struct memlog_cursor *cur, const struct memlog_buf *buf,
		     struct memlog_out *out, bool first)
{
	u64 next;
	int err;

	if (cur->line_len)
		return put_rest_of_line(cur, out);
	if (cur->newline == MEMLOG_NEWLINE_DUE)
		return put_newline(cur, out);
	next = memlog_buf_next(buf);
	if (memlog_cursor_behind(cur, buf))
		return put_loss(cur, buf, out, first);
	if (cur->at.seq >= next)
		return -EAGAIN;
	if (cur->newline && !continues(cur, buf))
		return 0;
	if (!cur->off && !cur->newline) {
		err = put_lines(cur, buf, out, next);
		if (err != -ENOENT)
			return err;
	}
	return put_text(cur, buf, out, first);
}

static int put_record(struct memlog_cursor *cur, const struct memlog_buf *buf,
		      struct memlog_out *out)
{
	static const char zeros[8];
	const struct memlog_record *rec = memlog_buf_desc(buf, cur->at.seq);
	u32 len = port_load(&rec->len);
	u32 pad = -len & 7;
	size_t room = out->room;

	if (len > buf->text_size || sizeof(*rec) + len + pad > room)
		return memlog_buf_kept(buf, cur->at.seq) ? -EINVAL :
							   torn(cur, out, room);
	if (memlog_out_put(out, rec, sizeof(*rec)) ||
	    memlog_out_put(out, memlog_buf_text(buf, cur->at.pos), len) ||
	    (pad && memlog_out_put(out, zeros, pad)))
		return take_back(out, room, -EFAULT);
	if (!memlog_buf_kept(buf, cur->at.seq))
		return torn(cur, out, room);
	set_place(cur, cur->at.seq + 1, cur->at.pos + len);
	return 0;
}

static int record_step(struct memlog_cursor *cur, const struct memlog_buf *buf,
		       struct memlog_out *out)
{
	u64 next = memlog_buf_next(buf);

	if (memlog_cursor_behind(cur, buf)) {
		struct memlog_place to;

		memlog_buf_oldest(buf, &to);
		accept_loss(cur, &to);
		return 0;
	}
	if (cur->at.seq >= next)
		return -EAGAIN;
	return put_record(cur, buf, out);
}

/**
 * memlog_cursor_read() - Give a reader what comes next.
 * @cur: The cursor.
 * @buf: The ring's current buffer, or one that was current during this call.
 * @out: Where to; what is left of it afterwards is where the next byte goes.
 *
 * Context: May fault in the reader's memory and sleep.
 * Return: Bytes given, more than 0; else -EAGAIN there is nothing; -EINVAL the
 * first record does not fit (record format); -EFAULT; -EINTR.
 */
long memlog_cursor_read(struct memlog_cursor *cur, const struct memlog_buf *buf,
			struct memlog_out *out)
{
	size_t room = out->room;
	unsigned int steps = 0;
	int err = 0;

	while (!err && out->room) {
		if (!(++steps & 63) && port_interrupted()) {
			err = -EINTR;
			break;
		}
		if (cur->format == MEMLOG_FORMAT_RECORD)
			err = record_step(cur, buf, out);
		else
			err = text_step(cur, buf, out, out->room == room);
	}
	return out->room < room ? (long)(room - out->room) : err;
}

/**
 * memlog_cursor_behind() - Whether the cursor's record is gone.
 * @cur: The cursor.
 * @buf: The ring's current buffer.
 */
bool memlog_cursor_behind(const struct memlog_cursor *cur,
			  const struct memlog_buf *buf)
{
	return port_load64(&cur->at.seq) < port_load64(&buf->ctrl->oldest);
}

/**
 * memlog_cursor_readable() - Whether memlog_cursor_read() would give something.
 * @cur: The cursor.
 * @buf: The ring's current buffer.
 */
bool memlog_cursor_readable(const struct memlog_cursor *cur,
			    const struct memlog_buf *buf)
{
	u64 oldest = port_load64(&buf->ctrl->oldest);
	u64 next = memlog_buf_next(buf);
	u64 seq = port_load64(&cur->at.seq);

	/* no line tells what was lost, but a line that was begun is ended */
	if (seq < oldest && (port_load(&cur->format) == MEMLOG_FORMAT_RECORD ||
			     (port_load(&cur->quiet) && !owes_newline(cur))))
		seq = oldest;
	return seq < next || port_load(&cur->line_off) ||
	       port_load(&cur->newline) == MEMLOG_NEWLINE_DUE;
}

/**
 * memlog_cursor_seek() - Move a cursor.
 * @cur: The cursor.
 * @buf: The ring's current buffer.
 * @whence: &enum memlog_whence.
 * @value: Sequence number, count, or nanoseconds.
 * @missed: Is set to the number of records asked for and no longer kept.
 *
 * Return: 0; -ERANGE beyond the next record, -EINVAL unknown @whence: the cursor
 * has not moved.
 */
int memlog_cursor_seek(struct memlog_cursor *cur, const struct memlog_buf *buf,
		       u32 whence, u64 value, u64 *missed)
{
	struct memlog_place to, end;

	memlog_buf_end(buf, &end);
	switch (whence) {
	case MEMLOG_SEEK_LAST:
		value = end.seq > value ? end.seq - value : 0;
		break;
	case MEMLOG_SEEK_SEQ:
		if (value > end.seq)
			return -ERANGE;
		break;
	case MEMLOG_SEEK_SINCE:
		memlog_buf_since(buf, value, &to);
		value = to.seq;
		break;
	default:
		return -EINVAL;
	}

	while (!memlog_buf_place(buf, value, &to)) {
		memlog_buf_oldest(buf, &to);
		if (to.seq > value)
			break;
	}
	*missed = to.seq > value ? to.seq - value : 0;
	forget_text(cur);
	set_place(cur, to.seq, to.pos);
	return 0;
}

/**
 * memlog_cursor_format() - Choose what memlog_cursor_read() gives.
 * @cur: The cursor.
 * @format: &enum memlog_read_format.
 * @quiet: No line for what was lost.
 *
 * A record the text format has begun is given whole in the record format.
 */
void memlog_cursor_format(struct memlog_cursor *cur, u32 format, bool quiet)
{
	if (format == MEMLOG_FORMAT_RECORD)
		forget_text(cur);
	port_store(&cur->format, format);
	port_store(&cur->quiet, quiet);
}
