// SPDX-License-Identifier: GPL-2.0-only
/*
 * pty COMMAND [ARGUMENT]...: runs it on a terminal and copies what it writes
 * there to standard output. Exit status: the command's.
 */
#include <fcntl.h>
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

int main(int argc, char **argv)
{
	char buf[4096], terminal[64];
	int master, status;
	ssize_t n;
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
	/* EIO: nobody has the other side open any more, or not yet. */
	for (;;) {
		n = read(master, buf, sizeof(buf));
		if (n > 0) {
			if (write(STDOUT_FILENO, buf, (size_t)n) != n)
				return 111;
		} else if (waitpid(pid, &status, WNOHANG) == pid) {
			break;
		} else {
			usleep(1000);
		}
	}
	while ((n = read(master, buf, sizeof(buf))) > 0)
		if (write(STDOUT_FILENO, buf, (size_t)n) != n)
			return 111;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
