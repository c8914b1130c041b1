// SPDX-License-Identifier: GPL-2.0-only
/*
 * The binary format: records as the device's record format has them, little-
 * endian; what else there is to tell, as JSON in text frames.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "format.h"

/* As long as the device's, and laid out like it. */
static struct memlog_record to_little(const struct memlog_record *rec)
{
	struct memlog_record le = *rec;

	le.seq = htole64(rec->seq);
	le.pos = htole64(rec->pos);
	le.time_ns = htole64(rec->time_ns);
	le.cgroup = htole64(rec->cgroup);
	le.len = htole32(rec->len);
	le.pid = htole32(rec->pid);
	le.uid = htole32(rec->uid);
	le.type = htole16(rec->type);
	return le;
}

static int binary_record(struct encoder *enc, const struct memlog_record *rec,
			 const char *text, bool joins)
{
	size_t padded = ((size_t)rec->len + 7) & ~(size_t)7;
	struct memlog_record le = to_little(rec);
	char *out;

	if (enc->block && !enc->block->binary && encoder_cut(enc))
		return -ENOMEM;
	out = block_reserve(&enc->block, sizeof(le) + padded);
	if (!out)
		return -ENOMEM;
	enc->block->binary = true;
	memcpy(out, &le, sizeof(le));
	memcpy(out + sizeof(le), text, rec->len);
	memset(out + sizeof(le) + rec->len, 0, padded - rec->len);
	enc->block->len += sizeof(le) + padded;
	return 0;
}

static int binary_lost(struct encoder *enc, const struct memlog_loss *loss)
{
	char object[OBJECT_ROOM];
	size_t len = memlog_json_lost(object, sizeof(object), loss);

	return encoder_frame(enc, object, len);
}

static int binary_finish(struct encoder *enc)
{
	return 0;
}

const struct format format_binary = {
	.name = "binary",
	.subprotocol = "memlog.binary",
	.record = binary_record,
	.lost = binary_lost,
	.object = encoder_frame,
	.finish = binary_finish,
};
