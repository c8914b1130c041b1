// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archiver.h"
#include "archives.h"
#include "../channel.h"
#include "../log.h"
#include "../privilege.h"

void archives_init(struct archives *archives, const struct options *options)
{
	const char *sync = options->sync;

	*archives = (struct archives){
		.list = &options->archives,
		.sync = ARCHIVE_SYNC_BATCH,
		.local = options->archive_zone && !strcmp(options->archive_zone, "local"),
		.keep_days = options->keep_days,
	};
	if (sync && !strcmp(sync, "second"))
		archives->sync = ARCHIVE_SYNC_SECOND;
	else if (sync && !strcmp(sync, "none"))
		archives->sync = ARCHIVE_SYNC_NONE;
}

const char *archives_find(const struct archives *archives, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; archives && i < archives->list->count; i++) {
		const char *value = archives->list->values[i];

		if (!strncmp(value, name, len) && value[len] == '=')
			return value + len + 1;
	}
	return NULL;
}

/* Makes a folder for who will write it. */
static int make_folder(const char *dir, uid_t uid, gid_t gid)
{
	if (mkdir(dir, 0750))
		return errno == EEXIST ? 0 : -errno;
	return !geteuid() && chown(dir, uid, gid) ? -errno : 0;
}

int archives_make(const struct archives *archives, const struct channels *channels,
		  const char *user)
{
	uid_t uid = (uid_t)-1;
	gid_t own = (gid_t)-1;
	int status = privilege_ids(user, &uid, &own);

	for (size_t i = 0; !status && i < archives->list->count; i++) {
		const char *value = archives->list->values[i], *dir = strchr(value, '=') + 1;
		char name[CHANNEL_NAME_MAX + 1] = "";
		struct channel *channel;
		gid_t gid = own;
		int err;

		memcpy(name, value, (size_t)(dir - 1 - value));
		channel = channels_find(channels, name);
		if (channel && source_is_device(&channel->source)) {
			gid = source_group(&channel->source);
			privilege_keep_group(gid);
		}
		err = make_folder(dir, uid, gid);
		if (!err)
			continue;
		log_error("archive %s: can't make %s: %s", name, dir, strerror(-err));
		status = EXIT_SYSTEM;
	}
	return status;
}

/* Names that nothing goes by may be those of devices that come later. */
static void say_unknown(const struct archives *archives, const struct channels *channels)
{
	for (size_t i = 0; i < archives->list->count; i++) {
		const char *value = archives->list->values[i];
		int len = (int)strcspn(value, "=");
		struct channel *channel = NULL;

		while ((channel = channels_next(channels, channel)))
			if (!strncmp(channel->name, value, (size_t)len) && !channel->name[len])
				break;
		if (!channel)
			log_error("archive %.*s: there is no such channel yet; it is archived as soon as there is", len, value);
	}
}

int archives_start(struct archives *archives, struct channels *channels)
{
	struct channel *channel = NULL;
	int err = 0;

	while (!err && (channel = channels_next(channels, channel))) {
		if (channel->archive && !source_is_archive(&channel->source))
			err = archiver_open(&channel->archiver, channel, archives, true);
	}
	if (err)
		return err == -EINVAL ? EXIT_USAGE : EXIT_SYSTEM;
	say_unknown(archives, channels);
	archives->running = true;
	return 0;
}

void archives_stop(struct archives *archives, struct channels *channels)
{
	struct channel *channel = NULL;

	archives->running = false;
	/* all at once, as each may wait for the disk */
	while ((channel = channels_next(channels, channel)))
		archiver_stop(channel->archiver);
	while ((channel = channels_next(channels, channel))) {
		archiver_close(channel->archiver);
		channel->archiver = NULL;
	}
}
