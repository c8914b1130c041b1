/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Standard output with a large buffer, and what makes text safe on a terminal.
 */
#ifndef MEMLOG_CLI_OUT_H
#define MEMLOG_CLI_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/**
 * struct out - Output that waits to be written.
 * @fd: Where it goes.
 * @buf: The bytes.
 * @len: How many.
 * @size: Room for them.
 * @error: 0, or the negative errno value of the write that failed; nothing is
 *         written any more then.
 * @stop: Set by a signal: a write that it interrupts is not begun again.
 */
struct out {
	int fd;
	char *buf;
	size_t len;
	size_t size;
	int error;
	volatile const int *stop;
};

int out_init(struct out *out, int fd, volatile const int *stop);
void out_free(struct out *out);
void out_flush(struct out *out);
char *out_room(struct out *out, size_t len);
void out_long(struct out *out, const char *bytes, size_t len);
void out_number(struct out *out, uint64_t n, int width, char fill);
void out_escaped(struct out *out, const char *text, size_t len);
void out_escaped_json(struct out *out, const char *json, size_t len);
void out_spaces(struct out *out, size_t n);

static inline void out_bytes(struct out *out, const char *bytes, size_t len)
{
	if (len > out->size - out->len) {
		out_long(out, bytes, len);
		return;
	}
	memcpy(out->buf + out->len, bytes, len);
	out->len += len;
}

static inline void out_char(struct out *out, char c)
{
	out_bytes(out, &c, 1);
}

static inline void out_string(struct out *out, const char *str)
{
	out_bytes(out, str, strlen(str));
}

#endif /* MEMLOG_CLI_OUT_H */
