// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "event.h"

#define REPETITIONS	5

static unsigned int event_id(const char *event)
{
	char path[128];
	unsigned int id;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/tracing/events/%s/id", event);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%u", &id) != 1)
		die("%s: %s: no such tracepoint", path, strerror(errno));
	fclose(f);
	return id;
}

static int event_open(const char *event)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = event_id(event),
	};
	long fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		die("perf_event_open %s: %s", event, strerror(errno));
	return (int)fd;
}

static uint64_t event_read(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) != sizeof(count))
		die("perf event: %s", strerror(errno));
	return count;
}

uint64_t event_count(const char *event, cost_fn fn, void *arg, unsigned int ops)
{
	int fd = event_open(event);
	uint64_t before, own, best = ~0ULL;

	before = event_read(fd);
	own = event_read(fd) - before;
	for (int i = 0; i < REPETITIONS; i++) {
		uint64_t n;

		before = event_read(fd);
		fn(arg, ops);
		n = event_read(fd) - before - own;
		if (n < best)
			best = n;
	}
	close(fd);
	return best;
}
