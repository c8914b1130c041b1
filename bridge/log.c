// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "log.h"

static bool is_verbose;
static const char *program = "memlog-bridge";

void log_set_name(const char *name)
{
	program = name;
}

void log_set_verbose(bool verbose)
{
	is_verbose = verbose;
}

bool log_is_verbose(void)
{
	return is_verbose;
}

/* One write a line, so that lines of several processes do not mix. */
static void __attribute__((format(printf, 1, 0))) log_line(const char *fmt, va_list args)
{
	char line[1024];
	size_t room = sizeof(line) - 1;
	size_t len = (size_t)snprintf(line, sizeof(line), "%s: ", program);
	int n;

	n = vsnprintf(line + len, room - len, fmt, args);
	if (n > 0)
		len += (size_t)n < room - len ? (size_t)n : room - len - 1;
	line[len++] = '\n';
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}

void log_error(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_line(fmt, args);
	va_end(args);
}

void log_info(const char *fmt, ...)
{
	va_list args;

	if (!is_verbose)
		return;
	va_start(args, fmt);
	log_line(fmt, args);
	va_end(args);
}
