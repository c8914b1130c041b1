// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line: what is copied is taken here, and what is left, how it is
 * served, goes to the bridge's own options.
 */
#include <getopt.h>
#include <memlog.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../log.h"
#include "modsync_client.h"
#include "replica.h"

/* The bridge's options that it has as well; --serve-token-file is its token-file. */
static const char *const serve_options[] = {
	"listen", "listen-insecure", "tls-cert", "tls-key", "name", "origin", "trusted-proxy",
	"threads", "max-clients", "max-clients-per-address", "idle-timeout", "user",
};

#define SERVE_OPTIONS	(sizeof(serve_options) / sizeof(serve_options[0]))

enum {
	OPT_FROM = 256, OPT_DIR, OPT_CHANNEL, OPT_HISTORY, OPT_KEEP, OPT_MAX, OPT_REPAIR,
	OPT_TOKEN, OPT_CA, OPT_SYNC, OPT_FLAG, OPT_HELP, OPT_VERSION, OPT_VERBOSE, OPT_HTTP2,
	OPT_SERVE_TOKEN, OPT_SERVE,
};

static const struct option own_options[] = {
	{ "from", required_argument, NULL, OPT_FROM },
	{ "dir", required_argument, NULL, OPT_DIR },
	{ "channel", required_argument, NULL, OPT_CHANNEL },
	{ "history-days", required_argument, NULL, OPT_HISTORY },
	{ "keep-days", required_argument, NULL, OPT_KEEP },
	{ "max-bytes", required_argument, NULL, OPT_MAX },
	{ "repair", no_argument, NULL, OPT_REPAIR },
	{ "token-file", required_argument, NULL, OPT_TOKEN },
	{ "tls-ca", required_argument, NULL, OPT_CA },
	{ "sync", required_argument, NULL, OPT_SYNC },
	{ "modsync-send-flag", required_argument, NULL, OPT_FLAG },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "verbose", no_argument, NULL, OPT_VERBOSE },
	{ "no-http2", no_argument, NULL, OPT_HTTP2 },
	{ "serve-token-file", required_argument, NULL, OPT_SERVE_TOKEN },
};

#define OWN_OPTIONS	(sizeof(own_options) / sizeof(own_options[0]))

static void help(void)
{
	puts("usage: memlog-replica --from URL --dir DIR [OPTION]...\n\n"
	     "Copies the archives of a memlog-bridge, or of another memlog-replica, as they\n"
	     "grow, proves that they are the same, and serves them.\n\n"
	     "  --from URL                  ws://HOST[:PORT], wss://HOST[:PORT], or\n"
	     "                              modsync://HOST:PORT of a go-modsynclog server\n"
	     "  --dir DIR                   folder of the channels' folders\n"
	     "  --channel NAME              what to copy (all that the token is for)\n"
	     "  --history-days N            at first, get so many days before the newest (all;\n"
	     "                              of modsync:// before today, 30 or --keep-days)\n"
	     "  --keep-days N               remove finished days older than that; 0: none (0)\n"
	     "  --max-bytes N[K|M|G]        of a channel: remove its oldest days beyond; 0: none (0)\n"
	     "  --repair                    fetch a day again that is not the master's, and\n"
	     "                              keep the old one as YYYYMMDD.replaced-TIME\n"
	     "  --token-file FILE           token for the master: \"sync TOKEN\"\n"
	     "  --tls-ca FILE               certificates that are trusted (the system's)\n"
	     "  --sync batch|second|none    when records are on the disk: before they are\n"
	     "                              acknowledged, within a second, or when the kernel\n"
	     "                              writes them (batch)\n"
	     "  --modsync-send-flag N       what frames begin with, of modsync:// (398359203)\n"
	     "  --listen ADDR:PORT          serve what is copied; clients need a token\n"
	     "  --listen-insecure ADDR:PORT where no token is needed\n"
	     "  --serve-token-file FILE     lines \"read|sync TOKEN [CHANNEL...]\" for --listen\n"
	     "  --verbose                   say who comes and goes\n"
	     "  --no-http2 --tls-cert --tls-key --name --origin --trusted-proxy --threads\n"
	     "  --max-clients --max-clients-per-address --idle-timeout --user: as memlog-bridge\n"
	     "  --help, --version\n\n"
	     "channel, listen, name, origin and trusted-proxy may be repeated. A channel that\n"
	     "differs from the master's is copied no further; when none is left, the exit\n"
	     "status is 1. See memlog-replica(8).");
}

static int bad(const char *name, const char *value, const char *expected)
{
	log_error("--%s %s: expected %s", name, value, expected);
	return EXIT_USAGE;
}

static int set_number(const char *name, const char *value, uint64_t max, uint64_t *number)
{
	char expected[64];

	if (!memlog_parse_number(value, number) && *number <= max)
		return -1;
	snprintf(expected, sizeof(expected), "0 to %llu", (unsigned long long)max);
	return bad(name, value, expected);
}

static int set_from(struct replica_options *options, const char *url)
{
	char host[MODSYNC_HOST_SIZE], port[MODSYNC_PORT_SIZE];

	options->url = url;
	options->modsync = modsync_address(url, host, port);
	if (options->modsync || replica_from_parse(&options->from, url))
		return -1;
	return bad("from", url, "ws://HOST[:PORT], wss://HOST[:PORT] or modsync://HOST:PORT");
}

static int add_channel(struct replica_options *options, const char *name)
{
	size_t max = sizeof(options->channels) / sizeof(options->channels[0]);

	if (!channel_name_ok(name))
		return bad("channel", name, "a name of 1 to 63 letters, digits, - and _, a letter or digit first");
	if (options->channel_count == max)
		return bad("channel", name, "fewer channels; without any, all are copied");
	options->channels[options->channel_count++] = name;
	return -1;
}

static int set_sync(struct replica_options *options, const char *value)
{
	if (!strcmp(value, "batch"))
		options->sync = ARCHIVE_SYNC_BATCH;
	else if (!strcmp(value, "second"))
		options->sync = ARCHIVE_SYNC_SECOND;
	else if (!strcmp(value, "none"))
		options->sync = ARCHIVE_SYNC_NONE;
	else
		return bad("sync", value, "batch, second or none");
	return -1;
}

static int set_numbered(struct replica_options *options, int opt, const char *value)
{
	uint64_t n;
	int status;

	switch (opt) {
	case OPT_HISTORY:
		status = set_number("history-days", value, MODSYNC_HISTORY_MAX, &n);
		options->history = status < 0 ? (long)n : options->history;
		return status;
	case OPT_KEEP:
		status = set_number("keep-days", value, MODSYNC_HISTORY_MAX, &n);
		options->keep_days = status < 0 ? (unsigned int)n : 0;
		return status;
	case OPT_FLAG:
		if (memlog_parse_number(value, &n) || !n || n > INT32_MAX)
			return bad("modsync-send-flag", value, "1 to 2147483647");
		options->modsync_flag = (uint32_t)n;
		return -1;
	default:
		if (!memlog_parse_size(value, &options->max_bytes))
			return -1;
		return bad("max-bytes", value, "a number, also with K, M or G behind it");
	}
}

static int set_own(struct replica_options *options, int opt, const char *value)
{
	switch (opt) {
	case OPT_FROM:
		return set_from(options, value);
	case OPT_DIR:
		options->dir = value;
		return value[0] ? -1 : bad("dir", "\"\"", "a folder");
	case OPT_CHANNEL:
		return add_channel(options, value);
	case OPT_REPAIR:
		options->repair = true;
		return -1;
	case OPT_TOKEN:
		options->from.token_file = value;
		return -1;
	case OPT_CA:
		options->from.ca = value;
		return -1;
	case OPT_SYNC:
		return set_sync(options, value);
	case OPT_HELP:
		help();
		return 0;
	case OPT_VERSION:
		puts("memlog-replica " BRIDGE_VERSION);
		return 0;
	default:
		return set_numbered(options, opt, value);
	}
}

/* "--NAME=VALUE", for the bridge. */
static int pass_on(char ***argv, int *argc, const char *name, const char *value)
{
	char **more = realloc(*argv, ((size_t)*argc + 2) * sizeof(*more));

	if (!more || asprintf(&more[*argc], value ? "--%s=%s" : "--%s", name, value) < 0) {
		log_error("out of memory");
		return EXIT_SYSTEM;
	}
	*argv = more;
	more[++*argc] = NULL;
	return -1;
}

static int parse_one(struct replica_options *options, int opt, char ***argv, int *argc)
{
	if (opt == OPT_VERBOSE || opt == OPT_HTTP2)
		return pass_on(argv, argc, opt == OPT_VERBOSE ? "verbose" : "no-http2", NULL);
	if (opt == OPT_SERVE_TOKEN)
		return pass_on(argv, argc, "token-file", optarg);
	if (opt >= OPT_SERVE)
		return pass_on(argv, argc, serve_options[opt - OPT_SERVE], optarg);
	if (opt >= OPT_FROM)
		return set_own(options, opt, optarg);
	log_error("see memlog-replica --help");
	return EXIT_USAGE;
}

static bool ca_ok(const char *path)
{
	FILE *file = fopen(path, "re");
	X509 *cert = file ? PEM_read_X509_AUX(file, NULL, NULL, NULL) : NULL;
	bool ok = cert;

	if (file)
		fclose(file);
	X509_free(cert);
	return ok;
}

static int check(const struct replica_options *options)
{
	const char *missing = !options->url ? "from" : !options->dir ? "dir" : NULL;

	if (missing) {
		log_error("--%s is missing; see memlog-replica --help", missing);
		return EXIT_USAGE;
	}
	if (options->from.ca && !options->from.tls) {
		log_error("--tls-ca is for --from wss://HOST");
		return EXIT_USAGE;
	}
	if (options->from.ca && !ca_ok(options->from.ca)) {
		log_error("--tls-ca %s: expected a file of certificates, PEM, that can be read",
			  options->from.ca);
		return EXIT_USAGE;
	}
	if (options->modsync && options->channel_count > 1) {
		log_error("a go-modsynclog server has one channel; give one --channel to name it, or none");
		return EXIT_USAGE;
	}
	return -1;
}

int replica_options_parse(struct replica_options *options, int argc, char **argv,
			  int *serve_argc, char ***serve_argv)
{
	struct option all[OWN_OPTIONS + SERVE_OPTIONS + 1] = { 0 };
	int opt, status;

	memcpy(all, own_options, sizeof(own_options));
	for (size_t i = 0; i < SERVE_OPTIONS; i++)
		all[OWN_OPTIONS + i] = (struct option){
			serve_options[i], required_argument, NULL, OPT_SERVE + (int)i,
		};
	*options = (struct replica_options){ .history = -1 };
	*serve_argc = 0;
	*serve_argv = NULL;
	status = pass_on(serve_argv, serve_argc, "replica", NULL);
	if (status < 0)
		status = pass_on(serve_argv, serve_argc, "no-devices", NULL);
	while (status < 0 && (opt = getopt_long(argc, argv, "", all, NULL)) != -1)
		status = parse_one(options, opt, serve_argv, serve_argc);
	if (status < 0 && optind < argc) {
		log_error("\"%s\" is no option; see memlog-replica --help", argv[optind]);
		status = EXIT_USAGE;
	}
	return status < 0 ? check(options) : status;
}
