// SPDX-License-Identifier: GPL-2.0-only
/*
 * go-modsynclog's socket protocol: frames, rows, and the JSON of a question. The
 * first byte says as what the rest is read, the second how it is cut. However it is
 * cut, the same comes of what is sound; and what is taken for good makes the same
 * bytes again.
 */
#include <archive/date.h>
#include <archive/format.h>
#include <archive/modsync_reader.h>
#include <string.h>

#include "libfuzz.h"

#define STOP	-12345

/**
 * struct seen - What came of some bytes.
 * @rows: Rows.
 * @messages: Messages.
 * @ends: Frames with rows that were sound.
 * @sum: Of all bytes of it.
 * @err: What ended it.
 */
struct seen {
	unsigned int rows;
	unsigned int messages;
	unsigned int ends;
	uint32_t sum;
	int err;
};

static int on_message(void *arg, uint32_t type, const char *content, size_t len)
{
	struct seen *seen = arg;

	must(len <= MODSYNC_MESSAGE_MAX);
	seen->messages++;
	seen->sum = archive_crc32c(seen->sum + type, content, len);
	return 0;
}

static int on_row(void *arg, const struct modsync_row *row, const char *text)
{
	struct seen *seen = arg;
	uint8_t bytes[MODSYNC_ROW_SIZE];
	struct modsync_row again;

	must(row->len <= ARCHIVE_TEXT_MAX && archive_date_ok(row->date));
	modsync_row_put(bytes, row);
	must(!modsync_row_get(bytes, &again));
	must(again.id == row->id && again.offset == row->offset && again.len == row->len);
	seen->sum = archive_crc32c(seen->sum, bytes, sizeof(bytes));
	seen->sum = archive_crc32c(seen->sum, text, row->len);
	/* A few megabytes of rows from a few bytes are enough. */
	return ++seen->rows > 100000 ? STOP : 0;
}

static int on_rows_end(void *arg)
{
	struct seen *seen = arg;

	seen->ends++;
	return 0;
}

static void read_frames(struct seen *seen, const struct modsync_handler *handler,
			const uint8_t *data, size_t size, size_t piece)
{
	struct modsync_reader *reader = modsync_reader_new(MODSYNC_FLAG, handler, seen);

	must(reader);
	*seen = (struct seen){ 0 };
	for (size_t at = 0; !seen->err && at < size; at += piece) {
		size_t n = size - at < piece ? size - at : piece;
		/* A copy of its own, so that a byte too far is seen. */
		uint8_t *copy = malloc(n);

		must(copy);
		memcpy(copy, data + at, n);
		seen->err = modsync_reader_feed(reader, copy, n);
		free(copy);
	}
	must(!seen->err || seen->err == STOP || modsync_reader_error(reader)[0]);
	modsync_reader_free(reader);
}

static void check_frames(bool rows, const uint8_t *data, size_t size, size_t piece)
{
	struct modsync_handler handler = {
		.message = on_message, .row = rows ? on_row : NULL, .rows_end = on_rows_end,
	};
	struct seen whole, pieces;

	if (!size)
		return;
	read_frames(&whole, &handler, data, size, size);
	read_frames(&pieces, &handler, data, size, piece);
	must(!whole.err == !pieces.err);
	must(whole.err || !memcmp(&whole, &pieces, sizeof(whole)));
}

static void check_ask(const uint8_t *data, size_t size)
{
	char json[MODSYNC_MESSAGE_MAX], *copy = malloc(size + 1);
	struct modsync_ask ask, again;

	must(copy);
	memcpy(copy, data, size);
	if (!modsync_ask_get(&ask, copy, size)) {
		must(archive_date_ok(ask.date) && ask.id <= INT64_MAX);
		must(!modsync_ask_get(&again, json, modsync_ask_put(json, &ask)));
		must(again.date == ask.date && again.id == ask.id);
	}
	free(copy);
}

/* What we make, we read. */
static void check_made(bool zlib, const uint8_t *data, size_t size)
{
	struct modsync_handler handler = { .message = on_message };
	size_t len = size < MODSYNC_MESSAGE_MAX - 64 ? size : MODSYNC_MESSAGE_MAX - 64;
	size_t room = modsync_frame_room(len);
	uint8_t *frame = malloc(room);
	struct seen seen;

	must(frame);
	read_frames(&seen, &handler, frame,
		    modsync_frame_make(frame, room, MODSYNC_FLAG, MODSYNC_HELLO, zlib, data, len),
		    1 + size % 7);
	must(!seen.err && seen.messages == 1);
	must(seen.sum == archive_crc32c(MODSYNC_HELLO, data, len));
	free(frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	switch (data[0] % 4) {
	case 0:
		check_frames(true, data + 2, size - 2, 1 + data[1]);
		break;
	case 1:
		check_frames(false, data + 2, size - 2, 1 + data[1]);
		break;
	case 2:
		check_ask(data + 2, size - 2);
		break;
	default:
		check_made(data[1] % 2, data + 2, size - 2);
	}
	return 0;
}
