// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdarg.h>

#include "payload.h"
#include "track.h"

struct totals totals;

void wrong(const char *fmt, ...)
{
	va_list ap;

	if (totals.wrong++)
		return;
	va_start(ap, fmt);
	vsnprintf(totals.first_wrong, sizeof(totals.first_wrong), fmt, ap);
	va_end(ap);
}

/* Between record @next and @seq, @told were told as lost. */
static void settle(struct track *track, uint64_t next, uint64_t seq)
{
	uint64_t gap = seq - next;

	if (track->told > gap) {
		wrong("%" PRIu64 " records told as lost, where %" PRIu64 " are", track->told, gap);
		return;
	}
	track->missing += gap - track->told;
	track->told = 0;
}

void track_record(struct track *track, uint64_t seq, uint64_t latency)
{
	if (!track->delivered) {
		track->first = seq;
		track->lost_early = track->told;
		track->told = 0;
	} else if (seq < track->next) {
		wrong("record %" PRIu64 " came behind %" PRIu64, seq, track->next - 1);
		return;
	} else if (seq != track->next || track->told) {
		settle(track, track->next, seq);
	}
	track->next = seq + 1;
	track->delivered++;
	totals.delivered++;
	histogram_add(&totals.latency, latency);
}

void track_lost(struct track *track, uint64_t records, uint64_t bytes)
{
	if (!records || (bytes != UINT64_MAX && bytes != records * PAYLOAD_SIZE))
		wrong("a loss of %" PRIu64 " records and %" PRIu64 " bytes", records, bytes);
	track->told += records;
	track->lost += records;
}

bool track_complete(const struct track *track, uint64_t last)
{
	return track->delivered && track->next + track->told == last + 1;
}

/* What was written behind the last record that came. */
static void settle_end(struct track *track, uint64_t next, uint64_t last, bool flowing)
{
	uint64_t missing = track->missing;

	settle(track, next, last + 1);
	if (flowing) {
		totals.late += track->missing - missing;
		track->missing = missing;
	}
}

void track_close(struct track *track, uint64_t first, uint64_t last, bool flowing)
{
	if (!track->delivered) {
		settle_end(track, first, last, flowing);
	} else if (track->first < first + track->lost_early || track->next > last + 1) {
		wrong("records %" PRIu64 " to %" PRIu64 " came, written were %" PRIu64 " to %" PRIu64,
		      track->first, track->next - 1, first, last);
	} else {
		track->missing += track->first - first - track->lost_early;
		settle_end(track, track->next, last, flowing);
	}
	totals.lost += track->lost;
	totals.missing += track->missing;
}
