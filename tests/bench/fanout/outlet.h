/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the writer's records go.
 */
#ifndef FANOUT_OUTLET_H
#define FANOUT_OUTLET_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct outlet - A kind of place.
 * @name: Of its option.
 * @open: Opens @where, @size bytes if it has a size; sets the number of the
 *        first record to be written, if it knows that. Return: 0, or -errno.
 * @put: Writes one record of PAYLOAD_SIZE bytes. Return: 0, or -errno.
 * @close: All is written.
 */
struct outlet {
	const char *name;
	int (*open)(const char *where, uint64_t size, uint64_t *first);
	int (*put)(const char *text);
	void (*close)(void);
};

extern const struct outlet outlets[];

/* Return: the outlet of that name, or NULL. */
const struct outlet *outlet_find(const char *name);

#endif /* FANOUT_OUTLET_H */
