// SPDX-License-Identifier: GPL-2.0-only
/*
 * libwebsockets 4.1 takes a compressed list of headers apart with numbers that are
 * not looked at, and puts it into tables whose ends are not; an empty value makes
 * it walk in a circle. So nghttp2 does that, and libwebsockets gets a list without
 * anything in it that could be done wrong.
 */
#include <ctype.h>
#include <libwebsockets.h>
#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <string.h>

#include "h2_headers.h"
#include "request.h"

/* All that was said, whether it matters or not. */
#define DECODED_MAX	16384

/* libwebsockets has a place for each, and for each parameter of the query string. */
#define PLACES		(WSI_TOKEN_COUNT - 8)

/**
 * struct field - A header that the bridge looks at.
 * @name: Its name.
 * @index: Its number in HPACK's table; 0 it has none.
 * @between: It may come in parts, to be put together with this; else NULL.
 * @needed: No request is without.
 */
static const struct field {
	const char *name;
	unsigned char index;
	const char *between;
	bool needed;
} fields[] = {
	{ ":method", 2, NULL, true },
	{ ":scheme", 6, NULL, true },
	{ ":authority", 1, NULL, false },
	{ ":path", 4, NULL, true },
	{ "host", 38, NULL, false },
	{ "origin", 0, NULL, false },
	{ "authorization", 23, NULL, false },
	{ "cookie", 32, "; ", false },
	{ "content-type", 31, NULL, false },
	{ "content-length", 28, NULL, false },
	{ "accept-encoding", 16, ",", false },
	{ "if-none-match", 41, ",", false },
	{ "x-forwarded-for", 0, ",", false },
};

_Static_assert(HEADERS_MAX + sizeof(fields) / sizeof(fields[0]) * 32 <= H2_HEADERS_PLAIN_MAX,
	       "there is room for all");

#define FIELDS		(sizeof(fields) / sizeof(fields[0]))
#define PSEUDO_FIELDS	4

/**
 * struct values - What there is of the fields.
 * @values: Their values; one of no length is not there.
 * @used: Bytes of all values.
 * @decoded: Bytes of all that was said.
 * @plain_seen: A field that is no pseudo field was there.
 */
struct values {
	struct {
		char text[HEADERS_MAX];
		size_t len;
	} values[FIELDS];
	size_t used;
	size_t decoded;
	bool plain_seen;
};

static size_t find(const nghttp2_nv *nv)
{
	size_t i = 0;

	while (i < FIELDS && (strlen(fields[i].name) != nv->namelen ||
			      memcmp(fields[i].name, nv->name, nv->namelen)))
		i++;
	return i;
}

static bool append(struct values *all, size_t i, const void *text, size_t len)
{
	if (len >= HEADERS_MAX - all->used)
		return false;
	memcpy(all->values[i].text + all->values[i].len, text, len);
	all->values[i].len += len;
	all->used += len;
	return true;
}

/* Return: false: a request can't have this. */
static bool add(struct values *all, const nghttp2_nv *nv)
{
	bool pseudo = nv->namelen && nv->name[0] == ':';
	size_t i = find(nv);

	all->decoded += nv->namelen + nv->valuelen + 32;
	if (all->decoded > DECODED_MAX || (pseudo && (i == FIELDS || all->plain_seen)))
		return false;
	all->plain_seen |= !pseudo;
	if (i == FIELDS || (!nv->valuelen && !pseudo))
		return true;
	if (!nv->valuelen || !nghttp2_check_header_value(nv->value, nv->valuelen))
		return false;
	if (all->values[i].len && (!fields[i].between ||
				   !append(all, i, fields[i].between, strlen(fields[i].between))))
		return false;
	return append(all, i, nv->value, nv->valuelen);
}

static bool inflate(nghttp2_hd_inflater *inflater, const uint8_t *block, size_t len,
		    struct values *all)
{
	for (;;) {
		nghttp2_nv nv;
		int flags = 0;
		ssize_t n = nghttp2_hd_inflate_hd2(inflater, &nv, &flags, block, len, 1);

		if (n < 0)
			return false;
		block += n;
		len -= (size_t)n;
		if (flags & NGHTTP2_HD_INFLATE_EMIT && !add(all, &nv))
			return false;
		if (flags & NGHTTP2_HD_INFLATE_FINAL)
			return !nghttp2_hd_inflate_end_headers(inflater);
		if (!(flags & NGHTTP2_HD_INFLATE_EMIT) && !len)
			return false;
	}
}

/* Whether libwebsockets takes it apart well: visible, each % with two digits. */
static bool is_path(const char *text, size_t len, size_t *places)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] <= ' ' || text[i] > '~')
			return false;
		if (text[i] == '%' && (len - i < 3 || !isxdigit((unsigned char)text[i + 1]) ||
				       !isxdigit((unsigned char)text[i + 2])))
			return false;
		*places += text[i] == '&' || text[i] == ';' || text[i] == '?';
	}
	return text[0] == '/';
}

static bool is_request(const struct values *all)
{
	size_t places = 0;

	for (size_t i = 0; i < FIELDS; i++) {
		if (!all->values[i].len && fields[i].needed)
			return false;
		if (!strcmp(fields[i].name, ":path") &&
		    !is_path(all->values[i].text, all->values[i].len, &places))
			return false;
		/* one for the header, and one for what it is followed by */
		places += all->values[i].len ? 2 : 0;
	}
	return places <= PLACES;
}

/* HPACK's number that begins in the low bits of a byte. */
static uint8_t *put_number(uint8_t *p, size_t n, unsigned int bits)
{
	size_t most = (1U << bits) - 1;

	if (n < most) {
		*p++ = (uint8_t)n;
		return p;
	}
	*p++ = (uint8_t)most;
	for (n -= most; n >= 128; n >>= 7)
		*p++ = (uint8_t)(n | 128);
	*p++ = (uint8_t)n;
	return p;
}

static uint8_t *put_text(uint8_t *p, const char *text, size_t len)
{
	p = put_number(p, len, 7);
	memcpy(p, text, len);
	return p + len;
}

static size_t put_all(uint8_t *plain, const struct values *all)
{
	uint8_t *p = plain;

	for (size_t i = 0; i < FIELDS; i++) {
		if (!all->values[i].len)
			continue;
		p = put_number(p, fields[i].index, 4);
		if (!fields[i].index)
			p = put_text(p, fields[i].name, strlen(fields[i].name));
		p = put_text(p, all->values[i].text, all->values[i].len);
	}
	return (size_t)(p - plain);
}

ssize_t h2_headers_plain(struct nghttp2_hd_inflater **inflater, const uint8_t *block,
			 size_t len, uint8_t *plain)
{
	static __thread struct values all;

	if (!*inflater && nghttp2_hd_inflate_new(inflater))
		return -1;
	for (size_t i = 0; i < FIELDS; i++)
		all.values[i].len = 0;
	all.used = all.decoded = 0;
	all.plain_seen = false;
	if (!inflate(*inflater, block, len, &all) || !is_request(&all))
		return -1;
	return (ssize_t)put_all(plain, &all);
}

void h2_headers_free(struct nghttp2_hd_inflater *inflater)
{
	if (inflater)
		nghttp2_hd_inflate_del(inflater);
}
