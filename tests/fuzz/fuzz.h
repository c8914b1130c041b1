/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device fuzzer: what its threads share. Files and mappings stand in slots
 * that every thread opens, uses and closes without asking the others.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <pthread.h>

#include "../device/device.h"
#include "../device/uring.h"

#define FILE_SLOTS	24
#define MAP_SLOTS	6
#define ARENA_PAGES	64

struct fuzz_map {
	pthread_mutex_t lock;
	void *at;
	size_t size;
};

extern int fuzz_files[FILE_SLOTS];
extern struct fuzz_map fuzz_maps[MAP_SLOTS];
extern char *fuzz_arena;		/* ARENA_PAGES, of any protection */
extern bool fuzz_stop;

/**
 * struct fuzz_thread - One thread that does random things.
 * @random: State of its generator; the seed and the thread's number make it.
 * @calls: System calls made.
 * @good: Those that did not fail.
 * @uring: A ring of its own, where there is one.
 */
struct fuzz_thread {
	__u64 random;
	unsigned long calls;
	unsigned long good;
	bool has_uring;
	struct uring uring;
};

static inline __u64 fuzz_random(struct fuzz_thread *t)
{
	__u64 x = t->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	t->random = x;
	return x * 0x2545f4914f6cdd1dULL;
}

/* 0 to @n - 1 */
static inline unsigned int fuzz_below(struct fuzz_thread *t, unsigned int n)
{
	return (fuzz_random(t) >> 33) % n;
}

/* One random call. */
void fuzz_step(struct fuzz_thread *t);

/* Parts of it. */
int fuzz_file(struct fuzz_thread *t);
void *fuzz_pointer(struct fuzz_thread *t);
size_t fuzz_length(struct fuzz_thread *t);
void fuzz_count(struct fuzz_thread *t, long ret);
void fuzz_map_step(struct fuzz_thread *t);
void fuzz_ioctl_step(struct fuzz_thread *t);
void fuzz_uring_step(struct fuzz_thread *t);

#endif /* TESTS_FUZZ_FUZZ_H */
