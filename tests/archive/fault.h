/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls that fail when they are told to, by standing in front of the C library's.
 * For one file of a program.
 */
#ifndef TESTS_ARCHIVE_FAULT_H
#define TESTS_ARCHIVE_FAULT_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum call { WRITE, SYNC, FOLDER_SYNC, OPEN_CALL, MAKE, CUT, CALLS };

static struct {
	enum call call;
	int left;		/* calls of it until one fails; below 0: none does */
	int many;		/* how many fail then */
	int err;
	bool failed;
	uint64_t written;	/* bytes, in all */
} fault = { .left = -1 };

static bool fails(enum call call)
{
	if (call != fault.call || fault.left < 0)
		return false;
	if (fault.left) {
		fault.left--;
		return false;
	}
	if (!--fault.many)
		fault.left = -1;
	fault.failed = true;
	errno = fault.err;
	return true;
}

static void fail_next(enum call call, int left, int many, int err)
{
	fault.call = call;
	fault.left = left;
	fault.many = many;
	fault.err = err;
	fault.failed = false;
	fault.written = 0;
}

ssize_t pwrite64(int fd, const void *buf, size_t size, off64_t at)
{
	ssize_t done;

	/* Disks are seldom full between two calls. */
	if (fails(WRITE)) {
		syscall(SYS_pwrite64, fd, buf, size / 2, at);
		errno = fault.err;
		return -1;
	}
	done = syscall(SYS_pwrite64, fd, buf, size, at);
	if (done > 0)
		fault.written += done;
	return done;
}

int fdatasync(int fd)
{
	return fails(SYNC) ? -1 : syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
	return fails(FOLDER_SYNC) ? -1 : syscall(SYS_fsync, fd);
}

int openat64(int dirfd, const char *path, int flags, ...)
{
	va_list args;
	int mode;

	va_start(args, flags);
	mode = flags & O_CREAT ? va_arg(args, int) : 0;
	va_end(args);
	return fails(OPEN_CALL) ? -1 : syscall(SYS_openat, dirfd, path, flags, mode);
}

int mkdirat(int dirfd, const char *path, mode_t mode)
{
	return fails(MAKE) ? -1 : syscall(SYS_mkdirat, dirfd, path, mode);
}

int ftruncate64(int fd, off64_t size)
{
	return fails(CUT) ? -1 : syscall(SYS_ftruncate, fd, size);
}

static const int errors[CALLS] = {
	[WRITE] = ENOSPC, [SYNC] = EIO, [FOLDER_SYNC] = EIO, [OPEN_CALL] = EMFILE,
	[MAKE] = ENOSPC, [CUT] = EIO,
};

#endif /* TESTS_ARCHIVE_FAULT_H */
