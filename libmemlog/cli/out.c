// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <memlog.h>

#include "out.h"

#define OUT_SIZE	(256 * 1024)

int out_init(struct out *out, int fd, volatile const int *stop)
{
	*out = (struct out){ .fd = fd, .size = OUT_SIZE, .stop = stop };
	out->buf = malloc(out->size);
	return out->buf ? 0 : -ENOMEM;
}

void out_free(struct out *out)
{
	free(out->buf);
	out->buf = NULL;
}

/* Standard output may be non-blocking: it is shared with whoever made it so. */
static int wait_writable(struct out *out)
{
	struct pollfd fd = { .fd = out->fd, .events = POLLOUT };

	return poll(&fd, 1, -1) < 0 ? -errno : 0;
}

static int write_all(struct out *out, const char *bytes, size_t len)
{
	int err = 0;

	while (len && !err) {
		ssize_t n = write(out->fd, bytes, len);

		if (n >= 0) {
			bytes += n;
			len -= (size_t)n;
			continue;
		}
		err = -errno;
		if (err == -EAGAIN)
			err = wait_writable(out);
		if (err == -EINTR && !*out->stop)
			err = 0;
	}
	return err;
}

void out_flush(struct out *out)
{
	if (!out->error)
		out->error = write_all(out, out->buf, out->len);
	out->len = 0;
}

/* What does not fit in what is left of the buffer. */
void out_long(struct out *out, const char *bytes, size_t len)
{
	out_flush(out);
	if (len < out->size) {
		memcpy(out->buf, bytes, len);
		out->len = len;
	} else if (!out->error) {
		out->error = write_all(out, bytes, len);
	}
}

/*
 * @len bytes in a row at the end of the buffer, to be added to out->len as far
 * as they are used. Return: NULL if there is no memory.
 */
char *out_room(struct out *out, size_t len)
{
	char *buf;

	if (len > out->size - out->len)
		out_flush(out);
	if (len > out->size) {
		buf = realloc(out->buf, len);
		if (!buf) {
			out->error = -ENOMEM;
			return NULL;
		}
		out->buf = buf;
		out->size = len;
	}
	return out->buf + out->len;
}

void out_number(struct out *out, uint64_t n, int width, char fill)
{
	char digits[20];
	int i = sizeof(digits);

	do
		digits[--i] = (char)('0' + n % 10);
	while (n /= 10);
	while (i > (int)sizeof(digits) - width && i > 0)
		digits[--i] = fill;
	out_bytes(out, digits + i, sizeof(digits) - (size_t)i);
}

void out_spaces(struct out *out, size_t n)
{
	static const char blank[] = "                                ";

	for (; n >= sizeof(blank) - 1; n -= sizeof(blank) - 1)
		out_bytes(out, blank, sizeof(blank) - 1);
	out_bytes(out, blank, n);
}

/* Bytes of the sequence that valid UTF-8 begins with here. */
static size_t sequence(unsigned char c)
{
	return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

/*
 * What a terminal would act on, or a reader be fooled by: C0 but for tab, DEL,
 * C1, and what changes the direction of writing.
 */
static bool harmful(const unsigned char *s, size_t len, uint32_t *code)
{
	if (len == 1) {
		*code = s[0];
		return (s[0] < 0x20 && s[0] != '\t') || s[0] == 0x7f;
	}
	if (len == 2) {
		*code = (s[0] & 0x1fU) << 6 | (s[1] & 0x3fU);
		return *code < 0xa0 || *code == 0x61c;
	}
	if (len == 3) {
		*code = (s[0] & 0xfU) << 12 | (s[1] & 0x3fU) << 6 | (s[2] & 0x3fU);
		return *code == 0x200e || *code == 0x200f ||
		       (*code >= 0x2028 && *code <= 0x202e) ||
		       (*code >= 0x2066 && *code <= 0x2069);
	}
	return false;
}

static void escape_byte(struct out *out, unsigned char byte)
{
	static const char hex[] = "0123456789abcdef";
	char text[] = { '\\', 'x', hex[byte >> 4], hex[byte & 15] };

	out_bytes(out, text, sizeof(text));
}

static void escape_code(struct out *out, uint32_t code)
{
	static const char hex[] = "0123456789abcdef";
	char text[] = { '\\', 'u', hex[code >> 12 & 15], hex[code >> 8 & 15],
			hex[code >> 4 & 15], hex[code & 15] };

	out_bytes(out, text, sizeof(text));
}

/*
 * Up to the first broken sequence; the escaped ones among them are passed on as
 * they are to be written. Return: bytes taken.
 */
static size_t escape_valid(struct out *out, const char *text, size_t len, bool json)
{
	const char *plain = text, *end = text + len, *s = text;
	uint32_t code = 0;

	while (s < end) {
		size_t n = sequence((unsigned char)*s);

		if (!harmful((const unsigned char *)s, n, &code)) {
			s += n;
			continue;
		}
		out_bytes(out, plain, (size_t)(s - plain));
		if (n == 1 && !json)
			escape_byte(out, (unsigned char)*s);
		else
			escape_code(out, code);
		s += n;
		plain = s;
	}
	out_bytes(out, plain, (size_t)(end - plain));
	return len;
}

/* \xNN and \uNNNN for what is harmful, \xNN for bytes that are no UTF-8. */
void out_escaped(struct out *out, const char *text, size_t len)
{
	while (len) {
		size_t valid = memlog_utf8_valid(text, len);

		escape_valid(out, text, valid, false);
		text += valid;
		len -= valid;
		if (len) {
			escape_byte(out, (unsigned char)*text);
			text++;
			len--;
		}
	}
}

/* The same object, with what is harmful in its strings as \uNNNN. */
void out_escaped_json(struct out *out, const char *json, size_t len)
{
	escape_valid(out, json, len, true);
}
