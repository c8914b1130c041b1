/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * What the ring needs of the world around it, once for the kernel and once for
 * user space. This is the only place that knows which of the two it is.
 *
 * Text and descriptors are written while readers copy them and throw the copy
 * away afterwards. ThreadSanitizer does not model the fences that make this
 * sound, so in user space every byte of both goes through the relaxed atomics
 * below.
 */
#ifndef MEMLOG_RING_PORT_H
#define MEMLOG_RING_PORT_H

#ifdef __KERNEL__

#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "copy.h"

typedef spinlock_t port_lock_t;

#define port_lock_init(lock)	spin_lock_init(lock)
#define port_lock(lock)		spin_lock(lock)
#define port_unlock(lock)	spin_unlock(lock)
#define port_assert_held(lock)	lockdep_assert_held(lock)
#define port_deref_held(p, lock)	rcu_dereference_protected(p, lockdep_is_held(lock))

#define port_load(p)		READ_ONCE(*(p))
#define port_store(p, v)	WRITE_ONCE(*(p), v)
/* what they order and with what is said where they are used */
#define port_wmb()		smp_wmb()
/* likewise */
#define port_rmb()		smp_rmb()
#define port_resched()		cond_resched()
#define port_time_ns()		ktime_get_real_ns()

/* Lets others run; whether to stop early, because nobody waits for the result. */
static inline bool port_interrupted(void)
{
	cond_resched();
	return fatal_signal_pending(current);
}

/* 64 bits at once on 32-bit kernels too; one plain move on the others */
static inline u64 port_load64(const u64 *p)
{
	return atomic64_read((const atomic64_t *)p);
}

static inline u64 port_load64_acquire(const u64 *p)
{
	return atomic64_read_acquire((const atomic64_t *)p);
}

static inline void port_store64(u64 *p, u64 v)
{
	atomic64_set((atomic64_t *)p, v);
}

static inline void port_store64_release(u64 *p, u64 v)
{
	atomic64_set_release((atomic64_t *)p, v);
}

/* Copies what may change meanwhile; the caller finds out whether it did. */
static inline void port_copy_racy(void *to, const void *from, size_t n)
{
	/* a torn copy is thrown away */
	data_race(memcpy(to, from, n));
}

#else /* user space */

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <linux/types.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;

#ifndef __rcu
#define __rcu
#endif
#ifndef __force
#define __force
#endif
#ifndef likely
#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)
#endif

typedef pthread_mutex_t port_lock_t;

#define port_lock_init(lock)	pthread_mutex_init(lock, NULL)
#define port_lock(lock)		pthread_mutex_lock(lock)
#define port_unlock(lock)	pthread_mutex_unlock(lock)
#define port_assert_held(lock)	((void)(lock))
#define port_deref_held(p, lock)	((void)(lock), (p))

#define port_load(p)		__atomic_load_n(p, __ATOMIC_RELAXED)
#define port_store(p, v)	__atomic_store_n(p, v, __ATOMIC_RELAXED)
#define port_wmb()		__atomic_thread_fence(__ATOMIC_RELEASE)
#define port_rmb()		__atomic_thread_fence(__ATOMIC_ACQUIRE)
#define port_resched()		((void)0)
#define port_interrupted()	false

static inline u64 port_load64(const u64 *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static inline u64 port_load64_acquire(const u64 *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static inline void port_store64(u64 *p, u64 v)
{
	__atomic_store_n(p, v, __ATOMIC_RELAXED);
}

static inline void port_store64_release(u64 *p, u64 v)
{
	__atomic_store_n(p, v, __ATOMIC_RELEASE);
}

static inline u64 port_time_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (u64)now.tv_sec * 1000000000 + now.tv_nsec;
}

#ifdef __SANITIZE_THREAD__
#define MEMLOG_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MEMLOG_TSAN 1
#endif
#endif

#ifdef MEMLOG_TSAN
static inline void port_copy_racy(void *to, const void *from, size_t n)
{
	const char *src = from;
	char *dst = to;

	for (size_t i = 0; i < n; i++)
		__atomic_store_n(dst + i, __atomic_load_n(src + i, __ATOMIC_RELAXED),
				 __ATOMIC_RELAXED);
}
#else
static inline void port_copy_racy(void *to, const void *from, size_t n)
{
	memcpy(to, from, n);
}
#endif

/**
 * struct memlog_out - Where a reader's bytes go.
 * @to: Next byte.
 * @room: Bytes left.
 */
struct memlog_out {
	char *to;
	size_t room;
};

static inline int memlog_out_put(struct memlog_out *out, const void *from, size_t n)
{
	port_copy_racy(out->to, from, n);
	out->to += n;
	out->room -= n;
	return 0;
}

static inline void memlog_out_unput(struct memlog_out *out, size_t n)
{
	out->to -= n;
	out->room += n;
}

#endif /* __KERNEL__ */
#endif /* MEMLOG_RING_PORT_H */
