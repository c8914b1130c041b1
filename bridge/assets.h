/* SPDX-License-Identifier: GPL-2.0-only */
/* The files of web/, in the program. */
#ifndef BRIDGE_ASSETS_H
#define BRIDGE_ASSETS_H

#include <stddef.h>

/**
 * struct asset - A file.
 * @path: Where it is asked for.
 * @type: Content type.
 * @data: Its bytes.
 * @len: How many.
 */
struct asset {
	const char *path;
	const char *type;
	const char *data;
	size_t len;
};

/* The file at @path, or NULL. */
const struct asset *asset_find(const char *path);

#endif /* BRIDGE_ASSETS_H */
