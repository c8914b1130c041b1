// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Counts the records of a channel by level, on the library's thread, until Enter
 * is pressed.
 *
 *	$ ./watch /dev/memlog
 */
#include <memlog.h>
#include <stdio.h>
#include <string.h>

struct counts {
	unsigned long levels[8];
	unsigned long lost;
};

static void count(void *arg, int event, const struct memlog_record *rec,
		  const char *text, const struct memlog_loss *loss)
{
	struct counts *counts = arg;

	(void)text;
	if (event == MEMLOG_RECORD)
		counts->levels[rec->pri & 7]++;
	else if (event == MEMLOG_LOSS)
		counts->lost += loss->records;
	else if (event < 0)
		fprintf(stderr, "watch: %s\n", strerror(-event));
}

int main(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : "/dev/memlog";
	struct counts counts = { { 0 }, 0 };
	struct memlog_watch *watch;
	int err;

	err = memlog_watch_open(&watch, path, NULL, 0, count, &counts);
	if (err) {
		fprintf(stderr, "%s: %s\n", path, strerror(-err));
		return 111;
	}
	getchar();
	/* No callback runs after this: the counts are ours again. */
	memlog_watch_close(&watch);
	for (unsigned int level = 0; level < 8; level++)
		printf("%-8s %lu\n", memlog_level_name(level), counts.levels[level]);
	printf("%-8s %lu\n", "lost", counts.lost);
	return 0;
}
