// SPDX-License-Identifier: GPL-2.0-only
/*
 * pty COMMAND [ARGUMENT]...: runs it on a terminal and copies what it writes
 * there to standard output, and standard input to there. Exit status: the
 * command's.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static void run_on(const char *terminal, char **argv) __attribute__((noreturn));
static void run_on(const char *terminal, char **argv)
{
	int fd;

	setsid();
	fd = open(terminal, O_RDWR);
	if (fd < 0 || ioctl(fd, TIOCSCTTY, 0) || dup2(fd, 0) < 0 || dup2(fd, 1) < 0) {
		perror(terminal);
		_exit(111);
	}
	execvp(argv[0], argv);
	perror(argv[0]);
	_exit(127);
}

/* Return: whether there was anything; EIO: nobody has the other side open. */
static int copy(int from, int to)
{
	char buf[4096];
	ssize_t n = read(from, buf, sizeof(buf));

	return n > 0 && write(to, buf, (size_t)n) == n;
}

static void relay(int master)
{
	static int input;
	struct pollfd fds[] = {
		{ .fd = master, .events = POLLIN },
		{ .fd = input, .events = POLLIN },
	};

	poll(fds, 2, 10);
	if (fds[0].revents && !copy(master, STDOUT_FILENO))
		usleep(1000);
	if (fds[1].revents && !copy(input, master))
		input = -1;
}

int main(int argc, char **argv)
{
	char terminal[64];
	int master, status;
	pid_t pid;

	master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (argc < 2 || master < 0 || grantpt(master) || unlockpt(master) ||
	    ptsname_r(master, terminal, sizeof(terminal))) {
		perror("pty");
		return 111;
	}
	pid = fork();
	if (!pid)
		run_on(terminal, argv + 1);
	while (waitpid(pid, &status, WNOHANG) != pid)
		relay(master);
	while (copy(master, STDOUT_FILENO))
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
