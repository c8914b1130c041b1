// SPDX-License-Identifier: GPL-2.0-only
/*
 * The client of a go-modsynclog server:
 *	copy modsync://HOST:PORT DIR FLAG HISTORY KEEP PATIENCE
 * until its standard input ends. What it says goes to standard error; for each line
 * on its standard input it prints how it goes.
 */
#include <archive/modsync_client.h>
#include <errno.h>
#include <options.h>
#include <stdio.h>
#include <stdlib.h>

static void say(void *arg, const char *text)
{
	fprintf(stderr, "%s\n", text);
}

static void print_stats(struct modsync_client *client)
{
	struct modsync_client_stats stats;

	modsync_client_stats(client, &stats);
	printf("{\"connected\":%d,\"date\":%u,\"day_rows\":%llu,\"rows\":%llu,\"bytes\":%llu,"
	       "\"days\":%llu,\"connects\":%llu,\"refused\":%llu,\"write_error\":%d}\n",
	       stats.connected, stats.date, (unsigned long long)stats.day_rows,
	       (unsigned long long)stats.rows, (unsigned long long)stats.bytes,
	       (unsigned long long)stats.days, (unsigned long long)stats.connects,
	       (unsigned long long)stats.refused, stats.write_error);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	char host[MODSYNC_HOST_SIZE], port[MODSYNC_PORT_SIZE], line[16];
	struct modsync_client_options options = {
		.host = host, .port = port, .sync = ARCHIVE_SYNC_NONE, .gid = (gid_t)-1,
		.say = say,
	};
	struct modsync_client *client;
	int err;

	if (argc != 7 || !modsync_address(argv[1], host, port))
		return EXIT_USAGE;
	options.dir = argv[2];
	options.flag = (uint32_t)strtoul(argv[3], NULL, 10);
	options.history_days = (unsigned int)strtoul(argv[4], NULL, 10);
	options.keep_days = (unsigned int)strtoul(argv[5], NULL, 10);
	options.patience = (unsigned int)strtoul(argv[6], NULL, 10);
	err = modsync_client_start(&client, &options);
	if (err)
		return err == -EBUSY ? 2 : 1;
	while (fgets(line, sizeof(line), stdin))
		print_stats(client);
	modsync_client_stop(client);
	return 0;
}
