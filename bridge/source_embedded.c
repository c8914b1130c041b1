// SPDX-License-Identifier: GPL-2.0-only
/*
 * A ring the bridge itself writes, in $RUNTIME_DIRECTORY where it outlives the
 * process, else in memory.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "runtime.h"
#include "source.h"

static int ring_path(struct source *source, const char *name)
{
	const char *dir = runtime_dir();

	if (!dir)
		return 0;
	if (asprintf(&source->path, "%s/%s.ring", dir, name) < 0) {
		source->path = NULL;
		return -ENOMEM;
	}
	return 0;
}

static int embedded_open(struct source *source, const char *name, const char *value)
{
	struct memlog_embedded_options options = {
		.size = sizeof(options), .name = name,
	};
	int err;

	err = memlog_parse_size(value, &options.text_size);
	if (err || !options.text_size) {
		log_error("channel %s: \"%s\" is no size; expected for example embedded:64K",
			  name, value);
		return -EINVAL;
	}
	err = ring_path(source, name);
	if (!err)
		err = memlog_embedded_open(&source->ring, source->path, &options);
	if (!err)
		return 0;
	if (err == -EINVAL)
		log_error("channel %s: %s is not a power of two from 4K to 1G", name, value);
	else
		log_error("channel %s: can't make a ring %s: %s%s", name,
			  source->path ? source->path : "in memory", strerror(-err),
			  err == -EBUSY ? "; another bridge writes it, give this one a RUNTIME_DIRECTORY of its own" : "");
	free(source->path);
	source->path = NULL;
	return err;
}

static int embedded_reader(struct source *source, struct memlog_reader **readerp,
			   const struct memlog_reader_options *options)
{
	return memlog_reader_open_embedded(readerp, source->ring, options);
}

static void embedded_close(struct source *source)
{
	memlog_embedded_close(source->ring);
	source->ring = NULL;
	free(source->path);
	source->path = NULL;
}

const struct source_type source_embedded = {
	.prefix = "embedded:",
	.open = embedded_open,
	.reader = embedded_reader,
	.close = embedded_close,
};
