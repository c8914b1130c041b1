// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * CRC-32C (Castagnoli, reflected): by the processor where it can, else eight
 * bytes at a time by tables.
 */
#include <endian.h>
#include <pthread.h>
#include <string.h>

#include "format.h"

#define POLYNOMIAL	0x82f63b78U

/* tables[n][b]: the remainder of byte b with n zero bytes behind it. */
static uint32_t tables[8][256];
static pthread_once_t tables_made = PTHREAD_ONCE_INIT;

static void make_tables(void)
{
	for (unsigned int byte = 0; byte < 256; byte++) {
		uint32_t crc = byte;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
		tables[0][byte] = crc;
	}
	for (unsigned int byte = 0; byte < 256; byte++)
		for (int n = 1; n < 8; n++)
			tables[n][byte] = tables[n - 1][byte] >> 8 ^
					  tables[0][tables[n - 1][byte] & 0xff];
}

static uint64_t load_le64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return le64toh(value);
}

uint32_t archive_crc32c_tables(uint32_t crc, const void *data, size_t len)
{
	const uint8_t *at = data;

	pthread_once(&tables_made, make_tables);
	crc = ~crc;
	for (; len >= 8; len -= 8, at += 8) {
		uint64_t word = load_le64(at) ^ crc;

		crc = 0;
		for (int n = 0; n < 8; n++)
			crc ^= tables[7 - n][word >> 8 * n & 0xff];
	}
	while (len--)
		crc = crc >> 8 ^ tables[0][(crc ^ *at++) & 0xff];
	return ~crc;
}

#ifdef __x86_64__

__attribute__((target("sse4.2")))
static uint32_t crc_by_processor(uint32_t crc, const uint8_t *at, size_t len)
{
	uint64_t sum = ~crc;

	for (; len >= 8; len -= 8, at += 8)
		sum = __builtin_ia32_crc32di(sum, load_le64(at));
	for (crc = sum; len; len--)
		crc = __builtin_ia32_crc32qi(crc, *at++);
	return ~crc;
}

uint32_t archive_crc32c(uint32_t crc, const void *data, size_t len)
{
	if (__builtin_cpu_supports("sse4.2"))
		return crc_by_processor(crc, data, len);
	return archive_crc32c_tables(crc, data, len);
}

#else

uint32_t archive_crc32c(uint32_t crc, const void *data, size_t len)
{
	return archive_crc32c_tables(crc, data, len);
}

#endif
