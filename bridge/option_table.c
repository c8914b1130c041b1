// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "address.h"
#include "channel.h"
#include "option_table.h"

static bool is_listen(const char *value)
{
	return !strncmp(value, "unix:", 5) ? value[5] : address_ok(value);
}

static bool is_named(const char *value)
{
	char name[CHANNEL_NAME_MAX + 2];
	size_t len = strcspn(value, "=");

	if (!value[len] || !value[len + 1] || len >= sizeof(name))
		return false;
	memcpy(name, value, len);
	name[len] = '\0';
	return channel_name_ok(name);
}

static bool is_sync(const char *value)
{
	return !strcmp(value, "batch") || !strcmp(value, "second") || !strcmp(value, "none");
}

static bool is_zone(const char *value)
{
	return !strcmp(value, "UTC") || !strcmp(value, "local");
}

static bool is_host(const char *value)
{
	size_t len = strlen(value);

	return len && len <= 253 &&
	       strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		      "0123456789-._") == len;
}

static bool is_origin(const char *value)
{
	const char *host = strstr(value, "://");

	return (!strncmp(value, "http://", 7) || !strncmp(value, "https://", 8)) &&
	       host[3] && !strpbrk(host + 3, "/*?# \"'\\,;");
}

static bool is_net(const char *value)
{
	struct net net;

	return net_parse(&net, value);
}

#define AT(field)	.offset = offsetof(struct options, field)
#define NAMED		"a name of 1 to 63 letters, digits, - and _, a letter or digit first, as NAME="

const struct option_def option_table[] = {
	{ "listen", "ADDR:PORT", "where to listen; clients need a token\n"
	  "(localhost:8080); unix:PATH is for a group",
	  OPTION_LIST, AT(listen), .check = is_listen,
	  .expected = "an address of this host and a port, as 127.0.0.1:8080, [::1]:8080, 0.0.0.0:8080 or localhost:8080, or unix:PATH" },
	{ "listen-insecure", "ADDR:PORT", "where no token is needed",
	  OPTION_LIST, AT(listen_insecure), .check = address_ok,
	  .expected = "an address of this host and a port, as 127.0.0.1:8080, [::1]:8080, 0.0.0.0:8080 or localhost:8080" },
	{ "channel", "NAME=VALUE", "serve a device or ring file (/PATH), or a ring\n"
	  "of the bridge's own (embedded:SIZE)",
	  OPTION_LIST, AT(channels), .check = is_named,
	  .expected = NAMED "/dev/memlog-NAME, NAME=/path/of/ring or NAME=embedded:SIZE" },
	{ "tail", "NAME=PATH", "serve what is added to a text file",
	  OPTION_LIST, AT(tails), .check = is_named, .expected = NAMED "PATH" },
	{ "modsync-listen-insecure", "ADDR:PORT", "serve an archive to go-modsynclog clients,\n"
	  "without any token or encryption",
	  OPTION_LIST, AT(modsync_listen), .check = address_ok,
	  .expected = "an address of this host and a port, as 127.0.0.1:2222 or localhost:2222" },
	{ "modsync-channel", "NAME", "whose archive that is (memlog, or the only one)",
	  OPTION_STRING, AT(modsync_channel), .check = channel_name_ok,
	  .expected = "a channel's name" },
	{ "modsync-send-flag", "N", "what its frames begin with (398359203)",
	  OPTION_NUMBER, AT(modsync_flag), 1, INT32_MAX },
	{ "archive", "NAME=DIR", "keep a channel's records in a folder of days",
	  OPTION_LIST, AT(archives), .check = is_named, .expected = NAMED "DIR" },
	{ "sync", "batch|second|none", "archived is on the disk before it is acknowledged,\n"
	  "within a second, or when the kernel likes (batch)",
	  OPTION_STRING, AT(sync), .check = is_sync, .expected = "batch, second or none" },
	{ "keep-days", "N", "of each archive; 0 for all (0)",
	  OPTION_NUMBER, AT(keep_days), 0, 36500 },
	{ "archive-zone", "UTC|local", "whose days an archive's are (UTC)",
	  OPTION_STRING, AT(archive_zone), .check = is_zone, .expected = "UTC or local" },
	{ "no-devices", NULL, "do not look for /dev/memlog* oneself",
	  OPTION_FLAG, AT(no_devices) },
	{ "token-file", "FILE", "lines \"read|write|sync TOKEN [CHANNEL...]\" (one is\n"
	  "made: $RUNTIME_DIRECTORY/token)",
	  OPTION_STRING, AT(token_file) },
	{ "tls-cert", "FILE", "certificate and chain for https, PEM",
	  OPTION_STRING, AT(tls_cert) },
	{ "tls-key", "FILE", "its key", OPTION_STRING, AT(tls_key) },
	{ "no-http2", NULL, "HTTP/1.1 alone, over TLS too",
	  OPTION_FLAG, AT(no_http2) },
	{ "name", "HOST", "a name of this host that browsers may use",
	  OPTION_LIST, AT(names), .live = true, .check = is_host,
	  .expected = "a host name, without a port" },
	{ "origin", "ORIGIN", "a web site that may connect, https://HOST[:PORT]",
	  OPTION_LIST, AT(origins), .live = true, .check = is_origin,
	  .expected = "https://HOST[:PORT], nothing behind it" },
	{ "trusted-proxy", "NET", "whose X-Forwarded-For counts, as 10.0.0.0/8",
	  OPTION_LIST, AT(proxies), .live = true, .check = is_net,
	  .expected = "an address or network, as 10.0.0.0/8, ::1 or unix" },
	{ "threads", "N", "for the clients' work (1)",
	  OPTION_NUMBER, AT(threads), 1, THREADS_MAX },
	{ "max-clients", "N", "in all (1024)",
	  OPTION_NUMBER, AT(max_clients), 1, CLIENTS_MAX, .live = true },
	{ "max-clients-per-address", "N", "(256)",
	  OPTION_NUMBER, AT(max_per_address), 1, CLIENTS_MAX, .live = true },
	{ "idle-timeout", "SECONDS", "after which a silent client is gone (60)",
	  OPTION_NUMBER, AT(idle_timeout), 2, 3600 },
	{ "user", "USER[:GROUP]", "run as, once all is open",
	  OPTION_STRING, AT(user) },
	{ "config", "FILE", "lines \"NAME = VALUE\" with these names",
	  OPTION_STRING, AT(config), .no_file = true },
	{ "check-config", NULL, "only look whether all is right",
	  OPTION_FLAG, AT(check_config), .no_file = true },
	{ "verbose", NULL, "say who comes and goes",
	  OPTION_FLAG, AT(verbose), .live = true },
	{ "help", NULL, "", OPTION_ACTION, .no_file = true },
	{ "version", NULL, "", OPTION_ACTION, .no_file = true },
};

const size_t option_count = sizeof(option_table) / sizeof(option_table[0]);

_Static_assert(sizeof(option_table) / sizeof(option_table[0]) <= OPTIONS_MAX,
	       "struct options has a bit for each");

const struct option_def *option_find(const char *name)
{
	for (size_t i = 0; i < option_count; i++)
		if (!strcmp(option_table[i].name, name))
			return &option_table[i];
	return NULL;
}

#define HELP_COLUMN	30

static void help_one(const struct option_def *def)
{
	const char *line = def->help;
	int width = printf("  --%s %s", def->name, def->arg ? def->arg : "");

	do {
		int len = (int)strcspn(line, "\n");

		printf("%*s%.*s\n", width < HELP_COLUMN ? HELP_COLUMN - width : 1, "", len, line);
		width = 0;
		line += len;
	} while (*line++ == '\n');
}

void option_help(void)
{
	puts("usage: memlog-bridge [OPTION]...\n\n"
	     "Relays memlog channels to browsers and programs: history, then live.\n");
	for (size_t i = 0; i < option_count; i++)
		if (option_table[i].help[0])
			help_one(&option_table[i]);
	puts("  --help, --version\n\n"
	     "Options that name something (listen, modsync-listen-insecure, channel, tail,\n"
	     "archive, name, origin, trusted-proxy) may be repeated.\n"
	     "SIGHUP reads tokens, certificate and file again. See memlog-bridge(8).");
}
