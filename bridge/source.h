/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sources: where a channel's records come from. Whatever the source is, it ends
 * in a ring that libmemlog can read; who reads does not care which. A source is
 * one file and one line in the table of source.c.
 */
#ifndef BRIDGE_SOURCE_H
#define BRIDGE_SOURCE_H

#include <memlog.h>
#include <stdbool.h>
#include <sys/types.h>

/**
 * struct source - A channel's ring.
 * @type: What kind.
 * @path: Its device or file; NULL for a ring in memory that nothing else is in.
 * @ring: The ring, if this process writes it.
 * @tail: What writes it from a text file, whose name is @path then.
 */
struct source {
	const struct source_type *type;
	char *path;
	struct memlog_embedded *ring;
	struct tail_source *tail;
};

/**
 * struct source_type - A kind of source.
 * @prefix: What the value of channels_add() begins with.
 * @open: Set up @source for channel @name. @value is what stands behind the
 *        prefix, or all of it if the prefix is "/". Says what is wrong and
 *        returns a negative errno value; -EINVAL is the user's mistake.
 * @reader: Open a reader.
 * @close: Undo @open.
 */
struct source_type {
	const char *prefix;
	int (*open)(struct source *source, const char *name, const char *value);
	int (*reader)(struct source *source, struct memlog_reader **readerp,
		      const struct memlog_reader_options *options);
	void (*close)(struct source *source);
};

extern const struct source_type source_ring;
extern const struct source_type source_embedded;
extern const struct source_type source_tail;
extern const struct source_type source_archive;

int source_open(struct source *source, const char *name, const char *value);
void source_close(struct source *source);

int source_reader(struct source *source, struct memlog_reader **readerp,
		  const struct memlog_reader_options *options);

/* Whether a reader could be opened now: 0 or a negative errno value. */
int source_check(struct source *source);

/* The channel's numbers: 0 or a negative errno value. */
int source_info(struct source *source, struct memlog_info *info);

/* Whether it is a folder that another program writes, without a ring. */
static inline bool source_is_archive(const struct source *source)
{
	return source->type == &source_archive;
}

/* A memlog device, or a file of memlogfs, which is one to who asks. */
bool source_is_device(const struct source *source);
bool source_path_is_device(const char *path);

/*
 * Whether the file at @path may be mapped. One that is truncated while it is
 * kills who touches it. A device can't be, and of a file only those can do it
 * who could harm us anyhow.
 */
bool source_may_map(const char *path);

/* Group of the device or ring file, -1 if it has none. */
gid_t source_group(const struct source *source);

#endif /* BRIDGE_SOURCE_H */
