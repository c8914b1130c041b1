// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a person is told.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "writing.h"

#define TEXT_ROOM	1024

__attribute__((format(printf, 3, 0)))
static void say_text(const struct archive_writer *writer, const char *more, const char *fmt,
		     va_list args)
{
	char text[TEXT_ROOM];
	size_t len;

	if (!writer->options.say)
		return;
	len = snprintf(text, sizeof(text), "%.500s: ", writer->path);
	len += vsnprintf(text + len, sizeof(text) - len, fmt, args);
	if (len < sizeof(text))
		snprintf(text + len, sizeof(text) - len, "%s", more);
	writer->options.say(writer->options.arg, text);
}

void archive_say(const struct archive_writer *writer, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say_text(writer, "", fmt, args);
	va_end(args);
}

static const char *advice(int err)
{
	switch (-err) {
	case ENOSPC:
		return "; make room, or keep fewer days: it goes on by itself";
	case EDQUOT:
		return "; the quota is used up: raise it, or keep fewer days";
	case EIO:
		return "; the disk has an error: the kernel's log says more";
	case EROFS:
		return "; mount it for writing";
	case EACCES:
	case EPERM:
		return "; give this program's user the right to write there";
	case ENOENT:
		return "; make the folder that it is in";
	case ENOTDIR:
	case ELOOP:
		return "; a folder is needed, no file and no link";
	case EBADMSG:
		return "; it must be a file of an archive, no folder or device";
	case EMFILE:
	case ENFILE:
		return "; raise the limit of open files";
	default:
		return "";
	}
}

int archive_fail(struct archive_writer *writer, int err, const char *fmt, ...)
{
	char more[256];
	va_list args;

	/* The same again is no news: who waits for room tries each second. */
	if (writer->said == err)
		return err;
	writer->said = err;
	snprintf(more, sizeof(more), ": %s%s", strerror(-err), advice(err));
	va_start(args, fmt);
	say_text(writer, more, fmt, args);
	va_end(args);
	return err;
}
