// SPDX-License-Identifier: GPL-2.0-only
/*
 * memlog(1): finds the command that is meant and runs it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

const struct command *current;

static const struct command *const commands[] = {
	&command_write, &command_follow, &command_feed, &command_run,
	&command_info, &command_clear, &command_resize, &command_archive,
};

static const char help[] =
"usage: memlog COMMAND [OPTION]... [ARGUMENT]...\n"
"\n"
"Writes and reads memlog channels: circular logs in memory.\n"
"\n"
"  write [MESSAGE]...     write a record, or each line of standard input\n"
"  follow [CHANNEL]       show the records there are, then new ones as they come\n"
"  feed FILE...           write the lines of files; -f follows them like tail -F\n"
"  run CHANNEL -- COMMAND run a command, its output and status as records\n"
"  info [CHANNEL]...      show sizes, numbers and losses of channels\n"
"  clear [CHANNEL]        hide what there is from follow; nothing is deleted\n"
"  resize [CHANNEL] SIZE  change how much a channel keeps\n"
"  archive COMMAND DIR    list, show, verify, mend, export archives of channels\n"
"\n"
"CHANNEL is a name (audit is /dev/memlog-audit), by default memlog (/dev/memlog),\n"
"or a path with a slash: of a device, or of a ring file, which write, feed and\n"
"run make with --create and no kernel module is needed for; or of an archive.\n"
"\n"
"  memlog COMMAND --help  the options of a command; memlog(1) has it all\n"
"  memlog --version\n"
"\n"
"Exit status: 0, 100 wrong usage, 111 system error; of run, the command's own.\n";

static int print(const char *text)
{
	if (fputs(text, stdout) < 0 || fflush(stdout))
		die("standard output: %s", strerror(errno));
	return EXIT_SUCCESS;
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	usage("there is no command %s", name);
}

/*
 * A program started with one of the first three descriptors closed would get a
 * channel in its place.
 */
static void fill_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	fill_standard_fds();
	if (argc < 2)
		usage("which command?");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return print(help);
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))
		return print("memlog " MEMLOG_VERSION "\n");
	if (!strcmp(argv[1], "help")) {
		if (argc < 3)
			return print(help);
		current = find(argv[2]);
		print_help();
	}
	current = find(argv[1]);
	/* getopt_long() names it in its messages. */
	if (asprintf(&argv[1], "memlog %s", current->name) < 0)
		die("no memory");
	return current->run(argc - 1, argv + 1);
}
