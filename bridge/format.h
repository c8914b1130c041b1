/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Formats: how records look to a client. A format is one file and one line in
 * the table of format.c.
 *
 * An encoder turns what a cursor reads into a chain of blocks, each of which is
 * one frame. Where a chain is cut, all that the next one needs to know is in the
 * carry, so that two encoders which meet at a place with the same carry go on
 * alike: that is what lets a client change from its own reading of the ring to
 * the shared one without a seam.
 */
#ifndef BRIDGE_FORMAT_H
#define BRIDGE_FORMAT_H

#include <memlog.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "block.h"

/* Longest JSON object that tells of a stream or a loss. */
#define OBJECT_ROOM	(256 + 6 * 63)

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
 * @stream: Stream the records are of.
 * @chain: Frames that are done, NULL if there are none.
 * @last: The last of them.
 * @done: Bytes in them.
 * @block: The frame in the making, NULL if nothing was written.
 * @open: The last record goes on in the next one, and so does its line.
 * @final: What is carried will not go on: end it.
 * @carry: What of the last record is not in the block yet.
 */
struct encoder {
	const struct format *format;
	uint64_t stream;
	struct block *chain;
	struct block *last;
	size_t done;
	struct block *block;
	bool open;
	bool final;
	struct carry carry;
};

/**
 * struct format - A format.
 * @name: What a query calls it.
 * @subprotocol: Its WebSocket subprotocol; NULL: none.
 * @record: Add a record. @joins: it continues the one added before it.
 * @lost: Add that records were lost.
 * @object: Add a JSON object that tells of a stream; NULL: the format does not.
 * @finish: End the frame in the making: what it holds must stand for itself.
 *
 * Each returns 0, or -ENOMEM with nothing added.
 */
struct format {
	const char *name;
	const char *subprotocol;
	int (*record)(struct encoder *enc, const struct memlog_record *rec,
		      const char *text, bool joins);
	int (*lost)(struct encoder *enc, const struct memlog_loss *loss);
	int (*object)(struct encoder *enc, const char *object, size_t len);
	int (*finish)(struct encoder *enc);
};

enum format_id {
	FORMAT_TEXT,
	FORMAT_JSON,
	FORMAT_BINARY,
	FORMAT_NDJSON,
	FORMAT_SSE,
	FORMATS,
};

extern const struct format format_text;
extern const struct format format_json;
extern const struct format format_binary;
extern const struct format format_ndjson;
extern const struct format format_sse;
extern const struct format *const formats[FORMATS];

void encoder_init(struct encoder *enc, const struct format *format, uint64_t stream,
		  const struct carry *carry);
void encoder_uninit(struct encoder *enc);

/* Tells that the encoder's stream begins, or that it has ended before @next. */
int encoder_hello(struct encoder *enc, const char *channel, uint64_t oldest,
		  uint64_t next);
int encoder_ended(struct encoder *enc, uint64_t next);

/* For formats: what is added from now on is another frame. */
int encoder_cut(struct encoder *enc);

/* For formats: an object that is a frame of its own. */
int encoder_frame(struct encoder *enc, const char *object, size_t len);

/* Ends the chain and hands it over; NULL if there is nothing in it. */
int encoder_take(struct encoder *enc, struct block **chain);

/* Bytes so far. */
static inline size_t encoder_len(const struct encoder *enc)
{
	return enc->done + (enc->block ? enc->block->len : 0);
}

#endif /* BRIDGE_FORMAT_H */
