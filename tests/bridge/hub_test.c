// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hub over embedded rings, without sockets: clients that take a block at a
 * time, or none for a while, account for every record by its payload.
 */
#include "hub_fixture.h"

/* ThreadSanitizer makes everything ten times as long. */
#ifdef __SANITIZE_THREAD__
#define STEPS(n)	((n) / 10)
#else
#define STEPS(n)	(n)
#endif

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
	load(_metadata, self, STEPS(20000), NULL);
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
	load(_metadata, self, STEPS(10000), resize);
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
