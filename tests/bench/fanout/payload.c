// SPDX-License-Identifier: GPL-2.0-only
#include <endian.h>
#include <string.h>

#include "payload.h"

#define SEQ_AT		8
#define TIME_AT		25
#define PAD_AT		42
#define PAD_SIZE	(PAYLOAD_SIZE - 1 - PAD_AT)
#define PADS		26

static void put_hex(char *out, uint64_t value)
{
	for (int i = 15; i >= 0; i--, value >>= 4)
		out[i] = "0123456789abcdef"[value & 15];
}

void payload_make(char *text, uint64_t seq, uint64_t time_ns)
{
	memcpy(text, PAYLOAD_MARK, SEQ_AT);
	put_hex(text + SEQ_AT, seq);
	text[TIME_AT - 1] = ' ';
	put_hex(text + TIME_AT, time_ns);
	text[PAD_AT - 1] = ' ';
	memset(text + PAD_AT, 'a' + (int)(seq % PADS), PAD_SIZE);
	text[PAYLOAD_SIZE - 1] = '\n';
}

/* Eight hexadecimal digits at once, as a client of millions a second must. */
static uint32_t take_hex8(const char *in)
{
	uint64_t v, letters;

	memcpy(&v, in, sizeof(v));
	v = le64toh(v);
	letters = (v >> 6) & 0x0101010101010101;
	v = (v & 0x0f0f0f0f0f0f0f0f) + letters * 9;
	v = (v << 4 | v >> 8) & 0x00ff00ff00ff00ff;
	v = (v | v >> 8) & 0x0000ffff0000ffff;
	return __builtin_bswap32((uint32_t)(v | v >> 16));
}

static uint64_t take_hex(const char *in)
{
	return (uint64_t)take_hex8(in) << 32 | take_hex8(in + 8);
}

bool payload_take(const char *text, uint64_t *seq, uint64_t *time_ns)
{
	if (memcmp(text, PAYLOAD_MARK, SEQ_AT))
		return false;
	*seq = take_hex(text + SEQ_AT);
	*time_ns = take_hex(text + TIME_AT);
	return text[PAD_AT] == 'a' + (char)(*seq % PADS) &&
	       !memcmp(text + PAD_AT, text + PAD_AT + 1, PAD_SIZE - 1);
}
