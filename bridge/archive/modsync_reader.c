// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "modsync_reader.h"

/* What is inflated at once. */
#define CHUNK		16384

/* A buffer for texts above this is not kept for the next row. */
#define TEXT_KEEP	65536

/**
 * struct modsync_reader - How far it is.
 * @flag: Send flag of all frames.
 * @handler: Where things go.
 * @arg: For that.
 * @zlib: Inflates contents.
 * @bytes: The header, as much of it as is there,
 * @have: which is this.
 * @head: The header, once it is whole.
 * @in_content: It is, and content follows.
 * @sent_left: Bytes of the content still to come.
 * @made: Bytes of content so far, before compression.
 * @stream_end: The compressed stream has ended.
 * @message: A message, as much of it as is there.
 * @row_bytes: The row's header, likewise,
 * @row_have: which is this.
 * @row: That, once it is whole.
 * @text: Room for the row's text.
 * @text_room: Bytes of that.
 * @text_have: Bytes of the text that are there.
 * @error: What is wrong.
 */
struct modsync_reader {
	uint32_t flag;
	const struct modsync_handler *handler;
	void *arg;
	z_stream zlib;
	uint8_t bytes[MODSYNC_HEAD_SIZE];
	size_t have;
	struct modsync_head head;
	bool in_content;
	size_t sent_left;
	size_t made;
	bool stream_end;
	char message[MODSYNC_MESSAGE_MAX];
	uint8_t row_bytes[MODSYNC_ROW_SIZE];
	size_t row_have;
	struct modsync_row row;
	char *text;
	size_t text_room;
	size_t text_have;
	char error[160];
};

struct modsync_reader *modsync_reader_new(uint32_t flag, const struct modsync_handler *handler,
					  void *arg)
{
	struct modsync_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return NULL;
	reader->flag = flag;
	reader->handler = handler;
	reader->arg = arg;
	if (inflateInit(&reader->zlib) != Z_OK) {
		free(reader);
		return NULL;
	}
	return reader;
}

void modsync_reader_free(struct modsync_reader *reader)
{
	if (!reader)
		return;
	inflateEnd(&reader->zlib);
	free(reader->text);
	free(reader);
}

const char *modsync_reader_error(const struct modsync_reader *reader)
{
	return reader->error;
}

bool modsync_reader_busy(const struct modsync_reader *reader)
{
	return reader->in_content || reader->have;
}

static int __attribute__((format(printf, 3, 4)))
fail(struct modsync_reader *reader, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(reader->error, sizeof(reader->error), fmt, args);
	va_end(args);
	return err;
}

static bool has_rows(const struct modsync_reader *reader)
{
	return reader->head.type == MODSYNC_ROWS && reader->handler->row;
}

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Room for the text of the row that begins. */
static int make_room(struct modsync_reader *reader)
{
	char *text;

	reader->text_have = 0;
	if (reader->row.len <= reader->text_room)
		return 0;
	free(reader->text);
	reader->text = NULL;
	reader->text_room = 0;
	text = malloc(reader->row.len);
	if (!text)
		return fail(reader, -ENOMEM, "no memory for a row of %u bytes", reader->row.len);
	reader->text = text;
	reader->text_room = reader->row.len;
	return 0;
}

static void drop_room(struct modsync_reader *reader)
{
	if (reader->text_room <= TEXT_KEEP)
		return;
	free(reader->text);
	reader->text = NULL;
	reader->text_room = 0;
}

/* A row that can't be in the rest of its frame is not waited, nor made room for. */
static int begin_row(struct modsync_reader *reader, size_t left)
{
	if (modsync_row_get(reader->row_bytes, &reader->row))
		return fail(reader, -EBADMSG, "a row contradicts itself: its lengths, date, number, file or offset");
	if (reader->row.len > left)
		return fail(reader, -EBADMSG, "row %llu has %u bytes, and its frame %zu more",
			    (unsigned long long)reader->row.id, reader->row.len, left);
	return make_room(reader);
}

/* @left: Bytes of the frame behind those of @data. */
static int take_rows(struct modsync_reader *reader, const uint8_t *data, size_t len, size_t left)
{
	while (len) {
		bool in_head = reader->row_have < MODSYNC_ROW_SIZE;
		uint8_t *to = in_head ? reader->row_bytes + reader->row_have :
					(uint8_t *)reader->text + reader->text_have;
		size_t n = min_size(len, in_head ? MODSYNC_ROW_SIZE - reader->row_have :
						   reader->row.len - reader->text_have);
		int err = 0;

		memcpy(to, data, n);
		data += n;
		len -= n;
		if (in_head)
			reader->row_have += n;
		else
			reader->text_have += n;
		if (reader->row_have < MODSYNC_ROW_SIZE)
			break;
		if (in_head)
			err = begin_row(reader, len + left);
		if (!err && reader->text_have == reader->row.len) {
			err = reader->handler->row(reader->arg, &reader->row,
						   reader->text ? reader->text : "");
			reader->row_have = 0;
			drop_room(reader);
		}
		if (err)
			return err;
	}
	return 0;
}

/* Content of the frame, as it was before compression. */
static int take_content(struct modsync_reader *reader, const uint8_t *data, size_t len)
{
	if (len > reader->head.len - reader->made)
		return fail(reader, -EBADMSG, "a frame has more bytes than the %u it says",
			    reader->head.len);
	reader->made += len;
	if (has_rows(reader))
		return take_rows(reader, data, len, reader->head.len - reader->made);
	memcpy(reader->message + reader->made - len, data, len);
	return 0;
}

/* Stops with the first byte too many, so that a small frame can't make much work. */
static int take_zlib(struct modsync_reader *reader, const uint8_t *data, size_t len)
{
	uint8_t chunk[CHUNK];
	bool all = false;
	int ret, err;

	reader->zlib.next_in = (Bytef *)(uintptr_t)data;
	reader->zlib.avail_in = (uInt)len;
	while (!reader->stream_end && !all) {
		reader->zlib.next_out = chunk;
		reader->zlib.avail_out = CHUNK;
		ret = inflate(&reader->zlib, Z_NO_FLUSH);
		if (ret != Z_OK && ret != Z_STREAM_END && ret != Z_BUF_ERROR)
			return fail(reader, ret == Z_MEM_ERROR ? -ENOMEM : -EBADMSG,
				    "a frame can't be decompressed: %s",
				    reader->zlib.msg ? reader->zlib.msg : zError(ret));
		err = take_content(reader, chunk, CHUNK - reader->zlib.avail_out);
		if (err)
			return err;
		reader->stream_end = ret == Z_STREAM_END;
		all = !reader->zlib.avail_in && reader->zlib.avail_out;
	}
	if (reader->zlib.avail_in)
		return fail(reader, -EBADMSG, "a frame has bytes behind its compressed content");
	return 0;
}

static int end_frame(struct modsync_reader *reader)
{
	reader->in_content = false;
	reader->have = 0;
	/* Empty content compressed to nothing is the existing programs' too. */
	if (reader->head.zlib && reader->head.sent && !reader->stream_end)
		return fail(reader, -EBADMSG, "the compressed content of a frame is cut short");
	if (reader->made != reader->head.len)
		return fail(reader, -EBADMSG, "a frame has %zu bytes and says %u", reader->made,
			    reader->head.len);
	if (reader->row_have)
		return fail(reader, -EBADMSG, "a frame ends inside a row");
	if (has_rows(reader))
		return reader->handler->rows_end(reader->arg);
	return reader->handler->message(reader->arg, reader->head.type, reader->message,
					reader->made);
}

static int begin_frame(struct modsync_reader *reader)
{
	struct modsync_head *head = &reader->head;
	int err = modsync_head_get(reader->bytes, reader->flag, head);

	if (err == -EPROTO)
		return fail(reader, err, "what came is no frame with the send flag %u (option send flag)",
			    reader->flag);
	if (err)
		return fail(reader, err, "a frame's header contradicts itself: type %u, %u bytes, %u sent",
			    head->type, head->len, head->sent);
	if (!has_rows(reader) && (head->len > MODSYNC_MESSAGE_MAX || head->sent > MODSYNC_MESSAGE_MAX))
		return fail(reader, -EMSGSIZE, "a frame of type %u has %u bytes, more than %u",
			    head->type, head->len > head->sent ? head->len : head->sent,
			    MODSYNC_MESSAGE_MAX);
	reader->in_content = true;
	reader->sent_left = head->sent;
	reader->made = 0;
	reader->stream_end = false;
	if (head->zlib)
		inflateReset(&reader->zlib);
	return 0;
}

int modsync_reader_feed(struct modsync_reader *reader, const void *data, size_t len)
{
	const uint8_t *at = data;
	int err = 0;

	while (!err && len) {
		size_t n = min_size(len, reader->in_content ? reader->sent_left :
							      MODSYNC_HEAD_SIZE - reader->have);

		if (!reader->in_content) {
			memcpy(reader->bytes + reader->have, at, n);
			reader->have += n;
			if (reader->have == MODSYNC_HEAD_SIZE)
				err = begin_frame(reader);
		} else {
			reader->sent_left -= n;
			err = reader->head.zlib ? take_zlib(reader, at, n) :
						  take_content(reader, at, n);
		}
		at += n;
		len -= n;
		if (!err && reader->in_content && !reader->sent_left)
			err = end_frame(reader);
	}
	return err;
}
