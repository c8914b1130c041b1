// SPDX-License-Identifier: GPL-2.0-only
/*
 * A ring somebody else writes: a memlog device, or a ring file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "source.h"

static const char *advice(int err)
{
	switch (err) {
	case -ENOENT:
		return ": is the module loaded (modprobe memlog), or the ring made?";
	case -EACCES:
	case -EPERM:
		return ": who runs the bridge must be able to read it (group adm for a device)";
	case -ENOTTY:
	case -EBADMSG:
		return ": it is neither a memlog device nor a ring file";
	default:
		return "";
	}
}

static int ring_open(struct source *source, const char *name, const char *value)
{
	int err;

	source->path = strdup(value);
	if (!source->path)
		return -ENOMEM;
	err = source_check(source);
	if (!err)
		return 0;
	log_error("channel %s: can't read %s: %s%s", name, value, strerror(-err),
		  advice(err));
	free(source->path);
	source->path = NULL;
	return err == -EINVAL ? -EIO : err;
}

static int ring_reader(struct source *source, struct memlog_reader **readerp,
		       const struct memlog_reader_options *options)
{
	struct memlog_reader_options opt = *options;

	if (!source_may_map(source->path))
		opt.flags |= MEMLOG_READ_NO_MMAP;
	return memlog_reader_open(readerp, source->path, &opt);
}

static void ring_close(struct source *source)
{
	free(source->path);
	source->path = NULL;
}

const struct source_type source_ring = {
	.prefix = "/",
	.open = ring_open,
	.reader = ring_reader,
	.close = ring_close,
};
