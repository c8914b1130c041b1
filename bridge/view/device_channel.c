// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include <memlog.h>

#include "device_channel.h"
#include "say.h"

/* Who may write the file need not be let into the ring behind it. */
static mode_t ring_mode(mode_t mode)
{
	return 0600 | (mode & 0044);
}

static void complain(const char *path, const char *name, int err)
{
	if (err == -EBUSY)
		say("%s: another process writes this ring; end it, or give this one "
		    "another --ring", path);
	else if (err == -EBADMSG)
		say("%s: no ring, or a damaged one; remove it to begin anew", path);
	else
		say("%s: can't make the ring of %s: %s", path ? path : "memory", name,
		    strerror(-err));
}

/**
 * device_channel_open() - Open a channel's ring, or make it.
 * @ch: Is filled in.
 * @opt: The options.
 * @n: Which of their channels it is.
 *
 * Return: 0, or -errno when that was said.
 */
int device_channel_open(struct device_channel *ch, const struct device_options *opt,
			unsigned int n)
{
	const struct memlog_geometry *geo = &opt->channels[n].geo;
	struct memlog_embedded_options ring = {
		.size = sizeof(ring),
		.mode = ring_mode(opt->mode),
		.text_size = geo->text_size,
		.records = geo->records,
		.max_record = geo->max_record,
		.name = opt->channels[n].name,
	};
	char path[PATH_MAX];
	int err, len;

	memset(ch, 0, sizeof(*ch));
	memcpy(ch->name, opt->channels[n].name, sizeof(ch->name));
	len = snprintf(path, sizeof(path), "%s/%s", opt->rings ? opt->rings : "", ch->name);
	err = (size_t)len < sizeof(path) ? 0 : -ENAMETOOLONG;
	if (!err)
		err = memlog_embedded_open(&ch->ring, opt->rings ? path : NULL, &ring);
	if (err) {
		complain(opt->rings ? path : NULL, ch->name, err);
		return err;
	}
	list_init(&ch->files);
	list_init(&ch->waits);
	list_init(&ch->polled);
	ch->mode = opt->mode;
	ch->uid = geteuid();
	ch->gid = getegid();
	clock_gettime(CLOCK_REALTIME, &ch->made);
	return 0;
}

/**
 * device_channel_close() - Undo device_channel_open().
 * @ch: The channel, of which no file is open; or all zeros.
 */
void device_channel_close(struct device_channel *ch)
{
	memlog_embedded_close(ch->ring);
}
