// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's process 1: mounts, loads modules, runs the jobs, powers off.
 *
 * What to do stands in files that tests/vm/run packs into the initramfs:
 *
 *	/etc/vm/env		NAME=VALUE lines for the jobs
 *	/etc/vm/modules		PATH [PARAMETERS] lines, loaded in this order
 *	/etc/vm/jobs		NAME SECONDS COMMAND lines, see job.c
 *	/etc/vm/setup		a script run before the first job, if there
 *
 * and where it goes are serial ports: ttyS0 is the kernel's console, ttyS1 the
 * jobs' standard input and output, ttyS2 the result for tests/vm/run: a line
 * "job NAME STATUS SECONDS COMPLAINTS" for each job, for "boot" before and for
 * "unload" behind them, and "exit STATUS" at the end. A guest that dies leaves no "exit" line; that is how death is told.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "job.h"
#include "klog.h"

/* Kept apart from a job's own statuses as far as 8 bits allow; see run --help. */
#define STATUS_BROKEN	111
#define STATUS_KLOG	113

static const struct {
	const char *source, *target, *type, *options;
	int needed;
} mounts[] = {
	{ "devtmpfs",	"/dev",			"devtmpfs",	NULL,	1 },
	{ "proc",	"/proc",		"proc",		NULL,	1 },
	{ "sysfs",	"/sys",			"sysfs",	NULL,	1 },
	{ "tmpfs",	"/tmp",			"tmpfs",	NULL,	1 },
	{ "tmpfs",	"/run",			"tmpfs",	NULL,	1 },
	{ "tmpfs",	"/dev/shm",		"tmpfs",	NULL,	1 },
	{ "devpts",	"/dev/pts",		"devpts",	NULL,	0 },
	{ "cgroup2",	"/sys/fs/cgroup",	"cgroup2",	NULL,	0 },
	{ "debugfs",	"/sys/kernel/debug",	"debugfs",	NULL,	0 },
	{ "tracefs",	"/sys/kernel/tracing",	"tracefs",	NULL,	0 },
};

static int result_fd = -1;
/* Several jobs: lines around each one's output say which it is. */
static int marked;

static void power_off(void) __attribute__((noreturn));
static void power_off(void)
{
	sync();
	/* With -no-reboot this ends QEMU, and it needs no ACPI. */
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}

static void result(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void result(const char *fmt, ...)
{
	va_list ap;

	if (result_fd < 0)
		return;
	va_start(ap, fmt);
	vdprintf(result_fd, fmt, ap);
	va_end(ap);
}

static void finish(int status) __attribute__((noreturn));
static void finish(int status)
{
	fflush(stdout);
	tcdrain(STDOUT_FILENO);
	result("exit %d\n", status);
	if (result_fd >= 0)
		tcdrain(result_fd);
	power_off();
}

static void die(const char *what) __attribute__((noreturn));
static void die(const char *what)
{
	printf("vm: %s: %s\n", what, strerror(errno));
	finish(STATUS_BROKEN);
}

static void mount_all(void)
{
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].target, 0755);
		if (mount(mounts[i].source, mounts[i].target, mounts[i].type,
			  0, mounts[i].options) &&
		    mounts[i].needed && errno != EBUSY)
			die(mounts[i].target);
	}
	chmod("/tmp", 01777);
	chmod("/dev/shm", 01777);
	if (symlink("/proc/self/fd", "/dev/fd"))
		die("/dev/fd");
}

/* Bytes go through as they are: no echo, no newline translation. */
static int open_serial(const char *path)
{
	struct termios tio;
	int fd = open(path, O_RDWR | O_NOCTTY);

	if (fd < 0)
		return -1;
	if (!tcgetattr(fd, &tio)) {
		cfmakeraw(&tio);
		tio.c_cflag |= CLOCAL | CREAD;
		cfsetspeed(&tio, B115200);
		tcsetattr(fd, TCSANOW, &tio);
	}
	return fd;
}

static void open_ports(void)
{
	int fd = open_serial("/dev/ttyS1");

	if (fd >= 0) {
		dup2(fd, STDIN_FILENO);
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		if (fd > STDERR_FILENO)
			close(fd);
	}
	result_fd = open_serial("/dev/ttyS2");
	if (result_fd < 0)
		die("/dev/ttyS2");
	fcntl(result_fd, F_SETFD, FD_CLOEXEC);
}

static void set_value(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0)
		return;
	if (write(fd, value, strlen(value)) < 0)
		printf("vm: %s: %s\n", path, strerror(errno));
	close(fd);
}

static void loopback_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0)
		return;
	if (ioctl(fd, SIOCSIFFLAGS, &ifr))
		printf("vm: lo: %s\n", strerror(errno));
	close(fd);
}

static void load_environment(void)
{
	char line[4096];
	FILE *f = fopen("/etc/vm/env", "r");

	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (*line)
			putenv(strdup(line));
	}
	fclose(f);
}

static void load_module(char *line)
{
	char *params = strchr(line, ' ');
	int fd;

	if (params)
		*params++ = '\0';
	fd = open(line, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die(line);
	if (syscall(SYS_finit_module, fd, params ? params : "", 0) &&
	    errno != EEXIST)
		die(line);
	close(fd);
}

static void load_modules(void)
{
	char line[4096];
	FILE *f = fopen("/etc/vm/modules", "r");

	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		load_module(line);
	}
	fclose(f);
}

static void run_setup(void)
{
	struct job job = { .name = "setup", .seconds = 60,
			   .command = "/etc/vm/setup" };

	if (access(job.command, X_OK))
		return;
	if (job_run(&job))
		die("/etc/vm/setup failed");
}

/*
 * Once nothing runs any more the module must go, and leave nothing behind;
 * a test that unloaded it itself has done that part.
 */
static int unload_memlog(void)
{
	/* io_uring lets go of its files a moment after its process has ended */
	for (int tries = 0; tries < 20; tries++) {
		if (access("/sys/module/memlog", F_OK))
			return 0;
		if (!syscall(SYS_delete_module, "memlog", O_NONBLOCK))
			return 0;
		usleep(100000);
	}
	printf("vm: memlog can't be unloaded at the end: %s\n", strerror(errno));
	return STATUS_BROKEN;
}

/* Begin and end of a job in the kernel log, the output and the result. */
static void begin(const char *name)
{
	klog_stamp(name);
	if (marked)
		printf("##vm begin %s\n", name);
	fflush(stdout);
}

static int end(const char *name, int status, double took)
{
	int complaints = klog_scan(name);

	if (!status && complaints)
		status = STATUS_KLOG;
	if (marked)
		printf("##vm end %s status=%d seconds=%.1f complaints=%d\n",
		       name, status, took, complaints);
	fflush(stdout);
	result("job %s %d %.1f %d\n", name, status, took, complaints);
	return status;
}

static int boot(void)
{
	begin("boot");
	load_modules();
	klog_clear_leaks();
	run_setup();
	return end("boot", 0, 0);
}

static int run_jobs(void)
{
	int status = 0;
	FILE *f = fopen("/etc/vm/jobs", "r");
	struct job job;

	if (!f)
		die("/etc/vm/jobs");
	while (job_next(f, &job)) {
		int r;

		begin(job.name);
		r = job_run(&job);
		r = end(job.name, r, job.took);
		if (r && !status)
			status = r;
	}
	fclose(f);
	return status;
}

static int unload(void)
{
	int status;

	begin("unload");
	status = unload_memlog();
	if (klog_leaks() + klog_lockdep_off() && !status)
		status = STATUS_KLOG;
	return end("unload", status, 0);
}

int main(void)
{
	sigset_t chld;
	int status, r;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);

	mount_all();
	open_ports();
	set_value("/proc/sys/kernel/printk", "8\n");
	set_value("/proc/sys/kernel/printk_devkmsg", "on\n");
	load_environment();
	loopback_up();
	if (klog_open())
		die("/dev/kmsg");
	marked = !access("/etc/vm/marked", F_OK);

	status = boot();
	result("ready\n");
	r = run_jobs();
	status = status ? status : r;
	r = unload();
	finish(status ? status : r);
}
