// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors: what went wrong, with which file, and what to do about it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"

static void vcomplain(const char *fmt, va_list args, const char *end)
	__attribute__((format(printf, 1, 0)));
static void vcomplain(const char *fmt, va_list args, const char *end)
{
	fprintf(stderr, "memlog%s%s: ", current ? " " : "", current ? current->name : "");
	vfprintf(stderr, fmt, args);
	fputs(end, stderr);
}

void complain(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vcomplain(fmt, args, "\n");
	va_end(args);
}

void die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vcomplain(fmt, args, "\n");
	va_end(args);
	exit(EXIT_SYSTEM);
}

void usage(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vcomplain(fmt, args, " (see ");
	va_end(args);
	fprintf(stderr, "memlog%s%s --help)\n", current ? " " : "",
		current ? current->name : "");
	exit(EXIT_USAGE);
}

/* NAME of /dev/memlog-NAME, NULL for any other path. */
static const char *channel_name(const char *path)
{
	static const char prefix[] = "/dev/memlog-";

	if (strncmp(path, prefix, sizeof(prefix) - 1))
		return NULL;
	return path + sizeof(prefix) - 1;
}

static void complain_missing(const char *path, enum access access)
{
	const char *name = channel_name(path);
	struct stat st;

	if (name && !stat(name, &st) && S_ISDIR(st.st_mode))
		complain("there is no %s; an archive here is ./%s", path, name);
	else if (name)
		complain("there is no %s; load the module with this channel: "
			 "modprobe memlog channels=%s", path, name);
	else if (!strcmp(path, "/dev/memlog"))
		complain("there is no /dev/memlog; load the module: modprobe memlog");
	else if (access == TO_WRITE)
		complain("there is no %s; --create makes a ring file (in a folder "
			 "that exists)", path);
	else
		complain("there is no %s", path);
}

static void complain_permission(const char *path, enum access access, int err)
{
	switch (access) {
	case TO_READ:
		complain("no permission to read %s; join its group (adm for devices) "
			 "or become root", path);
		break;
	case TO_WRITE:
		complain("no permission to write %s", path);
		break;
	case TO_CLEAR:
		complain("no permission to clear %s; it takes CAP_SYSLOG (root)", path);
		break;
	case TO_RESIZE:
		complain("no permission to resize %s; it takes CAP_SYS_ADMIN (root)",
			 path);
		break;
	}
}

static void complain_kind(const char *path, enum access access)
{
	if (access == TO_CLEAR)
		complain("%s is no memlog device, and nothing else has a mark to move; "
			 "\"memlog follow -n 0\" shows what is new", path);
	else
		complain("%s is no memlog device", path);
}

/* Archives are folders. */
static bool complain_folder(const char *path, enum access access, int err)
{
	struct stat st;

	if (stat(path, &st) || !S_ISDIR(st.st_mode))
		return false;
	if (access != TO_READ)
		complain("%s is a folder, no channel; into an archive, \"memlog archive "
			 "import\" writes", path);
	else if (err == -EBADMSG)
		complain("%s has a damaged day; \"memlog archive verify %s\" says which", path,
			 path);
	else if (err == -ESTALE)
		complain("%s has nothing of that stream", path);
	else if (err == -ENOTTY)
		complain("%s is a folder, but no archive; \"memlog archive ls %s\" lists what "
			 "is in it", path, path);
	else if (err == -EINVAL)
		complain("%s is an archive itself; --archive is for a device or a ring file",
			 path);
	else
		return false;
	return true;
}

void complain_channel(const char *path, enum access access, int err)
{
	if (complain_folder(path, access, err))
		return;
	switch (-err) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		complain_missing(path, access);
		break;
	case EACCES:
	case EPERM:
		complain_permission(path, access, err);
		break;
	case ENOTTY:
		complain_kind(path, access);
		break;
	case EBADMSG:
		complain("%s is no ring file, or a damaged one", path);
		break;
	case EPROTONOSUPPORT:
		complain("%s is of another version of memlog", path);
		break;
	case EBUSY:
		if (access == TO_RESIZE)
			complain("%s is in use: a ring file has one writer at a time, and "
				 "a device waits for mappings of an even older ring", path);
		else
			complain("another process writes %s: a ring file has one writer "
				 "at a time", path);
		break;
	case ESTALE:
		complain("%s has another stream by now: the one asked for is gone", path);
		break;
	case ERANGE:
		complain("%s has no such record yet", path);
		break;
	default:
		complain("%s: %s", path, strerror(-err));
	}
}

void die_channel(const char *path, enum access access, int err)
{
	complain_channel(path, access, err);
	exit(EXIT_SYSTEM);
}
