/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of readers over archives share.
 */
#ifndef TESTS_ARCHIVE_READ_LIB_H
#define TESTS_ARCHIVE_READ_LIB_H

#include "../lib/common.h"
#include "make_day.h"

#define LINE	50	/* bytes of each record's text */

/* A record whose text says its number: LINE bytes, at LINE * seq. */
static inline void put_line(struct maker *maker, uint64_t stream, uint64_t seq, uint64_t ns)
{
	struct memlog_record rec = {
		.seq = seq, .pos = seq * LINE, .time_ns = ns, .len = LINE, .pri = 13,
		.pid = 1, .uid = 2, .comm = "maker",
	};
	char text[LINE];

	make_text(text, stream % 100, seq, LINE);
	maker_put(maker, stream, &rec, text);
}

static inline void put_lines(struct maker *maker, uint64_t stream, uint64_t from,
			     uint64_t to, uint64_t ns)
{
	for (; from < to; from++)
		put_line(maker, stream, from, ns + from);
}

static inline bool line_is(const struct memlog_record *rec, const char *text,
			   uint64_t stream, uint64_t seq)
{
	unsigned int writer;
	uint64_t n;

	return rec->seq == seq && rec->pos == seq * LINE && rec->len == LINE &&
	       check_text(text, rec->len, &writer, &n) && n == seq && writer == stream % 100;
}

#define NEXT()	next_within(self->reader, 5000, &self->rec, &self->text)

#define EXPECT_LINES(stream, from, to)					\
	do {								\
		for (uint64_t seq_ = (from); seq_ < (to); seq_++) {	\
			ASSERT_EQ(seq_, memlog_place(self->reader));	\
			ASSERT_EQ(MEMLOG_RECORD, NEXT());		\
			ASSERT_TRUE(line_is(self->rec, self->text, stream, seq_)) \
				TH_LOG("record %llu of %llu", (long long)seq_,	\
				       (long long)self->rec->seq);	\
		}							\
	} while (0)

#define EXPECT_LOSS_OF(from, to)						\
	do {								\
		ASSERT_EQ(MEMLOG_LOSS, NEXT());				\
		EXPECT_EQ((from), memlog_loss(self->reader)->from_seq);	\
		EXPECT_EQ((to) - 1, memlog_loss(self->reader)->to_seq);	\
		EXPECT_EQ((to) - (from), memlog_loss(self->reader)->records); \
	} while (0)

#define EXPECT_LOSS(from, to)						\
	do {								\
		EXPECT_LOSS_OF(from, to);				\
		EXPECT_EQ(((to) - (from)) * LINE, memlog_loss(self->reader)->bytes); \
		EXPECT_EQ(0, memlog_loss(self->reader)->flags);		\
	} while (0)

#define EXPECT_STREAM(stream)						\
	do {								\
		ASSERT_EQ(MEMLOG_STREAM, NEXT());			\
		EXPECT_EQ((stream), memlog_stream(self->reader));	\
	} while (0)

#endif /* TESTS_ARCHIVE_READ_LIB_H */
