// SPDX-License-Identifier: GPL-2.0-only
/*
 * write(2): from user memory straight into the ring.
 *
 * The copy runs under the ring's lock with page faults disabled, so that one
 * writer never waits for another's page. If a page is missing, the lock is
 * dropped, the page brought in, and all is tried again; whoever takes it away
 * each time gets a buffer of its own, at its own expense.
 *
 * One piece of a write is one record. A write up to max_record is one piece.
 */
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/ctype.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "compat.h"
#include "copy.h"
#include "dev.h"
#include "trace.h"

#define TRIES_IN_PLACE	3
#define PREFIX_MAX	5	/* "<191>" */

/**
 * struct source - Where the text of a write comes from.
 * @user: User memory, unless one of the others is set.
 * @iter: What write_iter() was given.
 * @kernel: A copy of the next piece.
 * @left: Bytes still to be taken.
 * @type: Type of the records, as the file was stamped when the call began.
 * @prefix: A "<N>" may stand at its beginning.
 * @missing: A page of it was found missing.
 */
struct source {
	const char __user *user;
	struct iov_iter *iter;
	const char *kernel;
	size_t left;
	u16 type;
	bool prefix;
	bool missing;
};

/**
 * struct piece - One record in the making, and what the next one must know.
 * @len: Bytes to take from the source.
 * @max_len: Longest text allowed when @len was chosen.
 * @text_len: Bytes of text the record got.
 * @pri: Priority, for the next pieces too.
 * @partial: The record was cut where there is no newline.
 * @seq: The record that was made.
 */
struct piece {
	u32 len;
	u32 max_len;
	u32 text_len;
	u8 pri;
	bool partial;
	u64 seq;
};

static void take(struct source *src, size_t n)
{
	src->user += n;
	src->left -= n;
	src->prefix = false;
}

/* Atomic. On -EFAULT nothing was taken. */
static __always_inline int copy_piece(char *text, struct source *src, u32 len)
{
	size_t done;

	if (likely(!src->iter && !src->kernel))
		return memlog_copy_in(text, src->user, len);
	if (src->kernel) {
		memcpy(text, src->kernel, len);
		return 0;
	}
	if (should_fail_usercopy())
		return -EFAULT;
	done = copy_from_iter(text, len, src->iter);
	if (done == len)
		return 0;
	iov_iter_revert(src->iter, done);
	return -EFAULT;
}

/*
 * The length of a "<N>" of 1 to 3 digits, at most 191, with a byte behind it;
 * 0 if there is none. Facility 0, the kernel's, becomes 1, as in /dev/kmsg.
 */
static u32 parse_prefix(const char *text, u32 len, u8 *pri)
{
	unsigned int n = 0;
	u32 i;

	for (i = 1; i < len && i <= 3 && isdigit(text[i]); i++)
		n = n * 10 + text[i] - '0';
	if (i == 1 || i + 1 >= len || text[i] != '>' || n > MEMLOG_PRI_MAX)
		return 0;
	*pri = n < 8 ? n | 8 : n;
	return i + 1;
}

/* Bytes up to and with the last newline, 0 if there is none. */
static u32 cut_at_newline(const char *text, u32 len)
{
	while (len && text[len - 1] != '\n')
		len--;
	return len;
}

static __always_inline u64 cgroup_of_current(void)
{
	u64 id = 0;
#ifdef CONFIG_CGROUPS
	rcu_read_lock();
	id = cgroup_id(task_dfl_cgroup(current));
	rcu_read_unlock();
#endif
	return id;
}

/*
 * Makes a record of up to @piece->len bytes. Returns how many bytes of the
 * source it took, -EFAULT when a page was missing, or -EAGAIN when max_record
 * has become smaller than what the piece was chosen for.
 */
static __always_inline ssize_t write_piece(struct memlog_file *f,
					   struct source *src,
					   struct piece *piece)
{
	struct memlog_ring *ring = &f->ch->ring;
	struct memlog_origin who = {
		.comm	= current->comm,
		.pid	= current->tgid,
		.uid	= __kuid_val(current_uid()),
		.cgroup	= cgroup_of_current(),
		.type	= src->type,
		.pri	= piece->pri,
	};
	u32 len = piece->len;
	u32 skip = 0;
	char *text;
	int err;

	spin_lock(&ring->lock);
	if (unlikely(memlog_ring_buf(ring)->max_record < piece->max_len)) {
		spin_unlock(&ring->lock);
		return -EAGAIN;
	}
	text = memlog_ring_begin(ring, len);
	pagefault_disable();
	err = copy_piece(text, src, len);
	pagefault_enable();
	if (unlikely(err)) {
		spin_unlock(&ring->lock);
		memlog_channel_wake(f->ch);
		return err;
	}

	if (unlikely(src->prefix && text[0] == '<')) {
		u8 pri = piece->pri;

		skip = parse_prefix(text, len, &pri);
		piece->pri = pri;
		who.pri = pri;
		len -= skip;
		memmove(text, text + skip, len);
	}
	if (unlikely(piece->len < src->left)) {
		u32 cut = cut_at_newline(text, len);

		who.flags = cut ? 0 : MEMLOG_PARTIAL;
		len = cut ?: len;
	}
	if (piece->partial && ring->kept.next.seq == piece->seq + 1)
		who.flags |= MEMLOG_JOIN;
	piece->partial = who.flags & MEMLOG_PARTIAL;
	piece->text_len = len;
	piece->seq = memlog_ring_end(ring, len, &who);
	atomic64_set(&f->written_seq, piece->seq);
	spin_unlock(&ring->lock);

	if (src->iter && !src->kernel)
		iov_iter_revert(src->iter, piece->len - skip - len);
	if (trace_memlog_write_enabled()) {
		/* a copy, so that @who itself can stay in registers */
		struct memlog_origin traced = who;

		trace_memlog_write(f->ch->name, piece->seq, len, &traced);
	}
	memlog_channel_wake(f->ch);
	return skip + len;
}

static int fault_in(struct source *src, u32 len)
{
	size_t missing = src->iter ? fault_in_iov_iter_readable(src->iter, len) :
				     fault_in_readable(src->user, len);

	return missing ? -EFAULT : 0;
}

/* By way of a buffer, which no page fault interrupts. */
static ssize_t write_piece_bounced(struct memlog_file *f, struct source *src,
				   struct piece *piece)
{
	struct source copy = *src;
	size_t done = 0;
	ssize_t n;
	char *text;

	text = kvmalloc(piece->len, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!text)
		return -ENOMEM;
	if (src->iter)
		done = copy_from_iter(text, piece->len, src->iter);
	else if (!copy_from_user(text, src->user, piece->len))
		done = piece->len;
	copy.kernel = text;
	n = done == piece->len ? write_piece(f, &copy, piece) : -EFAULT;
	if (src->iter)
		iov_iter_revert(src->iter, done - (n > 0 ? n : 0));
	kvfree(text);
	return n;
}

static ssize_t write_piece_faulting(struct memlog_file *f, struct source *src,
				    struct piece *piece)
{
	unsigned int tries;
	ssize_t n;

	for (tries = 0; tries < TRIES_IN_PLACE; tries++) {
		n = src->missing ? -EFAULT : write_piece(f, src, piece);
		src->missing = false;
		if (n != -EFAULT)
			return n;
		atomic64_inc(&f->ch->faults);
		trace_memlog_fault(f->ch->name, piece->len);
		if (fatal_signal_pending(current))
			return -EINTR;
		if (fault_in(src, piece->len))
			return -EFAULT;
	}
	return write_piece_bounced(f, src, piece);
}

static ssize_t write_piece_charged(struct memlog_file *f, struct source *src,
				   struct piece *piece)
{
	struct memlog_quota *quota = &f->ch->quota;
	int charged;
	ssize_t n;

	charged = memlog_quota_charge(quota, piece->len + MEMLOG_QUOTA_RECORD);
	if (charged == -EDQUOT) {
		atomic64_inc(&f->ch->denied);
		trace_memlog_denied(f->ch->name, piece->len);
	}
	if (charged < 0)
		return charged;
	n = write_piece_faulting(f, src, piece);
	if (n < 0)
		memlog_quota_refund(quota, charged);
	else if (charged)
		memlog_quota_refund(quota, piece->len - piece->text_len);
	return n;
}

/* Takes a prefix by itself, where the text is too long for one piece with it. */
static int take_prefix(struct source *src, struct piece *piece)
{
	char text[PREFIX_MAX + 1];
	size_t n = min(src->left, sizeof(text));
	u32 skip;

	if (src->iter) {
		size_t done = copy_from_iter(text, n, src->iter);

		iov_iter_revert(src->iter, done);
		if (done != n)
			return -EFAULT;
	} else if (copy_from_user(text, src->user, n)) {
		return -EFAULT;
	}
	skip = text[0] == '<' ? parse_prefix(text, n, &piece->pri) : 0;
	if (src->iter)
		iov_iter_advance(src->iter, skip);
	take(src, skip);
	return skip;
}

static noinline ssize_t write_pieces(struct memlog_file *f, struct source *src)
{
	struct piece piece = { .pri = READ_ONCE(f->pri) };
	ssize_t done = 0;
	int skip = 0;
	ssize_t n = 0;

	while (src->left) {
		piece.max_len = READ_ONCE(f->ch->max_record);
		if (src->left > piece.max_len && src->type)
			return -EMSGSIZE;
		if (src->left > piece.max_len && src->prefix) {
			skip = take_prefix(src, &piece);
			if (skip < 0)
				return skip;
		}
		piece.len = min_t(size_t, src->left, piece.max_len);
		n = write_piece_charged(f, src, &piece);
		if (n == -EAGAIN)
			continue;
		if (n < 0)
			break;
		take(src, n);
		done += n;
		if (src->left && fatal_signal_pending(current))
			break;
		cond_resched();
	}
	return done ? done + skip : n;
}

/**
 * memlog_write() - write(2).
 * @file: The open file.
 * @from: User memory.
 * @n: Bytes, at most MAX_RW_COUNT.
 * @ppos: NULL.
 *
 * Return: Bytes taken, a prefix counted too; -EFAULT, -EMSGSIZE, -EDQUOT,
 * -ENOMEM, -EINTR: nothing was recorded.
 */
ssize_t memlog_write(struct file *file, const char __user *from, size_t n,
		     loff_t *ppos)
{
	struct memlog_file *f = file->private_data;
	struct memlog_channel *ch = f->ch;
	struct source src = {
		.user	= from,
		.left	= n,
		.type	= READ_ONCE(f->type),
		.prefix	= !READ_ONCE(f->stamped),
	};
	u32 max_len = READ_ONCE(ch->max_record);

	if (likely(n - 1 < max_len && !ch->quota.rate)) {
		struct source once = src;
		struct piece piece = {
			.len		= n,
			.max_len	= n,
			.pri		= READ_ONCE(f->pri),
		};
		ssize_t done = write_piece(f, &once, &piece);

		if (likely(done >= 0))
			return done;
		src.missing = done == -EFAULT;
	}
	return write_pieces(f, &src);
}

/**
 * memlog_write_iter() - writev(2), io_uring and writes from the kernel.
 * @iocb: The open file.
 * @from: All of one call.
 *
 * Return: As memlog_write().
 */
ssize_t memlog_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct memlog_file *f = iocb->ki_filp->private_data;
	struct source src = {
		.iter	= from,
		.left	= iov_iter_count(from),
		.type	= READ_ONCE(f->type),
		.prefix	= !READ_ONCE(f->stamped),
	};

	return write_pieces(f, &src);
}
