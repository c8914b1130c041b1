/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the view shows, as names and numbers:
 *
 *	YYYY-MM-DD/log, YYYY-MM-DD/log.jsonl, today
 *
 * at the top where DIR is an archive, and below CHANNEL/ for each folder in DIR
 * that is one. An inode's number says what it is, so nothing has to be kept for it.
 */
#ifndef VIEW_TREE_H
#define VIEW_TREE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* As many as fit an inode's number, and more than anybody has. */
#define TREE_CHANNELS	4096

enum node_kind {
	NODE_ROOT = 1,		/* also the archive at the top */
	NODE_CHANNEL,
	NODE_DAY,
	NODE_LOG,
	NODE_JSON,
	NODE_TODAY,
	NODE_LIVE,		/* the folder */
	NODE_STREAM,		/* a file in it */
};

/**
 * struct node - What an inode is.
 * @kind: See there.
 * @channel: Number of its channel; 0: the archive at the top.
 * @date: Day of a day, a log or a json.
 */
struct node {
	enum node_kind kind;
	unsigned int channel;
	uint32_t date;
};

/**
 * struct tree - The archives that are shown.
 * @path: Where they are.
 * @top: Name of the channel at the top.
 * @live: live/ is shown.
 * @lock: Held for @channels and @count.
 * @channels: They; number 0 is the top. A channel once seen keeps its number.
 * @count: How many.
 */
struct tree {
	char *path;
	char top[64];
	bool live;
	pthread_mutex_t lock;
	struct tree_channel {
		char name[64];
		int dirfd;
	} channels[TREE_CHANNELS];
	unsigned int count;
};

uint64_t node_ino(const struct node *node);
/* Whether there can be such a node. */
bool node_of(struct node *node, uint64_t ino);

/* Opens the folder. 0 or -errno; what is wrong is said. */
int tree_open(struct tree *tree, const char *path, bool live);
void tree_close(struct tree *tree);

/* 0, -ENOENT, or -errno. */
int tree_lookup(struct tree *tree, const struct node *parent, const char *name,
		struct node *node);

/**
 * tree_list() - What is in a folder.
 * @fn: Called for each name; nonzero stops.
 *
 * Return: 0 or -errno.
 */
int tree_list(struct tree *tree, const struct node *node,
	      int (*fn)(void *arg, const char *name, const struct node *node), void *arg);

/* The folder of a node's archive; stays the tree's. */
int tree_dirfd(struct tree *tree, unsigned int channel);

/* Its path. 0, -ENOENT or -ENAMETOOLONG. */
int tree_path(struct tree *tree, unsigned int channel, char *path, size_t size);

/* Attributes, all but the size of a file. */
int tree_stat(struct tree *tree, const struct node *node, struct stat *st);

/* The newest day, 0 if there is none. */
int tree_newest(struct tree *tree, unsigned int channel, uint32_t *date);

#endif /* VIEW_TREE_H */
