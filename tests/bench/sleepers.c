// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writing while readers sleep in read(2).
 *
 * Writer and readers are processes of the same real-time priority on one
 * processor: a wakeup never preempts the writer, and when it yields, all
 * readers run until they sleep again. So both what the write costs its writer
 * and what the record costs in all can be told.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bound.h"
#include "event.h"
#include "peer.h"
#include "table.h"

#define SLEEPERS_MAX	10
#define OPS		100
#define OPS_KMSG	20
/* Readers of /dev/kmsg are not woken by a write but by a timer after it. */
#define SETTLE_US	50000

/**
 * struct sleepers - Readers, and the channels they sleep on.
 * @channels: What each record is written to.
 * @channel_count: How many.
 * @pids: The readers.
 * @count: How many.
 * @got: Records each of them has read; memory shared with them.
 */
struct sleepers {
	struct channel channels[SLEEPERS_MAX];
	int channel_count;
	pid_t pids[SLEEPERS_MAX];
	int count;
	uint64_t *got;
};

/**
 * struct setup - Who reads what.
 * @peer: The peer.
 * @name: As the table calls it.
 * @one_each: A channel for each reader, and a write to each of them.
 */
struct setup {
	const struct peer *peer;
	const char *name;
	bool one_each;
};

static void be_real_time(bool on)
{
	struct sched_param param = { .sched_priority = on ? 1 : 0 };

	if (sched_setscheduler(0, on ? SCHED_FIFO : SCHED_OTHER, &param))
		die("sched_setscheduler: %s", strerror(errno));
}

static void read_for_ever(const struct channel *ch, uint64_t *got)
	__attribute__((noreturn));
static void read_for_ever(const struct channel *ch, uint64_t *got)
{
	static char buf[READ_SIZE];
	int fd = ch->peer->reader(ch, 0);

	for (;;) {
		ssize_t n = read(fd, buf, sizeof(buf));

		if (n <= 0)
			_exit(1);
		*got += ch->peer->messages ? 1 : (size_t)n / ch->len;
	}
}

static void start(struct sleepers *s, const struct setup *setup, size_t len, int n)
{
	s->channel_count = setup->one_each ? n : 1;
	s->count = n;
	memset(s->got, 0, SLEEPERS_MAX * sizeof(*s->got));
	for (int i = 0; i < s->channel_count; i++)
		channel_open(&s->channels[i], setup->peer, len, 0);
	be_real_time(true);
	for (int i = 0; i < n; i++) {
		s->pids[i] = fork();
		if (s->pids[i] < 0)
			die("fork: %s", strerror(errno));
		if (!s->pids[i]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			read_for_ever(&s->channels[setup->one_each ? i : 0],
				      &s->got[i]);
		}
	}
	for (int i = 0; i < 3; i++)
		sched_yield();
}

static void stop(struct sleepers *s)
{
	be_real_time(false);
	for (int i = 0; i < s->count; i++)
		kill(s->pids[i], SIGKILL);
	for (int i = 0; i < s->count; i++)
		waitpid(s->pids[i], NULL, 0);
	for (int i = 0; i < s->channel_count; i++)
		channel_close(&s->channels[i]);
}

static void write_one(struct sleepers *s)
{
	for (int i = 0; i < s->channel_count; i++)
		channel_write(&s->channels[i]);
}

static uint64_t time_write(void *arg, unsigned int ops)
{
	uint64_t took = 0;

	while (ops--) {
		uint64_t begin = clock_now();

		write_one(arg);
		took += clock_since(begin);
		sched_yield();
	}
	return took;
}

static uint64_t time_until_read(void *arg, unsigned int ops)
{
	uint64_t begin = clock_now();

	while (ops--) {
		write_one(arg);
		sched_yield();
	}
	return clock_since(begin);
}

/* Records read, of those that each reader should have got. */
static double delivered(const struct sleepers *s)
{
	uint64_t got = 0;

	usleep(SETTLE_US);
	for (int i = 0; i < s->count; i++)
		got += s->got[i];
	return 100.0 * (double)got / (double)(s->channels[0].written * (uint64_t)s->count);
}

static void print_costs(const struct cost cost[], const bool known[])
{
	for (int i = 0; i < RECORD_SIZES; i++) {
		if (known[i])
			table_cost(&cost[i]);
		else
			table_none();
	}
}

static void measure(struct sleepers *s, const struct setup *setup, int n)
{
	bool kmsg = setup->peer == &peer_kmsg;
	struct cost write[RECORD_SIZES], all[RECORD_SIZES];
	bool write_known[RECORD_SIZES] = { false }, all_known[RECORD_SIZES] = { false };
	double least = 100;

	for (int i = 0; i < RECORD_SIZES; i++) {
		if (!channel_takes(setup->peer, record_sizes[i]))
			continue;
		start(s, setup, record_sizes[i], n);
		write[i] = cost_of(time_write, s, kmsg ? OPS_KMSG : OPS);
		write_known[i] = true;
		if (!kmsg) {
			all[i] = cost_of(time_until_read, s, OPS);
			all_known[i] = true;
		}
		if (delivered(s) < least)
			least = delivered(s);
		stop(s);
	}
	if (setup->one_each)
		table_row("%d of: %s", n, setup->name);
	else
		table_row("%s", setup->name);
	table_number(least, 1);
	print_costs(write, write_known);
	print_costs(all, all_known);
}

/* A reader that sleeps is woken by each write, and once. */
static void check_wakeups(struct sleepers *s)
{
	static const struct setup memlog = { &peer_memlog, "", false };
	uint64_t n;

	start(s, &memlog, RECORD, 1);
	n = event_count(EVENT_WAKEUP, time_until_read, s, OPS);
	stop(s);
	bound_equal((double)n, OPS, "wakeups", "%d writes, one reader sleeps, %s",
		    OPS, peer_memlog.name);
}

void bench_sleepers(void)
{
	static const char *const heads[] = {
		"dlvrd %", TABLE_SIZES, TABLE_SIZES, NULL
	};
	static const struct setup setups[] = {
		{ &peer_memlog, "memlog, 16 KB ring", false },
		{ &peer_pipe, "pipe", false },
		{ &peer_fifo, "FIFO", false },
		{ &peer_datagram, "AF_UNIX datagram", false },
		{ &peer_kmsg, "/dev/kmsg", false },
		{ &peer_pipe, "pipe", true },
		{ &peer_datagram, "AF_UNIX datagram", true },
	};
	static struct sleepers s;

	s.got = mmap(NULL, SLEEPERS_MAX * sizeof(*s.got), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s.got == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	check_wakeups(&s);
	for (int n = 1; n <= SLEEPERS_MAX && !quick; n += SLEEPERS_MAX - 1) {
		table_begin(n == 1 ?
			    "write(2) with 1 reader asleep in read(2): instructions a record, of the write(2)\n"
			    "itself (left) and until the record was read and the reader sleeps again (right)" :
			    "write(2) with 10 readers asleep in read(2): the same", heads);
		for (size_t i = 0; i < sizeof(setups) / sizeof(*setups); i++)
			if (n > 1 || !setups[i].one_each)
				measure(&s, &setups[i], n);
		table_end(n == 1 ?
			  "Readers of /dev/kmsg are not woken by the write but by a timer behind it." :
			  "dlvrd %: of all records to all readers. The readers of a pipe, a FIFO or a socket\n"
			  "share its records; for each to get them all, each needs one, and each record as\n"
			  "many writes: \"10 of\".");
	}
}
