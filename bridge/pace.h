/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pace: when to read the next batches.
 *
 * An idle bridge sends a record the moment it comes. A round is what follows: the
 * reading, and the sending to all who can take it. When that took long, the next
 * round waits at least as long; batches grow meanwhile, and the cost of a record
 * falls with the load.
 */
#ifndef BRIDGE_PACE_H
#define BRIDGE_PACE_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* A round below this is no load. */
#define PACE_FREE_NS	100000

/**
 * struct pace - The pace.
 * @round: Begins a round. Return: whether there was anything to send.
 * @idle: Keeps the loop from sleeping during a round.
 * @check: Sees the loop go round.
 * @timer: Waits; a timerfd, since the loop's own timers know milliseconds only.
 * @timer_fd: It.
 * @state: What happens now.
 * @turns: Times the loop has gone round since the round began.
 * @wanted: Another round was asked for meanwhile.
 * @spent_ns: What this round took so far.
 */
struct pace {
	bool (*round)(struct pace *pace);
	uv_idle_t idle;
	uv_check_t check;
	uv_poll_t timer;
	int timer_fd;
	enum { PACE_IDLE, PACE_ROUND, PACE_WAIT } state;
	unsigned int turns;
	bool wanted;
	uint64_t spent_ns;
};

int pace_init(struct pace *pace, uv_loop_t *loop, bool (*round)(struct pace *));
void pace_uninit(struct pace *pace);

/* There is something to read: now, or as soon as the pace allows. */
void pace_want(struct pace *pace);

/* This much time went into the round. */
void pace_spent(struct pace *pace, uint64_t ns);

#endif /* BRIDGE_PACE_H */
