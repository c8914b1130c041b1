// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hub over embedded rings, without sockets: clients that take a block at a
 * time, or none for a while, account for every record by its payload.
 */
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

static void open_one(struct __test_metadata *_metadata, FIXTURE_DATA(hub) *self, int i)
{
	static const enum format_id each[FOLLOWERS] = {
		FORMAT_TEXT, FORMAT_BINARY, FORMAT_JSON, FORMAT_NDJSON, FORMAT_SSE,
		FORMAT_TEXT, FORMAT_BINARY, FORMAT_JSON,
	};
	struct follower *f = &self->followers[i];

	memset(f, 0, sizeof(*f));
	f->base = &self->base;
	ASSERT_EQ(0, client_open(&f->client, &self->hub, self->channel,
				 each[i], NULL, &ops));
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

/* Who was there has got all of it, and was told once that it is over; nobody stays. */
static void expect_ends(struct __test_metadata *_metadata, FIXTURE_DATA(hub) *self)
{
	for (int i = 0; i < FOLLOWERS; i++) {
		struct follower *f = &self->followers[i];

		if (!f->client.feed)
			continue;
		EXPECT_EQ(0, f->errors) TH_LOG("follower %d", i);
		EXPECT_EQ(self->written, f->next) TH_LOG("follower %d", i);
		EXPECT_TRUE(f->ended) TH_LOG("follower %d", i);
		EXPECT_EQ(f->client.format != FORMAT_TEXT, f->ends) TH_LOG("follower %d", i);
		client_close(&f->client);
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

/* Clients come, go, and take something now and then, while @disturb does its part. */
static void load(struct __test_metadata *_metadata, FIXTURE_DATA(hub) *self, int steps,
		 void (*disturb)(FIXTURE_DATA(hub) *self))
{
	for (int step = 0; step < steps; step++) {
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
		} else if (what < 26 && disturb) {
			disturb(self);
		} else if (what < 60 && f->client.feed && f->awake) {
			take_one(f);
		} else {
			turn(self);
		}
	}
}

TEST_F(hub, come_and_go_under_load)
{
	srandom(1);
	load(_metadata, self, 20000, NULL);
	drain(self);
	expect_all(_metadata, self);
}

static void resize(FIXTURE_DATA(hub) *self)
{
	struct memlog_resize size = { .text_size = 4096ULL << 2 * (random() % 3) };

	memlog_embedded_resize(self->ring, &size);
}

/* Nobody's place moves, though records go that do not fit any more. */
TEST_F(hub, resized_under_load)
{
	srandom(2);
	load(_metadata, self, 10000, resize);
	write_some(self, 1);
	drain(self);
	expect_all(_metadata, self);
}

/* Each gets all of a channel and its end, wherever he is when that comes. */
TEST_F(hub, ends_under_load)
{
	char name[16];

	srandom(3);
	for (int round = 0; round < 50; round++) {
		snprintf(name, sizeof(name), "ring%d", round);
		ASSERT_EQ(0, channels_add(&self->channels, name, variant->value));
		self->channel = channels_find(&self->channels, name);
		self->ring = self->channel->source.ring;
		self->base = self->written;
		load(_metadata, self, 100 + (int)(random() % 100), NULL);
		write_some(self, 1 + (unsigned int)(random() % 3));
		memlog_embedded_finish(self->ring);
		drain(self);
		expect_ends(_metadata, self);
	}
}

/* Jobs that nobody waits for any more. */
TEST_F(hub, close_while_workers_read)
{
	write_some(self, 500);
	for (int round = 0; round < 200; round++) {
		for (int i = 0; i < FOLLOWERS; i++) {
			open_one(_metadata, self, i);
			take_one(&self->followers[i]);
		}
		for (int turns = round % 4; turns > 0; turns--)
			turn(self);
		for (int i = 0; i < FOLLOWERS; i++)
			client_close(&self->followers[i].client);
	}
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
		EXPECT_EQ(i, self->followers[i].ends);
		EXPECT_EQ(i, self->followers[i].hellos);
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
		self->base = self->written;
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
	EXPECT_EQ(3, slow->ends);
	EXPECT_EQ(4, slow->hellos);
	for (int i = 0; i < FOLLOWERS; i++)
		client_close(&self->followers[i].client);
	drain(self);
	memlog_embedded_close(ring);
	self->channel = own;
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
}

static void open_filtered(struct __test_metadata *_metadata, FIXTURE_DATA(hub) *self, int i,
			  const char *tail, bool follow)
{
	struct query *query = query_new(follow, FORMAT_BINARY);
	struct follower *f = &self->followers[i];
	char why[QUERY_WHY_SIZE];

	ASSERT_NE(NULL, query);
	ASSERT_EQ(0, query_set(query, "grep", "/^\\d*[05] /", why)) TH_LOG("%s", why);
	if (tail) {
		ASSERT_EQ(0, query_set(query, "tail", tail, why));
	}
	memset(f, 0, sizeof(*f));
	f->base = &self->base;
	f->every = 5;
	ASSERT_EQ(0, client_open(&f->client, &self->hub, self->channel, FORMAT_BINARY,
				 query, &ops));
	query_put(query);
	f->awake = true;
}

TEST_F(hub, filter)
{
	struct follower *f = &self->followers[1];

	write_some(self, 10);
	open_filtered(_metadata, self, 1, NULL, true);
	drain(self);
	EXPECT_EQ(2, f->delivered);
	for (int i = 0; i < 200; i++) {
		write_some(self, 11);
		if (i % 7 == 0)
			drain(self);
	}
	write_some(self, 1 + (5 - self->written % 5) % 5);
	drain(self);
	EXPECT_EQ(0, f->errors);
	EXPECT_EQ(self->written, f->next);
	EXPECT_EQ(!f->lost, f->delivered == (self->written + 4) / 5);
}

/* One who has had all there was by its own reading gets the rest, and the end. */
TEST_F(hub, filter_and_the_end)
{
	struct follower *f = &self->followers[1];

	write_some(self, 11);
	open_filtered(_metadata, self, 1, NULL, true);
	drain(self);
	EXPECT_EQ(3, f->delivered);
	write_some(self, 5);
	memlog_embedded_finish(self->ring);
	drain(self);
	EXPECT_EQ(4, f->delivered);
	EXPECT_EQ(1, f->ends);
	EXPECT_TRUE(f->ended);
	EXPECT_EQ(0, f->errors);
}

TEST_F(hub, filter_and_tail)
{
	write_some(self, 28);
	open_filtered(_metadata, self, 1, "3", true);
	open_filtered(_metadata, self, 2, "0", true);
	open_filtered(_metadata, self, 3, "3", false);
	open_filtered(_metadata, self, 4, "100000", false);
	drain(self);
	EXPECT_EQ(3, self->followers[1].delivered);
	EXPECT_EQ(26, self->followers[1].next);
	EXPECT_EQ(0, self->followers[2].delivered);
	EXPECT_EQ(3, self->followers[3].delivered);
	EXPECT_TRUE(self->followers[3].ended);
	EXPECT_EQ(6, self->followers[4].delivered);
	write_some(self, 3);
	drain(self);
	EXPECT_EQ(4, self->followers[1].delivered);
	EXPECT_EQ(1, self->followers[2].delivered);
	EXPECT_FALSE(self->followers[1].ended);
	for (int i = 1; i < 5; i++)
		EXPECT_EQ(0, self->followers[i].errors);
	write_some(self, 1000 - (unsigned int)self->written);
	open_filtered(_metadata, self, 5, "37", false);
	drain(self);
	EXPECT_EQ(0, self->followers[5].errors);
	EXPECT_EQ(996, self->followers[5].next);
	EXPECT_EQ(0, self->followers[5].lost);
	if (strcmp(variant->value, "embedded:4K")) {
		EXPECT_EQ(37, self->followers[5].delivered);
	} else {
		EXPECT_GT(37, self->followers[5].delivered);
	}
}

/* A client that comes back and names a stream that is over, or a future record. */
TEST_F(hub, from)
{
	struct follower *f = &self->followers[1];
	char why[QUERY_WHY_SIZE], place[64];
	struct query *query;
	struct block *block;

	write_some(self, 5);
	for (int i = 0; i < 3; i++) {
		static const char *const places[] = { "3", "77:2", "9" };

		query = query_new(true, FORMAT_BINARY);
		snprintf(place, sizeof(place), "%s%s", i == 1 ? "00000000000000" : "", places[i]);
		ASSERT_EQ(0, query_set(query, "from", place, why)) TH_LOG("%s", why);
		memset(f, 0, sizeof(*f));
		f->base = &self->base;
		ASSERT_EQ(0, client_open(&f->client, &self->hub, self->channel,
					 FORMAT_BINARY, query, &ops));
		query_put(query);
		f->awake = true;
		if (i == 2) {
			EXPECT_EQ(CLIENT_NOTHING, client_next(&f->client, &block));
			while (scanning(self))
				turn(self);
			EXPECT_EQ(-ERANGE, client_next(&f->client, &block));
		} else {
			drain(self);
			EXPECT_EQ(i ? 5 : 2, f->delivered);
			EXPECT_EQ(i, f->ends);
			EXPECT_EQ(1, f->hellos);
			EXPECT_EQ(0, f->errors);
		}
		client_close(&f->client);
	}
}

/* A ring that has become too small for the one record it had. */
static void lose_all(struct __test_metadata *_metadata, FIXTURE_DATA(hub) *self)
{
	struct memlog_resize large = { .text_size = 65536 }, small = { .text_size = 4096 };
	static char text[6000] = "0 ";

	ASSERT_EQ(0, memlog_embedded_resize(self->ring, &large));
	ASSERT_EQ(sizeof(text), memlog_embedded_write(self->ring, NULL, text, sizeof(text), NULL));
	ASSERT_EQ(0, memlog_embedded_resize(self->ring, &small));
	self->written++;
}

/* What is lost is told though no record follows, and then nobody works. */
TEST_F(hub, nothing_is_kept)
{
	struct follower *f = &self->followers[1];
	char why[QUERY_WHY_SIZE];

	write_some(self, 5);
	lose_all(_metadata, self);
	for (int follow = 0; follow < 2; follow++) {
		struct query *query = query_new(follow, FORMAT_BINARY);

		ASSERT_EQ(0, query_set(query, "from", "3", why));
		memset(f, 0, sizeof(*f));
		f->base = &self->base;
		ASSERT_EQ(0, client_open(&f->client, &self->hub, self->channel,
					 FORMAT_BINARY, query, &ops));
		query_put(query);
		f->awake = true;
		for (int i = 0; i < 1000; i++) {
			turn(self);
			if (f->awake)
				take_one(f);
			usleep(100);
		}
		EXPECT_EQ(3, f->lost);
		EXPECT_EQ(3, f->unmeasured);
		EXPECT_EQ(!follow, f->ended);
		EXPECT_FALSE(scanning(self));
		EXPECT_EQ(0, f->errors);
		if (!follow)
			client_close(&f->client);
	}
	EXPECT_EQ(NULL, f->client.scan);
}

TEST_F(hub, until)
{
	struct follower *f = &self->followers[1];
	char why[QUERY_WHY_SIZE];
	struct query *query;

	query = query_new(true, FORMAT_BINARY);
	ASSERT_EQ(0, query_set(query, "until", "+1s", why)) TH_LOG("%s", why);
	memset(f, 0, sizeof(*f));
	f->base = &self->base;
	ASSERT_EQ(0, client_open(&f->client, &self->hub, self->channel, FORMAT_BINARY,
				 query, &ops));
	query_put(query);
	f->awake = true;
	write_some(self, 3);
	drain(self);
	EXPECT_EQ(3, f->delivered);
	EXPECT_FALSE(f->ended);
	for (int i = 0; i < 300 && !f->ended; i++) {
		usleep(10000);
		drain(self);
	}
	EXPECT_TRUE(f->ended);
	write_some(self, 3);
	drain(self);
	EXPECT_EQ(3, f->delivered);
	EXPECT_EQ(0, f->ends);
}

TEST_F(hub, blocks_are_shared)
{
	struct block *blocks[2];

	open_one(_metadata, self, 0);
	open_one(_metadata, self, 5);
	drain(self);
	write_some(self, 3);
	for (int i = 0; i < 10; i++)
		turn(self);
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(CLIENT_BLOCK,
			  client_next(&self->followers[5 * i].client, &blocks[i]));
	EXPECT_EQ(blocks[0], blocks[1]);
	EXPECT_EQ(3, blocks[0]->refs);
	block_put(blocks[0]);
	block_put(blocks[1]);
}

/* What text carries over is nothing to formats that tell each record as it is. */
TEST(carry_is_of_text)
{
	struct cursor cur = { .at.carry = { .len = 1, .bytes = "\xe2" } };

	cursor_set_formats(&cur, 1U << FORMAT_TEXT | 1U << FORMAT_JSON);
	EXPECT_TRUE(cur.encoders[FORMAT_TEXT].open);
	EXPECT_FALSE(cur.encoders[FORMAT_JSON].open);
	cursor_set_formats(&cur, 0);
}

/* The window's limit is for all that is in it. */
TEST(batch_bytes_of_chain)
{
	struct batch batch = { 0 };
	struct block **last = &batch.blocks[FORMAT_BINARY];
	size_t sum = 0;

	for (size_t len = 1; len < 100000; len *= 10) {
		ASSERT_NE(NULL, block_reserve(last, len));
		sum += (*last)->room;
		last = &(*last)->next;
	}
	EXPECT_EQ(sum, batch_bytes(&batch));
	batch_free(&batch);
}

TEST_HARNESS_MAIN
