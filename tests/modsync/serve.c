// SPDX-License-Identifier: GPL-2.0-only
/*
 * The server for go-modsynclog's clients over any archive folder, with deadlines that
 * a test can wait for:
 *	serve DIR ADDR:PORT FLAG SILENT_MS STUCK_MS
 * until its standard input ends.
 */
#include <archive/modsync_server.h>
#include <log.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct modsync_server_options options = { 0 };
	struct option_list listen = { .count = 1 };
	struct modsync_server *server = NULL;
	int status;
	char c;

	if (argc != 6)
		return EXIT_USAGE;
	listen.values = &argv[2];
	options.dir = argv[1];
	options.listen = &listen;
	options.flag = (uint32_t)strtoul(argv[3], NULL, 10);
	options.silent_ms = (unsigned int)strtoul(argv[4], NULL, 10);
	options.stuck_ms = (unsigned int)strtoul(argv[5], NULL, 10);
	log_set_verbose(true);
	status = modsync_server_open(&server, &options);
	if (!status)
		status = modsync_server_start(server);
	while (!status && read(STDIN_FILENO, &c, 1) > 0)
		;
	modsync_server_close(server);
	return status;
}
