/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records that prove themselves, as what they were written and as when:
 *
 *	"bench-1 " SEQ(16 hex) ' ' TIME(16 hex) ' ' byte repeated '\n'
 *
 * 128 bytes in all. TIME is CLOCK_MONOTONIC in nanoseconds, just before the
 * write; the repeated byte follows from SEQ. All of it stands as it is in JSON.
 */
#ifndef FANOUT_PAYLOAD_H
#define FANOUT_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define PAYLOAD_SIZE	128
#define PAYLOAD_MARK	"bench-1 "

static inline uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

void payload_make(char *text, uint64_t seq, uint64_t time_ns);

/**
 * payload_take() - What a record says.
 * @text: PAYLOAD_SIZE - 1 bytes: its newline is not looked at.
 * @seq: Set to its number.
 * @time_ns: Set to its time.
 *
 * Return: whether it is one, and whole.
 */
bool payload_take(const char *text, uint64_t *seq, uint64_t *time_ns);

#endif /* FANOUT_PAYLOAD_H */
