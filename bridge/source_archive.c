// SPDX-License-Identifier: GPL-2.0-only
/*
 * An archive somebody else writes, a replica's for example: read-only, and
 * followed as it grows.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "source.h"

static int archive_open(struct source *source, const char *name, const char *value)
{
	int err;

	source->path = strdup(value);
	if (!source->path)
		return -ENOMEM;
	err = source_check(source);
	if (!err)
		return 0;
	if (err == -ENOTTY)
		log_error("channel %s: %s is no archive, a folder of days; one that is in it is %s/CHANNEL",
			  name, value, value);
	else
		log_error("channel %s: can't read the archive %s: %s%s", name, value, strerror(-err),
			  err == -EACCES ? ": who runs the bridge must be able to read it" : "");
	free(source->path);
	source->path = NULL;
	return err == -EINVAL ? -EIO : err;
}

static int archive_reader(struct source *source, struct memlog_reader **readerp,
			  const struct memlog_reader_options *options)
{
	return memlog_reader_open(readerp, source->path, options);
}

static void archive_close(struct source *source)
{
	free(source->path);
	source->path = NULL;
}

const struct source_type source_archive = {
	.prefix = "/",
	.open = archive_open,
	.reader = archive_reader,
	.close = archive_close,
};
