// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finding records in rings of different sizes, which must not matter.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "bound.h"
#include "dev.h"
#include "table.h"

#define RINGS		3
#define TAIL		100
#define OPS		100
/* From the smallest ring to the largest: how often it doubles. */
#define DOUBLINGS	8
/* A step of a search; it takes one more when the ring doubles. */
#define SEARCH_STEP	40

static const size_t rings[RINGS] = { 64 * KB, MB, 16 * MB };

/* A reader, and what it looks for. */
struct search {
	int fd;
	unsigned int whence;
	uint64_t value;
};

enum { SEEK_TAIL, TAIL_READ, BY_SEQ, BY_TIME, MEASURES };

static uint64_t time_seek(void *arg, unsigned int ops)
{
	const struct search *s = arg;
	uint64_t start = clock_now();

	for (unsigned int i = 0; i < ops; i++)
		dev_seek(s->fd, s->whence, s->value);
	return clock_since(start);
}

static uint64_t time_tail(void *arg, unsigned int ops)
{
	static char buf[READ_SIZE];
	const struct search *s = arg;
	uint64_t start = clock_now();

	for (unsigned int i = 0; i < ops; i++) {
		dev_seek(s->fd, MEMLOG_SEEK_LAST, TAIL);
		if (read(s->fd, buf, sizeof(buf)) != TAIL * RECORD)
			die("the last %d records: not what was written", TAIL);
	}
	return clock_since(start);
}

static uint64_t time_of(uint64_t seq)
{
	struct { struct memlog_record rec; char text[RECORD + 8]; } first;
	int fd = dev_open(O_RDONLY | O_NONBLOCK);

	dev_format(fd, MEMLOG_FORMAT_RECORD, 0);
	dev_seek(fd, MEMLOG_SEEK_SEQ, seq);
	if (read(fd, &first, sizeof(first)) <= 0 || first.rec.seq != seq)
		die("record %llu: %s", (unsigned long long)seq, strerror(errno));
	close(fd);
	return first.rec.time_ns;
}

static void measure(size_t ring, struct cost cost[MEASURES])
{
	struct search s = { .fd = -1 };
	struct memlog_info info;
	uint64_t middle;

	dev_resize(ring);
	dev_fill(RECORD, true);
	s.fd = dev_open(O_RDONLY | O_NONBLOCK);
	dev_info(s.fd, &info);
	middle = info.oldest_seq + (info.next_seq - info.oldest_seq) / 2;

	s.whence = MEMLOG_SEEK_LAST;
	s.value = TAIL;
	cost[SEEK_TAIL] = cost_of(time_seek, &s, OPS);
	cost[TAIL_READ] = cost_of(time_tail, &s, OPS);
	s.whence = MEMLOG_SEEK_SEQ;
	s.value = middle;
	cost[BY_SEQ] = cost_of(time_seek, &s, OPS);
	s.whence = MEMLOG_SEEK_SINCE;
	s.value = time_of(middle);
	if (dev_seek(s.fd, s.whence, s.value) != middle)
		die("seek by time: not the record of that time");
	cost[BY_TIME] = cost_of(time_seek, &s, OPS);

	table_row("%zu KB, %llu records", ring / (size_t)KB,
		  (unsigned long long)(info.next_seq - info.oldest_seq));
	for (int i = 0; i < MEASURES; i++)
		table_cost(&cost[i]);
	close(s.fd);
}

void bench_seeks(void)
{
	static const char *const heads[] = {
		"LAST 100", "+ read", "SEQ", "SINCE", NULL
	};
	static const char *const names[MEASURES] = {
		"seek to the last 100", "tail 100, read", "seek by number"
	};
	struct cost cost[RINGS][MEASURES];

	table_begin("Finding a record in a full ring: instructions a seek", heads);
	for (int i = 0; i < RINGS; i++)
		measure(rings[i], cost[i]);
	table_end("LAST 100: MEMLOG_IOC_SEEK to the last 100 records, with reading their 10,000 bytes\n"
		  "behind it. SEQ, SINCE: to the record in the middle, by its number and its time.");

	for (int i = 0; i < BY_TIME; i++)
		bound_at_most(cost[RINGS - 1][i].median / cost[0][i].median, 1.01,
			      "x 64K ring", "%s, 16M ring", names[i]);
	bound_at_most((cost[RINGS - 1][BY_TIME].median - cost[0][BY_TIME].median) /
		      DOUBLINGS, SEARCH_STEP, "instructions",
		      "seek by time, 64K to 16M ring: each doubling");
}
