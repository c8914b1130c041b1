/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records out of what a server sends, in each format.
 */
#ifndef FANOUT_DECODE_H
#define FANOUT_DECODE_H

#include <stddef.h>

#include "track.h"

/**
 * typedef decode_fn - Take the whole units at the start of @buf.
 * @track: Whose they are.
 * @now: When they were read.
 *
 * A unit is a line, an object, a record. What remains is given again, with what
 * follows it.
 *
 * Return: Bytes taken.
 */
typedef size_t decode_fn(struct track *track, const char *buf, size_t len, uint64_t now);

/**
 * struct decoder - A format.
 * @name: Of the option.
 * @protocol: WebSocket subprotocol asked for, NULL none.
 * @text: What text messages are made of.
 * @binary: What binary ones are made of; NULL: there are none.
 * @whole: A message ends with a unit, never in the middle of one.
 */
struct decoder {
	const char *name;
	const char *protocol;
	decode_fn *text;
	decode_fn *binary;
	bool whole;
};

/* Return: the decoder of that name, or NULL. */
const struct decoder *decoder_find(const char *name);

decode_fn decode_text, decode_json, decode_binary, decode_any;

#endif /* FANOUT_DECODE_H */
