// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which day a record goes to.
 *
 * A day once opened stays, and no record ever goes back behind it: one opened by
 * a clock that is wrong for a moment would take all records until that day comes.
 * So a clock that runs away must hold for a minute first.
 */
#include <stdlib.h>

#include "writing.h"

#define DAY_NS		(86400 * SECOND_NS)
#define STEP_NS		((int64_t)SECOND_NS)

/* No time of a record is behind this day. */
#define LAST_DATE	25540720

static uint64_t realtime(const struct archive_writer *writer)
{
	return writer->clock.realtime_ns(writer->clock.arg);
}

static uint64_t boottime(const struct archive_writer *writer)
{
	return writer->clock.boottime_ns(writer->clock.arg);
}

static bool stepped(int64_t from, int64_t to)
{
	return to - from > STEP_NS || from - to > STEP_NS;
}

/* Looks at the clock; small steps and slewing are followed. */
void archive_rolling_look(struct archive_writer *writer)
{
	struct archive_rolling *roll = &writer->rolling;
	uint64_t now = realtime(writer), up = boottime(writer);
	int64_t offset = now - up;

	if (stepped(roll->offset_ns, offset)) {
		roll->held_since_ns = up;
		roll->held = false;
	} else if (up - roll->held_since_ns >= ARCHIVE_HOLD_NS) {
		roll->held = true;
	}
	roll->offset_ns = offset;
	if (roll->held)
		roll->settled_ns = now;
}

/*
 * A clock that shows what it showed when the archive was last written, in this
 * life of the machine, has held since.
 */
void archive_rolling_init(struct archive_writer *writer, bool good)
{
	struct archive_rolling *roll = &writer->rolling;
	uint64_t up = boottime(writer);
	int64_t offset = realtime(writer) - up;

	roll->offset_ns = offset;
	roll->held_since_ns = up;
	roll->held = good || (archive_mark_same_boot(writer) && writer->before.clock_s &&
			      llabs(writer->before.clock_s -
				    offset / (int64_t)SECOND_NS) <= 1);
	archive_rolling_look(writer);
}

/* The first moment of a day that records may open, at the latest. */
static uint64_t horizon(const struct archive_writer *writer)
{
	const struct archive_rolling *roll = &writer->rolling;
	uint64_t settled = roll->settled_ns > roll->day.begin_ns ? roll->settled_ns :
								   roll->day.begin_ns;
	uint64_t ahead = settled > UINT64_MAX - DAY_NS ? UINT64_MAX : settled + DAY_NS;

	/* Days of 25 hours */
	return ahead > roll->day.end_ns ? ahead : roll->day.end_ns;
}

/* A middle of the day, so that its span is found in any zone. */
static uint64_t noon(uint32_t date)
{
	return (archive_date_diff(19700101, date) * 24ULL + 12) * 3600 * SECOND_NS;
}

static void span_of_date(struct archive_span *span, uint32_t date, bool local)
{
	uint64_t at = noon(date);

	if (date > LAST_DATE) {
		*span = (struct archive_span) { date, UINT64_MAX, UINT64_MAX };
		return;
	}
	archive_date_of(span, at, local);
	if (span->date < date)
		archive_date_of(span, span->end_ns, local);
	else if (span->date > date && span->begin_ns)
		archive_date_of(span, span->begin_ns - 1, local);
	/* A zone may skip a day. */
	span->date = date;
}

void archive_rolling_set(struct archive_writer *writer, uint32_t date)
{
	struct archive_rolling *roll = &writer->rolling;

	if (date == roll->day.date)
		return;
	if (date)
		span_of_date(&roll->day, date, writer->options.local);
	else
		roll->day = (struct archive_span) { 0 };
	roll->other = (struct archive_span) { 0 };
}

/* No day is open. */
static uint32_t first_date(struct archive_writer *writer, const struct archive_span *own)
{
	struct archive_span span = *own;

	/* A clock that has held knows better than a record from the future. */
	if (writer->rolling.held && own->begin_ns > writer->rolling.settled_ns + DAY_NS)
		archive_date_of(&span, writer->rolling.settled_ns, writer->options.local);
	if (span.date <= writer->newest) {
		uint32_t next = archive_date_add(writer->newest, 1);

		return next ? next : writer->newest;
	}
	return span.date;
}

uint32_t archive_rolling_date(struct archive_writer *writer, uint64_t time_ns)
{
	struct archive_rolling *roll = &writer->rolling;

	if (roll->day.date && time_ns < roll->day.end_ns)
		return roll->day.date;
	archive_rolling_look(writer);
	if (time_ns < roll->other.begin_ns || time_ns >= roll->other.end_ns)
		archive_date_of(&roll->other, time_ns, writer->options.local);
	if (!roll->day.date)
		return first_date(writer, &roll->other);
	if (roll->other.date <= roll->day.date || roll->other.begin_ns > horizon(writer))
		return roll->day.date;
	return roll->other.date;
}
