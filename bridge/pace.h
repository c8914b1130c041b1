/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pace: when to read the next batches.
 *
 * An idle bridge sends a record the moment it comes. A round is what follows: the
 * reading, and the sending to those whose turn it is. When that took long, the next
 * round waits three quarters as long, so that the bridge is at work for four parts
 * of seven; batches grow meanwhile, and the cost of a record falls with the load.
 * Where a round has left something to read, batches are as big as they get, and
 * nothing is gained by waiting.
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
 * @round: One round. Return: whether it has left something to read.
 * @idle: Begins it, where it is to be in the next turn of the loop.
 * @timer: Waits; a timerfd, since the loop's own timers know milliseconds only.
 * @timer_fd: It.
 * @state: What happens now.
 * @wanted: Another round was asked for meanwhile.
 * @more_ns: What was sent besides, since the last round.
 * @last_ns: What the last round took.
 */
struct pace {
	bool (*round)(struct pace *pace);
	uv_idle_t idle;
	uv_poll_t timer;
	int timer_fd;
	enum { PACE_IDLE, PACE_ROUND, PACE_NEXT, PACE_WAIT } state;
	bool wanted;
	uint64_t more_ns;
	uint64_t last_ns;
};

int pace_init(struct pace *pace, uv_loop_t *loop, bool (*round)(struct pace *));
void pace_uninit(struct pace *pace);

/* There is something to read: now, or as soon as the pace allows. */
void pace_want(struct pace *pace);

/*
 * The clock of the pace: processor time of this thread. What others take of the
 * processor meanwhile is no load of ours, and to rest for it would add to it.
 */
uint64_t pace_clock(void);

/* This much of that clock went into sending outside of a round. */
void pace_spent(struct pace *pace, uint64_t ns);

#endif /* BRIDGE_PACE_H */
