// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queries: filters, the last records, places to begin and times to end.
 */
#include "hub_fixture.h"

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

TEST_HARNESS_MAIN
