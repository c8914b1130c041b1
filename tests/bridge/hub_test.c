// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hub over embedded rings, without sockets: clients that take a block at a
 * time, or none for a while, account for every record by its payload.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "feed.h"
#include "hub.h"
#include "scan.h"
#include "kselftest_harness.h"

/* A line proves its number and its length. */
static size_t payload(char *buf, uint64_t number)
{
	size_t len = (size_t)sprintf(buf, "%llu ", (unsigned long long)number);
	size_t fill = number * 37 % 120;

	memset(buf + len, 'a' + (int)(number % 26), fill);
	buf[len + fill] = '\n';
	return len + fill + 1;
}

/**
 * struct follower - A client, and what it got.
 * @client: The client.
 * @awake: It may ask for blocks.
 * @next: Number of the record it expects.
 * @begun: @next is known.
 * @delivered: Records it got.
 * @lost: Records it was told as lost.
 * @gap_records: Of the gap it is in.
 * @gap_bytes: The same.
 * @errors: Lines that were not what they had to be.
 * @ended: CLIENT_END came.
 */
struct follower {
	struct client client;
	bool awake;
	uint64_t next;
	bool begun;
	uint64_t delivered;
	uint64_t lost;
	uint64_t gap_records;
	uint64_t gap_bytes;
	unsigned int errors;
	bool ended;
};

static void on_wake(struct client *client)
{
	list_entry(client, struct follower, client)->awake = true;
}

static const struct client_ops ops = { .wake = on_wake };

static void take_lost(struct follower *f, const char *line, size_t len)
{
	unsigned long long records = 0, bytes = 0;
	char copy[128];

	snprintf(copy, sizeof(copy), "%.*s", (int)len, line);
	if (sscanf(copy, "memlog: lost %llu records, %llu bytes", &records, &bytes) != 2)
		f->errors++;
	f->gap_records += records;
	f->gap_bytes += bytes;
	f->lost += records;
}

static void take_record(struct follower *f, const char *line, size_t len)
{
	uint64_t number = strtoull(line, NULL, 10), bytes = 0;
	char want[256];

	if (!f->begun)
		f->next = number - f->gap_records;
	f->begun = true;
	for (uint64_t n = f->next; n < number; n++)
		bytes += payload(want, n);
	f->errors += number - f->next != f->gap_records || bytes != f->gap_bytes;
	f->errors += payload(want, number) != len || memcmp(want, line, len) != 0;
	f->gap_records = 0;
	f->gap_bytes = 0;
	f->delivered++;
	f->next = number + 1;
}

static void take_block(struct follower *f, const char *text, size_t len)
{
	while (len) {
		const char *end = memchr(text, '\n', len);
		size_t line = end ? (size_t)(end - text) + 1 : len;

		f->errors += !end;
		if (line > 8 && !memcmp(text, "memlog: ", 8))
			take_lost(f, text, line);
		else
			take_record(f, text, line);
		text += line;
		len -= line;
	}
}

/* One block, if there is one. Return: whether. */
static bool take_one(struct follower *f)
{
	struct block *block;
	int event = client_next(&f->client, &block);

	f->errors += event < 0;
	f->ended |= event == CLIENT_END;
	f->awake = event == CLIENT_BLOCK;
	if (event != CLIENT_BLOCK)
		return false;
	take_block(f, block_bytes(block), block->len);
	block_put(block);
	return true;
}

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
	channels_uninit(&self->channels);
	uv_run(&self->loop, UV_RUN_DEFAULT);
	EXPECT_EQ(0, uv_loop_close(&self->loop));
}

static void write_some(FIXTURE_DATA(hub) *self, unsigned int count)
{
	char buf[256];

	while (count--) {
		size_t len = payload(buf, self->written++);

		memlog_embedded_write(self->ring, NULL, buf, len, NULL);
	}
}

static void open_one(struct __test_metadata *_metadata, FIXTURE_DATA(hub) *self, int i)
{
	struct follower *f = &self->followers[i];

	memset(f, 0, sizeof(*f));
	ASSERT_EQ(0, client_open(&f->client, &self->hub, self->channel,
				 FORMAT_TEXT, NULL, &ops));
	f->awake = true;
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

static void expect_all(struct __test_metadata *_metadata, FIXTURE_DATA(hub) *self)
{
	for (int i = 0; i < FOLLOWERS; i++) {
		struct follower *f = &self->followers[i];

		if (!f->client.feed)
			continue;
		EXPECT_EQ(0, f->errors) TH_LOG("follower %d", i);
		EXPECT_EQ(self->written, f->next) TH_LOG("follower %d", i);
		EXPECT_EQ(0, f->gap_records);
		EXPECT_EQ(NULL, f->client.scan) TH_LOG("follower %d never joined", i);
	}
}

TEST_F(hub, history_then_live)
{
	write_some(self, 10);
	open_one(_metadata, self, 0);
	drain(self);
	EXPECT_EQ(10, self->followers[0].delivered);
	write_some(self, 5);
	drain(self);
	EXPECT_EQ(15, self->followers[0].delivered);
	EXPECT_EQ(0, self->followers[0].lost);
	expect_all(_metadata, self);
}

TEST_F(hub, empty_ring)
{
	open_one(_metadata, self, 0);
	drain(self);
	EXPECT_EQ(0, self->followers[0].delivered);
	EXPECT_TRUE(self->followers[0].client.waiting);
	write_some(self, 1);
	drain(self);
	EXPECT_EQ(1, self->followers[0].delivered);
	expect_all(_metadata, self);
}

TEST_F(hub, come_and_go_under_load)
{
	srandom(1);
	for (int step = 0; step < 20000; step++) {
		int i = (int)(random() % FOLLOWERS);
		struct follower *f = &self->followers[i];
		int what = (int)(random() % 100);

		if (what < 20) {
			write_some(self, (unsigned int)(random() % 40));
		} else if (what < 21 && f->client.feed) {
			EXPECT_EQ(0, f->errors);
			client_close(&f->client);
		} else if (what < 25 && !f->client.feed) {
			open_one(_metadata, self, i);
		} else if (what < 60 && f->client.feed && f->awake) {
			take_one(f);
		} else {
			turn(self);
		}
	}
	drain(self);
	expect_all(_metadata, self);
}

TEST_F(hub, slow_one_falls_out_of_the_window)
{
	struct follower *quick = &self->followers[0], *slow = &self->followers[1];

	open_one(_metadata, self, 0);
	open_one(_metadata, self, 1);
	drain(self);
	/* twice the window, and for the smaller rings far more than they hold */
	while (quick->client.feed->next < 3 * WINDOW_BATCHES) {
		write_some(self, 20);
		turn(self);
		if (quick->awake)
			take_one(quick);
		if (self->hub.pace.state == PACE_WAIT)
			usleep(200);
	}
	EXPECT_EQ(0, slow->delivered);
	EXPECT_GE(WINDOW_BATCHES, quick->client.feed->next - quick->client.feed->first);
	EXPECT_GE(WINDOW_BYTES, quick->client.feed->bytes);
	drain(self);
	expect_all(_metadata, self);
	EXPECT_EQ(self->written, slow->delivered + slow->lost);
	EXPECT_EQ(!strcmp(variant->value, "embedded:4M"), !slow->lost);
}

TEST_F(hub, channel_that_ends)
{
	write_some(self, 3);
	open_one(_metadata, self, 0);
	drain(self);
	open_one(_metadata, self, 1);
	write_some(self, 2);
	memlog_embedded_finish(self->ring);
	drain(self);
	for (int i = 0; i < 2; i++) {
		EXPECT_TRUE(self->followers[i].ended);
		EXPECT_EQ(5, self->followers[i].delivered);
		EXPECT_EQ(0, self->followers[i].errors);
	}
	/* the next one finds the same, and the same end */
	open_one(_metadata, self, 2);
	drain(self);
	EXPECT_EQ(5, self->followers[2].delivered);
	EXPECT_TRUE(self->followers[2].ended);
}

/* The ring's writer begins a new stream at the same path, again and again. */
TEST_F(hub, streams_that_end)
{
	struct memlog_embedded_options options = {
		.size = sizeof(options), .flags = MEMLOG_EMBEDDED_NEW, .text_size = 16384,
	};
	char path[] = "/tmp/memlog-hub-test.XXXXXX/ring";
	struct follower *quick = &self->followers[0], *slow = &self->followers[1];
	struct channel *own = self->channel;
	struct memlog_embedded *ring;

	*strrchr(path, '/') = '\0';
	ASSERT_NE(NULL, mkdtemp(path));
	path[strlen(path)] = '/';
	ASSERT_EQ(0, memlog_embedded_open(&ring, path, &options));
	ASSERT_EQ(0, channels_add(&self->channels, "file", path));
	self->channel = channels_find(&self->channels, "file");
	self->ring = ring;
	open_one(_metadata, self, 0);
	write_some(self, 10);
	drain(self);
	open_one(_metadata, self, 1);
	drain(self);
	for (int stream = 0; stream < 3; stream++) {
		/* the slow one falls out of the window in one stream, and wakes in another */
		for (uint64_t end = quick->client.feed->next + WINDOW_BATCHES;
		     quick->client.feed->next < end;) {
			write_some(self, 5);
			turn(self);
			if (quick->awake)
				take_one(quick);
			if (self->hub.pace.state == PACE_WAIT)
				usleep(200);
		}
		memlog_embedded_close(ring);
		ASSERT_EQ(0, memlog_embedded_open(&ring, path, &options));
		self->ring = ring;
		write_some(self, 300);
		while (quick->next < self->written) {
			turn(self);
			if (quick->awake)
				take_one(quick);
		}
		drain(self);
		expect_all(_metadata, self);
	}
	EXPECT_LT(0, slow->lost);
	for (int i = 0; i < FOLLOWERS; i++)
		client_close(&self->followers[i].client);
	drain(self);
	memlog_embedded_close(ring);
	self->channel = own;
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
}

TEST_F(hub, blocks_are_shared)
{
	struct block *blocks[2];

	open_one(_metadata, self, 0);
	open_one(_metadata, self, 1);
	drain(self);
	write_some(self, 3);
	for (int i = 0; i < 10; i++)
		turn(self);
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(CLIENT_BLOCK, client_next(&self->followers[i].client, &blocks[i]));
	EXPECT_EQ(blocks[0], blocks[1]);
	EXPECT_EQ(3, blocks[0]->refs);
	block_put(blocks[0]);
	block_put(blocks[1]);
}

TEST_HARNESS_MAIN
