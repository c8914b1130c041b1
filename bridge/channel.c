// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "archive/archiver.h"
#include "channel.h"
#include "log.h"

void channels_init(struct channels *channels)
{
	channels->first = NULL;
	channels->archives = NULL;
	pthread_mutex_init(&channels->lock, NULL);
}

static void free_channel(struct channel *channel)
{
	source_close(&channel->source);
	pthread_mutex_destroy(&channel->lock);
	committed_uninit(&channel->committed);
	free(channel->archive);
	free(channel);
}

void channels_uninit(struct channels *channels)
{
	struct channel *channel, *next;

	for (channel = channels->first; channel; channel = next) {
		next = channel->next;
		free_channel(channel);
	}
	pthread_mutex_destroy(&channels->lock);
}

int channel_reader(struct channel *channel, struct memlog_reader **readerp,
		   const struct memlog_reader_options *options)
{
	struct memlog_reader_options opt = *options;

	if (channel->archive && !source_is_archive(&channel->source)) {
		opt.flags |= MEMLOG_READ_ARCHIVE;
		opt.archive = channel->archive;
	}
	return source_reader(&channel->source, readerp, &opt);
}

struct channel *channels_next(const struct channels *channels,
			      const struct channel *channel)
{
	struct channel *const *link = channel ? &channel->next : &channels->first;

	return __atomic_load_n(link, __ATOMIC_ACQUIRE);
}

bool channel_name_ok(const char *name)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	size_t len = strlen(name);

	return len && len <= CHANNEL_NAME_MAX && strchr(first, name[0]) &&
	       strspn(name, "-_abcdefghijklmnopqrstuvwxyz"
		      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == len;
}

static struct channel *find_name(const struct channels *channels, const char *name)
{
	struct channel *channel = NULL;

	while ((channel = channels_next(channels, channel)))
		if (!strcmp(channel->name, name))
			break;
	return channel;
}

static int check_name(const struct channels *channels, const char *name)
{
	if (!channel_name_ok(name)) {
		log_error("channel \"%s\": a name is 1 to %d letters, digits, - and _, a letter or digit first",
			  name, CHANNEL_NAME_MAX);
		return -EINVAL;
	}
	if (find_name(channels, name)) {
		log_error("channel %s is given twice", name);
		return -EINVAL;
	}
	return 0;
}

/* Caller holds channels->lock. */
static void append(struct channels *channels, struct channel *channel)
{
	struct channel **link = &channels->first;

	while (*link)
		link = &(*link)->next;
	__atomic_store_n(link, channel, __ATOMIC_RELEASE);
}

/* Where its records are kept, and by whom. */
static int set_archive(struct channels *channels, struct channel *channel)
{
	struct archives *archives = channels->archives;
	const char *dir = archives_find(archives, channel->name);

	if (source_is_archive(&channel->source)) {
		if (dir)
			log_error("channel %s is an archive itself, and is not archived to %s",
				  channel->name, dir);
		dir = channel->source.path;
	}
	if (!dir)
		return 0;
	channel->archive = strdup(dir);
	if (!channel->archive)
		return -ENOMEM;
	if (source_is_archive(&channel->source) || !archives->running)
		return 0;
	return archiver_open(&channel->archiver, channel, archives, false);
}

int channels_add(struct channels *channels, const char *name, const char *value)
{
	struct channel *channel;
	int err;

	pthread_mutex_lock(&channels->lock);
	err = check_name(channels, name);
	if (err)
		goto out;
	channel = calloc(1, sizeof(*channel));
	if (!channel) {
		err = -ENOMEM;
		goto out;
	}
	pthread_mutex_init(&channel->lock, NULL);
	committed_init(&channel->committed);
	strcpy(channel->name, name);
	err = source_open(&channel->source, name, value);
	if (!err)
		err = set_archive(channels, channel);
	if (!err)
		append(channels, channel);
	else
		free_channel(channel);
out:
	pthread_mutex_unlock(&channels->lock);
	return err;
}

struct channel *channels_find(const struct channels *channels, const char *name)
{
	struct channel *channel, *first;

	if (name[0])
		return find_name(channels, name);
	channel = find_name(channels, "memlog");
	first = channels_next(channels, NULL);
	if (!channel && first && !channels_next(channels, first))
		channel = first;
	return channel;
}

void channel_add_past(struct channel *channel, const struct past *past)
{
	unsigned int last;

	pthread_mutex_lock(&channel->lock);
	last = channel->past_count - 1;
	/* every thread that follows the channel tells */
	if (!channel->past_count || channel->past[last % CHANNEL_PAST].stream != past->stream)
		channel->past[channel->past_count++ % CHANNEL_PAST] = *past;
	pthread_mutex_unlock(&channel->lock);
}

bool channel_find_past(struct channel *channel, uint64_t stream, struct past *past)
{
	bool found = false;

	pthread_mutex_lock(&channel->lock);
	for (int i = 0; i < CHANNEL_PAST && !found; i++) {
		found = stream && channel->past[i].stream == stream;
		if (found)
			*past = channel->past[i];
	}
	pthread_mutex_unlock(&channel->lock);
	return found;
}
