/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the library's own files share.
 */
#ifndef MEMLOG_PRIVATE_H
#define MEMLOG_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#define NSEC_PER_SEC	1000000000ULL
#define REPLACEMENT	"\xef\xbf\xbd"		/* U+FFFD */

#define min_of(a, b)	((a) < (b) ? (a) : (b))
#define max_of(a, b)	((a) > (b) ? (a) : (b))

/* Output into a caller's buffer which counts on beyond its end. */
struct out {
	char *buf;
	size_t size;
	size_t len;
};

static inline void out_bytes(struct out *out, const char *bytes, size_t n)
{
	if (out->len < out->size)
		memcpy(out->buf + out->len, bytes, min_of(n, out->size - out->len));
	out->len += n;
}

static inline void out_string(struct out *out, const char *str)
{
	out_bytes(out, str, strlen(str));
}

static inline size_t out_end(struct out *out)
{
	if (out->size)
		out->buf[min_of(out->len, out->size - 1)] = '\0';
	return out->len;
}

static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

/*
 * Opens the file of @fd once more, so that locks and cursors are not shared;
 * duplicates it where that is not allowed. -errno if neither can be done.
 */
int memlog_reopen(int fd, int flags);

/*
 * Copies a caller's options of @size bytes into the @known bytes this version
 * knows, of which the first @least must be there. -EINVAL if what it does not
 * know is not zero.
 */
int memlog_copy_options(void *to, size_t known, size_t least, const void *from,
			size_t size);

/*
 * Length of the sequence or maximal broken part that @text begins with; @len is
 * not 0.
 */
size_t memlog_utf8_step(const char *text, size_t len, bool *valid);

#endif /* MEMLOG_PRIVATE_H */
