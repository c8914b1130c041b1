/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BRIDGE_OPTION_TABLE_H
#define BRIDGE_OPTION_TABLE_H

#include "options.h"

/* Bits of options->set. */
#define OPTIONS_MAX	64

enum option_kind {
	OPTION_LIST,
	OPTION_STRING,
	OPTION_NUMBER,
	OPTION_FLAG,
	OPTION_ACTION,
};

/**
 * struct option_def - An option.
 * @name: Its name.
 * @arg: What its value is called; NULL: it has none on the command line.
 * @help: What it does; further lines behind newlines.
 * @kind: What its value is.
 * @offset: Where in struct options that goes.
 * @min: Smallest number.
 * @max: Largest number.
 * @live: It can change while the bridge runs.
 * @no_file: It has no place in a file.
 * @check: What a value must be; NULL: anything but nothing.
 * @expected: What to say when it is not.
 */
struct option_def {
	const char *name;
	const char *arg;
	const char *help;
	enum option_kind kind;
	size_t offset;
	unsigned int min;
	unsigned int max;
	bool live;
	bool no_file;
	bool (*check)(const char *value);
	const char *expected;
};

extern const struct option_def option_table[];
extern const size_t option_count;

/* The option of that name, or NULL. */
const struct option_def *option_find(const char *name);

void option_help(void);

static inline void *option_at(const struct option_def *def, struct options *options)
{
	return (char *)options + def->offset;
}

#endif /* BRIDGE_OPTION_TABLE_H */
