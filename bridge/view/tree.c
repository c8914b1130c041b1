// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../libmemlog/archive/day.h"
#include "tree.h"

#define KIND_BITS	4
#define DATE_BITS	27	/* 99991231 */

uint64_t node_ino(const struct node *node)
{
	return (uint64_t)node->kind | (uint64_t)node->date << KIND_BITS |
	       (uint64_t)node->channel << (KIND_BITS + DATE_BITS);
}

bool node_of(struct node *node, uint64_t ino)
{
	uint64_t channel = ino >> (KIND_BITS + DATE_BITS);

	node->kind = ino & ((1U << KIND_BITS) - 1);
	node->date = ino >> KIND_BITS & ((1U << DATE_BITS) - 1);
	node->channel = (unsigned int)channel;
	return channel < TREE_CHANNELS && node->kind >= NODE_ROOT && node->kind <= NODE_STREAM;
}

/* Names of channels: they come from folders that somebody else made. */
static bool name_ok(const char *name)
{
	size_t len = strlen(name);

	if (!len || len > 63 || !isalnum((unsigned char)name[0]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '_' && name[i] != '-')
			return false;
	return !archive_date_parse(name) && !archive_date_parse_iso(name) &&
	       strcmp(name, "today") && strcmp(name, "live");
}

static int open_folder(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int tree_open(struct tree *tree, const char *path, bool live)
{
	const char *base;
	int fd;

	memset(tree, 0, sizeof(*tree));
	tree->path = realpath(path, NULL);
	if (!tree->path)
		return -errno;
	fd = open(tree->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		int err = -errno;

		free(tree->path);
		return err;
	}
	base = strrchr(tree->path, '/') + 1;
	snprintf(tree->top, sizeof(tree->top), "%s", name_ok(base) ? base : "memlog");
	tree->live = live;
	tree->channels[0].dirfd = fd;
	tree->count = 1;
	pthread_mutex_init(&tree->lock, NULL);
	return 0;
}

void tree_close(struct tree *tree)
{
	for (unsigned int i = 0; i < tree->count; i++)
		close(tree->channels[i].dirfd);
	pthread_mutex_destroy(&tree->lock);
	free(tree->path);
}

int tree_dirfd(struct tree *tree, unsigned int channel)
{
	int fd = -ENOENT;

	pthread_mutex_lock(&tree->lock);
	if (channel < tree->count)
		fd = tree->channels[channel].dirfd;
	pthread_mutex_unlock(&tree->lock);
	return fd;
}

int tree_path(struct tree *tree, unsigned int channel, char *path, size_t size)
{
	int n = -1;

	pthread_mutex_lock(&tree->lock);
	if (channel < tree->count)
		n = snprintf(path, size, "%s%s%s", tree->path, channel ? "/" : "",
			     tree->channels[channel].name);
	pthread_mutex_unlock(&tree->lock);
	if (n < 0)
		return -ENOENT;
	return (size_t)n < size ? 0 : -ENAMETOOLONG;
}

/* Caller holds tree->lock. The number of a channel that is there. */
static int add_channel(struct tree *tree, const char *name)
{
	struct tree_channel *channel = &tree->channels[tree->count];
	int fd;

	if (tree->count == TREE_CHANNELS)
		return -ENFILE;
	fd = open_folder(tree->channels[0].dirfd, name);
	if (fd < 0)
		return fd;
	snprintf(channel->name, sizeof(channel->name), "%s", name);
	channel->dirfd = fd;
	return (int)tree->count++;
}

/* A folder of that name may have taken the place of the one that is open. */
static int look_again(struct tree *tree, struct tree_channel *channel)
{
	struct stat now, was;
	int fd;

	if (fstatat(tree->channels[0].dirfd, channel->name, &now, AT_SYMLINK_NOFOLLOW))
		return -errno;
	if (!fstat(channel->dirfd, &was) && was.st_dev == now.st_dev && was.st_ino == now.st_ino)
		return 0;
	fd = open_folder(tree->channels[0].dirfd, channel->name);
	if (fd < 0)
		return fd;
	/* others may be using the number just now: it becomes the new folder's */
	dup3(fd, channel->dirfd, O_CLOEXEC);
	close(fd);
	return 0;
}

/* Number of a channel, or -errno. */
static int find_channel(struct tree *tree, const char *name)
{
	int number = -ENOENT, err;

	if (!name_ok(name))
		return -ENOENT;
	pthread_mutex_lock(&tree->lock);
	for (unsigned int i = 1; i < tree->count && number < 0; i++)
		if (!strcmp(tree->channels[i].name, name))
			number = (int)i;
	if (number < 0) {
		number = add_channel(tree, name);
	} else {
		err = look_again(tree, &tree->channels[number]);
		number = err ? err : number;
	}
	pthread_mutex_unlock(&tree->lock);
	return number == -ENOTDIR || number == -ELOOP ? -ENOENT : number;
}

int tree_newest(struct tree *tree, unsigned int channel, uint32_t *date)
{
	uint32_t *dates;
	size_t count;
	int err = archive_days(tree_dirfd(tree, channel), &dates, &count);

	if (err)
		return err;
	*date = count ? dates[count - 1] : 0;
	free(dates);
	return 0;
}

static int lookup_day(struct tree *tree, const char *name, struct node *node)
{
	char folder[ARCHIVE_DATE_NAME];
	struct stat st;

	node->kind = NODE_DAY;
	node->date = strlen(name) == 10 ? archive_date_parse_iso(name) : 0;
	if (!node->date)
		return -ENOENT;
	archive_date_name(folder, node->date);
	if (fstatat(tree_dirfd(tree, node->channel), folder, &st, AT_SYMLINK_NOFOLLOW))
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOENT;
}

static int lookup_in_archive(struct tree *tree, const char *name, struct node *node)
{
	uint32_t newest;
	int err;

	if (strcmp(name, "today"))
		return lookup_day(tree, name, node);
	err = tree_newest(tree, node->channel, &newest);
	if (err || !newest)
		return err ? err : -ENOENT;
	node->kind = NODE_TODAY;
	return 0;
}

static int lookup_channel(struct tree *tree, const char *name, struct node *node,
			  enum node_kind kind)
{
	int number = find_channel(tree, name);

	node->kind = kind;
	if (number < 0)
		return number;
	node->channel = (unsigned int)number;
	return 0;
}

int tree_lookup(struct tree *tree, const struct node *parent, const char *name,
		struct node *node)
{
	int err;

	*node = *parent;
	switch (parent->kind) {
	case NODE_ROOT:
		err = lookup_in_archive(tree, name, node);
		if (err != -ENOENT)
			return err;
		*node = *parent;
		node->kind = NODE_LIVE;
		if (tree->live && !strcmp(name, "live"))
			return 0;
		return lookup_channel(tree, name, node, NODE_CHANNEL);
	case NODE_CHANNEL:
		return lookup_in_archive(tree, name, node);
	case NODE_DAY:
		node->kind = strcmp(name, "log") ? NODE_JSON : NODE_LOG;
		return node->kind == NODE_LOG || !strcmp(name, "log.jsonl") ? 0 : -ENOENT;
	case NODE_LIVE:
		node->kind = NODE_STREAM;
		err = lookup_channel(tree, name, node, NODE_STREAM);
		if (err == -ENOENT && !strcmp(name, tree->top)) {
			node->channel = 0;
			err = 0;
		}
		return err;
	default:
		return -ENOTDIR;
	}
}

typedef int (*list_fn)(void *arg, const char *name, const struct node *node);

static int list_days(struct tree *tree, const struct node *parent, list_fn fn, void *arg)
{
	struct node node = *parent;
	uint32_t *dates;
	size_t count;
	char name[11];
	int ret = archive_days(tree_dirfd(tree, parent->channel), &dates, &count);

	if (ret)
		return ret;
	node.kind = NODE_DAY;
	for (size_t i = 0; i < count && !ret; i++) {
		node.date = dates[i];
		archive_date_iso(name, dates[i]);
		ret = fn(arg, name, &node);
	}
	free(dates);
	node.kind = NODE_TODAY;
	node.date = 0;
	if (!ret && count)
		ret = fn(arg, "today", &node);
	return 0;
}

/* Folders that are channels' may be among others; those have no days. */
static bool is_archive(int dirfd)
{
	uint32_t *dates;
	size_t count;

	if (archive_days(dirfd, &dates, &count))
		return false;
	free(dates);
	return count || !faccessat(dirfd, "lock", F_OK, 0);
}

static int list_channels(struct tree *tree, enum node_kind kind, list_fn fn, void *arg)
{
	struct dirent **entries;
	int n = scandirat(tree->channels[0].dirfd, ".", &entries, NULL, alphasort), ret = 0;

	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++) {
		struct node node = { .kind = kind };
		int number = ret ? -ENOENT : find_channel(tree, entries[i]->d_name);

		if (number > 0 && is_archive(tree_dirfd(tree, (unsigned int)number))) {
			node.channel = (unsigned int)number;
			ret = fn(arg, entries[i]->d_name, &node);
		}
		free(entries[i]);
	}
	free(entries);
	return 0;
}

static int list_root(struct tree *tree, const struct node *node, list_fn fn, void *arg)
{
	const struct node live = { .kind = NODE_LIVE };
	int err = list_days(tree, node, fn, arg);

	if (!err)
		err = list_channels(tree, NODE_CHANNEL, fn, arg);
	if (!err && tree->live)
		fn(arg, "live", &live);
	return err;
}

static int list_live(struct tree *tree, list_fn fn, void *arg)
{
	const struct node top = { .kind = NODE_STREAM };

	if (is_archive(tree->channels[0].dirfd))
		fn(arg, tree->top, &top);
	return list_channels(tree, NODE_STREAM, fn, arg);
}

int tree_list(struct tree *tree, const struct node *node, list_fn fn, void *arg)
{
	struct node file = *node;

	switch (node->kind) {
	case NODE_ROOT:
		return list_root(tree, node, fn, arg);
	case NODE_CHANNEL:
		return list_days(tree, node, fn, arg);
	case NODE_DAY:
		file.kind = NODE_LOG;
		if (fn(arg, "log", &file))
			return 0;
		file.kind = NODE_JSON;
		fn(arg, "log.jsonl", &file);
		return 0;
	case NODE_LIVE:
		return list_live(tree, fn, arg);
	default:
		return -ENOTDIR;
	}
}

static int stat_day(struct tree *tree, const struct node *node, struct stat *st)
{
	char path[ARCHIVE_DATE_NAME + sizeof("/index")];
	int dirfd = tree_dirfd(tree, node->channel);
	struct stat index;

	archive_date_name(path, node->date);
	if (fstatat(dirfd, path, st, AT_SYMLINK_NOFOLLOW))
		return -errno;
	if (!S_ISDIR(st->st_mode))
		return -ENOENT;
	strcat(path, "/index");
	if (!fstatat(dirfd, path, &index, AT_SYMLINK_NOFOLLOW) && S_ISREG(index.st_mode)) {
		st->st_mtim = index.st_mtim;
		st->st_ctim = index.st_ctim;
		if (node->kind != NODE_DAY)
			st->st_mode = S_IFDIR | (index.st_mode & 0777);
	}
	return 0;
}

int tree_stat(struct tree *tree, const struct node *node, struct stat *st)
{
	bool in_day = node->kind == NODE_DAY || node->kind == NODE_LOG || node->kind == NODE_JSON;
	int err = 0;

	if (in_day)
		err = stat_day(tree, node, st);
	else if (fstat(tree_dirfd(tree, node->channel), st))
		err = -errno;
	if (err)
		return err;
	st->st_ino = node_ino(node);
	st->st_size = 0;
	st->st_blocks = 0;
	st->st_nlink = 1;
	switch (node->kind) {
	case NODE_LOG:
	case NODE_JSON:
		st->st_mode = S_IFREG | (st->st_mode & 0444);
		break;
	case NODE_STREAM:
		st->st_mode = S_IFREG | (st->st_mode & 0444);
		break;
	case NODE_TODAY:
		st->st_mode = S_IFLNK | 0777;
		st->st_size = 10;
		break;
	default:
		st->st_mode = S_IFDIR | (st->st_mode & 0555);
		st->st_nlink = 2;
	}
	return 0;
}
