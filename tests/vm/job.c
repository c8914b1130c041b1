// SPDX-License-Identifier: GPL-2.0-only
/*
 * A job is a line "NAME SECONDS COMMAND": it runs in a session of its own,
 * without a controlling terminal (one that wants job control calls setsid -c:
 * the end of such a session hangs the port up for everybody), and nothing of it is left running when it ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "job.h"

/* Long enough for a task in the middle of a slow system call to see a kill. */
#define KILL_SECONDS 10

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

int job_next(FILE *f, struct job *job)
{
	char line[sizeof(job->command) + 128];
	int used;

	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "%63s %d %n", job->name, &job->seconds, &used) != 2)
			continue;
		snprintf(job->command, sizeof(job->command), "%s", line + used);
		return 1;
	}
	return 0;
}

static void job_exec(const struct job *job)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	if (chdir("/test") && chdir("/"))
		_exit(126);
	execl("/bin/sh", "sh", "-c", job->command, (char *)NULL);
	_exit(127);
}

static int status_of(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/*
 * Wait for pid, or with -1 until there is no child any more, and as process 1
 * reap everybody's orphans on the way. -1: not in time.
 */
static int wait_for(pid_t pid, double until)
{
	sigset_t chld;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	for (;;) {
		struct timespec ts;
		double left;
		int status;
		pid_t got = waitpid(-1, &status, WNOHANG);

		if (got < 0)
			return 0;
		if (got == pid)
			return status_of(status);
		if (got > 0)
			continue;
		left = until - now();
		if (left <= 0)
			return -1;
		ts.tv_sec = (time_t)left;
		ts.tv_nsec = (long)((left - (double)ts.tv_sec) * 1e9);
		sigtimedwait(&chld, NULL, &ts);
	}
}

/* Tells the kernel log where everything that is stuck is stuck. */
static void show_stuck(void)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY);

	if (fd < 0)
		return;
	for (const char *key = "wlt"; *key; key++)
		if (write(fd, key, 1) != 1)
			break;
	close(fd);
}

int job_run(struct job *job)
{
	double start = now();
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return 111;
	if (!pid)
		job_exec(job);
	status = wait_for(pid, start + job->seconds);
	if (status < 0) {
		printf("vm: %s: not done after %d s, killed\n",
		       job->name, job->seconds);
		show_stuck();
		status = JOB_TIMEOUT;
	}
	kill(-1, SIGKILL);
	if (wait_for(-1, now() + KILL_SECONDS) < 0)
		printf("vm: %s: left a process that can't be killed\n",
		       job->name);
	job->took = now() - start;
	return status;
}
