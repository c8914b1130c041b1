/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files that are followed, like tail -F: through rotation, truncation, and when
 * they are not there yet.
 *
 * A file that was renamed or removed is read on under its old name until nothing
 * has come for a while: its writer may have it open still. So nothing written
 * around a rotation is missed, unless files come and go faster than we look. What
 * was written to a file before it was truncated and after we last looked is gone,
 * and that it was truncated is told.
 */
#ifndef MEMLOG_FILES_FILES_H
#define MEMLOG_FILES_FILES_H

#include <signal.h>

#include "tail.h"

/* All lines there are. */
#define LINES_ALL	UINT64_MAX

/**
 * enum files_note - What has happened to a file.
 *
 * @FILES_MISSING: It is not there, and is waited for.
 * @FILES_REPLACED: Its name is another file's now, which is read too.
 * @FILES_TRUNCATED: It is read from its start.
 */
enum files_note {
	FILES_MISSING,
	FILES_REPLACED,
	FILES_TRUNCATED,
};

/**
 * struct files_ops - What whoever reads the files is asked and told.
 * @begin: Lines of @tail come next. May be NULL.
 * @check: Something of it was read; whether all lines were taken is in its lines.
 * @note: See there.
 * @failed: It can't be opened or read; opening it is tried again.
 * @stopped: Whether to stop reading.
 */
struct files_ops {
	void (*begin)(void *arg, const struct tail *tail);
	void (*check)(void *arg, struct tail *tail);
	void (*note)(void *arg, const struct tail *tail, enum files_note note);
	void (*failed)(void *arg, const struct tail *tail, int err);
	bool (*stopped)(void *arg);
};

/**
 * struct files - Files that are followed.
 * @ops: See there.
 * @arg: For @ops.
 * @lines: What those of all files are like.
 * @last: Begin with so many last lines of those that are there already.
 * @follow: Wait for what is not there.
 * @tails: They.
 * @inotify: Tells of changes, -1 without.
 */
struct files {
	const struct files_ops *ops;
	void *arg;
	struct lines lines;
	uint64_t last;
	bool follow;
	struct tail *tails;
	int inotify;
};

/* Adds a file, whose name must stay; NULL if there is no memory. */
struct tail *files_add(struct files *files, const char *path);

/* Opens what is there and has not been opened. 0, or why the last one can't be. */
int files_open(struct files *files);

/* Opens a file and reads it to its end, once. */
void files_read(struct files *files, struct tail *tail);

/* Whether any is open or may come. */
bool files_any_left(const struct files *files);

/* One look at all: first the watches, so that nothing falls in between. */
void files_look(struct files *files);

/**
 * files_wait() - Wait for something to look at.
 * @files: The files.
 * @stop_fd: Readable when there is no more time for it, -1 without.
 * @mask: As for ppoll(2).
 */
void files_wait(struct files *files, int stop_fd, const sigset_t *mask);

/* Writes lines that are not whole, and forgets all. */
void files_free(struct files *files);

#endif /* MEMLOG_FILES_FILES_H */
