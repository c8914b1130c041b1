/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies between the ring and user memory.
 *
 * The ring's side is in bounds because ring.c and cursor.c prove it, so the
 * checks of hardened usercopy, which look up a vmap area under a lock for each
 * copy, are left out. The user's side is always checked.
 */
#ifndef MEMLOG_COPY_H
#define MEMLOG_COPY_H

#include <linux/fault-inject-usercopy.h>
#include <linux/kasan-checks.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "compat.h"

/*
 * Up to here a copy in words beats the start-up of a string instruction, which
 * is about 35 cycles without "fast short rep mov".
 */
#define MEMLOG_COPY_WORDS_MAX	256

/* Below a word there is nothing to overlap with; above, four at a time. */
#define MEMLOG_WORD		sizeof(unsigned long)

#ifdef CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS
#define MEMLOG_COPY_BY_WORDS(n)	((n) <= MEMLOG_COPY_WORDS_MAX)
#else
#define MEMLOG_COPY_BY_WORDS(n)	0
#endif

/*
 * Four words, then words, then the last word once more from the end: the
 * overlap is cheaper than a loop over single bytes.
 */
#define memlog_copy_words(word, to, from, n)				\
do {									\
	size_t i_ = 0, n_ = (n);					\
									\
	if (n_ < MEMLOG_WORD) {						\
		for (; i_ < n_; i_++)					\
			word(u8, (to) + i_, (from) + i_);		\
		break;							\
	}								\
	for (; i_ + 4 * MEMLOG_WORD <= n_; i_ += 4 * MEMLOG_WORD) {	\
		word(unsigned long, (to) + i_, (from) + i_);		\
		word(unsigned long, (to) + i_ + MEMLOG_WORD,		\
		     (from) + i_ + MEMLOG_WORD);			\
		word(unsigned long, (to) + i_ + 2 * MEMLOG_WORD,	\
		     (from) + i_ + 2 * MEMLOG_WORD);			\
		word(unsigned long, (to) + i_ + 3 * MEMLOG_WORD,	\
		     (from) + i_ + 3 * MEMLOG_WORD);			\
	}								\
	for (; i_ + MEMLOG_WORD < n_; i_ += MEMLOG_WORD)		\
		word(unsigned long, (to) + i_, (from) + i_);		\
	word(unsigned long, (to) + n_ - MEMLOG_WORD,			\
	     (from) + n_ - MEMLOG_WORD);				\
} while (0)

#define memlog_get_word(type, to, from)					\
do {									\
	type w_;							\
									\
	unsafe_get_user(w_, (const type __user *)(from), fault);	\
	put_unaligned(w_, (type *)(to));				\
} while (0)

#define memlog_put_word(type, to, from)					\
	unsafe_put_user(get_unaligned((const type *)(from)),		\
			(type __user *)(to), fault)

/**
 * memlog_copy_in() - Copy from user memory.
 * @to: Where to, in the ring.
 * @from: User memory.
 * @n: Bytes.
 *
 * Context: Any, with page faults disabled where it must not sleep.
 * Return: 0 or -EFAULT, when some of @to may have been written.
 */
static __always_inline int memlog_copy_in(char *to, const char __user *from,
					  size_t n)
{
	if (should_fail_usercopy())
		return -EFAULT;
	if (!MEMLOG_COPY_BY_WORDS(n)) {
		if (!access_ok(from, n))
			return -EFAULT;
		barrier_nospec();
		kasan_check_write(to, n);
		return raw_copy_from_user(to, from, n) ? -EFAULT : 0;
	}
	if (!user_read_access_begin(from, n))
		return -EFAULT;
	memlog_copy_words(memlog_get_word, to, from, n);
	user_read_access_end();
	return 0;
fault: __maybe_unused;
	user_read_access_end();
	return -EFAULT;
}

/**
 * memlog_copy_out() - Copy to user memory.
 * @to: User memory.
 * @from: What to copy, in the ring.
 * @n: Bytes.
 *
 * Context: May sleep in a page fault.
 * Return: 0 or -EFAULT, when some of @to may have been written.
 */
static inline int memlog_copy_out(char __user *to, const char *from, size_t n)
{
	if (should_fail_usercopy())
		return -EFAULT;
	if (!MEMLOG_COPY_BY_WORDS(n)) {
		if (!access_ok(to, n))
			return -EFAULT;
		kasan_check_read(from, n);
		return raw_copy_to_user(to, from, n) ? -EFAULT : 0;
	}
	if (!user_write_access_begin(to, n))
		return -EFAULT;
	memlog_copy_words(memlog_put_word, to, from, n);
	user_write_access_end();
	return 0;
fault: __maybe_unused;
	user_write_access_end();
	return -EFAULT;
}

/**
 * struct memlog_out - Where a reader's bytes go.
 * @to: Next byte, when @iter is NULL.
 * @iter: Or what read_iter() was given.
 * @room: Bytes left.
 */
struct memlog_out {
	char __user *to;
	struct iov_iter *iter;
	size_t room;
};

/* At most @out->room bytes. On -EFAULT some may have gone: unput them. */
static inline int memlog_out_put(struct memlog_out *out, const void *from, size_t n)
{
	if (unlikely(out->iter)) {
		size_t done = copy_to_iter(from, n, out->iter);

		out->room -= done;
		return done == n ? 0 : -EFAULT;
	}
	if (memlog_copy_out(out->to, from, n))
		return -EFAULT;
	out->to += n;
	out->room -= n;
	return 0;
}

static inline void memlog_out_unput(struct memlog_out *out, size_t n)
{
	if (out->iter)
		iov_iter_revert(out->iter, n);
	else
		out->to -= n;
	out->room += n;
}

#endif /* MEMLOG_COPY_H */
