/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BRIDGE_OPTIONS_H
#define BRIDGE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#define EXIT_USAGE	100
#define EXIT_SYSTEM	111

/**
 * struct option_list - Values of an option that may be given several times.
 * @values: They; strings of argv.
 * @count: How many.
 */
struct option_list {
	char **values;
	size_t count;
};

/**
 * struct options - The command line.
 * @listen: ADDR:PORT or unix:PATH.
 * @listen_insecure: ADDR:PORT on the loopback; no token needed.
 * @channels: NAME=VALUE.
 * @names: Names this host goes by in the Host header.
 * @origins: Origins besides our own that may connect.
 * @token_file: Tokens; NULL: one is made.
 * @threads: How many serve clients.
 * @idle_timeout: Seconds after which a silent client is gone.
 */
struct options {
	struct option_list listen;
	struct option_list listen_insecure;
	struct option_list channels;
	struct option_list names;
	struct option_list origins;
	const char *token_file;
	unsigned int threads;
	unsigned int idle_timeout;
};

/**
 * options_parse() - Read the command line.
 * @options: Filled in.
 * @argc: As of main().
 * @argv: As of main().
 *
 * Return: -1: go on; else the exit status, and all is said.
 */
int options_parse(struct options *options, int argc, char **argv);
void options_free(struct options *options);

#endif /* BRIDGE_OPTIONS_H */
