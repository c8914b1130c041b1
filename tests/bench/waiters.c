// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writing while others have it open, but nobody sleeps: they must cost nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bound.h"
#include "event.h"
#include "peer.h"
#include "table.h"

#define OPEN_READERS	1000
#define EPOLL_SETS	10

/* Readers that look on, and what each of them is watched by. */
struct onlookers {
	int readers[OPEN_READERS];
	int sets[EPOLL_SETS];
	int count;
	int set_count;
};

static void raise_limit(void)
{
	struct rlimit limit = { OPEN_READERS + 200, OPEN_READERS + 200 };

	if (setrlimit(RLIMIT_NOFILE, &limit))
		die("%d open files: %s", OPEN_READERS + 200, strerror(errno));
}

static void add_readers(struct onlookers *on, const struct channel *ch, int n)
{
	while (on->count < n)
		on->readers[on->count++] = ch->peer->reader(ch, O_NONBLOCK);
}

/* Each in an epoll set of its own. */
static void add_sets(struct onlookers *on)
{
	struct epoll_event event = { .events = EPOLLIN };

	for (; on->set_count < on->count; on->set_count++) {
		int set = epoll_create1(EPOLL_CLOEXEC);

		if (set < 0 || epoll_ctl(set, EPOLL_CTL_ADD,
					 on->readers[on->set_count], &event))
			die("epoll: %s", strerror(errno));
		on->sets[on->set_count] = set;
	}
}

static void remove_all(struct onlookers *on)
{
	while (on->set_count)
		close(on->sets[--on->set_count]);
	while (on->count)
		close(on->readers[--on->count]);
}

static void add_bounds(const char *name, const struct cost *alone,
		       const struct cost *open, const struct cost *epoll,
		       uint64_t wakeups)
{
	bound_at_most(open->median / alone->median, 1.005, "x 0 readers",
		      "write with %d open readers, %s", OPEN_READERS, name);
	bound_at_most(epoll->median / null_write, 1.65, "x /dev/null",
		      "write with %d idle epoll sets, %s", EPOLL_SETS, name);
	bound_equal((double)wakeups, 0, "wakeups",
		    "100 writes, nobody sleeps, %s", name);
}

static void measure(const struct peer *peer)
{
	struct onlookers on = { .count = 0 };
	struct cost alone, open, epoll;
	struct channel ch;
	unsigned int ops;
	uint64_t wakeups;

	channel_open(&ch, peer, RECORD, O_NONBLOCK);
	ops = channel_ops(&ch);
	alone = cost_of(channel_time_writes, &ch, ops);
	add_readers(&on, &ch, OPEN_READERS);
	open = cost_of(channel_time_writes, &ch, ops);
	remove_all(&on);
	add_readers(&on, &ch, EPOLL_SETS);
	add_sets(&on);
	epoll = cost_of(channel_time_writes, &ch, ops);
	wakeups = event_count(EVENT_WAKEUP, channel_time_writes, &ch, 100);
	remove_all(&on);
	channel_close(&ch);

	table_row("%s", peer->name);
	table_cost(&alone);
	table_cost(&open);
	table_cost(&epoll);
	table_number(epoll.median / null_write, 2);
	table_number((double)wakeups, 0);
	if (peer->ring)
		add_bounds(peer->name, &alone, &open, &epoll, wakeups);
}

void bench_waiters(void)
{
	static const char *const heads[] = {
		"alone", "1000 open", "10 epoll", "x null", "wakeups", NULL
	};

	raise_limit();
	table_begin("write(2) of 100 B while others look on: instructions a record", heads);
	for (const struct peer *const *p = peers(); *p; p++)
		if (*p != &peer_null && !(*p)->batch_only &&
		    (!quick || (*p)->ring))
			measure(*p);
	table_end("1000 open: readers that neither block nor poll. 10 epoll: ten sets with a reader\n"
		  "each that nobody waits on, in times /dev/null behind it; wakeups of 100 writes\n"
		  "then. A pipe, a FIFO and a socket have one reading end, opened so many times.");
}
