// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"

extern char **environ;

static const int passed_on[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGCONT, SIGWINCH,
};

/* Return: 0 or a negative errno value; @before is what the command gets back. */
static int signals_open(struct child *child, sigset_t *before)
{
	sigset_t set;

	/* Ignored, it would be reaped behind our back. */
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
		sigaddset(&set, passed_on[i]);
	sigprocmask(SIG_BLOCK, &set, before);
	child->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return child->signals < 0 ? -errno : 0;
}

/* dup2() in the command; it clears close-on-exec even of a descriptor in place. */
static int spawn(struct child *child, char **argv, int out, int err,
		 const sigset_t *mask)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int e;

	e = posix_spawn_file_actions_init(&actions);
	if (e)
		return -e;
	e = posix_spawnattr_init(&attr);
	if (!e)
		e = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (!e)
		e = posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
	if (!e) {
		posix_spawnattr_setsigmask(&attr, mask);
		posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
		e = posix_spawnp(&child->pid, argv[0], &actions, &attr, argv, environ);
	}
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	if (e)
		child->pid = 0;
	return -e;
}

/* With @merge both outputs go into one pipe, in the order they were written. */
int child_start(struct child *child, char **argv, bool merge)
{
	int out[2], err[2] = { -1, -1 };
	sigset_t before;
	int e;

	e = signals_open(child, &before);
	if (e)
		return e;
	if (pipe2(out, O_CLOEXEC) || (!merge && pipe2(err, O_CLOEXEC)))
		return -errno;
	child->out = out[0];
	child->err = err[0];
	e = spawn(child, argv, out[1], merge ? out[1] : err[1], &before);
	close(out[1]);
	if (!merge)
		close(err[1]);
	fcntl(child->out, F_SETFL, O_NONBLOCK);
	if (!merge)
		fcntl(child->err, F_SETFL, O_NONBLOCK);
	return e;
}

static void reap(struct child *child)
{
	if (child->pid && waitpid(child->pid, &child->wait_status, WNOHANG) == child->pid)
		child->pid = 0;
}

/* What the terminal sends has reached the command already: same process group. */
static void pass_on(struct child *child, const struct signalfd_siginfo *info)
{
	int signo = (int)info->ssi_signo;

	if (child->pid) {
		if (info->ssi_code != SI_KERNEL)
			kill(child->pid, signo);
	} else if (signo == SIGINT || signo == SIGTERM || signo == SIGHUP ||
		   signo == SIGQUIT) {
		child->interrupted = true;
	}
}

/* Takes what @child->signals has. */
void child_signal(struct child *child)
{
	struct signalfd_siginfo info;

	while (read(child->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap(child);
		else
			pass_on(child, &info);
	}
}

/* As a shell gives it. */
int child_exit_status(const struct child *child)
{
	if (WIFSIGNALED(child->wait_status))
		return 128 + WTERMSIG(child->wait_status);
	return WEXITSTATUS(child->wait_status);
}
