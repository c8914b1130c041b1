// SPDX-License-Identifier: GPL-2.0-only
/*
 * The JSON formats. Each record and each loss is an object; they differ in what
 * stands around it:
 *
 *	json	a frame is an array of them, or one object that tells of a stream
 *	ndjson	a line for each
 *	sse	an event for each, whose id is the place a client comes back with
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "service.h"

/* Room for what stands around an object. */
#define AROUND_ROOM	64

/* Behind '[' or ',': the block is an array in the making. */
static int json_record(struct encoder *enc, const struct memlog_record *rec,
		       const char *text, bool joins)
{
	const char *service = service_name(rec->cgroup);
	size_t room = memlog_json_room(rec, service);
	char *out = block_reserve(&enc->block, room + AROUND_ROOM);

	if (!out)
		return -ENOMEM;
	*out = enc->block->len ? ',' : '[';
	enc->block->len += 1 + memlog_json_record(out + 1, room, rec, text, service);
	return 0;
}

static int json_lost(struct encoder *enc, const struct memlog_loss *loss)
{
	char *out = block_reserve(&enc->block, OBJECT_ROOM + AROUND_ROOM);

	if (!out)
		return -ENOMEM;
	*out = enc->block->len ? ',' : '[';
	enc->block->len += 1 + memlog_json_lost(out + 1, OBJECT_ROOM, loss);
	return 0;
}

static int json_finish(struct encoder *enc)
{
	char *out;

	/* an object that stands alone */
	if (block_bytes(enc->block)[0] != '[')
		return 0;
	out = block_reserve(&enc->block, 1);
	if (!out)
		return -ENOMEM;
	*out = ']';
	enc->block->len++;
	return 0;
}

const struct format format_json = {
	.name = "json",
	.subprotocol = "memlog.json",
	.record = json_record,
	.lost = json_lost,
	.object = encoder_frame,
	.finish = json_finish,
};

/* What stands before an object and behind it. */
static size_t put_before(const struct encoder *enc, char *out, uint64_t seq)
{
	if (enc->format != &format_sse)
		return 0;
	if (seq == MEMLOG_SEQ_NONE)
		return (size_t)sprintf(out, "data: ");
	return (size_t)sprintf(out, "id: %016" PRIx64 ":%" PRIu64 "\ndata: ", enc->stream,
			       seq);
}

static size_t put_behind(const struct encoder *enc, char *out)
{
	out[0] = '\n';
	out[1] = '\n';
	return enc->format == &format_sse ? 2 : 1;
}

static int line_record(struct encoder *enc, const struct memlog_record *rec,
		       const char *text, bool joins)
{
	const char *service = service_name(rec->cgroup);
	size_t room = memlog_json_room(rec, service), n;
	char *out = block_reserve(&enc->block, room + AROUND_ROOM);

	if (!out)
		return -ENOMEM;
	n = put_before(enc, out, rec->seq);
	n += memlog_json_record(out + n, room, rec, text, service);
	n += put_behind(enc, out + n);
	enc->block->len += n;
	return 0;
}

static int put_line(struct encoder *enc, const char *object, size_t len,
		    uint64_t seq)
{
	char *out = block_reserve(&enc->block, len + AROUND_ROOM);
	size_t n;

	if (!out)
		return -ENOMEM;
	n = put_before(enc, out, seq);
	memcpy(out + n, object, len);
	n += len;
	n += put_behind(enc, out + n);
	enc->block->len += n;
	return 0;
}

static int line_lost(struct encoder *enc, const struct memlog_loss *loss)
{
	char object[OBJECT_ROOM];
	size_t len = memlog_json_lost(object, sizeof(object), loss);

	return put_line(enc, object, len, loss->to_seq);
}

static int line_object(struct encoder *enc, const char *object, size_t len)
{
	return put_line(enc, object, len, MEMLOG_SEQ_NONE);
}

static int line_finish(struct encoder *enc)
{
	return 0;
}

const struct format format_ndjson = {
	.name = "ndjson",
	.record = line_record,
	.lost = line_lost,
	.object = line_object,
	.finish = line_finish,
};

const struct format format_sse = {
	.name = "sse",
	.record = line_record,
	.lost = line_lost,
	.object = line_object,
	.finish = line_finish,
};
