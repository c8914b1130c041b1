// SPDX-License-Identifier: GPL-2.0-only
/*
 * write(2): the rules of kmod/write.c for what becomes one record, on text that
 * libfuse has already brought here.
 *
 * The kernel sends a write of more than a megabyte in several requests. One that
 * may go on ends like a piece does: after its last newline, or flagged PARTIAL.
 */
#include <ctype.h>
#include <errno.h>

#include "device_ops.h"

/**
 * struct source - What is still to be written.
 * @text: Its first byte.
 * @left: Bytes.
 * @more: Others may follow in another request.
 */
struct source {
	const char *text;
	size_t left;
	bool more;
};

/*
 * The length of a "<N>" of 1 to 3 digits, at most 191, with a byte behind it;
 * 0 if there is none. Facility 0, the kernel's, becomes 1, as in /dev/kmsg.
 */
static size_t parse_prefix(const char *text, size_t len, u8 *pri)
{
	unsigned int n = 0;
	size_t i;

	if (!len || text[0] != '<')
		return 0;
	for (i = 1; i < len && i <= 3 && isdigit((unsigned char)text[i]); i++)
		n = n * 10 + (unsigned int)(text[i] - '0');
	if (i == 1 || i + 1 >= len || text[i] != '>' || n > MEMLOG_PRI_MAX)
		return 0;
	*pri = (u8)(n < 8 ? n | 8 : n);
	return i + 1;
}

/* Bytes up to and with the last newline, 0 if there is none. */
static u32 cut_at_newline(const char *text, u32 len)
{
	const char *newline = memrchr(text, '\n', len);

	return newline ? (u32)(newline - text + 1) : 0;
}

/* Makes one record. Caller holds the ring's lock. */
static void write_piece(struct device_file *f, struct source *src,
			struct memlog_origin *who)
{
	struct memlog_ring *ring = &f->ch->ring->ring;
	u32 max = memlog_ring_buf(ring)->max_record;
	u32 len = src->left < max ? (u32)src->left : max;
	bool joins = who->flags & MEMLOG_PARTIAL &&
		     ring->kept.next.seq == f->written_seq + 1;

	who->flags = joins ? MEMLOG_JOIN : 0;
	if (len < src->left || src->more) {
		u32 cut = cut_at_newline(src->text, len);

		if (!cut)
			who->flags |= MEMLOG_PARTIAL;
		len = cut ? cut : len;
	}
	port_copy_racy(memlog_ring_begin(ring, len), src->text, len);
	f->written_seq = memlog_ring_end(ring, len, who);
	src->text += len;
	src->left -= len;
}

static void write_pieces(struct device_file *f, struct source *src,
			 struct memlog_origin *who)
{
	struct memlog_embedded *ring = f->ch->ring;

	port_lock(&ring->ring.lock);
	while (src->left)
		write_piece(f, src, who);
	memlog_embedded_wake(ring);
	port_unlock(&ring->ring.lock);
}

/*
 * Whether a request goes on with the write of the one before. The file has no
 * position: a write begins at 0, or where appending would, which the kernel takes
 * to be the end of what was written.
 */
static bool goes_on(const struct device_file *f, const struct device_request *req)
{
	return f->more && req->off == f->more_off;
}

/**
 * device_write() - write(2).
 * @f: The open file.
 * @text: The text.
 * @req: Its size and place, and who writes.
 *
 * Return: Bytes taken, which are all; -EMSGSIZE a typed record is too long.
 */
ssize_t device_write(struct device_file *f, const char *text,
		     const struct device_request *req)
{
	const struct device_origin *from = req->origin;
	struct memlog_origin who = {
		.cgroup	= from->cgroup,
		.comm	= from->comm,
		.pid	= from->pid,
		.uid	= from->uid,
		.type	= f->type,
		.pri	= f->pri,
	};
	struct source src = { .text = text, .left = req->size, .more = req->more };
	bool again = goes_on(f, req);

	if (f->type != MEMLOG_TYPE_TEXT &&
	    (req->size > device_channel_buf(f->ch)->max_record || again))
		return -EMSGSIZE;
	if (again) {
		who.pri = f->more_pri;
		who.flags = f->more_partial ? MEMLOG_PARTIAL : 0;
	} else if (!f->stamped) {
		size_t skip = parse_prefix(text, req->size, &who.pri);

		src.text += skip;
		src.left -= skip;
	}
	write_pieces(f, &src, &who);
	f->more = req->more;
	f->more_off = req->off + req->size;
	f->more_partial = who.flags & MEMLOG_PARTIAL;
	f->more_pri = who.pri;
	device_channel_wake(f->ch);
	return (ssize_t)req->size;
}
