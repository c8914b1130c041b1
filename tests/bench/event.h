/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counting what this process does, by the kernel's own tracepoints.
 */
#ifndef TESTS_BENCH_EVENT_H
#define TESTS_BENCH_EVENT_H

#include "bench.h"

#define EVENT_SYSTEM_CALL	"raw_syscalls/sys_enter"
#define EVENT_WAKEUP		"sched/sched_waking"

/**
 * event_count() - How often something happens while operations are done.
 * @event: EVENT_*.
 * @fn: Does the operations.
 * @arg: Its argument.
 * @ops: How many.
 *
 * Return: The count, the fewest of some repetitions: a timer's interrupt may
 * add to it.
 */
uint64_t event_count(const char *event, cost_fn fn, void *arg, unsigned int ops);

#endif /* TESTS_BENCH_EVENT_H */
