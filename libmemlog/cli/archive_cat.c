// SPDX-License-Identifier: GPL-2.0-only
/*
 * memlog archive cat: what memlog follow -d shows, of archives.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "archive.h"
#include "follow.h"

static void show(struct follow *follow, const char *dir)
{
	struct folder folder;

	if (snprintf(follow->path, sizeof(follow->path), "%s", dir) >=
	    (int)sizeof(follow->path))
		usage("the path is too long");
	if (!follow->wait) {
		folder_open(&folder, dir);
		folder_close(&folder);
	}
	follow_channel(follow);
}

static int cat_main(int argc, char **argv)
{
	struct follow follow;

	follow_init(&follow);
	follow_parse(&follow, argc, argv);
	if (follow.channel || follow.options.flags & MEMLOG_READ_ARCHIVE)
		usage("-c and --archive are for memlog follow");
	if (optind == argc)
		usage("which folder?");
	if (follow.live && argc - optind > 1)
		usage("-f follows one archive, not several");
	follow_start(&follow);
	for (; optind < argc; optind++)
		show(&follow, argv[optind]);
	return follow_finish(&follow);
}

const struct command archive_cat = {
	.name = "archive cat",
	.run = cat_main,
	.help =
"usage: memlog archive cat [OPTION]... DIR...\n"
"\n"
"Shows the records of archives, one archive after another. What was lost is told\n"
"in its place. Options are those of memlog follow, which takes a DIR too if there\n"
"is a slash in it; most used are:\n"
"\n"
"  -n, --lines N            begin with the last N records that are to be shown\n"
"  -S, --since TIME         begin at that time: -5m, 12:00, yesterday, RFC 3339\n"
"  -U, --until TIME         end at that time\n"
"      --from STREAM:SEQ    begin with that record\n"
"  -f, --follow             go on with new ones (one DIR)\n"
"  -p, --priority LEVEL     that and more severe; err..info, =debug, or a list\n"
"  -g, --grep TEXT          with that text, or a match: /REGEX/, /REGEX/i\n"
"  -o, --output FORMAT      short, cat, json, verbose, ...; --json, --utc\n"
"\n"
"  memlog follow --help     all of them; -c, -r and --archive are not for here\n",
};
