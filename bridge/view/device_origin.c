// SPDX-License-Identifier: GPL-2.0-only
#include <fuse_lowlevel.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device_origin.h"

/* Enough for what is needed of /proc/PID/status, and for a cgroup's path. */
#define PROC_TEXT	4096

static int proc_fd = -1;
/* The root of the cgroup v2 hierarchy, -1 without one. */
static int cgroup_fd = -1;

int device_origin_init(void)
{
	static const char *const roots[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };

	proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc_fd < 0 || faccessat(proc_fd, "self/status", R_OK, 0))
		return -ENOENT;
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]) && cgroup_fd < 0; i++) {
		cgroup_fd = open(roots[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (cgroup_fd >= 0 && faccessat(cgroup_fd, "cgroup.controllers", F_OK, 0)) {
			close(cgroup_fd);
			cgroup_fd = -1;
		}
	}
	return 0;
}

/* What /proc has at PID/NAME, as a string. */
static bool read_proc(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%d/%s", (int)pid, name);
	fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	return true;
}

/* A name in /proc/PID/status has its newlines and backslashes escaped. */
static void copy_name(char *comm, const char *from)
{
	size_t n = 0;

	while (*from && *from != '\n' && n < MEMLOG_COMM_LEN - 1) {
		if (from[0] == '\\' && from[1] == 'n') {
			comm[n++] = '\n';
			from += 2;
			continue;
		}
		if (from[0] == '\\' && from[1] == '\\')
			from++;
		comm[n++] = *from++;
	}
}

/* Where the value of a line that begins with @key stands, or NULL. */
static const char *find_line(const char *text, const char *key)
{
	size_t len = strlen(key);

	while (text && strncmp(text, key, len)) {
		text = strchr(text, '\n');
		if (text)
			text++;
	}
	return text ? text + len : NULL;
}

static void take_status(struct device_origin *who, const char *status)
{
	const char *name = find_line(status, "Name:\t");
	const char *tgid = find_line(status, "Tgid:\t");
	const char *uid = find_line(status, "Uid:\t");

	if (name)
		copy_name(who->comm, name);
	if (tgid)
		who->pid = (u32)strtoul(tgid, NULL, 10);
	if (uid)
		who->uid = (u32)strtoul(uid, NULL, 10);
}

/* The id is the inode number of the cgroup's folder. */
static u64 cgroup_id(pid_t pid, char *text, size_t size)
{
	const char *path;
	struct stat st;

	if (cgroup_fd < 0 || !read_proc(pid, "cgroup", text, size))
		return 0;
	path = find_line(text, "0::/");
	if (!path)
		return 0;
	text[strcspn(path, "\n") + (size_t)(path - text)] = '\0';
	return fstatat(cgroup_fd, *path ? path : ".", &st, 0) ? 0 : st.st_ino;
}

/**
 * device_origin_get() - Who makes a request.
 * @ctx: The request's.
 * @who: Is filled in.
 *
 * The one who asks waits for the answer, so that what is found by its number is
 * its own; where /proc hides it, libfuse's word stands.
 */
void device_origin_get(const struct fuse_ctx *ctx, struct device_origin *who)
{
	char text[PROC_TEXT];

	memset(who, 0, sizeof(*who));
	who->pid = ctx->pid > 0 ? (u32)ctx->pid : MEMLOG_ID_NONE;
	who->uid = ctx->uid;
	if (ctx->pid <= 0)
		return;
	if (read_proc(ctx->pid, "status", text, sizeof(text)))
		take_status(who, text);
	who->cgroup = cgroup_id(ctx->pid, text, sizeof(text));
}
