/* SPDX-License-Identifier: GPL-2.0-only */
/* The viewer's files, in the program. */
#ifndef BRIDGE_ASSETS_H
#define BRIDGE_ASSETS_H

#include <stddef.h>

/**
 * struct asset - A file.
 * @path: Where it is asked for.
 * @type: Content type.
 * @data: Its bytes.
 * @len: How many.
 * @gzip: The same, compressed, for those whose Accept-Encoding has gzip.
 * @gzip_len: How many.
 */
struct asset {
	const char *path;
	const char *type;
	const char *data;
	size_t len;
	const char *gzip;
	size_t gzip_len;
};

/* The file at @path, or NULL; good until the thread asks for another. */
const struct asset *asset_find(const char *path);

#endif /* BRIDGE_ASSETS_H */
