// SPDX-License-Identifier: GPL-2.0-only
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <memlog.h>

#include "log.h"
#include "options.h"

static const char help_text[] =
"usage: memlog-bridge [OPTION]...\n"
"\n"
"Relays memlog channels to WebSocket clients: history, then live lines.\n"
"\n"
"  --listen ADDR:PORT      where to listen; clients need a token (localhost:8080)\n"
"  --listen unix:PATH      a socket for whoever the device's group may read\n"
"  --listen-insecure ADDR:PORT\n"
"                          without a token; loopback addresses only\n"
"  --channel NAME=PATH     serve a device (/dev/memlog-NAME) or a ring file\n"
"  --channel NAME=embedded:SIZE\n"
"                          a ring of the bridge's own\n"
"                          (memlog=/dev/memlog, if no channel is named)\n"
"  --token-file FILE       lines \"read TOKEN [CHANNEL...]\"; SIGHUP reads it again\n"
"                          (one is made: $RUNTIME_DIRECTORY/token, or\n"
"                          /run/memlog-bridge/token)\n"
"  --name HOST             a name of this host that browsers may use\n"
"  --origin ORIGIN         a web site that may connect, as https://HOST[:PORT]\n"
"  --idle-timeout SECONDS  a client that answers no ping is gone after (60)\n"
"  --verbose               say who comes and goes\n"
"  --help, --version\n"
"\n"
"--listen, --listen-insecure, --channel, --name and --origin may be repeated.\n"
"GET /ws and /ws/CHANNEL are WebSockets, / shows the log in a browser, /healthz\n"
"and /readyz are for supervisors. See memlog-bridge(8).\n";

enum {
	OPT_LISTEN = 256,
	OPT_LISTEN_INSECURE,
	OPT_CHANNEL,
	OPT_TOKEN_FILE,
	OPT_NAME,
	OPT_ORIGIN,
	OPT_IDLE_TIMEOUT,
	OPT_VERBOSE,
	OPT_HELP,
	OPT_VERSION,
};

static const struct option long_options[] = {
	{ "listen", required_argument, NULL, OPT_LISTEN },
	{ "listen-insecure", required_argument, NULL, OPT_LISTEN_INSECURE },
	{ "channel", required_argument, NULL, OPT_CHANNEL },
	{ "token-file", required_argument, NULL, OPT_TOKEN_FILE },
	{ "name", required_argument, NULL, OPT_NAME },
	{ "origin", required_argument, NULL, OPT_ORIGIN },
	{ "idle-timeout", required_argument, NULL, OPT_IDLE_TIMEOUT },
	{ "verbose", no_argument, NULL, OPT_VERBOSE },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ 0 },
};

static int add(struct option_list *list, char *value)
{
	char **values = realloc(list->values, (list->count + 1) * sizeof(*values));

	if (!values) {
		log_error("out of memory");
		return EXIT_SYSTEM;
	}
	values[list->count++] = value;
	list->values = values;
	return -1;
}

static int parse_idle_timeout(struct options *options, const char *value)
{
	uint64_t seconds;

	if (memlog_parse_number(value, &seconds) || seconds < 2 || seconds > 3600) {
		log_error("--idle-timeout %s: expected 2 to 3600 seconds", value);
		return EXIT_USAGE;
	}
	options->idle_timeout = (unsigned int)seconds;
	return -1;
}

static int parse_one(struct options *options, int opt)
{
	switch (opt) {
	case OPT_LISTEN:
		return add(&options->listen, optarg);
	case OPT_LISTEN_INSECURE:
		return add(&options->listen_insecure, optarg);
	case OPT_CHANNEL:
		return add(&options->channels, optarg);
	case OPT_NAME:
		return add(&options->names, optarg);
	case OPT_ORIGIN:
		return add(&options->origins, optarg);
	case OPT_TOKEN_FILE:
		options->token_file = optarg;
		return -1;
	case OPT_IDLE_TIMEOUT:
		return parse_idle_timeout(options, optarg);
	case OPT_VERBOSE:
		log_set_verbose(true);
		return -1;
	case OPT_HELP:
		fputs(help_text, stdout);
		return 0;
	case OPT_VERSION:
		puts("memlog-bridge " BRIDGE_VERSION);
		return 0;
	default:
		log_error("see memlog-bridge --help");
		return EXIT_USAGE;
	}
}

static int check_origins(const struct options *options)
{
	for (size_t i = 0; i < options->origins.count; i++) {
		const char *origin = options->origins.values[i];
		const char *host = strstr(origin, "://");

		if ((strncmp(origin, "http://", 7) && strncmp(origin, "https://", 8)) ||
		    !host[3] || strpbrk(host + 3, "/*")) {
			log_error("--origin %s: expected https://HOST[:PORT], nothing behind it",
				  origin);
			return EXIT_USAGE;
		}
	}
	return -1;
}

int options_parse(struct options *options, int argc, char **argv)
{
	int opt, status = -1;

	*options = (struct options){ .idle_timeout = 60, .threads = 1 };
	while (status < 0 && (opt = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		status = parse_one(options, opt);
	if (status < 0 && optind < argc) {
		log_error("\"%s\" is no option; see memlog-bridge --help", argv[optind]);
		status = EXIT_USAGE;
	}
	if (status < 0)
		status = check_origins(options);
	if (status >= 0)
		options_free(options);
	return status;
}

void options_free(struct options *options)
{
	free(options->listen.values);
	free(options->listen_insecure.values);
	free(options->channels.values);
	free(options->names.values);
	free(options->origins.values);
	*options = (struct options){ 0 };
}
