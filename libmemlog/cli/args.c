// SPDX-License-Identifier: GPL-2.0-only
/*
 * Values of options, parsed by the library; what is wrong is told with what is
 * allowed.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

uint64_t arg_number(const char *option, const char *value, uint64_t max)
{
	uint64_t n;

	if (memlog_parse_number(value, &n) || n > max)
		usage("%s %s: not a number from 0 to %" PRIu64, option, value, max);
	return n;
}

uint64_t arg_size(const char *option, const char *value)
{
	uint64_t n;

	if (memlog_parse_size(value, &n))
		usage("%s %s: not a size such as 65536, 64K or 1M", option, value);
	return n;
}

uint64_t arg_time(const char *option, const char *value)
{
	uint64_t ns;

	if (memlog_parse_time(value, now_ns(), &ns))
		usage("%s %s: not a time such as 2024-05-01T12:00:00Z, "
		      "\"2024-05-01 12:00\", 12:00, -5m, yesterday or @1714564800",
		      option, value);
	return ns;
}

int arg_pri(const char *option, const char *value)
{
	int pri = memlog_parse_pri(value);

	if (pri < 0)
		usage("%s %s: not a priority such as err, daemon.info or 0 to 191 "
		      "(levels: emerg alert crit err warning notice info debug)",
		      option, value);
	return pri < MEMLOG_PRI_MIN ? pri + MEMLOG_PRI_MIN : pri;
}

unsigned int arg_levels(const char *option, const char *value)
{
	unsigned int mask;

	if (memlog_parse_levels(value, &mask))
		usage("%s %s: not LEVEL (it and all more severe), =LEVEL, FROM..TO, or "
		      "several with commas (levels: emerg alert crit err warning "
		      "notice info debug, or 0 to 7)", option, value);
	return mask;
}

void arg_channel(char path[PATH_MAX], const char *channel)
{
	switch (memlog_channel_path(path, PATH_MAX, channel)) {
	case 0:
		return;
	case -ENAMETOOLONG:
		usage("the path of the channel is too long");
	default:
		usage("%s is no channel: a name has 1 to 16 of a-z 0-9 _ -, and a path "
		      "has a slash in it (./%s)", channel, channel);
	}
}

/* getopt_long() has said what is wrong. */
void arg_bad_option(void)
{
	fprintf(stderr, "memlog%s%s --help lists the options\n", current ? " " : "",
		current ? current->name : "");
	exit(EXIT_USAGE);
}

void print_help(void)
{
	fputs(current->help, stdout);
	if (fflush(stdout))
		die("standard output: can't write");
	exit(EXIT_SUCCESS);
}

bool is_ring_file(const char *path)
{
	struct memlog_info info = { 0 };
	struct stat st;
	bool ring;
	int fd;

	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return false;
	fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return true;
	ring = ioctl(fd, MEMLOG_IOC_INFO, &info);
	close(fd);
	return ring;
}
