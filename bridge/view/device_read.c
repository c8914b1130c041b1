// SPDX-License-Identifier: GPL-2.0-only
/*
 * read(2) and poll(2), and moving a file's cursor. What a read gives is decided
 * by kmod/cursor.c, the device's own.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "device_ops.h"

/**
 * struct device_wait - A read that waits for a record.
 * @entry: In the channel's list.
 * @f: The open file.
 * @req: What to answer.
 * @size: Bytes asked for.
 */
struct device_wait {
	struct list entry;
	struct device_file *f;
	fuse_req_t req;
	size_t size;
};

/* What a read gives, on its way; one at a time is. */
static char *buffer;
static size_t buffer_size;

/**
 * device_read_init() - Get ready for reads.
 * @size: Most bytes one gives.
 *
 * Return: 0 or -ENOMEM.
 */
int device_read_init(size_t size)
{
	buffer = malloc(size);
	buffer_size = size;
	return buffer ? 0 : -ENOMEM;
}

static bool readable(const struct device_file *f)
{
	return memlog_cursor_readable(&f->cursor, device_channel_buf(f->ch));
}

/* What is there, without waiting for more. */
static long read_some(struct device_file *f, size_t size)
{
	struct memlog_out out = { .to = buffer, .room = size };

	if (out.room > buffer_size)
		out.room = buffer_size;
	return memlog_cursor_read(&f->cursor, device_channel_buf(f->ch), &out);
}

static void answer(fuse_req_t req, long n)
{
	if (n < 0)
		fuse_reply_err(req, (int)-n);
	else
		fuse_reply_buf(req, buffer, (size_t)n);
}

static void end_wait(struct device_wait *wait, long n)
{
	list_del(&wait->entry);
	fuse_req_interrupt_func(wait->req, NULL, NULL);
	answer(wait->req, n);
	free(wait);
}

/* libfuse calls it, which then has the request locked: only the answer is due. */
static void interrupted(fuse_req_t req, void *data)
{
	struct device_wait *wait = data;

	list_del(&wait->entry);
	fuse_reply_err(req, EINTR);
	free(wait);
}

static void begin_wait(struct device_file *f, fuse_req_t req, size_t size)
{
	struct device_wait *wait;

	if (fuse_req_interrupted(req)) {
		fuse_reply_err(req, EINTR);
		return;
	}
	wait = malloc(sizeof(*wait));
	if (!wait) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	*wait = (struct device_wait){ .f = f, .req = req, .size = size };
	list_add_tail(&wait->entry, &f->ch->waits);
	fuse_req_interrupt_func(req, interrupted, wait);
}

/**
 * device_read() - read(2).
 * @f: The open file, one that reads.
 * @req: What to answer, now or later.
 * @size: Bytes asked for.
 * @off: 0; else it goes on with a read that is too long for one request, and has
 *       been given that many bytes already.
 * @nonblock: O_NONBLOCK.
 */
void device_read(struct device_file *f, fuse_req_t req, size_t size, off_t off,
		 bool nonblock)
{
	long n = size ? read_some(f, size) : 0;

	if (n < 0 && off > 0)
		answer(req, 0);
	else if (n == -EAGAIN && !nonblock)
		begin_wait(f, req, size);
	else
		answer(req, n);
}

/**
 * device_read_cancel() - Answer all reads of a file that wait.
 * @f: The open file.
 * @err: What with, -errno.
 */
void device_read_cancel(struct device_file *f, int err)
{
	struct list *pos, *n;

	list_for_each_safe(pos, n, &f->ch->waits) {
		struct device_wait *wait = list_entry(pos, struct device_wait, entry);

		if (wait->f == f)
			end_wait(wait, err);
	}
}

/**
 * device_poll() - poll(2), select(2) and epoll(7).
 * @f: The open file.
 * @ph: Whom to tell when it is worth asking again, or NULL.
 *
 * Return: POLLIN | POLLRDNORM there is something to read; POLLPRI the cursor was
 * lapped; POLLOUT | POLLWRNORM always, for a writer.
 */
unsigned int device_poll(struct device_file *f, struct fuse_pollhandle *ph)
{
	unsigned int mask = f->writes ? POLLOUT | POLLWRNORM : 0;

	if (ph) {
		device_poll_cancel(f);
		f->poll = ph;
		if (f->reads)
			list_add_tail(&f->polled, &f->ch->polled);
	}
	if (!f->reads)
		return mask;
	if (readable(f))
		mask |= POLLIN | POLLRDNORM;
	if (memlog_cursor_behind(&f->cursor, device_channel_buf(f->ch)))
		mask |= POLLPRI;
	return mask;
}

/**
 * device_poll_cancel() - Forget whom to tell.
 * @f: The open file.
 */
void device_poll_cancel(struct device_file *f)
{
	if (!f->poll)
		return;
	fuse_pollhandle_destroy(f->poll);
	f->poll = NULL;
	list_del(&f->polled);
}

/**
 * device_channel_wake() - Give those who wait what there is now.
 * @ch: The channel, which has something new, or a cursor of which was moved.
 */
void device_channel_wake(struct device_channel *ch)
{
	struct list *pos, *n;

	list_for_each_safe(pos, n, &ch->waits) {
		struct device_wait *wait = list_entry(pos, struct device_wait, entry);
		long given = read_some(wait->f, wait->size);

		if (given != -EAGAIN)
			end_wait(wait, given);
	}
	list_for_each_safe(pos, n, &ch->polled) {
		struct device_file *f = list_entry(pos, struct device_file, polled);

		fuse_lowlevel_notify_poll(f->poll);
		device_poll_cancel(f);
	}
}

/**
 * device_seek() - Move a file's cursor.
 * @f: The open file, one that reads.
 * @seek: What MEMLOG_IOC_SEEK takes and gives; @stream and @flags not looked at.
 *
 * Return: 0, or as memlog_cursor_seek().
 */
int device_seek(struct device_file *f, struct memlog_seek *seek)
{
	int err;

	err = memlog_cursor_seek(&f->cursor, device_channel_buf(f->ch), seek->whence,
				 seek->value, (u64 *)&seek->missed);
	if (err)
		return err;
	seek->seq = f->cursor.at.seq;
	seek->pos = f->cursor.at.pos;
	if (readable(f))
		device_channel_wake(f->ch);
	return 0;
}

/**
 * device_set_format() - Choose what reads give.
 * @f: The open file, one that reads.
 * @format: &enum memlog_read_format.
 * @quiet: No line for what was lost.
 */
void device_set_format(struct device_file *f, u32 format, bool quiet)
{
	memlog_cursor_format(&f->cursor, format, quiet);
	if (readable(f))
		device_channel_wake(f->ch);
}
