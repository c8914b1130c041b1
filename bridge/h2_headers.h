/* SPDX-License-Identifier: GPL-2.0-only */
/* The headers of HTTP/2 requests, made plain for libwebsockets. */
#ifndef BRIDGE_H2_HEADERS_H
#define BRIDGE_H2_HEADERS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct nghttp2_hd_inflater;

/* Most that comes out of h2_headers_plain(). */
#define H2_HEADERS_PLAIN_MAX	6144

/**
 * h2_headers_plain() - Make a compressed list of headers plain.
 * @inflater: What the connection has told so far; made for the first.
 * @block: The list, whole.
 * @len: Bytes of it.
 * @plain: Gets those that the bridge looks at, of H2_HEADERS_PLAIN_MAX bytes: each
 *         once, not empty, not compressed, and kept in no table.
 *
 * Return: bytes in @plain, or -1: the connection has to end.
 */
ssize_t h2_headers_plain(struct nghttp2_hd_inflater **inflater, const uint8_t *block,
			 size_t len, uint8_t *plain);

void h2_headers_free(struct nghttp2_hd_inflater *inflater);

#endif /* BRIDGE_H2_HEADERS_H */
