// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "pace.h"

/*
 * A round may follow the last one directly, but never in the same turn of the
 * loop: others want their turn.
 */
static void start_round(struct pace *pace);

static void end_round(struct pace *pace)
{
	struct itimerspec wait = { 0 };

	uv_idle_stop(&pace->idle);
	uv_check_stop(&pace->check);
	if (pace->spent_ns <= PACE_FREE_NS) {
		pace->state = PACE_IDLE;
		if (pace->wanted)
			start_round(pace);
		return;
	}
	pace->state = PACE_WAIT;
	wait.it_value.tv_sec = (time_t)(pace->spent_ns / 1000000000);
	wait.it_value.tv_nsec = (long)(pace->spent_ns % 1000000000);
	timerfd_settime(pace->timer_fd, 0, &wait, NULL);
}

/*
 * What was asked to be sent in a round is sent in the poll phase of the next
 * turn, by all who can take it; then the second check comes.
 */
static void on_check(uv_check_t *check)
{
	struct pace *pace = check->data;

	if (++pace->turns >= 2)
		end_round(pace);
}

static void on_idle(uv_idle_t *idle)
{
}

static void on_timer(uv_poll_t *poll, int status, int events)
{
	struct pace *pace = poll->data;
	uint64_t ticks;

	if (read(pace->timer_fd, &ticks, sizeof(ticks)) < 0)
		return;
	pace->state = PACE_IDLE;
	if (pace->wanted)
		start_round(pace);
}

static void start_round(struct pace *pace)
{
	uint64_t began = uv_hrtime();

	pace->wanted = false;
	pace->state = PACE_ROUND;
	pace->turns = 0;
	pace->spent_ns = 0;
	if (!pace->round(pace) && !pace->wanted) {
		pace->state = PACE_IDLE;
		return;
	}
	pace->spent_ns += uv_hrtime() - began;
	uv_idle_start(&pace->idle, on_idle);
	uv_check_start(&pace->check, on_check);
}

int pace_init(struct pace *pace, uv_loop_t *loop, bool (*round)(struct pace *))
{
	*pace = (struct pace){ .round = round };
	pace->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (pace->timer_fd < 0)
		return -errno;
	uv_idle_init(loop, &pace->idle);
	uv_check_init(loop, &pace->check);
	uv_poll_init(loop, &pace->timer, pace->timer_fd);
	pace->check.data = pace;
	pace->timer.data = pace;
	return uv_poll_start(&pace->timer, UV_READABLE, on_timer);
}

void pace_uninit(struct pace *pace)
{
	uv_poll_stop(&pace->timer);
	uv_close((uv_handle_t *)&pace->timer, NULL);
	uv_close((uv_handle_t *)&pace->check, NULL);
	uv_close((uv_handle_t *)&pace->idle, NULL);
	close(pace->timer_fd);
}

void pace_want(struct pace *pace)
{
	pace->wanted = true;
	if (pace->state == PACE_IDLE)
		start_round(pace);
}

void pace_spent(struct pace *pace, uint64_t ns)
{
	pace->spent_ns += ns;
}
