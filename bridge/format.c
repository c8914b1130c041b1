// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "format.h"

const struct format *const formats[FORMATS] = {
	[FORMAT_TEXT] = &format_text,
	[FORMAT_JSON] = &format_json,
	[FORMAT_BINARY] = &format_binary,
	[FORMAT_NDJSON] = &format_ndjson,
	[FORMAT_SSE] = &format_sse,
};

void encoder_init(struct encoder *enc, const struct format *format, uint64_t stream,
		  const struct carry *carry)
{
	*enc = (struct encoder){ .format = format, .stream = stream, .carry = *carry };
	enc->open = carry->len;
}

void encoder_uninit(struct encoder *enc)
{
	block_put(enc->chain);
	block_put(enc->block);
	enc->chain = NULL;
	enc->block = NULL;
}

int encoder_cut(struct encoder *enc)
{
	bool carries = enc->final && enc->carry.len;
	int err;

	if (!carries && (!enc->block || !enc->block->len))
		return 0;
	err = enc->format->finish(enc);
	if (err)
		return err;
	block_trim(&enc->block);
	if (enc->chain)
		enc->last->next = enc->block;
	else
		enc->chain = enc->block;
	enc->last = enc->block;
	enc->done += enc->block->len;
	enc->block = NULL;
	return 0;
}

int encoder_take(struct encoder *enc, struct block **chain)
{
	int err = encoder_cut(enc);

	if (err)
		return err;
	*chain = enc->chain;
	enc->chain = NULL;
	enc->last = NULL;
	enc->done = 0;
	enc->final = false;
	enc->open = enc->carry.len;
	return 0;
}

int encoder_frame(struct encoder *enc, const char *object, size_t len)
{
	char *out;

	if (encoder_cut(enc))
		return -ENOMEM;
	out = block_reserve(&enc->block, len);
	if (!out)
		return -ENOMEM;
	memcpy(out, object, len);
	enc->block->len += len;
	return encoder_cut(enc);
}

int encoder_hello(struct encoder *enc, const char *channel, uint64_t oldest,
		  uint64_t next)
{
	char object[OBJECT_ROOM];
	size_t len;

	if (!enc->format->object)
		return 0;
	len = memlog_json_hello(object, sizeof(object), enc->stream, channel, oldest, next);
	return enc->format->object(enc, object, len);
}

int encoder_ended(struct encoder *enc, uint64_t next)
{
	char object[OBJECT_ROOM];
	size_t len;

	if (!enc->format->object)
		return 0;
	len = memlog_json_ended(object, sizeof(object), enc->stream, next);
	return enc->format->object(enc, object, len);
}
