// SPDX-License-Identifier: GPL-2.0-only
/*
 * The text format: what `cat` of the device gives, made valid UTF-8, in blocks
 * of whole lines.
 *
 * A long write becomes several records, PARTIAL and JOIN, which stand on one
 * line and may be cut inside a character. Its first bytes are carried until the
 * rest has come. When a block has to end in the middle of such a line, the line
 * ends there too, but no character does.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"

#define REPLACEMENT	"\xef\xbf\xbd"

/* Bytes of a character its first byte promises; 1 if it promises none. */
static size_t char_len(unsigned char first)
{
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	if (first >= 0xf0 && first <= 0xf4)
		return 4;
	return 1;
}

/* Bytes at the end of @text which are the beginning of a character. */
static size_t unfinished(const char *text, size_t len)
{
	for (size_t n = 1; n <= 3 && n <= len; n++) {
		unsigned char c = (unsigned char)text[len - n];

		if (char_len(c) > 1)
			return char_len(c) > n ? n : 0;
		if ((c & 0xc0) != 0x80)
			return 0;
	}
	return 0;
}

/* Caller has reserved 3 * @len + 1 bytes at @out. */
static size_t put_text(char *out, const char *text, size_t len)
{
	if (memlog_utf8_valid(text, len) == len) {
		memcpy(out, text, len);
		return len;
	}
	return memlog_utf8_repair(out, 3 * len + 1, text, len);
}

/* The line of a record that was to go on, and does not. */
static size_t put_line_end(const struct encoder *enc, char *out)
{
	size_t len = 0;

	if (!enc->open)
		return 0;
	if (enc->carry.len) {
		memcpy(out, REPLACEMENT, 3);
		len = 3;
	}
	out[len++] = '\n';
	return len;
}

/* What a carried character and the record that ends it are together. */
static char *join_carry(const struct carry *carry, const char *text, size_t len)
{
	char *whole = malloc(carry->len + len);

	if (whole) {
		memcpy(whole, carry->bytes, carry->len);
		memcpy(whole + carry->len, text, len);
	}
	return whole;
}

static int text_record(struct encoder *enc, const struct memlog_record *rec,
		       const char *text, bool joins)
{
	size_t len = rec->len, carried = 0, n = 0;
	char *whole = NULL, *out;

	out = block_reserve(&enc->block, 3 * (len + sizeof(enc->carry)) + 8);
	if (!out)
		return -ENOMEM;
	if (!joins) {
		n = put_line_end(enc, out);
	} else if (enc->carry.len) {
		whole = join_carry(&enc->carry, text, len);
		if (!whole)
			return -ENOMEM;
		text = whole;
		len += enc->carry.len;
	}
	enc->open = (rec->flags & MEMLOG_PARTIAL) && len && text[len - 1] != '\n';
	if (enc->open)
		carried = unfinished(text, len);
	n += put_text(out + n, text, len - carried);
	enc->carry.len = (uint8_t)carried;
	memcpy(enc->carry.bytes, text + len - carried, carried);
	if (!enc->open && (!len || text[len - 1] != '\n'))
		out[n++] = '\n';
	enc->block->len += n;
	free(whole);
	return 0;
}

static int text_lost(struct encoder *enc, const struct memlog_loss *loss)
{
	char *out = block_reserve(&enc->block, 128);
	size_t n;

	if (!out)
		return -ENOMEM;
	n = put_line_end(enc, out);
	n += (size_t)sprintf(out + n, "memlog: lost %" PRIu64 " records", loss->records);
	if (!(loss->flags & MEMLOG_LOSS_BYTES_UNKNOWN))
		n += (size_t)sprintf(out + n, ", %" PRIu64 " bytes", loss->bytes);
	out[n++] = '\n';
	enc->block->len += n;
	enc->open = false;
	enc->carry.len = 0;
	return 0;
}

/* The carried bytes belong to the next block, whoever encodes that. */
static int text_finish(struct encoder *enc)
{
	char *out;

	if (!enc->open)
		return 0;
	out = block_reserve(&enc->block, 4);
	if (!out)
		return -ENOMEM;
	if (enc->final && enc->carry.len) {
		enc->block->len += put_line_end(enc, out);
		enc->carry.len = 0;
	} else if (out[-1] != '\n') {
		*out = '\n';
		enc->block->len++;
	}
	return 0;
}

const struct format format_text = {
	.name = "text",
	.subprotocol = "memlog.text",
	.record = text_record,
	.lost = text_lost,
	.finish = text_finish,
};
