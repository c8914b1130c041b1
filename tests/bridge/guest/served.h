/* SPDX-License-Identifier: GPL-2.0-only */
/* The bridge as a process, for the programs that test it in the guest. */
#ifndef TESTS_SERVED_H
#define TESTS_SERVED_H

#include <sys/types.h>

#define SERVED_SOCKET	"/tmp/bridge-test.socket"
#define SERVED_LISTEN	"unix:" SERVED_SOCKET

/*
 * Starts memlog-bridge on SERVED_SOCKET with more arguments, NULL at their end,
 * and waits until it answers. Return: its process, or -1.
 */
pid_t served_start(const char *const args[]);

/* Return: its exit status, 128 and more if a signal killed it. */
int served_stop(pid_t pid);

#endif /* TESTS_SERVED_H */
