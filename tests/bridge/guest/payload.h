/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records whose texts prove themselves by their number, which is also their
 * sequence number: nobody else writes to the channel.
 */
#ifndef TESTS_PAYLOAD_H
#define TESTS_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>

#define PAYLOAD_MAX	256

/* Return: its length. */
size_t payload_text(char buf[PAYLOAD_MAX], uint64_t number);

/* Bytes of the records from @first to before @end. */
uint64_t payload_bytes(uint64_t first, uint64_t end);

/* Writes them to /dev/memlog, with a pause behind every so many. Return: 0 or -1. */
int payload_write(uint64_t first, uint64_t end, unsigned int pause_every);

#endif /* TESTS_PAYLOAD_H */
