// SPDX-License-Identifier: GPL-2.0-only
#include "format.h"

const struct format *const formats[FORMATS] = {
	[FORMAT_TEXT] = &format_text,
};

void encoder_init(struct encoder *enc, const struct format *format,
		  const struct carry *carry)
{
	*enc = (struct encoder){ .format = format, .carry = *carry };
	enc->open = carry->len;
}

void encoder_uninit(struct encoder *enc)
{
	block_put(enc->block);
	enc->block = NULL;
}

int encoder_take(struct encoder *enc, struct block **blockp)
{
	int err = enc->format->finish(enc);

	if (err)
		return err;
	block_trim(&enc->block);
	*blockp = enc->block;
	enc->block = NULL;
	enc->open = enc->carry.len;
	return 0;
}
