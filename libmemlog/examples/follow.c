// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Follows a channel and says what was missed, where it was missed.
 *
 *	$ ./follow /dev/memlog &
 *	$ echo hello > /dev/memlog
 *	[0] bash: hello
 */
#include <memlog.h>
#include <stdio.h>
#include <string.h>

static void print_record(const struct memlog_record *rec, const char *text)
{
	printf("[%llu] %.*s: %.*s", (unsigned long long)rec->seq,
	       (int)sizeof(rec->comm), rec->comm, (int)rec->len, text);
	if (rec->len && text[rec->len - 1] != '\n')
		putchar('\n');
}

static void print_loss(const struct memlog_loss *loss)
{
	printf("... %llu records lost, %llu bytes\n",
	       (unsigned long long)loss->records, (unsigned long long)loss->bytes);
}

/* All there is to read now. Returns what came instead of a record. */
static int print_all(struct memlog_reader *reader)
{
	const struct memlog_record *rec;
	const char *text;
	int event;

	while ((event = memlog_next(reader, &rec, &text)) > 0 && event != MEMLOG_END) {
		if (event == MEMLOG_RECORD)
			print_record(rec, text);
		else if (event == MEMLOG_LOSS)
			print_loss(memlog_loss(reader));
		else
			printf("... a new stream\n");
	}
	fflush(stdout);
	return event;
}

int main(int argc, char **argv)
{
	struct memlog_reader_options options = {
		.size = sizeof(options),
		.flags = MEMLOG_READ_FOLLOW,
	};
	const char *path = argc > 1 ? argv[1] : "/dev/memlog";
	struct memlog_reader *reader;
	int ret;

	ret = memlog_reader_open(&reader, path, &options);
	if (ret) {
		fprintf(stderr, "%s: %s\n", path, strerror(-ret));
		return 111;
	}
	while ((ret = print_all(reader)) == MEMLOG_NOTHING) {
		ret = memlog_wait(reader, -1);
		if (ret < 0)
			break;
	}
	memlog_reader_close(reader);
	if (ret < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(-ret));
		return 111;
	}
	return 0;
}
