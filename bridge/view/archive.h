/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file system over an archive.
 */
#ifndef VIEW_ARCHIVE_H
#define VIEW_ARCHIVE_H

#include <fuse_lowlevel.h>
#include <stdbool.h>

/**
 * view_archive() - Show an archive until it is unmounted or a signal comes.
 * @path: The folder.
 * @live: Show live/, too.
 * @args: What libfuse is to know.
 * @mount: Where.
 * @foreground: Stay in the foreground.
 *
 * Return: the exit status; what is wrong is said.
 */
int view_archive(const char *path, bool live, struct fuse_args *args, const char *mount,
		 bool foreground);

#endif /* VIEW_ARCHIVE_H */
