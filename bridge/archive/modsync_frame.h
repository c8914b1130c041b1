/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bytes of go-modsynclog's socket protocol: the one place that makes and takes
 * apart its frames, rows and messages. All numbers are big-endian.
 *
 * A frame is five int32 (send flag, zlib 0 or 1, type, bytes of the content before
 * compression, bytes as sent) and the content. Its readers take the header with one
 * read(2), so that each frame has to go out in one write, header and content.
 */
#ifndef BRIDGE_MODSYNC_FRAME_H
#define BRIDGE_MODSYNC_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODSYNC_HEAD_SIZE	20
#define MODSYNC_ROW_SIZE	42
#define MODSYNC_FLAG		398359203

/* Rows in a frame of ours, and bytes of them before compression but for one row. */
#define MODSYNC_BATCH_ROWS	500
#define MODSYNC_BATCH_BYTES	(1U << 20)

/* Content of all frames but those with rows. */
#define MODSYNC_MESSAGE_MAX	1024

#define MODSYNC_HELLO_TEXT	"hello test msg from client"
#define MODSYNC_WELCOME_TEXT	"hello test msg from server"

enum modsync_type {
	MODSYNC_BEAT = 1,	/* the client lives; never answered */
	MODSYNC_HELLO = 7,	/* the client's first */
	MODSYNC_WELCOME = 8,	/* its answer */
	MODSYNC_ASK = 301,	/* send a day from a row on: struct modsync_ask */
	MODSYNC_ROWS = 302,	/* rows: struct modsync_row and its text, each */
	MODSYNC_DONE_OLD = 303,	/* what the documentation has in place of: */
	MODSYNC_DONE = 304,	/* the day in the content is complete */
};

/**
 * struct modsync_head - What stands before the content.
 * @zlib: The content is compressed (RFC 1950).
 * @type: enum modsync_type, or something of others.
 * @len: Bytes of content before compression.
 * @sent: Bytes that follow.
 */
struct modsync_head {
	bool zlib;
	uint32_t type;
	uint32_t len;
	uint32_t sent;
};

/**
 * struct modsync_row - What stands before a row's text.
 * @date: The day asked for; the row's time may lie outside.
 * @time: Seconds since 1970, low 32 bits.
 * @id: Number of the row in its day, from 0.
 * @file: Its data file.
 * @offset: Where in that its data header is.
 * @type: Its type.
 * @len: Bytes of text that follow.
 */
struct modsync_row {
	uint32_t date;
	uint32_t time;
	uint64_t id;
	uint16_t file;
	uint64_t offset;
	uint16_t type;
	uint32_t len;
};

/**
 * struct modsync_ask - Content of MODSYNC_ASK.
 * @date: The day.
 * @id: Number of the first row wanted.
 */
struct modsync_ask {
	uint32_t date;
	uint64_t id;
};

void modsync_head_put(uint8_t at[MODSYNC_HEAD_SIZE], uint32_t flag,
		      const struct modsync_head *head);

/**
 * modsync_head_get() - Take a header apart.
 * @at: The header.
 * @flag: What it has to begin with.
 * @head: Set to it.
 *
 * Return: 0; -EPROTO another flag; -EBADMSG it contradicts itself: a negative
 * length, zlib neither 0 nor 1, lengths that differ without compression.
 */
int modsync_head_get(const uint8_t at[MODSYNC_HEAD_SIZE], uint32_t flag,
		     struct modsync_head *head);

void modsync_row_put(uint8_t at[MODSYNC_ROW_SIZE], const struct modsync_row *row);

/*
 * -EBADMSG: its lengths differ or are negative or above ARCHIVE_TEXT_MAX, its date is
 * none, its number, file or offset is negative.
 */
int modsync_row_get(const uint8_t at[MODSYNC_ROW_SIZE], struct modsync_row *row);

/* JSON of @ask, without a NUL; returns its length. */
size_t modsync_ask_put(char json[MODSYNC_MESSAGE_MAX], const struct modsync_ask *ask);

/* -EBADMSG: no JSON, no real date, or no number from 0 on. */
int modsync_ask_get(struct modsync_ask *ask, const char *json, size_t len);

/* The day of MODSYNC_DONE; 0: it is none. */
uint32_t modsync_done_get(const char *content, size_t len);

/* Room for a frame with @len bytes of content, compressed or not. */
size_t modsync_frame_room(size_t len);

/**
 * modsync_frame_make() - Make a whole frame.
 * @out: Room for it.
 * @room: Bytes of that, at least modsync_frame_room(@len).
 * @flag: Its send flag.
 * @type: Its type.
 * @zlib: Compress.
 * @content: Its content.
 * @len: Bytes of that, at most INT32_MAX / 2.
 *
 * Return: bytes of the frame, 0 if there is no memory.
 */
size_t modsync_frame_make(uint8_t *out, size_t room, uint32_t flag, uint32_t type,
			  bool zlib, const void *content, size_t len);

#endif /* BRIDGE_MODSYNC_FRAME_H */
