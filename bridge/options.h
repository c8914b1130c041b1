/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Options: the same names on the command line and in the configuration file,
 * by one table. What can change while the bridge runs is read again on SIGHUP.
 */
#ifndef BRIDGE_OPTIONS_H
#define BRIDGE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXIT_USAGE	100
#define EXIT_SYSTEM	111

#define THREADS_MAX	64
#define CLIENTS_MAX	1000000

/**
 * struct option_list - Values of an option that may be given several times.
 * @values: They.
 * @count: How many.
 */
struct option_list {
	char **values;
	size_t count;
};

/**
 * struct options - What the command line and the configuration file say.
 * @listen: ADDR:PORT or unix:PATH.
 * @listen_insecure: ADDR:PORT; no token needed.
 * @channels: NAME=VALUE.
 * @tails: NAME=PATH.
 * @modsync_listen: ADDR:PORT, for go-modsynclog's clients; no token needed.
 * @modsync_channel: Whose archive they are given; NULL: memlog's, or the only one.
 * @modsync_flag: Send flag of its frames.
 * @archives: NAME=DIR.
 * @sync: "batch", "second" or "none"; NULL: batch.
 * @archive_zone: "UTC" or "local"; NULL: UTC.
 * @names: Names this host goes by in the Host header.
 * @origins: Origins besides our own that may connect.
 * @proxies: Networks whose X-Forwarded-For header counts.
 * @token_file: Tokens; NULL: one is made.
 * @tls_cert: Certificate chain; NULL: no TLS.
 * @tls_key: Its key.
 * @user: USER or USER:GROUP to run as; NULL: as who started it.
 * @config: The configuration file, or NULL.
 * @threads: How many.
 * @idle_timeout: Seconds after which a silent client is gone.
 * @max_clients: Most clients in all.
 * @max_per_address: Most from one address.
 * @keep_days: Days of an archive that stay; 0: all.
 * @no_devices: Do not look for /dev/memlog* oneself.
 * @no_http2: Offer HTTP/1.1 only.
 * @verbose: Say who comes and goes.
 * @check_config: Look whether all is right, and end.
 * @set: A bit for each line of the table that was given.
 */
struct options {
	struct option_list listen;
	struct option_list listen_insecure;
	struct option_list channels;
	struct option_list tails;
	struct option_list modsync_listen;
	char *modsync_channel;
	unsigned int modsync_flag;
	struct option_list archives;
	struct option_list names;
	struct option_list origins;
	struct option_list proxies;
	char *sync;
	char *archive_zone;
	char *token_file;
	char *tls_cert;
	char *tls_key;
	char *user;
	char *config;
	unsigned int threads;
	unsigned int idle_timeout;
	unsigned int max_clients;
	unsigned int max_per_address;
	unsigned int keep_days;
	bool no_devices;
	bool no_http2;
	bool verbose;
	bool check_config;
	uint64_t set;
};

/**
 * struct option_place - Where an option was given.
 * @file: The file; NULL: the command line.
 * @line: Its line.
 */
struct option_place {
	const char *file;
	unsigned int line;
};

/**
 * options_parse() - Read the command line, and the file it names.
 * @options: Filled in.
 * @argc: As of main().
 * @argv: As of main(); must stay.
 *
 * Return: -1: go on; else the exit status, and all is said.
 */
int options_parse(struct options *options, int argc, char **argv);

/**
 * options_set() - Take one option.
 * @options: Changed.
 * @name: Its name.
 * @value: Its value; of a flag, "yes" or "no".
 * @place: Where it was given, for what is said about it.
 *
 * Return: -1: go on; else the exit status, and all is said.
 */
int options_set(struct options *options, const char *name, const char *value,
		const struct option_place *place);

/**
 * options_reload() - Read the file once more.
 * @options: What can change takes effect; what can't is said. Whoever else reads
 *           that must be kept out by the caller.
 *
 * Return: 0, or -1 and nothing has changed.
 */
int options_reload(struct options *options);

void options_free(struct options *options);

#endif /* BRIDGE_OPTIONS_H */
