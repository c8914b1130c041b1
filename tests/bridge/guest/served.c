// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "http.h"
#include "served.h"

#define ARGS_MAX	16

static void run(const char *const args[])
{
	const char *argv[ARGS_MAX + 4] = {
		"memlog-bridge", "--listen", SERVED_LISTEN,
	};
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	for (int i = 0; args && args[i] && i < ARGS_MAX; i++)
		argv[3 + i] = args[i];
	/* where it listens is known; what is wrong goes to standard error */
	dup2(null, STDOUT_FILENO);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

pid_t served_start(const char *const args[])
{
	pid_t pid = fork();

	if (pid < 0)
		return -1;
	if (!pid)
		run(args);
	for (int i = 0; i < 600; i++) {
		int fd = http_connect();

		if (fd >= 0) {
			close(fd);
			return pid;
		}
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return -1;
		usleep(50000);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return -1;
}

int served_stop(pid_t pid)
{
	int status;

	kill(pid, SIGTERM);
	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
