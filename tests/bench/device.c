// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the device costs, beside what else could carry a record: in a guest, by
 * tests/bench/device.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "bound.h"
#include "peer.h"

#define EXIT_USAGE	100
#define EXIT_SYSTEM	111

/* Above this the clock does not count instructions. */
#define CLOCK_TOLERANCE	0.01

void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fflush(stdout);
	fprintf(stderr, "\ndevice_bench: ");
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(EXIT_SYSTEM);
}

static int usage(void)
{
	fprintf(stderr, "usage: device_bench instructions | check | writers\n"
		"  instructions  all tables of costs, by a clock that counts instructions\n"
		"  check         only what is promised, as TAP\n"
		"  writers       several writers at once, by the wall clock\n");
	return EXIT_USAGE;
}

static void require_counting_clock(void)
{
	double per_instruction = clock_calibrate();
	struct utsname name;

	if (per_instruction < 1 - CLOCK_TOLERANCE ||
	    per_instruction > 1 + CLOCK_TOLERANCE)
		die("an instruction takes %.3f ns, not 1: the clock does not count them; "
		    "run in a guest with -icount shift=0", per_instruction);
	uname(&name);
	if (quick)
		return;
	printf("Instructions, Linux %s, one processor, QEMU -icount shift=0: 1 ns is 1\n"
	       "instruction; caches count nothing, each step of a string instruction counts one.\n",
	       name.release);
	clock_describe(per_instruction);
}

static int instructions(void)
{
	require_counting_clock();
	peers_init();
	bench_writes();
	bench_sleepers();
	bench_waiters();
	bench_batches();
	bench_reads();
	bench_seeks();
	return quick ? bounds_tap() : bounds_summary();
}

int main(int argc, char **argv)
{
	const char *what = argc == 2 ? argv[1] : "";

	setvbuf(stdout, NULL, _IOLBF, 0);
	quick = !strcmp(what, "check");
	if (quick || !strcmp(what, "instructions"))
		return instructions() ? 1 : 0;
	if (!strcmp(what, "writers")) {
		peers_init();
		bench_writers();
		return 0;
	}
	return usage();
}
