// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which channels are copied: those that were named, else all that the master lets
 * us copy, also those that it has later.
 */
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../log.h"
#include "replica.h"

#define LIST_MAX	(1U << 20)
#define LOOK_MS		10000
#define SECOND_MS	1000

#define NONE_YET	"there is no channel yet that has an archive and that this token may copy (a line \"sync TOKEN\" there)"

/* More than a master of ours has, and each is a thread. */
#define CHANNELS_MAX	256

static bool known(struct replica *replica, const char *name, size_t *count)
{
	struct replica_channel *channel = NULL;
	bool found = false;

	*count = 0;
	while ((channel = replica_next(replica, channel))) {
		++*count;
		found = found || !strcmp(channel->name, name);
	}
	return found;
}

static void add(struct replica *replica, const char *name)
{
	size_t count;
	int err;

	/* it becomes a folder's name */
	if (!channel_name_ok(name) || known(replica, name, &count) || count >= CHANNELS_MAX)
		return;
	err = replica_channel_start(replica, name);
	if (err)
		log_error("channel %s: can't start a thread: %s", name, strerror(-err));
	else
		log_info("channel %s is copied", name);
}

static void take_list(struct replica *replica, const char *text)
{
	json_t *root = json_loads(text, 0, NULL), *entry;
	size_t i;

	json_array_foreach(json_object_get(root, "channels"), i, entry) {
		const char *name = json_string_value(json_object_get(entry, "name"));

		if (name && json_is_true(json_object_get(entry, "sync")))
			add(replica, name);
	}
	json_decref(root);
}

static void look(struct replica *replica, char said[LINK_WHY_SIZE])
{
	char why[LINK_WHY_SIZE], *text;

	if (replica_link_get(&replica->options.from, "/api/v1/channels", &text, LIST_MAX,
			     &replica->stop, why)) {
		if (strcmp(why, said) && !replica_stopping(replica))
			log_error("%s: can't ask which channels there are: %s",
				  replica->options.url, why);
		strcpy(said, why);
		return;
	}
	take_list(replica, text);
	free(text);
	if (!replica_next(replica, NULL) && strcmp(said, NONE_YET))
		log_error("%s: %s", replica->options.url, NONE_YET);
	strcpy(said, replica_next(replica, NULL) ? "" : NONE_YET);
}

/* A channel that has stopped says so; when all have, there is nothing left to do. */
static bool all_stopped(struct replica *replica)
{
	struct replica_channel *channel = NULL;
	bool some = false;

	while ((channel = replica_next(replica, channel))) {
		if (!stat_get(&channel->stats.stopped))
			return false;
		some = true;
	}
	return some;
}

static void *list_main(void *arg)
{
	struct replica *replica = arg;
	uint64_t next = replica_clock();
	char said[LINK_WHY_SIZE] = "";

	while (!replica_stopping(replica)) {
		if (!replica->options.channel_count && replica_clock() >= next) {
			look(replica, said);
			next = replica_clock() + (said[0] ? SECOND_MS : LOOK_MS);
		}
		replica_progress(replica);
		if (all_stopped(replica)) {
			__atomic_store_n(&replica->failed, true, __ATOMIC_RELAXED);
			kill(getpid(), SIGTERM);
			break;
		}
		replica_sleep(replica, SECOND_MS);
	}
	return NULL;
}

int replica_start(struct replica *replica)
{
	sigset_t all, old;
	int err;

	for (size_t i = 0; i < replica->options.channel_count; i++)
		add(replica, replica->options.channels[i]);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&replica->thread, NULL, list_main, replica);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err) {
		log_error("can't start a thread: %s", strerror(err));
		return EXIT_SYSTEM;
	}
	replica->started = true;
	return 0;
}

void replica_stop(struct replica *replica)
{
	struct replica_channel *channel, *next;

	__atomic_store_n(&replica->stop, true, __ATOMIC_RELAXED);
	if (replica->started)
		pthread_join(replica->thread, NULL);
	for (channel = replica->channels; channel; channel = next) {
		next = channel->next;
		replica_channel_join(channel);
	}
	replica->channels = NULL;
}
