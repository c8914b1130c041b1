/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A command that runs with its output on pipes, and signals as data.
 */
#ifndef MEMLOG_CLI_CHILD_H
#define MEMLOG_CLI_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

/**
 * struct child - A command.
 * @pid: Its process id, 0 once it has ended.
 * @wait_status: How it ended, as wait(2) says it.
 * @out: Reading end of the pipe it has as standard output.
 * @err: The same for standard error, -1 if both go into @out.
 * @signals: signalfd(2): what is to be passed on, and SIGCHLD.
 * @interrupted: An INT, TERM, HUP or QUIT came after it had ended.
 */
struct child {
	pid_t pid;
	int wait_status;
	int out;
	int err;
	int signals;
	bool interrupted;
};

int child_start(struct child *child, char **argv, bool merge);
void child_signal(struct child *child);
int child_exit_status(const struct child *child);

#endif /* MEMLOG_CLI_CHILD_H */
