// SPDX-License-Identifier: GPL-2.0-only
/*
 * bridge_writer - writes records that prove themselves, at a steady rate
 *
 * Up to TICKS records a second come singly, at equal distances; more come as
 * TICKS equal batches a second. It says what it wrote as one line of JSON.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include <memlog.h>

#include "outlet.h"
#include "payload.h"

#define TICKS	2000

/**
 * struct plan - What is to be written.
 * @outlet: Where to.
 * @where: Which one.
 * @size: Bytes of a ring's text, if it is new.
 * @rate: Records a second, 0: as fast as it goes.
 * @records: How many.
 */
struct plan {
	const struct outlet *outlet;
	const char *where;
	uint64_t size;
	uint64_t rate;
	uint64_t records;
};

static void __attribute__((noreturn, format(printf, 2, 3)))
die(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "bridge_writer: ");
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	exit(status);
}

static void sleep_until(uint64_t ns)
{
	struct timespec when = { .tv_sec = (time_t)(ns / 1000000000),
				 .tv_nsec = (long)(ns % 1000000000) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL) == EINTR)
		;
}

/* How many are due at a time, so that a late writer catches up. */
static uint64_t due(const struct plan *plan, uint64_t began)
{
	uint64_t count, step = plan->rate > TICKS ? plan->rate / TICKS : 1;

	if (!plan->rate)
		return plan->records;
	count = (uint64_t)((double)(now_ns() - began) * 1e-9 * (double)plan->rate) + 1;
	count -= count % step;
	return count < plan->records ? count : plan->records;
}

/* @late: Set to how long a record was written after its time, at most. */
static uint64_t write_all(const struct plan *plan, uint64_t first, uint64_t *late)
{
	uint64_t done = 0, until, now, began = now_ns(), tick = 1000000000 / TICKS;
	char text[PAYLOAD_SIZE];
	int err;

	if (plan->rate && plan->rate < TICKS)
		tick = 1000000000 / plan->rate;
	for (uint64_t n = 1; done < plan->records; n++) {
		now = now_ns();
		if (now > began + (n - 1) * tick + *late)
			*late = now - began - (n - 1) * tick;
		for (until = due(plan, began); done < until; done++) {
			payload_make(text, first + done, now_ns());
			err = plan->outlet->put(text);
			if (err)
				die(111, "%s: %s", plan->where, strerror(-err));
		}
		if (done < plan->records)
			sleep_until(began + n * tick);
	}
	return now_ns() - began;
}

static const char help_text[] =
"usage: bridge_writer [OPTION]... OUTLET WHERE\n"
"\n"
"Writes records of 128 bytes: to a ring or a file (PATH), to an HTTP server by\n"
"POST (PORT/PATH), or in the journal's export format (export /dev/stdout).\n"
"\n"
"  --rate N       a second; 0: as fast as it goes (1000)\n"
"  --records N    how many; 0 only makes the ring (1000)\n"
"  --first N      number of the first, where the outlet knows none (0)\n"
"  --size BYTES   of a new ring's text (4M)\n";

static uint64_t number(const char *option, int (*parse)(const char *, uint64_t *))
{
	uint64_t value;

	if (parse(optarg, &value))
		die(100, "%s is no %s", optarg, option);
	return value;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "rate", required_argument, NULL, 'r' }, { "records", required_argument, NULL, 'n' },
		{ "size", required_argument, NULL, 's' }, { "first", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
	};
	struct plan plan = { .size = 4 << 20, .rate = 1000, .records = 1000 };
	uint64_t first = 0, took, late = 0;
	int option, err;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(help_text, stdout);
			return 0;
		}
		if (option == 'r')
			plan.rate = number("rate", memlog_parse_number);
		else if (option == 'n')
			plan.records = number("number of records", memlog_parse_number);
		else if (option == 'f')
			first = number("number of a record", memlog_parse_number);
		else if (option == 's')
			plan.size = number("size", memlog_parse_size);
		else
			return 100;
	}
	if (optind != argc - 2 || !(plan.outlet = outlet_find(argv[optind])))
		die(100, "an outlet and where it is, please (see --help)");
	plan.where = argv[optind + 1];
	prctl(PR_SET_TIMERSLACK, 1);
	err = plan.outlet->open(plan.where, plan.size, &first);
	if (err)
		die(111, "%s: %s", plan.where, strerror(-err));
	took = write_all(&plan, first, &late);
	plan.outlet->close();
	/* Standard output may be what was written to. */
	fprintf(stderr, "{\"first\":%" PRIu64 ",\"records\":%" PRIu64 ",\"ns\":%" PRIu64
		",\"late\":%" PRIu64 "}\n", first, plan.records, took, late);
	return 0;
}
