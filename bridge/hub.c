// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "feed.h"
#include "hub.h"
#include "log.h"

/* Every feed that has something gets one batch read. */
static bool hub_round(struct pace *pace)
{
	struct hub *hub = list_entry(pace, struct hub, pace);
	struct list todo, *pos;
	bool any = false;

	list_init(&todo);
	while (!list_empty(&hub->ready)) {
		pos = hub->ready.next;
		list_del(pos);
		list_add_tail(pos, &todo);
	}
	while (!list_empty(&todo)) {
		pos = todo.next;
		list_del(pos);
		feed_pump(list_entry(pos, struct feed, ready_link));
		any = true;
	}
	return any;
}

int hub_init(struct hub *hub, uv_loop_t *loop)
{
	hub->loop = loop;
	list_init(&hub->channels);
	list_init(&hub->ready);
	return pace_init(&hub->pace, loop, hub_round);
}

void hub_uninit(struct hub *hub)
{
	struct list *pos, *n;

	list_for_each_safe(pos, n, &hub->channels) {
		struct channel *channel = list_entry(pos, struct channel, link);

		list_del(&channel->link);
		source_close(&channel->source);
		free(channel);
	}
	pace_uninit(&hub->pace);
}

static bool name_ok(const char *name)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	size_t len = strlen(name);

	return len && len <= CHANNEL_NAME_MAX && strchr(first, name[0]) &&
	       strspn(name, "-_abcdefghijklmnopqrstuvwxyz"
		      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == len;
}

static struct channel *find_name(struct hub *hub, const char *name)
{
	struct list *pos;

	list_for_each(pos, &hub->channels) {
		struct channel *channel = list_entry(pos, struct channel, link);

		if (!strcmp(channel->name, name))
			return channel;
	}
	return NULL;
}

int hub_add(struct hub *hub, const char *name, const char *value)
{
	struct channel *channel;
	int err;

	if (!name_ok(name)) {
		log_error("channel \"%s\": a name is 1 to %d letters, digits, - and _, a letter or digit first",
			  name, CHANNEL_NAME_MAX);
		return -EINVAL;
	}
	if (find_name(hub, name)) {
		log_error("channel %s is given twice", name);
		return -EINVAL;
	}
	channel = calloc(1, sizeof(*channel));
	if (!channel)
		return -ENOMEM;
	channel->hub = hub;
	strcpy(channel->name, name);
	err = source_open(&channel->source, name, value);
	if (err) {
		free(channel);
		return err;
	}
	list_add_tail(&channel->link, &hub->channels);
	return 0;
}

struct channel *hub_find(struct hub *hub, const char *name)
{
	struct channel *channel;
	struct list *first = hub->channels.next;

	if (name[0])
		return find_name(hub, name);
	channel = find_name(hub, "memlog");
	if (!channel && first != &hub->channels && first->next == &hub->channels)
		channel = list_entry(first, struct channel, link);
	return channel;
}

void hub_spent(struct hub *hub, uint64_t ns)
{
	pace_spent(&hub->pace, ns);
}
