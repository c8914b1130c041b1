// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several writers at once, by the wall clock: processes that write as fast as
 * they can for a while, and one that reads.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dev.h"
#include "peer.h"
#include "table.h"

#define WRITERS_MAX	4
#define COUNTS		3
#define RUN_MS		400
#define RUNS		5

/* Shared with the writers and the reader. */
struct board {
	int go;
	int stop;
	uint64_t written[WRITERS_MAX];
	uint64_t read;
};

/**
 * struct contest - What is written to, and whether someone reads.
 * @peer: The peer.
 * @name: As the table calls it.
 * @read: A reader reads all it can; what has to be read to go on is always.
 */
struct contest {
	const struct peer *peer;
	const char *name;
	bool read;
};

/* Records a second, and of them those the reader got, in percent. */
struct outcome {
	double rate;
	double delivered;
};

static const int counts[COUNTS] = { 1, 2, 4 };
static struct board *board;

static int flag(const int *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static void set_flag(int *p)
{
	__atomic_store_n(p, 1, __ATOMIC_RELEASE);
}

static void write_until_stop(struct channel *ch, int writer)
{
	uint64_t n = 0;

	while (!flag(&board->go))
		usleep(1000);
	while (!flag(&board->stop))
		n += write(ch->wr, ch->text, ch->len) == (ssize_t)ch->len;
	board->written[writer] = n;
}

/* The last writer gone is the end of a pipe; elsewhere this is killed. */
static void read_until_end(struct channel *ch)
{
	static char buf[READ_SIZE];
	size_t bytes = 0;
	ssize_t n;

	close(ch->wr);
	while ((n = read(ch->rd, buf, sizeof(buf))) > 0) {
		bytes += (size_t)n;
		__atomic_store_n(&board->read, bytes / ch->len, __ATOMIC_RELEASE);
	}
}

static pid_t start(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static pid_t start_reader(struct channel *ch)
{
	pid_t pid = start();

	if (pid)
		return pid;
	read_until_end(ch);
	_exit(0);
}

static pid_t start_writer(struct channel *ch, int writer)
{
	pid_t pid = start();

	if (pid)
		return pid;
	write_until_stop(ch, writer);
	_exit(0);
}

/* Once all is written: waits until the reader gets nothing more. */
static void wait_for_reader(void)
{
	uint64_t seen;

	do {
		seen = __atomic_load_n(&board->read, __ATOMIC_ACQUIRE);
		usleep(50000);
	} while (seen != __atomic_load_n(&board->read, __ATOMIC_ACQUIRE));
}

static struct outcome run(const struct contest *c, int writers)
{
	pid_t pids[WRITERS_MAX], reader = 0;
	struct channel ch;
	uint64_t begin, total = 0, took;

	memset(board, 0, sizeof(*board));
	channel_open(&ch, c->peer, RECORD, 0);
	if (c->peer->ring)
		dev_format(ch.rd, MEMLOG_FORMAT_TEXT, MEMLOG_FORMAT_QUIET);
	if (c->read)
		reader = start_reader(&ch);
	for (int i = 0; i < writers; i++)
		pids[i] = start_writer(&ch, i);
	usleep(20000);
	begin = clock_now();
	set_flag(&board->go);
	usleep(RUN_MS * 1000);
	set_flag(&board->stop);
	took = clock_now() - begin;
	for (int i = 0; i < writers; i++) {
		waitpid(pids[i], NULL, 0);
		total += board->written[i];
	}
	if (reader) {
		wait_for_reader();
		kill(reader, SIGKILL);
		waitpid(reader, NULL, 0);
	}
	channel_close(&ch);
	return (struct outcome){
		.rate = (double)total * 1e9 / (double)took,
		.delivered = total ? 100.0 * (double)board->read / (double)total : 0,
	};
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double each[RUNS])
{
	qsort(each, RUNS, sizeof(*each), compare);
	return each[RUNS / 2];
}

/* Ratio of the rates of the same round: what disturbs one disturbs the other. */
static double ratio(const struct outcome a[RUNS], const struct outcome b[RUNS])
{
	double each[RUNS];

	for (int r = 0; r < RUNS; r++)
		each[r] = a[r].rate / b[r].rate;
	return median(each);
}

static double delivered(const struct outcome o[RUNS])
{
	double each[RUNS];

	for (int r = 0; r < RUNS; r++)
		each[r] = o[r].delivered;
	return median(each);
}

static const struct contest contests[] = {
	{ &peer_null, "/dev/null", false },
	{ &peer_pipe, "pipe", true },
	{ &peer_datagram, "AF_UNIX datagram", true },
	{ &peer_memlog, "memlog, 16 KB, no reader", false },
	{ &peer_memlog, "memlog, 16 KB", true },
	{ &peer_memlog_large, "memlog, 1 MB, no reader", false },
	{ &peer_memlog_large, "memlog, 1 MB", true },
};

#define CONTESTS	(int)(sizeof(contests) / sizeof(*contests))
#define NULL_CONTEST	0
#define PIPE_CONTEST	1

void bench_writers(void)
{
	static const char *const heads[] = {
		"1: dlv %", "x null", "x pipe", "2: dlv %", "x null", "x pipe",
		"4: dlv %", "x null", "x pipe", NULL
	};
	static struct outcome o[COUNTS][CONTESTS][RUNS];

	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (board == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	for (int i = 0; i < COUNTS; i++)
		for (int r = 0; r < RUNS; r++)
			for (int c = 0; c < CONTESTS; c++)
				o[i][c][r] = run(&contests[c], counts[i]);

	table_begin("Records of 100 B written a second by 1, 2 and 4 writers on 2 processors, as ratios\n"
		    "to /dev/null's and to the pipe's (more is better)", heads);
	for (int c = 0; c < CONTESTS; c++) {
		table_row("%s", contests[c].name);
		for (int i = 0; i < COUNTS; i++) {
			if (contests[c].read)
				table_number(delivered(o[i][c]), 1);
			else
				table_none();
			table_number(ratio(o[i][c], o[i][NULL_CONTEST]), 3);
			table_number(ratio(o[i][c], o[i][PIPE_CONTEST]), 2);
		}
	}
	table_end("dlv %: of the records written, those one reader got, by read(2) into 64 KB. Medians\n"
		  "of 5 rounds of 0.4 s each, by the wall clock, on processors that are emulated and\n"
		  "shared: noisy, good for orders of magnitude only. A writer to a pipe or a socket\n"
		  "waits for the reader; one to memlog never does, and what the reader misses is told\n"
		  "to it.");
}
