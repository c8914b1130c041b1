// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>

#include "files.h"

void view_files_init(struct view_files *files, struct tree *tree)
{
	files->tree = tree;
	files->count = 0;
	list_init(&files->list);
	pthread_mutex_init(&files->lock, NULL);
}

static void drop(struct view_files *files, struct view_file *file)
{
	list_del(&file->link);
	files->count--;
	render_close(file->render);
	free(file);
}

void view_files_uninit(struct view_files *files)
{
	struct list *pos, *n;

	list_for_each_safe(pos, n, &files->list)
		drop(files, list_entry(pos, struct view_file, link));
	pthread_mutex_destroy(&files->lock);
}

static bool is_node(const struct view_file *file, const struct node *node)
{
	return !file->stale && file->node.kind == node->kind && file->node.date == node->date &&
	       file->node.channel == node->channel;
}

/* Caller holds files->lock. */
static void trim(struct view_files *files)
{
	struct list *pos, *n;

	list_for_each_safe(pos, n, &files->list) {
		struct view_file *file = list_entry(pos, struct view_file, link);

		if (files->count < FILES_KEPT)
			return;
		if (!file->users)
			drop(files, file);
	}
}

/* Caller holds files->lock. */
static int add(struct view_files *files, const struct node *node, struct view_file **filep)
{
	struct view_file *file;
	int err;

	trim(files);
	file = calloc(1, sizeof(*file));
	if (!file)
		return -ENOMEM;
	file->node = *node;
	err = render_open(&file->render, tree_dirfd(files->tree, node->channel), node->date,
			  node->kind == NODE_LOG ? RENDER_TEXT : RENDER_JSON);
	if (err) {
		free(file);
		return err;
	}
	list_add_tail(&file->link, &files->list);
	files->count++;
	*filep = file;
	return 0;
}

static int find(struct view_files *files, const struct node *node, struct view_file **filep)
{
	struct view_file *file = NULL;
	struct list *pos;
	int err = 0;

	pthread_mutex_lock(&files->lock);
	list_for_each(pos, &files->list) {
		file = list_entry(pos, struct view_file, link);
		if (is_node(file, node))
			break;
		file = NULL;
	}
	if (!file)
		err = add(files, node, &file);
	if (!err) {
		file->users++;
		list_del(&file->link);
		list_add_tail(&file->link, &files->list);
		*filep = file;
	}
	pthread_mutex_unlock(&files->lock);
	return err;
}

int view_file_get(struct view_files *files, const struct node *node,
		  struct view_file **filep, uint64_t *size, bool *finished)
{
	int err;

	for (int tries = 0; tries < 2; tries++) {
		err = find(files, node, filep);
		if (err)
			return err;
		err = render_refresh((*filep)->render, size, finished);
		if (!err)
			return 0;
		if (err == -ESTALE || err == -ENOENT)
			(*filep)->stale = true;
		view_file_put(files, *filep);
		if (err != -ESTALE)
			return err;
	}
	return err;
}

void view_file_put(struct view_files *files, struct view_file *file)
{
	pthread_mutex_lock(&files->lock);
	if (!--file->users) {
		if (file->stale)
			drop(files, file);
		else
			render_rest(file->render);
	}
	pthread_mutex_unlock(&files->lock);
}
