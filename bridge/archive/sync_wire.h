/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memlog.sync: the bytes of its messages and nothing else; see SYNC.md. What is
 * taken apart here is right by itself: lengths, dates, flags, bounds.
 */
#ifndef BRIDGE_SYNC_WIRE_H
#define BRIDGE_SYNC_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../libmemlog/archive/date.h"
#include "../../libmemlog/archive/format.h"

#define SYNC_PROTOCOL		"memlog.sync"
#define SYNC_VERSION		1

#define SYNC_BLOCK_ROWS		65536
#define SYNC_ROWS_MAX		4096
#define SYNC_RAW_MAX		(1U << 20)
#define SYNC_SUM_SIZE		32
#define SYNC_BLOCKS_MAX		1024
#define SYNC_CGROUPS_MAX	32768
#define SYNC_NAME_MAX		63

/* Bytes of a row that are not text. */
#define SYNC_ROW_EXTRA		(ARCHIVE_INDEX_SIZE + ARCHIVE_META_SIZE + ARCHIVE_HEAD_SIZE)

/* The rows of one message, where it is a single long one. */
#define SYNC_RAW_LIMIT		(ARCHIVE_TEXT_MAX + SYNC_ROW_EXTRA)

#define SYNC_ASK_SIZE		16
#define SYNC_ROWS_HEAD		32

/* What zstd makes of bytes that can't be made shorter is some longer. */
#define SYNC_MESSAGE_MAX	(SYNC_ROWS_HEAD + SYNC_RAW_LIMIT + SYNC_RAW_LIMIT / 128 + 1024)

enum sync_type {
	SYNC_START	= 1,
	SYNC_ACK	= 2,
	SYNC_PROVE	= 3,
	SYNC_ASK_BLOCKS	= 4,
	SYNC_HELLO	= 16,
	SYNC_RANGE	= 17,
	SYNC_ROWS	= 18,
	SYNC_SUM	= 19,
	SYNC_FINISH	= 20,
	SYNC_BLOCKS	= 21,
	SYNC_CGROUPS	= 22,
};

/* Flags of START and of ACK. */
#define SYNC_ROWS_ONLY		1
#define SYNC_ACK_FINISHED	1

/* Flags of what the server says. */
#define SYNC_ZSTD		1
#define SYNC_BARE		2
#define SYNC_FINISHED		4
#define SYNC_GONE		8

/**
 * struct sync_ask - What a client says.
 * @type: START, ACK, PROVE or ASK_BLOCKS.
 * @flags: Of that.
 * @date: The day.
 * @number: Row, rows or block.
 */
struct sync_ask {
	enum sync_type type;
	uint8_t flags;
	uint32_t date;
	uint64_t number;
};

/**
 * struct sync_message - What a server says. Fields that a type has not are 0.
 * @type: HELLO to CGROUPS.
 * @flags: Of that.
 * @date: The day.
 * @oldest: HELLO, RANGE: the range of days, 0: there are none.
 * @newest: Likewise.
 * @row: ROWS, BLOCKS: the first row or block. SUM, FINISH: rows that are summed.
 * @there: ROWS, SUM: rows there are.
 * @count: ROWS, BLOCKS: how many.
 * @raw: ROWS: length of the rows, once decompressed.
 * @sum: SUM, FINISH: checksum. BLOCKS: @count of them.
 * @bytes: ROWS: the rows as they came. HELLO: the name. CGROUPS: the lines.
 * @len: Bytes of that.
 */
struct sync_message {
	enum sync_type type;
	uint8_t flags;
	uint32_t date;
	uint32_t oldest;
	uint32_t newest;
	uint64_t row;
	uint64_t there;
	uint32_t count;
	uint32_t raw;
	const uint8_t *sum;
	const uint8_t *bytes;
	size_t len;
};

void sync_ask_put(uint8_t at[SYNC_ASK_SIZE], const struct sync_ask *ask);
/* NULL if it is right, else what is wrong with it. */
const char *sync_ask_get(const uint8_t *at, size_t len, struct sync_ask *ask);

/* Bytes of a message but for its @bytes. */
size_t sync_message_head(const struct sync_message *message);
/* Makes all but @bytes and @sum of BLOCKS, which stand behind it. */
void sync_message_put(uint8_t *at, const struct sync_message *message);
/* As sync_ask_get(); what it points to is in @at. */
const char *sync_message_get(const uint8_t *at, size_t len, struct sync_message *message);

/* Rows of one message: they may not go over the end of a block or a data file. */
static inline uint32_t sync_rows_at(uint64_t row, uint64_t most)
{
	uint64_t block = SYNC_BLOCK_ROWS - row % SYNC_BLOCK_ROWS;
	uint64_t file = ARCHIVE_FILE_ROWS - row % ARCHIVE_FILE_ROWS;

	if (most > SYNC_ROWS_MAX)
		most = SYNC_ROWS_MAX;
	if (most > block)
		most = block;
	return (uint32_t)(most > file ? file : most);
}

/* No day has more: there are no more numbers for data files. */
#define SYNC_DAY_ROWS	((uint64_t)ARCHIVE_FILE_ROWS * ARCHIVE_FILES_MAX)

#endif /* BRIDGE_SYNC_WIRE_H */
