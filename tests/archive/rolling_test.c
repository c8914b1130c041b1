// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which day a record goes to: by its own time, while clocks step and days are
 * longer or shorter; and how days end and go.
 */
#include <sys/file.h>
#include <time.h>

#include "archive/date.h"
#include "fixture.h"

#define Y2036	(2082758400 * SEC)		/* 2036-01-01 */

TEST_F(folder, by_own_time)
{
	ADD(0, NOON);
	/* Of yesterday, and of an hour ago: to the newest open day, with their own time. */
	ADD(1, NOON - DAY);
	ADD(2, NOON - HOUR);
	ASSERT_EQ(0, add(self->writer, 3, NOON + 12 * HOUR - 1));
	EXPECT_EQ(-ENOBUFS, add(self->writer, 4, NOON + 12 * HOUR));
	ASSERT_EQ(0, archive_commit(self->writer));
	hand_pass(&self->hand, 12 * HOUR);
	ADD(4, NOON + 12 * HOUR);
	EXPECT_STREQ("20260101 20260102 lock ", names_in(self->dirfd, ""));
	EXPECT_TRUE(there(self->dirfd, "20260101/finish"));
	EXPECT_FALSE(there(self->dirfd, "20260102/finish"));
	EXPECT_TRUE(said("20260101 is finished: 4 rows"));
	/* A finished day is never written again. */
	ADD(5, NOON);
	EXPECT_TRUE(has_exactly(self->dirfd, 20260101, 0, 4));
	EXPECT_TRUE(has_exactly(self->dirfd, 20260102, 4, 6));
	REOPEN();
	ADD(6, NOON);
	EXPECT_TRUE(has_exactly(self->dirfd, 20260102, 4, 7));
	/* Not even when no other is open. */
	ASSERT_EQ(0, archive_finish(self->writer));
	ADD(7, NOON);
	EXPECT_TRUE(has_exactly(self->dirfd, 20260103, 7, 8));
	EXPECT_STREQ("20260101 20260102 20260103 lock ", names_in(self->dirfd, ""));
}

TEST_F(folder, clock_ahead)
{
	ADD(0, NOON);
	hand_pass(&self->hand, 100 * SEC);
	ASSERT_EQ(0, archive_tick(self->writer));

	/* To 2036, which is wrong, for 50 s. */
	self->hand.real = Y2036;
	ADD(1, self->hand.real);
	hand_pass(&self->hand, 50 * SEC);
	ADD(2, self->hand.real);
	EXPECT_EQ(0, archive_tick(self->writer));
	EXPECT_EQ(0, archive_expire(self->writer, 1, 0));
	self->hand.real = NOON + 200 * SEC;
	hand_pass(&self->hand, 10 * SEC);
	ADD(3, self->hand.real);
	EXPECT_STREQ("20260101 lock ", names_in(self->dirfd, ""));
	EXPECT_TRUE(has_exactly(self->dirfd, 20260101, 0, 4));

	/* A record that has 2036 in it while the clock does not. */
	hand_pass(&self->hand, 100 * SEC);
	ADD(4, Y2036);
	EXPECT_STREQ("20260101 lock ", names_in(self->dirfd, ""));

	/* To 2036, where it stays; seconds behind 2038 do not fit, and need not. */
	self->hand.real = Y2036 + 5 * 366 * DAY;
	ADD(5, self->hand.real);
	hand_pass(&self->hand, 61 * SEC);
	ADD(6, self->hand.real);
	EXPECT_STREQ("20260101 20410104 lock ", names_in(self->dirfd, ""));
	EXPECT_TRUE(has_exactly(self->dirfd, 20260101, 0, 6));
	EXPECT_TRUE(has_exactly(self->dirfd, 20410104, 6, 7));
	/* And back: what was opened stays. */
	self->hand.real = NOON + 400 * SEC;
	hand_pass(&self->hand, 100 * SEC);
	ADD(7, self->hand.real);
	EXPECT_EQ(0, archive_tick(self->writer));
	EXPECT_TRUE(has_exactly(self->dirfd, 20410104, 6, 8));
}

TEST_F(folder, clock_back)
{
	ADD(0, NOON);
	hand_pass(&self->hand, 100 * SEC);
	archive_tick(self->writer);
	self->hand.real -= 30 * DAY;
	ADD(1, self->hand.real);
	hand_pass(&self->hand, DAY);
	EXPECT_EQ(0, archive_tick(self->writer));
	ADD(2, self->hand.real);
	EXPECT_STREQ("20260101 lock ", names_in(self->dirfd, ""));
	EXPECT_TRUE(has_exactly(self->dirfd, 20260101, 0, 3));
	/* The next day's records go there once it comes. */
	self->hand.real = NOON + DAY;
	ADD(3, self->hand.real);
	EXPECT_STREQ("20260101 20260102 lock ", names_in(self->dirfd, ""));
}

/* A service that starts again is not suspicious of the clock; a machine is. */
TEST_F(folder, clock_at_start)
{
	ADD(0, NOON);
	hand_pass(&self->hand, 100 * SEC);
	EXPECT_EQ(0, archive_tick(self->writer));
	REOPEN();
	hand_pass(&self->hand, 7 * DAY);
	ADD(1, self->hand.real);
	EXPECT_STREQ("20260101 20260108 lock ", names_in(self->dirfd, ""));
	SHUT();
	self->hand.real += 7 * DAY;
	self->hand.boot = SEC;
	OPEN();
	ADD(2, self->hand.real);
	EXPECT_TRUE(has_exactly(self->dirfd, 20260108, 1, 3));
	hand_pass(&self->hand, 60 * SEC);
	ADD(3, self->hand.real);
	EXPECT_TRUE(has_exactly(self->dirfd, 20260115, 3, 4));
}

TEST_F(folder, tick)
{
	EXPECT_EQ(0, archive_tick(self->writer));
	ADD(0, NOON);
	hand_pass(&self->hand, 12 * HOUR + 4 * SEC);
	EXPECT_EQ(0, archive_tick(self->writer));
	hand_pass(&self->hand, SEC);
	ASSERT_EQ(0, add(self->writer, 1, NOON));
	EXPECT_EQ(-EINVAL, archive_tick(self->writer));
	EXPECT_EQ(-EINVAL, archive_finish(self->writer));
	archive_drop(self->writer);
	EXPECT_EQ(1, archive_tick(self->writer));
	EXPECT_EQ(0, archive_tick(self->writer));
	EXPECT_EQ(true, archive_writer_end(self->writer)->finished);
	EXPECT_TRUE(there(self->dirfd, "20260101/finish"));
	hand_pass(&self->hand, 3 * DAY);
	ADD(1, self->hand.real);
	EXPECT_STREQ("20260101 20260105 lock ", names_in(self->dirfd, ""));
	/* Midnight by a clock that has just been set. */
	self->hand.real += DAY;
	EXPECT_EQ(0, archive_tick(self->writer));
	hand_pass(&self->hand, 59 * SEC);
	EXPECT_EQ(0, archive_tick(self->writer));
	hand_pass(&self->hand, SEC);
	EXPECT_EQ(1, archive_tick(self->writer));
}

/* An hour a record, a year long; the folders are the days of that year. */
static bool year(struct archive_writer *writer, struct hand *hand, uint64_t end)
{
	for (uint64_t seq = 0; hand->real < end; seq++) {
		if (add(writer, seq, hand->real) && (archive_commit(writer) ||
						     add(writer, seq, hand->real)))
			return false;
		if (archive_commit(writer) || archive_tick(writer) < 0)
			return false;
		hand_pass(hand, HOUR);
	}
	return true;
}

TEST_F(folder, a_year)
{
	char wanted[8192] = "";
	static struct seen seen;
	int rows = 0;

	self->options.sync = ARCHIVE_SYNC_NONE;
	self->hand.real = 1830297600 * SEC;		/* 2028-01-01, a leap year */
	REOPEN();
	ASSERT_TRUE(year(self->writer, &self->hand, self->hand.real + 366 * DAY));
	for (uint32_t date = 20280101; date < 20290101; date = archive_date_add(date, 1)) {
		sprintf(wanted + strlen(wanted), "%u ", date);
		see_day(&seen, self->dirfd, date);
		EXPECT_EQ(24, seen.rows);
		EXPECT_EQ(0, seen.bad);
		rows += seen.rows;
	}
	EXPECT_EQ(366 * 24, rows);
	strcat(wanted, "lock ");
	EXPECT_STREQ(wanted, names_in(self->dirfd, ""));
}

TEST_F(folder, summer_time)
{
	static struct seen seen;

	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	self->options.local = true;
	self->options.sync = ARCHIVE_SYNC_NONE;
	self->hand.real = 1774220400 * SEC;		/* 2026-03-23 00:00 there */
	REOPEN();
	ASSERT_TRUE(year(self->writer, &self->hand, self->hand.real + 230 * DAY));
	for (uint32_t date = 20260323; date < 20261107; date = archive_date_add(date, 1)) {
		see_day(&seen, self->dirfd, date);
		EXPECT_EQ(date == 20260329 ? 23 : date == 20261025 ? 25 : 24, seen.rows) {
			TH_LOG("%u", date);
		}
	}
}

TEST_F(folder, expire)
{
	int reader;

	for (int i = 0; i < 10; i++) {
		ADD(i, self->hand.real);
		hand_pass(&self->hand, DAY);
		archive_tick(self->writer);
	}
	/* Today is 20260111; the newest is 20260110, and finished. */
	EXPECT_EQ(0, archive_expire(self->writer, 0, 0));
	EXPECT_EQ(0, archive_expire(self->writer, 10, 0));
	EXPECT_EQ(2, archive_expire(self->writer, 8, 0));
	EXPECT_TRUE(said("20260102 was removed"));
	EXPECT_FALSE(there(self->dirfd, "20260102"));
	EXPECT_TRUE(there(self->dirfd, "20260103"));
	reader = openat(self->dirfd, "20260103", O_RDONLY | O_DIRECTORY);
	ASSERT_EQ(0, flock(reader, LOCK_SH));
	EXPECT_EQ(1, archive_expire(self->writer, 6, 0));
	EXPECT_TRUE(there(self->dirfd, "20260103"));
	EXPECT_FALSE(there(self->dirfd, "20260104"));
	close(reader);
	EXPECT_EQ(1, archive_expire(self->writer, 6, 0));
	EXPECT_STREQ("20260105 20260106 20260107 20260108 20260109 20260110 lock ",
		     names_in(self->dirfd, ""));
	EXPECT_EQ(0, archive_expire(self->writer, 0, 100000));
	EXPECT_EQ(5, archive_expire(self->writer, 0, 1));
	/* The newest stays, whatever its age and size. */
	EXPECT_EQ(0, archive_expire(self->writer, 1, 1));
	EXPECT_STREQ("20260110 lock ", names_in(self->dirfd, ""));
	/* What a crash left half removed goes with the next opening. */
	SHUT();
	ASSERT_EQ(0, mkdirat(self->dirfd, ".20260105.removed", 0750));
	ASSERT_TRUE(spill(self->dirfd, ".20260105.removed/index", "x", 1));
	ASSERT_EQ(0, mkdirat(self->dirfd, ".20260105.else", 0750));
	OPEN();
	EXPECT_STREQ(".20260105.else 20260110 lock ", names_in(self->dirfd, ""));
	EXPECT_TRUE(said(".20260105.removed, which an earlier removal or repair left, was removed"));
}

/* One day that can't be removed keeps no other. */
TEST_F(folder, expire_goes_on)
{
	for (int i = 0; i < 5; i++) {
		ADD(i, self->hand.real);
		hand_pass(&self->hand, DAY);
		archive_tick(self->writer);
	}
	ASSERT_EQ(0, mkdirat(self->dirfd, ".20260101.removed", 0750));
	ASSERT_EQ(0, mkdirat(self->dirfd, ".20260101.removed/else", 0750));
	EXPECT_EQ(-ENOTEMPTY, archive_expire(self->writer, 3, 0));
	EXPECT_TRUE(said("20260101 can't be removed"));
	EXPECT_TRUE(there(self->dirfd, "20260101"));
	EXPECT_FALSE(there(self->dirfd, "20260102"));
	EXPECT_TRUE(there(self->dirfd, "20260103"));
}

TEST_HARNESS_MAIN
