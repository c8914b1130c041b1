// SPDX-License-Identifier: GPL-2.0-only
/*
 * memlog archive: finds the command behind it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive.h"

static const struct command *const commands[] = {
	&archive_ls, &archive_cat, &archive_verify, &archive_repair, &archive_export,
	&archive_import,
};

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i]->name + strlen("archive "), name))
			return commands[i];
	usage("there is no command archive %s", name);
}

static int archive_main(int argc, char **argv)
{
	if (argc < 2)
		usage("what is to be done?");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		print_help();
	current = find(argv[1]);
	/* getopt_long() names it in its messages. */
	if (asprintf(&argv[1], "memlog %s", current->name) < 0)
		die("no memory");
	return current->run(argc - 1, argv + 1);
}

const struct command command_archive = {
	.name = "archive",
	.run = archive_main,
	.help =
"usage: memlog archive COMMAND [OPTION]... DIR [ARGUMENT]...\n"
"\n"
"Looks after archives: folders of days that memlog-bridge and memlog-replica write,\n"
"or go-filelog's. DIR is an archive, or for ls, verify and repair also the folder of\n"
"a replica, with an archive for each channel in it.\n"
"\n"
"  ls DIR...              list its days\n"
"  cat DIR...             show its records, with the options of memlog follow\n"
"  verify DIR [DAY]...    find what is not as it was written\n"
"  repair DIR             mend what a crash has left\n"
"  export DIR             write it as lines of JSON, or as text\n"
"  import DIR [FILE]...   append such lines to it\n"
"\n"
"  memlog archive COMMAND --help  the options of a command; memlog-archive(1) has\n"
"                                 it all\n",
};
