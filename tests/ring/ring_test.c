// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ring by itself: sizes, places, searches, and what a resize copies.
 */
#include <stdlib.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "mem.h"

TEST(geometry)
{
	static const struct {
		struct memlog_geometry geo;
		bool ok;
	} cases[] = {
		{ { 0, 0, 0 }, true },
		{ { 4096, 0, 0 }, true },
		{ { 1ULL << 30, 0, 0 }, true },
		{ { 2048, 0, 0 }, false },
		{ { 1ULL << 31, 0, 0 }, false },
		{ { 5000, 0, 0 }, false },
		{ { ~0ULL, 0, 0 }, false },
		{ { 4096, 16, 0 }, true },
		{ { 4096, 8, 0 }, false },
		{ { 4096, 4096, 0 }, true },
		{ { 4096, 8192, 0 }, false },
		{ { 4096, 100, 0 }, false },
		{ { 4096, 1ULL << 63, 0 }, false },
		{ { 4096, 0, 1024 }, true },
		{ { 4096, 0, 1025 }, false },
		{ { 1 << 20, 0, 65536 }, true },
		{ { 1 << 20, 0, 65537 }, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct memlog_geometry geo = cases[i].geo;

		EXPECT_EQ(cases[i].ok, !memlog_geometry_check(&geo))
			TH_LOG("case %zu", i);
	}
}

TEST(geometry_defaults)
{
	struct memlog_geometry small = { .text_size = 4096 }, normal = {};

	EXPECT_EQ(NULL, memlog_geometry_check(&normal));
	EXPECT_EQ(16384, normal.text_size);
	EXPECT_EQ(512, normal.records);
	EXPECT_EQ(4096, normal.max_record);
	EXPECT_EQ(NULL, memlog_geometry_check(&small));
	EXPECT_EQ(128, small.records);
	EXPECT_EQ(1024, small.max_record);
}

TEST(layout)
{
	struct memlog_geometry geo = { .text_size = 4096, .records = 16 };
	struct memlog_layout lay;

	ASSERT_EQ(NULL, memlog_geometry_check(&geo));
	memlog_geometry_layout(&geo, 65536, &lay);
	EXPECT_EQ(65536, lay.desc_off);
	EXPECT_EQ(131072, lay.text_off);
	EXPECT_EQ(65536, lay.text_map);
	EXPECT_EQ(262144, lay.map_size);
}

FIXTURE(ring) {
	struct mem mem;
	struct memlog_ring ring;
};

FIXTURE_SETUP(ring)
{
	ASSERT_EQ(0, mem_init(&self->mem, 4096, 64, 0));
	memlog_ring_init(&self->ring, &self->mem.buf);
}

FIXTURE_TEARDOWN(ring)
{
	mem_uninit(&self->mem);
}

static void fill(struct memlog_ring *ring, unsigned int n, u32 len)
{
	char text[4096];

	memset(text, 'x', sizeof(text));
	while (n--)
		mem_write(ring, text, len, 0);
}

static u64 kept_text(const struct memlog_ring *ring)
{
	return ring->kept.next.pos - ring->kept.oldest.pos;
}

/* What the shared page says is what the writer knows. */
#define EXPECT_PLACES()							\
do {									\
	struct memlog_place p_;						\
									\
	memlog_buf_oldest(&self->mem.buf, &p_);				\
	EXPECT_EQ(self->ring.kept.oldest.seq, p_.seq);			\
	EXPECT_EQ(self->ring.kept.oldest.pos, p_.pos);			\
	memlog_buf_end(&self->mem.buf, &p_);				\
	EXPECT_EQ(self->ring.kept.next.seq, p_.seq);			\
	EXPECT_EQ(self->ring.kept.next.pos, p_.pos);			\
} while (0)

TEST_F(ring, empty)
{
	struct memlog_place place;

	memlog_buf_oldest(&self->mem.buf, &place);
	EXPECT_EQ(0, place.seq);
	EXPECT_EQ(MEMLOG_FIRST_POS, place.pos);
	EXPECT_FALSE(memlog_buf_place(&self->mem.buf, 1, &place));
	EXPECT_PLACES();
}

TEST_F(ring, text_full)
{
	fill(&self->ring, 100, 100);
	EXPECT_EQ(4000, kept_text(&self->ring));
	EXPECT_EQ(60, self->ring.kept.oldest.seq);
	EXPECT_PLACES();
	fill(&self->ring, 1, 96);
	EXPECT_EQ(4096, kept_text(&self->ring));
	fill(&self->ring, 1, 1);
	EXPECT_EQ(3997, kept_text(&self->ring));
	EXPECT_PLACES();
}

TEST_F(ring, records_full)
{
	fill(&self->ring, 1000, 10);
	EXPECT_EQ(64 * 10, kept_text(&self->ring));
	EXPECT_EQ(1000 - 64, self->ring.kept.oldest.seq);
	EXPECT_PLACES();
}

TEST_F(ring, pos_passes_32_bits)
{
	fill(&self->ring, 2000, 100);
	EXPECT_GT(self->ring.kept.next.pos, 1ULL << 32);
	EXPECT_EQ(MEMLOG_FIRST_POS + 200000, self->ring.kept.next.pos);
	EXPECT_PLACES();
}

TEST_F(ring, given_up)
{
	fill(&self->ring, 10, 100);
	port_lock(&self->ring.lock);
	memset(memlog_ring_begin(&self->ring, 4096), 'y', 4096);
	port_unlock(&self->ring.lock);
	EXPECT_EQ(0, kept_text(&self->ring));
	EXPECT_EQ(10, self->ring.kept.next.seq);
	EXPECT_PLACES();
	fill(&self->ring, 1, 7);
	EXPECT_EQ(11, self->ring.kept.next.seq);
	EXPECT_EQ(10, self->ring.kept.oldest.seq);
	EXPECT_PLACES();
}

TEST_F(ring, no_record_wraps)
{
	char text[1000], back[1000];

	for (unsigned int i = 0; i < 500; i++) {
		u32 len = 1 + i * 37 % sizeof(text);
		struct memlog_record rec;
		u64 seq;

		memset(text, i, len);
		seq = mem_write(&self->ring, text, len, 0);
		ASSERT_TRUE(memlog_buf_record(&self->mem.buf, seq, &rec));
		ASSERT_EQ(len, rec.len);
		memcpy(back, memlog_buf_text(&self->mem.buf, rec.pos), len);
		ASSERT_EQ(0, memcmp(text, back, len));
	}
}

/* Sets the times of the records kept, as clocks set back would. */
static void set_times(struct memlog_ring *ring, struct memlog_buf *buf,
		      const u64 *times, unsigned int n)
{
	u64 last = 0;

	for (unsigned int i = 0; i < n; i++) {
		u64 seq = ring->kept.next.seq - n + i;

		memlog_buf_desc(buf, seq)->time_ns = times[i];
		if (times[i] < last)
			buf->ctrl->stepped = seq;
		last = times[i];
	}
}

/* The same by looking at each. */
static u64 since_slowly(struct memlog_ring *ring, struct memlog_buf *buf, u64 ns)
{
	u64 seq = ring->kept.oldest.seq;

	while (seq < ring->kept.next.seq && memlog_buf_desc(buf, seq)->time_ns < ns)
		seq++;
	return seq;
}

TEST_F(ring, since)
{
	u64 times[64];

	for (unsigned int round = 0; round < 200; round++) {
		srand(round);
		fill(&self->ring, 64, 10);
		self->mem.buf.ctrl->stepped = 0;
		for (unsigned int i = 0; i < 64; i++) {
			times[i] = i ? times[i - 1] + rand() % 3 : 100;
			if (round % 4 && rand() % 16 == 0)
				times[i] -= rand() % 20;
		}
		set_times(&self->ring, &self->mem.buf, times, 64);
		for (u64 ns = 60; ns < 260; ns++) {
			struct memlog_place place;
			u64 want = since_slowly(&self->ring, &self->mem.buf, ns);

			memlog_buf_since(&self->mem.buf, ns, &place);
			ASSERT_EQ(want, place.seq)
				TH_LOG("round %u, time %llu", round, ns);
		}
	}
}

/* A resize without writers: copies what fits, and the places go on. */
static void copy_to(struct memlog_ring *ring, struct mem *from, struct mem *to,
		    struct memlog_span *span)
{
	u64 first = memlog_buf_fitting(&from->buf, to->buf.text_size,
				       to->buf.desc_mask + 1);
	struct memlog_record rec;

	memset(span, 0, sizeof(*span));
	memlog_buf_place(&from->buf, first, &span->oldest);
	span->next = span->oldest;
	while (span->next.seq < ring->kept.next.seq) {
		memlog_buf_record(&from->buf, span->next.seq, &rec);
		memlog_buf_append(&to->buf, span, &rec,
				  memlog_buf_text(&from->buf, rec.pos));
	}
	memlog_buf_publish(&to->buf, span);
}

FIXTURE(resize) {
	struct mem mem, to;
	struct memlog_ring ring;
	struct memlog_span span;
};

FIXTURE_VARIANT(resize) {
	u64 text_size, records, kept;
};

/* 40 records of 100 bytes are kept, and then as many as fit */
FIXTURE_VARIANT_ADD(resize, larger) { 65536, 2048, 40 };
FIXTURE_VARIANT_ADD(resize, same) { 4096, 64, 40 };
FIXTURE_VARIANT_ADD(resize, fewer_records) { 4096, 16, 16 };

FIXTURE_SETUP(resize)
{
	ASSERT_EQ(0, mem_init(&self->mem, 4096, 64, 0));
	ASSERT_EQ(0, mem_init(&self->to, variant->text_size, variant->records, 1));
	memlog_ring_init(&self->ring, &self->mem.buf);
}

FIXTURE_TEARDOWN(resize)
{
	mem_uninit(&self->mem);
	mem_uninit(&self->to);
}

TEST_F(resize, keeps_newest)
{
	struct memlog_place place;

	fill(&self->ring, 1000, 100);
	copy_to(&self->ring, &self->mem, &self->to, &self->span);
	memlog_buf_oldest(&self->to.buf, &place);
	EXPECT_EQ(1000 - variant->kept, place.seq);
	EXPECT_EQ(MEMLOG_FIRST_POS + (1000 - variant->kept) * 100, place.pos);
	memlog_buf_end(&self->to.buf, &place);
	EXPECT_EQ(1000, place.seq);
	EXPECT_EQ(MEMLOG_FIRST_POS + 100000, place.pos);
	for (u64 seq = 1000 - variant->kept; seq < 1000; seq++) {
		struct memlog_record rec;

		ASSERT_TRUE(memlog_buf_record(&self->to.buf, seq, &rec));
		EXPECT_EQ(seq, rec.seq);
		EXPECT_EQ('x', *memlog_buf_text(&self->to.buf, rec.pos));
	}
}

TEST(resize_drops_what_does_not_fit)
{
	struct mem from, to;
	struct memlog_ring ring;
	struct memlog_span span;
	struct memlog_place place;

	ASSERT_EQ(0, mem_init(&from, 65536, 64, 0));
	ASSERT_EQ(0, mem_init(&to, 4096, 64, 1));
	memlog_ring_init(&ring, &from.buf);
	fill(&ring, 3, 10);
	port_lock(&ring.lock);
	memset(memlog_ring_begin(&ring, 5000), 'z', 5000);
	memlog_ring_end(&ring, 5000, &(struct memlog_origin){ .comm = "big\0\0\0\0\0\0\0\0\0\0\0\0" });
	port_unlock(&ring.lock);
	fill(&ring, 2, 10);

	/* from the oldest on, as a copier that was lapped does */
	memset(&span, 0, sizeof(span));
	memlog_buf_oldest(&from.buf, &span.oldest);
	span.next = span.oldest;
	while (span.next.seq < ring.kept.next.seq) {
		struct memlog_record rec;

		ASSERT_TRUE(memlog_buf_record(&from.buf, span.next.seq, &rec));
		memlog_buf_append(&to.buf, &span, &rec,
				  memlog_buf_text(&from.buf, rec.pos));
	}
	memlog_buf_publish(&to.buf, &span);
	memlog_buf_oldest(&to.buf, &place);
	EXPECT_EQ(4, place.seq);
	EXPECT_EQ(MEMLOG_FIRST_POS + 5030, place.pos);
	mem_uninit(&from);
	mem_uninit(&to);
}

TEST_HARNESS_MAIN
