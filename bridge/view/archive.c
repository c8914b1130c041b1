// SPDX-License-Identifier: GPL-2.0-only
/*
 * Answers the kernel. Any number of threads, one request each; one reply each.
 *
 * A finished day never changes, and the kernel may keep what it has of it. Of a
 * day that grows it asks each time; where the size is another than it was, libfuse
 * and the kernel drop the pages (FUSE_CAP_AUTO_INVAL_DATA).
 */
#include "archive.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../../libmemlog/archive/date.h"
#include "files.h"
#include "live.h"
#include "say.h"
#include "tree.h"

/* Seconds that the kernel may believe what it was told. */
#define TIMEOUT		1.0

/* Requests that are answered at once; who reads a disk waits for it. */
#define THREADS			16

static struct view {
	struct tree tree;
	struct view_files files;
} view;

static bool is_file(const struct node *node)
{
	return node->kind == NODE_LOG || node->kind == NODE_JSON;
}

/* Return: 0 or -errno; for how long it holds, too. */
static int get_attr(const struct node *node, struct stat *st, double *timeout)
{
	struct view_file *file;
	bool finished = false;
	uint64_t size;
	int err = tree_stat(&view.tree, node, st);

	*timeout = TIMEOUT;
	if (err || !is_file(node))
		return err;
	err = view_file_get(&view.files, node, &file, &size, &finished);
	if (err)
		return err;
	view_file_put(&view.files, file);
	st->st_size = (off_t)size;
	st->st_blocks = (blkcnt_t)(size / 512 + 1);
	*timeout = finished ? TIMEOUT : 0;
	return 0;
}

static void ll_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param entry = { .entry_timeout = TIMEOUT };
	struct node at, node;
	int err = node_of(&at, parent) ? 0 : -ENOENT;

	if (!err)
		err = tree_lookup(&view.tree, &at, name, &node);
	if (!err)
		err = get_attr(&node, &entry.attr, &entry.attr_timeout);
	if (err) {
		fuse_reply_err(req, -err);
		return;
	}
	entry.ino = node_ino(&node);
	fuse_reply_entry(req, &entry);
}

static void ll_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct node node;
	struct stat st;
	double timeout;
	int err = node_of(&node, ino) ? get_attr(&node, &st, &timeout) : -ENOENT;

	if (err)
		fuse_reply_err(req, -err);
	else
		fuse_reply_attr(req, &st, timeout);
}

static void ll_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct node node;
	uint32_t newest;
	char name[11];
	int err = node_of(&node, ino) && node.kind == NODE_TODAY ? 0 : -EINVAL;

	if (!err)
		err = tree_newest(&view.tree, node.channel, &newest);
	if (!err && !newest)
		err = -ENOENT;
	if (err) {
		fuse_reply_err(req, -err);
		return;
	}
	archive_date_iso(name, newest);
	fuse_reply_readlink(req, name);
}

/**
 * struct listing - A folder as it was when it was opened.
 * @buf: Entries as the kernel takes them.
 * @size: Bytes of them.
 * @room: For so many.
 * @failed: There was no memory.
 * @lock: Held while it is being sent: the kernel ends it after that, but neither
 *        the language nor ThreadSanitizer knows what the kernel does.
 */
struct listing {
	char *buf;
	size_t size;
	size_t room;
	bool failed;
	pthread_mutex_t lock;
};

static int add_name(fuse_req_t req, struct listing *list, const char *name, uint64_t ino,
		    mode_t type)
{
	const struct stat st = { .st_ino = ino, .st_mode = type };
	size_t need = fuse_add_direntry(req, NULL, 0, name, NULL, 0);

	if (list->size + need > list->room) {
		size_t room = 2 * (list->room + need) + 4096;
		char *buf = realloc(list->buf, room);

		if (!buf) {
			list->failed = true;
			return 1;
		}
		list->buf = buf;
		list->room = room;
	}
	fuse_add_direntry(req, list->buf + list->size, need, name, &st,
			  (off_t)(list->size + need));
	list->size += need;
	return 0;
}

struct list_job {
	fuse_req_t req;
	struct listing *list;
};

static mode_t type_of(const struct node *node)
{
	switch (node->kind) {
	case NODE_LOG:
	case NODE_JSON:
	case NODE_STREAM:
		return S_IFREG;
	case NODE_TODAY:
		return S_IFLNK;
	default:
		return S_IFDIR;
	}
}

static int add_node(void *arg, const char *name, const struct node *node)
{
	struct list_job *job = arg;

	return add_name(job->req, job->list, name, node_ino(node), type_of(node));
}

static void listing_free(struct listing *list)
{
	if (!list)
		return;
	pthread_mutex_lock(&list->lock);
	pthread_mutex_unlock(&list->lock);
	pthread_mutex_destroy(&list->lock);
	free(list->buf);
	free(list);
}

static struct listing *listing_new(void)
{
	struct listing *list = calloc(1, sizeof(*list));

	if (list)
		pthread_mutex_init(&list->lock, NULL);
	return list;
}

static void ll_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct listing *list = listing_new();
	struct list_job job = { req, list };
	struct node node;
	int err = node_of(&node, ino) ? 0 : -ENOENT;

	if (!list)
		err = -ENOMEM;
	if (!err) {
		add_name(req, list, ".", ino, S_IFDIR);
		add_name(req, list, "..", FUSE_ROOT_ID, S_IFDIR);
		err = tree_list(&view.tree, &node, add_node, &job);
	}
	if (!err && list->failed)
		err = -ENOMEM;
	if (err) {
		listing_free(list);
		fuse_reply_err(req, -err);
		return;
	}
	fi->fh = (uintptr_t)list;
	if (fuse_reply_open(req, fi))
		listing_free(list);
}

static void ll_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		       struct fuse_file_info *fi)
{
	struct listing *list = (struct listing *)(uintptr_t)fi->fh;
	size_t left;

	pthread_mutex_lock(&list->lock);
	left = off >= 0 && (size_t)off < list->size ? list->size - (size_t)off : 0;
	fuse_reply_buf(req, left ? list->buf + off : NULL, left < size ? left : size);
	pthread_mutex_unlock(&list->lock);
}

static void ll_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	listing_free((struct listing *)(uintptr_t)fi->fh);
	fuse_reply_err(req, 0);
}

/* The device's own ways: no size, no cache, no places in it. */
static void open_live(fuse_req_t req, const struct node *node, struct fuse_file_info *fi)
{
	struct live_file *file;
	char path[PATH_MAX];
	int err = tree_path(&view.tree, node->channel, path, sizeof(path));

	if (!err)
		err = live_open(&file, path);
	if (err) {
		fuse_reply_err(req, -err);
		return;
	}
	fi->fh = (uintptr_t)file;
	fi->direct_io = 1;
	fi->nonseekable = 1;
	if (fuse_reply_open(req, fi))
		live_close(file);
}

static bool is_live(fuse_ino_t ino)
{
	struct node node;

	return node_of(&node, ino) && node.kind == NODE_STREAM;
}

static void ll_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct view_file *file;
	struct node node;
	uint64_t size;
	bool finished;
	int err = node_of(&node, ino) && type_of(&node) == S_IFREG ? 0 : -EISDIR;

	if (!err && (fi->flags & O_ACCMODE) != O_RDONLY)
		err = -EROFS;
	if (!err && node.kind == NODE_STREAM) {
		open_live(req, &node, fi);
		return;
	}
	if (!err)
		err = view_file_get(&view.files, &node, &file, &size, &finished);
	if (err) {
		fuse_reply_err(req, -err);
		return;
	}
	fi->fh = (uintptr_t)file;
	fi->keep_cache = finished;
	if (fuse_reply_open(req, fi))
		view_file_put(&view.files, file);
}

static void ll_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		    struct fuse_file_info *fi)
{
	struct view_file *file = (struct view_file *)(uintptr_t)fi->fh;
	ssize_t n = -ENOMEM;
	char *buf;

	if (is_live(ino)) {
		live_read((struct live_file *)(uintptr_t)fi->fh, req, size,
			  fi->flags & O_NONBLOCK);
		return;
	}
	buf = malloc(size ? size : 1);
	if (buf)
		n = render_read(file->render, (uint64_t)off, buf, size);
	if (n < 0)
		fuse_reply_err(req, (int)-n);
	else
		fuse_reply_buf(req, buf, (size_t)n);
	free(buf);
}

static void ll_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	if (is_live(ino))
		live_close((struct live_file *)(uintptr_t)fi->fh);
	else
		view_file_put(&view.files, (struct view_file *)(uintptr_t)fi->fh);
	fuse_reply_err(req, 0);
}

static void ll_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi,
		    struct fuse_pollhandle *handle)
{
	if (is_live(ino)) {
		live_poll((struct live_file *)(uintptr_t)fi->fh, req, handle);
		return;
	}
	if (handle)
		fuse_pollhandle_destroy(handle);
	fuse_reply_poll(req, POLLIN | POLLRDNORM);
}

static const struct fuse_lowlevel_ops archive_ops = {
	.lookup = ll_lookup,
	.getattr = ll_getattr,
	.readlink = ll_readlink,
	.opendir = ll_opendir,
	.readdir = ll_readdir,
	.releasedir = ll_releasedir,
	.open = ll_open,
	.read = ll_read,
	.release = ll_release,
	.poll = ll_poll,
};

/* Each day that is read takes some files of the archive's. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* Return: the exit status. */
static int serve(struct fuse_session *session, const char *mount, bool foreground)
{
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	int status = EXIT_FAILURE;

	if (!config)
		return EXIT_FAILURE;
	fuse_loop_cfg_set_clone_fd(config, 1);
	fuse_loop_cfg_set_max_threads(config, THREADS);
	fuse_loop_cfg_set_idle_threads(config, THREADS);
	if (!fuse_set_signal_handlers(session)) {
		if (!fuse_session_mount(session, mount)) {
			fuse_daemonize(foreground);
			/* threads do not outlive becoming a daemon */
			if (!live_start(session))
				status = fuse_session_loop_mt(session, config) < 0 ? EXIT_FAILURE : 0;
			live_stop();
			fuse_session_unmount(session);
		}
		fuse_remove_signal_handlers(session);
	}
	fuse_loop_cfg_destroy(config);
	return status;
}

int view_archive(const char *path, bool live, struct fuse_args *args, const char *mount,
		 bool foreground)
{
	struct fuse_session *session;
	int status, err = tree_open(&view.tree, path, live);

	if (err) {
		say("can't open %s: %s", path, strerror(-err));
		return EXIT_SYSTEM;
	}
	raise_file_limit();
	view_files_init(&view.files, &view.tree);
	session = fuse_session_new(args, &archive_ops, sizeof(archive_ops), NULL);
	status = session ? serve(session, mount, foreground) : EXIT_FAILURE;
	if (session)
		fuse_session_destroy(session);
	view_files_uninit(&view.files);
	tree_close(&view.tree);
	return status ? EXIT_SYSTEM : 0;
}
