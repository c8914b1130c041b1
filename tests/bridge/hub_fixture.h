/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hub over an embedded ring of three sizes, and its followers.
 */
#ifndef TESTS_BRIDGE_HUB_FIXTURE_H
#define TESTS_BRIDGE_HUB_FIXTURE_H

#include <uv.h>

#include "feed.h"
#include "follower.h"
#include "scan.h"
#include "kselftest_harness.h"

#define FOLLOWERS	8

FIXTURE(hub)
{
	uv_loop_t loop;
	struct hub hub;
	struct channels channels;
	struct channel *channel;
	struct memlog_embedded *ring;
	struct follower followers[FOLLOWERS];
	uint64_t written;
	uint64_t base;
};

FIXTURE_VARIANT(hub)
{
	const char *value;
};

FIXTURE_VARIANT_ADD(hub, tiny) { .value = "embedded:4K" };
FIXTURE_VARIANT_ADD(hub, small) { .value = "embedded:64K" };
FIXTURE_VARIANT_ADD(hub, large) { .value = "embedded:4M" };

FIXTURE_SETUP(hub)
{
	unsetenv("RUNTIME_DIRECTORY");
	memset(self->followers, 0, sizeof(self->followers));
	self->written = 0;
	self->base = 0;
	uv_loop_init(&self->loop);
	channels_init(&self->channels);
	ASSERT_EQ(0, hub_init(&self->hub, &self->loop));
	ASSERT_EQ(0, channels_add(&self->channels, "ring", variant->value));
	self->channel = channels_find(&self->channels, "");
	ASSERT_NE(NULL, self->channel);
	self->ring = self->channel->source.ring;
}

static void turn(FIXTURE_DATA(hub) *self)
{
	uv_run(&self->loop, UV_RUN_NOWAIT);
}

FIXTURE_TEARDOWN(hub)
{
	for (int i = 0; i < FOLLOWERS; i++)
		client_close(&self->followers[i].client);
	for (int i = 0; i < 5; i++)
		turn(self);
	EXPECT_TRUE(list_empty(&self->hub.feeds));
	hub_uninit(&self->hub);
	/* jobs of clients that are gone end here, and with them their readers */
	uv_run(&self->loop, UV_RUN_DEFAULT);
	EXPECT_EQ(0, uv_loop_close(&self->loop));
	channels_uninit(&self->channels);
}

static void write_some(FIXTURE_DATA(hub) *self, unsigned int count)
{
	char buf[256];

	while (count--) {
		size_t len = payload(buf, self->written++);

		memlog_embedded_write(self->ring, NULL, buf, len, NULL);
	}
}

/* Whether a worker reads for somebody. */
static bool scanning(FIXTURE_DATA(hub) *self)
{
	for (int i = 0; i < FOLLOWERS; i++) {
		struct client *client = &self->followers[i].client;

		if (client->feed && client->scan && client->scan->running)
			return true;
	}
	return false;
}

/* Everybody takes what there is, until nobody gets any more. */
static void drain(FIXTURE_DATA(hub) *self)
{
	for (int quiet = 0; quiet < 20; quiet++) {
		turn(self);
		for (int i = 0; i < FOLLOWERS; i++)
			while (self->followers[i].client.feed &&
			       self->followers[i].awake && take_one(&self->followers[i]))
				quiet = 0;
		if (self->hub.pace.state == PACE_WAIT || scanning(self)) {
			quiet = 0;
			usleep(200);
		}
	}
}

#endif /* TESTS_BRIDGE_HUB_FIXTURE_H */
