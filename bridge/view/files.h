/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files in use, and what is known of those that were: a day's table is kept for
 * the next who asks, the day itself is let go when nobody has it open.
 */
#ifndef VIEW_FILES_H
#define VIEW_FILES_H

#include "../list.h"
#include "render.h"
#include "tree.h"

/* So many tables are kept. */
#define FILES_KEPT	256

/**
 * struct view_file - A day as a file.
 * @link: In files->list, those used last at its end.
 * @node: Which.
 * @render: Its bytes.
 * @users: Those who have it now: opened, or asking.
 * @stale: The day was removed or replaced: for its users only.
 */
struct view_file {
	struct list link;
	struct node node;
	struct render *render;
	unsigned int users;
	bool stale;
};

/**
 * struct view_files - All of them.
 * @tree: Where the days are.
 * @lock: Held for the rest.
 * @list: List of struct view_file.
 * @count: How many.
 */
struct view_files {
	struct tree *tree;
	pthread_mutex_t lock;
	struct list list;
	unsigned int count;
};

void view_files_init(struct view_files *files, struct tree *tree);
void view_files_uninit(struct view_files *files);

/* A log or a json, with its size now; view_file_put() is the caller's. 0 or -errno. */
int view_file_get(struct view_files *files, const struct node *node,
		  struct view_file **filep, uint64_t *size, bool *finished);
void view_file_put(struct view_files *files, struct view_file *file);

#endif /* VIEW_FILES_H */
