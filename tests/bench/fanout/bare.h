/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The least that a fan-out of a ring can be: epoll, one frame for each batch
 * that was read, send(2) of the same bytes to everybody.
 */
#ifndef FANOUT_BARE_H
#define FANOUT_BARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <memlog.h>

/* Bytes of a frame, but for what the last record adds; as the bridge. */
#define FRAME_SIZE	65536
#define FRAME_ROOM	(FRAME_SIZE + 8192)

/* Frames kept for those who are behind; then they are told a loss. */
#define FRAMES		64

enum bare_format { BARE_TEXT, BARE_JSON, BARE_BINARY };

/**
 * struct frame - What goes to everybody.
 * @refs: Who holds it: the list of frames, and clients in the middle of it.
 * @first: Number of the first record in it, or lost in it.
 * @next: One more than that of the last one.
 * @pos: Bytes of text before the first record.
 * @next_pos: Bytes of text before the one behind the last.
 * @start: Where in @data it begins, its header included.
 * @len: Bytes from there.
 * @data: Header and payload.
 */
struct frame {
	unsigned int refs;
	uint64_t first;
	uint64_t next;
	uint64_t pos;
	uint64_t next_pos;
	size_t start;
	size_t len;
	char data[FRAME_ROOM];
};

/**
 * struct frame_source - Where frames come from.
 * @reader: The ring's reader.
 * @format: Their format.
 * @lost: A loss was found and is the next frame.
 */
struct frame_source {
	struct memlog_reader *reader;
	enum bare_format format;
	bool lost;
};

struct frame *frame_new(void);
void frame_put(struct frame *frame);

/**
 * frame_fill() - Read what there is, as one frame.
 * @frame: The frame.
 * @source: From where.
 *
 * Return: 1; 0 there is nothing; or -errno.
 */
int frame_fill(struct frame *frame, struct frame_source *source);

/* A frame that says only this. */
void frame_lost(struct frame *frame, enum bare_format format, const struct memlog_loss *loss);
void frame_hello(struct frame *frame, struct memlog_reader *reader);

#endif /* FANOUT_BARE_H */
