// SPDX-License-Identifier: GPL-2.0-only
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/archives.h"
#include "auth.h"
#include "channel.h"
#include "check.h"
#include "log.h"
#include "privilege.h"
#include "tls.h"

static int check_tokens(const char *path)
{
	struct auth auth;
	int err;

	if (!path)
		return 0;
	auth_init(&auth);
	err = auth_load(&auth, path);
	auth_free(&auth);
	return err ? EXIT_SYSTEM : 0;
}

/* Names have to be different; what they stand for may come later. */
static int check_names(const struct options *options)
{
	const struct option_list *lists[] = { &options->channels, &options->tails };
	const char *seen[512];
	size_t count = 0;

	for (size_t n = 0; n < 2; n++) {
		for (size_t i = 0; i < lists[n]->count && count < 512; i++) {
			const char *value = lists[n]->values[i];
			size_t len = strcspn(value, "=") + 1;

			for (size_t k = 0; k < count; k++) {
				if (strncmp(seen[k], value, len))
					continue;
				log_error("channel %.*s is given twice", (int)len - 1, value);
				return EXIT_USAGE;
			}
			seen[count++] = value;
		}
	}
	return 0;
}

static bool is_named(const char *value, const char *name)
{
	size_t len = name ? strlen(name) : strcspn(value, "=");

	return (!name || !strncmp(value, name, len)) && value[len] == '=';
}

/* A channel that is an archive itself. */
static bool is_archive(const char *value, const char *name)
{
	struct stat st;

	return is_named(value, name) && !stat(strchr(value, '=') + 1, &st) &&
	       S_ISDIR(st.st_mode);
}

/* Which of several it is, when there is no name, is known only with the channels. */
static int check_modsync(const struct options *options)
{
	const char *name = options->modsync_channel;
	const struct option_list *list = &options->archives;

	if (!options->modsync_listen.count)
		return 0;
	for (size_t i = 0; i < list->count; i++)
		if (is_named(list->values[i], name))
			return 0;
	list = &options->channels;
	for (size_t i = 0; i < list->count; i++)
		if (is_archive(list->values[i], name))
			return 0;
	if (name)
		log_error("modsync-channel %s: there is no such channel that is archived; give --archive %s=DIR",
			  name, name);
	else
		log_error("modsync-listen-insecure: no channel is archived; give --archive NAME=DIR");
	return EXIT_USAGE;
}

int check_options(const struct options *options)
{
	int status = check_names(options);

	if (!status)
		status = check_tokens(options->token_file);
	if (!status && options->tls_cert)
		status = tls_check(options->tls_cert, options->tls_key);
	if (!status)
		status = privilege_check(options->user);
	if (!status)
		status = archives_check(options);
	if (!status)
		status = check_modsync(options);
	return status;
}
