// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bridge's frames, made with the library alone.
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bare.h"

/* A header is put before the payload once its length is known. */
#define HEADER_MAX	10

/* Longest text of a record here, and what its JSON may need. */
#define TEXT_MAX	512
#define RECORD_ROOM	4096

_Static_assert(FRAME_ROOM - FRAME_SIZE >= RECORD_ROOM + HEADER_MAX + 1, "one more record fits");

struct frame *frame_new(void)
{
	struct frame *frame = malloc(sizeof(*frame));

	if (!frame)
		abort();
	frame->refs = 1;
	return frame;
}

void frame_put(struct frame *frame)
{
	if (frame && !--frame->refs)
		free(frame);
}

static void begin(struct frame *frame)
{
	frame->start = HEADER_MAX;
	frame->len = 0;
}

static char *room(struct frame *frame, size_t *left)
{
	*left = FRAME_ROOM - frame->start - frame->len;
	return frame->data + frame->start + frame->len;
}

static void finish(struct frame *frame, bool binary)
{
	unsigned char *payload = (unsigned char *)frame->data + frame->start;
	size_t len = frame->len, header = len < 126 ? 2 : len < 65536 ? 4 : 10;
	uint64_t len64 = htobe64(len);

	payload[-(ssize_t)header] = 0x80 | (binary ? 2 : 1);
	payload[1 - (ssize_t)header] = (unsigned char)(header == 2 ? len : header == 4 ? 126 : 127);
	if (header > 2)
		memcpy(payload - header + 2, (char *)&len64 + sizeof(len64) - (header - 2), header - 2);
	frame->start -= header;
	frame->len += header;
}

static size_t put_record(char *out, size_t left, enum bare_format format, bool first,
			 const struct memlog_record *rec, const char *text)
{
	size_t padded;

	if (format == BARE_TEXT) {
		memcpy(out, text, rec->len);
		return rec->len;
	}
	if (format == BARE_JSON) {
		*out = first ? '[' : ',';
		return 1 + memlog_json_record(out + 1, left - 1, rec, text, NULL);
	}
	padded = (rec->len + 7) & ~7U;
	memcpy(out, rec, sizeof(*rec));
	memcpy(out + sizeof(*rec), text, rec->len);
	memset(out + sizeof(*rec) + rec->len, 0, padded - rec->len);
	return sizeof(*rec) + padded;
}

static void add_record(struct frame *frame, enum bare_format format,
		       const struct memlog_record *rec, const char *text)
{
	size_t left;
	char *out = room(frame, &left);

	if (!frame->len) {
		frame->first = rec->seq;
		frame->pos = rec->pos;
	}
	frame->len += put_record(out, left, format, !frame->len, rec, text);
	frame->next = rec->seq + 1;
	frame->next_pos = rec->pos + rec->len;
}

/* Return: whether there are records in it; or -errno. */
static int add_records(struct frame *frame, struct frame_source *source)
{
	const struct memlog_record *rec;
	const char *text;
	int event;

	while (frame->len < FRAME_SIZE) {
		event = memlog_next(source->reader, &rec, &text);
		if (event == MEMLOG_LOSS)
			source->lost = true;
		if (event < 0)
			return event;
		if (event != MEMLOG_RECORD)
			break;
		if (rec->len > TEXT_MAX)
			return -EMSGSIZE;
		add_record(frame, source->format, rec, text);
	}
	return frame->len != 0;
}

int frame_fill(struct frame *frame, struct frame_source *source)
{
	int ret;

	begin(frame);
	if (!source->lost) {
		ret = add_records(frame, source);
		if (ret > 0) {
			if (source->format == BARE_JSON)
				frame->data[frame->start + frame->len++] = ']';
			finish(frame, source->format == BARE_BINARY);
		}
		if (ret || !source->lost)
			return ret;
	}
	source->lost = false;
	frame_lost(frame, source->format, memlog_loss(source->reader));
	return 1;
}

void frame_lost(struct frame *frame, enum bare_format format, const struct memlog_loss *loss)
{
	size_t left;
	char *out;

	begin(frame);
	frame->first = loss->from_seq;
	frame->next = loss->to_seq + 1;
	out = room(frame, &left);
	if (format == BARE_TEXT) {
		frame->len = (size_t)snprintf(out, left, "memlog: lost %llu records, %llu bytes\n",
					      (unsigned long long)loss->records,
					      (unsigned long long)loss->bytes);
	} else {
		frame->len = memlog_json_lost(out, left, loss);
	}
	finish(frame, false);
}

void frame_hello(struct frame *frame, struct memlog_reader *reader)
{
	uint64_t next = memlog_place(reader);
	size_t left;
	char *out;

	begin(frame);
	out = room(frame, &left);
	frame->len = memlog_json_hello(out, left, memlog_stream(reader), "bare", next, next);
	finish(frame, false);
}
