/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the commands of memlog archive share.
 */
#ifndef MEMLOG_CLI_ARCHIVE_H
#define MEMLOG_CLI_ARCHIVE_H

#include "archive/day.h"
#include "cli.h"

extern const struct command archive_ls, archive_cat, archive_verify, archive_repair;
extern const struct command archive_import, archive_export;

/**
 * struct folder - An archive.
 * @path: Its folder.
 * @channel: Name of the channel, where the folder asked for holds several; else NULL.
 * @dirfd: Open.
 * @dates: Its days.
 * @count: How many.
 */
struct folder {
	const char *path;
	const char *channel;
	int dirfd;
	uint32_t *dates;
	size_t count;
};

/**
 * folders_each() - The archives of a folder: itself, or those of channels in it.
 * @dir: The folder; what is wrong with it ends the program.
 * @fn: Called for each, in the order of names.
 */
void folders_each(const char *dir, void (*fn)(void *arg, const struct folder *folder),
		  void *arg);

/* An archive's own folder, not one of channels; ends the program if it is none. */
void folder_open(struct folder *folder, const char *dir);
void folder_close(struct folder *folder);

/* For archive_options.say, and what a failure of archive_writer_open() means. */
void archive_told(void *arg, const char *text);
void die_archive(const char *dir, int err) __attribute__((noreturn));

/* YYYYMMDD or YYYY-MM-DD. */
uint32_t arg_date(const char *value);

#endif /* MEMLOG_CLI_ARCHIVE_H */
