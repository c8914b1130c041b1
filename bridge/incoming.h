/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records that come in by POST: lines of text, or of JSON. All of them are
 * looked at before one is written.
 */
#ifndef BRIDGE_INCOMING_H
#define BRIDGE_INCOMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channel.h"

#define INCOMING_BYTES		(1U << 20)
#define INCOMING_RECORDS	32768
#define INCOMING_WHY		256
#define INCOMING_COMM		15

/**
 * struct incoming_record - A record to be written.
 * @text: Its text.
 * @len: Bytes of it.
 * @owned: @text is in memory of its own.
 * @type: Its type.
 * @pri: Its priority.
 * @comm: Whom it names as its writer; "" for nobody.
 */
struct incoming_record {
	const char *text;
	size_t len;
	bool owned;
	uint16_t type;
	uint8_t pri;
	char comm[INCOMING_COMM + 1];
};

/**
 * struct incoming - Records to be written.
 * @records: They.
 * @count: How many.
 * @why: What is wrong, and in which line.
 */
struct incoming {
	struct incoming_record *records;
	size_t count;
	char why[INCOMING_WHY];
};

/**
 * struct incoming_written - What became of them.
 * @stream: The stream they went to.
 * @first: Number of the first one.
 * @last: Number of the last one.
 * @records: How many records they became: a long text is several.
 */
struct incoming_written {
	uint64_t stream;
	uint64_t first;
	uint64_t last;
	uint64_t records;
};

/* One more record, to be filled in; NULL: too many, and why is set, or no memory. */
struct incoming_record *incoming_add(struct incoming *incoming);

/*
 * Takes a body apart; @data is changed, and has to stay. Return: 0; -EINVAL,
 * @incoming->why is set; -ENOMEM. incoming_free() is the caller's in any case.
 */
int incoming_parse_text(struct incoming *incoming, char *data, size_t len);
int incoming_parse_json(struct incoming *incoming, char *data, size_t len);

/*
 * Writes them; where the channel is archived, no faster than the ring can hold what
 * is not archived yet. Return: 0; -EINVAL one can't be written there, @incoming->why is
 * set and nothing is written; or what writing gave.
 */
int incoming_write(struct incoming *incoming, struct channel *channel,
		   struct incoming_written *written);

void incoming_free(struct incoming *incoming);

#endif /* BRIDGE_INCOMING_H */
