// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archives.h"
#include "../log.h"

static int refuse(const char *value, const char *why)
{
	const char *dir = strchr(value, '=') + 1;

	log_error("archive %.*s: %s %s", (int)(dir - 1 - value), value, dir, why);
	return EXIT_USAGE;
}

/* The path without links, also of a folder that is still to be made. */
static int find_real(const char *dir, char real[PATH_MAX])
{
	char parent[PATH_MAX], base[PATH_MAX], up[PATH_MAX];
	int n;

	if (realpath(dir, real))
		return 0;
	if (errno != ENOENT || strlen(dir) >= PATH_MAX)
		return -errno;
	strcpy(parent, dir);
	strcpy(base, dir);
	if (!realpath(dirname(parent), up))
		return -errno;
	n = snprintf(real, PATH_MAX, "%s/%s", strcmp(up, "/") ? up : "", basename(base));
	return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* Whoever starts as root for another user makes the folder for him. */
static int check_folder(const char *value, char real[PATH_MAX])
{
	const char *dir = strchr(value, '=') + 1;
	char parent[PATH_MAX];
	struct stat st;

	if (find_real(dir, real))
		return refuse(value, errno == ENOENT ? "can't be made: the folder above it is not there" :
			      strerror(errno));
	if (!stat(real, &st)) {
		if (!S_ISDIR(st.st_mode))
			return refuse(value, "is no folder");
		return access(real, R_OK | W_OK | X_OK) ?
		       refuse(value, "may not be written by who runs the bridge") : 0;
	}
	strcpy(parent, real);
	if (access(dirname(parent), W_OK | X_OK))
		return refuse(value, "may not be made by who runs the bridge");
	return 0;
}

static bool is_within(const char *inner, const char *outer)
{
	size_t len = strlen(outer);

	return !strncmp(inner, outer, len) && (!inner[len] || inner[len] == '/');
}

static int check_pair(const struct option_list *list, size_t a, size_t b,
		      char (*reals)[PATH_MAX])
{
	size_t len = strcspn(list->values[a], "=") + 1;

	if (!strncmp(list->values[a], list->values[b], len)) {
		log_error("archive %.*s is given twice", (int)len - 1, list->values[a]);
		return EXIT_USAGE;
	}
	if (is_within(reals[a], reals[b]) || is_within(reals[b], reals[a]))
		return refuse(list->values[a], "is another archive's folder, or inside one; each needs its own");
	return 0;
}

int archives_check(const struct options *options)
{
	const struct option_list *list = &options->archives;
	char (*reals)[PATH_MAX] = calloc(list->count + 1, sizeof(*reals));
	int status = reals ? 0 : EXIT_SYSTEM;

	for (size_t i = 0; !status && i < list->count; i++) {
		status = check_folder(list->values[i], reals[i]);
		for (size_t k = 0; !status && k < i; k++)
			status = check_pair(list, i, k, reals);
	}
	free(reals);
	return status;
}
