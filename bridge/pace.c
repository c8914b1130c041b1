// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "pace.h"

uint64_t pace_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void wait_for(struct pace *pace, uint64_t ns)
{
	struct itimerspec wait = {
		.it_value.tv_sec = (time_t)(ns / 1000000000),
		.it_value.tv_nsec = (long)(ns % 1000000000),
	};

	pace->state = PACE_WAIT;
	timerfd_settime(pace->timer_fd, 0, &wait, NULL);
}

/*
 * A round may follow the last one directly, but never in the same turn of the
 * loop: others want their turn.
 */
static void on_idle(uv_idle_t *idle);

static void run_round(struct pace *pace)
{
	uint64_t began = pace_clock(), spent;
	bool more;

	pace->wanted = false;
	pace->state = PACE_ROUND;
	more = pace->round(pace);
	pace->last_ns = pace_clock() - began;
	spent = pace->last_ns + pace->more_ns;
	pace->more_ns = 0;
	if (!more && spent > PACE_FREE_NS) {
		wait_for(pace, spent / 4 * 3);
	} else if (more || pace->wanted) {
		pace->state = PACE_NEXT;
		uv_idle_start(&pace->idle, on_idle);
	} else {
		pace->state = PACE_IDLE;
	}
}

static void on_idle(uv_idle_t *idle)
{
	struct pace *pace = idle->data;

	uv_idle_stop(idle);
	run_round(pace);
}

static void on_timer(uv_poll_t *poll, int status, int events)
{
	struct pace *pace = poll->data;
	uint64_t ticks;

	if (read(pace->timer_fd, &ticks, sizeof(ticks)) < 0)
		return;
	pace->state = PACE_IDLE;
	if (pace->wanted)
		run_round(pace);
}

int pace_init(struct pace *pace, uv_loop_t *loop, bool (*round)(struct pace *))
{
	*pace = (struct pace){ .round = round };
	pace->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (pace->timer_fd < 0)
		return -errno;
	uv_idle_init(loop, &pace->idle);
	uv_poll_init(loop, &pace->timer, pace->timer_fd);
	pace->idle.data = pace;
	pace->timer.data = pace;
	return uv_poll_start(&pace->timer, UV_READABLE, on_timer);
}

void pace_uninit(struct pace *pace)
{
	uv_poll_stop(&pace->timer);
	uv_close((uv_handle_t *)&pace->timer, NULL);
	uv_close((uv_handle_t *)&pace->idle, NULL);
	close(pace->timer_fd);
}

void pace_want(struct pace *pace)
{
	pace->wanted = true;
	if (pace->state == PACE_IDLE)
		run_round(pace);
}

void pace_spent(struct pace *pace, uint64_t ns)
{
	pace->more_ns += ns;
}
