// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "tls_streams.h"

#define TYPE_DATA	0
#define TYPE_HEADERS	1
#define TYPE_RESET	3
#define FLAG_END_STREAM	1

uint32_t tls_stream_id(const unsigned char *head)
{
	return (uint32_t)(head[5] & 0x7f) << 24 | (uint32_t)head[6] << 16 |
	       (uint32_t)head[7] << 8 | head[8];
}

static uint32_t *find(uint32_t *ids, uint32_t stream)
{
	for (size_t i = 0; i < H2_BODIES; i++)
		if (ids[i] == stream)
			return &ids[i];
	return NULL;
}

bool tls_streams_begin(struct tls_streams *streams, uint32_t stream)
{
	uint32_t *place = find(streams->bodies, 0);

	if (place)
		*place = stream;
	return place;
}

void tls_streams_end(struct tls_streams *streams, uint32_t stream)
{
	uint32_t *body = stream ? find(streams->bodies, stream) : NULL;
	uint32_t *answered = stream ? find(streams->answered, stream) : NULL;

	if (body)
		*body = 0;
	if (answered)
		*answered = 0;
}

bool tls_streams_is_answered(const struct tls_streams *streams, uint32_t stream)
{
	for (size_t i = 0; stream && i < H2_BODIES; i++)
		if (streams->answered[i] == stream)
			return true;
	return false;
}

/* No error: the answer counts. A client that is told nothing stops at its window. */
static void add_reset(struct tls_streams *streams, const unsigned char *head)
{
	unsigned char *reset = streams->resets + streams->resets_len;

	if (streams->resets_len + H2_RESET_SIZE > sizeof(streams->resets))
		return;
	memset(reset, 0, H2_RESET_SIZE);
	reset[2] = H2_RESET_SIZE - H2_HEADER;
	reset[3] = TYPE_RESET;
	memcpy(reset + 5, head + 5, 4);
	streams->resets_len += H2_RESET_SIZE;
}

static void on_frame(struct tls_streams *streams, const unsigned char *head)
{
	uint32_t stream = tls_stream_id(head), *body;

	if ((head[3] != TYPE_DATA && head[3] != TYPE_HEADERS) || !(head[4] & FLAG_END_STREAM))
		return;
	body = stream ? find(streams->bodies, stream) : NULL;
	if (!body)
		return;
	*body = 0;
	streams->answered[streams->answered_at++ % H2_BODIES] = stream;
	add_reset(streams, head);
}

bool tls_streams_sent(struct tls_streams *streams, const unsigned char *buf, size_t len)
{
	const unsigned char *head = streams->head;
	size_t part;

	while (len) {
		if (streams->left) {
			part = len < streams->left ? len : streams->left;
			streams->left -= part;
		} else {
			part = H2_HEADER - streams->head_len;
			if (part > len)
				part = len;
			memcpy(streams->head + streams->head_len, buf, part);
			streams->head_len += part;
		}
		buf += part;
		len -= part;
		if (streams->head_len < H2_HEADER)
			continue;
		streams->head_len = 0;
		streams->left = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
		on_frame(streams, head);
	}
	return !streams->left && !streams->head_len;
}
