// SPDX-License-Identifier: GPL-2.0-only
#include "feed.h"
#include "hub.h"

/* Every feed that has something gets one batch read, and sent. */
static bool hub_round(struct pace *pace)
{
	struct hub *hub = list_entry(pace, struct hub, pace);
	uint64_t began = uv_hrtime();
	struct list todo, *pos;
	bool more = false;

	list_init(&todo);
	while (!list_empty(&hub->ready)) {
		pos = hub->ready.next;
		list_del(pos);
		list_add_tail(pos, &todo);
	}
	while (!list_empty(&todo)) {
		pos = todo.next;
		list_del(pos);
		more |= feed_pump(list_entry(pos, struct feed, ready_link));
	}
	if (hub->metrics)
		metrics_observe(&hub->metrics->round, uv_hrtime() - began);
	return more;
}

int hub_init(struct hub *hub, uv_loop_t *loop)
{
	hub->loop = loop;
	hub->metrics = NULL;
	list_init(&hub->feeds);
	list_init(&hub->ready);
	list_init(&hub->waiters);
	uv_timer_init(loop, &hub->tick);
	return pace_init(&hub->pace, loop, hub_round);
}

void hub_uninit(struct hub *hub)
{
	uv_close((uv_handle_t *)&hub->tick, NULL);
	pace_uninit(&hub->pace);
}

void hub_spent(struct hub *hub, uint64_t ns)
{
	pace_spent(&hub->pace, ns);
}
