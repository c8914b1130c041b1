// SPDX-License-Identifier: GPL-2.0-only
/* The system around the device: module, kernel log, sysfs, threads. */
#include <ctype.h>
#include <grp.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>

#include "device.h"

/* $MEMLOG_KO, or where DKMS and `make install` put it. */
static int module_open(void)
{
	const char *env = getenv("MEMLOG_KO");
	struct utsname name;
	char path[256];

	if (env && *env)
		return open(env, O_RDONLY | O_CLOEXEC);
	uname(&name);
	snprintf(path, sizeof(path), "/lib/modules/%s/updates/memlog.ko",
		 name.release);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* 0, or what open(2) or finit_module(2) said. */
int module_load(const char *params)
{
	int fd = module_open();
	int ret, i;

	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, params, 0) ? -errno : 0;
	close(fd);
	/* Where udev makes the node or sets its mode, it comes later. */
	for (i = 0; !ret && access(dev_path(), F_OK) && i < 100; i++)
		sleep_ms(20);
	return ret;
}

int module_unload(void)
{
	return syscall(SYS_delete_module, "memlog", O_NONBLOCK) ? -errno : 0;
}

bool module_loaded(void)
{
	return !access("/sys/module/memlog/initstate", F_OK);
}

int module_reload(const char *params)
{
	int ret = module_loaded() ? module_unload() : 0;

	return ret ? ret : module_load(params);
}

/* The kernel log from here on. */
int kmsg_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	lseek(fd, 0, SEEK_END);
	return fd;
}

/* The lines since then that begin "memlog", as "LEVEL:TEXT\n", and how many. */
int kmsg_lines(int fd, char *lines, size_t size)
{
	char buf[8192];
	size_t off = 0;
	int n = 0;

	lines[0] = '\0';
	for (;;) {
		ssize_t len = read(fd, buf, sizeof(buf) - 1);
		const char *text;

		if (len < 0 && errno == EPIPE)
			continue;
		if (len <= 0)
			return n;
		buf[len] = '\0';
		text = strchr(buf, ';');
		if (!text || strncmp(text + 1, "memlog", 6))
			continue;
		off += snprintf(lines + off, size - off, "%u:%.*s\n",
				atoi(buf) & 7,
				(int)strcspn(text + 1, "\n"), text + 1);
		if (off >= size)
			return -ENOSPC;
		n++;
	}
}

int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

/* What a short file holds, as a string. */
ssize_t read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t off = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, buf + off, size - 1 - off)) > 0)
		off += n;
	n = n < 0 ? -errno : (ssize_t)off;
	close(fd);
	buf[off] = '\0';
	return n;
}

/* A sysfs attribute of the channel that is one number and a newline. */
int64_t sysfs_value(const char *name)
{
	char path[256], buf[128], *end;
	int64_t value;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/class/misc/%s/%s", dev_name(), name);
	n = read_file(path, buf, sizeof(buf));
	if (n < 0)
		return n;
	if (!n || !isdigit((unsigned char)buf[0]))
		return -EPROTO;
	errno = 0;
	value = strtoull(buf, &end, 10);
	return errno || strcmp(end, "\n") ? -EPROTO : value;
}

static char thread_state(pid_t tid)
{
	char path[64], buf[512], *paren;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	if (read_file(path, buf, sizeof(buf)) <= 0)
		return 0;
	paren = strrchr(buf, ')');
	return paren && paren[1] ? paren[2] : 0;
}

/* Whether thread @tid goes to sleep, and stays so for a moment, within 10 s. */
bool wait_asleep(pid_t tid)
{
	int i, asleep = 0;

	for (i = 0; i < 2000 && asleep < 4; i++) {
		asleep = thread_state(tid) == 'S' ? asleep + 1 : 0;
		sleep_ms(5);
	}
	return asleep == 4;
}

/* This process becomes @uid, without any capability. */
int drop_to(uid_t uid)
{
	if (setgroups(0, NULL) || setresgid(uid, uid, uid) ||
	    setresuid(uid, uid, uid))
		return -errno;
	return 0;
}

uint64_t now_ns(int clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

void sleep_ms(unsigned int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}
