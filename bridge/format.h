/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Formats: how records look to a client. A format is one file and one line in
 * the table of format.c.
 *
 * An encoder turns what a cursor reads into blocks. Where a block is cut, all
 * that the next one needs to know is in the carry, so that two encoders which
 * meet at a place with the same carry go on alike: that is what lets a client
 * change from its own reading of the ring to the shared one without a seam.
 */
#ifndef BRIDGE_FORMAT_H
#define BRIDGE_FORMAT_H

#include <memlog.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "block.h"

/**
 * struct carry - The beginning of a character whose rest is in the next record.
 * @len: Bytes of it, 0 almost always.
 * @bytes: They.
 */
struct carry {
	uint8_t len;
	char bytes[3];
};

/**
 * struct encoder - One format's output in the making.
 * @format: Which.
 * @block: The block so far, NULL if nothing was written.
 * @open: The last record goes on in the next one, and so does its line.
 * @carry: What of the last record is not in the block yet.
 */
struct encoder {
	const struct format *format;
	struct block *block;
	bool open;
	struct carry carry;
};

/**
 * struct format - A format.
 * @subprotocol: Its WebSocket subprotocol.
 * @record: Add a record. @joins: it continues the one added before it.
 * @lost: Add that records were lost.
 * @finish: End the block: what it holds must stand for itself.
 *
 * Each returns 0, or -ENOMEM with nothing added.
 */
struct format {
	const char *subprotocol;
	int (*record)(struct encoder *enc, const struct memlog_record *rec,
		      const char *text, bool joins);
	int (*lost)(struct encoder *enc, uint64_t records, uint64_t bytes);
	int (*finish)(struct encoder *enc);
};

enum format_id {
	FORMAT_TEXT,
	FORMATS,
};

extern const struct format format_text;
extern const struct format *const formats[FORMATS];

void encoder_init(struct encoder *enc, const struct format *format,
		  const struct carry *carry);
void encoder_uninit(struct encoder *enc);

/* Ends the block and hands it over; NULL if there is nothing in it. */
int encoder_take(struct encoder *enc, struct block **blockp);

static inline size_t encoder_len(const struct encoder *enc)
{
	return enc->block ? enc->block->len : 0;
}

#endif /* BRIDGE_FORMAT_H */
