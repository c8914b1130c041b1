// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files that are streams: the kernel keeps no position for them and caches
 * nothing. Where a file has a position, the kernel changes it by itself, and tells
 * us of an lseek(2) neither then nor in poll(2); programs that find they can seek
 * (a shell's read, head, sed) read a block and go back to where a line ended, and
 * what was in between would be gone; and a read that waits would hold up whoever
 * shares the file. So lseek(2) is ESPIPE, and MEMLOG_IOC_SEEK is there.
 *
 * Each time a path is looked up the file has another number, so that each open
 * file is an inode of its own to the kernel: it locks the inode for a write, and
 * one whose memory does not come (a userfaultfd, a file system that hangs) would
 * hold up all others.
 */
#include "device_fs.h"

#include <errno.h>
#include <linux/fuse.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device_ops.h"

/* The channel is what is left of a file's number modulo this. */
#define NUMBERS		64
/* Most bytes of text in a request that the kernel allows by itself. */
#define REQUEST_MAX	(1U << 20)
/* FUSE 7.31 is Linux 5.4; streams came with 5.1. */
#define MINOR_NEEDED	31

static struct device_fs *fs_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

/* NULL: the folder. */
static struct device_channel *channel_of(fuse_req_t req, fuse_ino_t ino)
{
	struct device_fs *fs = fs_of(req);
	u64 n = ino % NUMBERS;

	return ino != FUSE_ROOT_ID && n < fs->count ? &fs->channels[n] : NULL;
}

static struct device_file *file_of(const struct fuse_file_info *fi)
{
	return (struct device_file *)(uintptr_t)fi->fh;
}

static void choose_features(struct fuse_conn_info *conn)
{
	/* a ">" that truncates is open(2) alone, and deletes nothing */
#if FUSE_VERSION >= FUSE_MAKE_VERSION(3, 17)
	fuse_set_feature_flag(conn, FUSE_CAP_ATOMIC_O_TRUNC);
#else
	conn->want |= conn->capable & FUSE_CAP_ATOMIC_O_TRUNC;
#endif
	/* it brings threads, and there is to be one */
#ifdef FUSE_CAP_OVER_IO_URING
	fuse_unset_feature_flag(conn, FUSE_CAP_OVER_IO_URING);
#endif
}

static void op_init(void *userdata, struct fuse_conn_info *conn)
{
	struct device_fs *fs = userdata;

	if (conn->max_write > REQUEST_MAX)
		conn->max_write = REQUEST_MAX;
	fs->max_write = conn->max_write;
	choose_features(conn);
	if (conn->proto_major != 7 || conn->proto_minor < MINOR_NEEDED) {
		fs->too_old = true;
		fuse_session_exit(fs->session);
	}
}

static void fill_stat(fuse_req_t req, fuse_ino_t ino, struct stat *st)
{
	const struct device_channel *ch = channel_of(req, ino);

	memset(st, 0, sizeof(*st));
	/* to people it is one file */
	st->st_ino = ch ? NUMBERS + ino % NUMBERS : ino;
	if (!ch) {
		ch = &fs_of(req)->channels[0];
		st->st_mode = S_IFDIR | 0755;
		st->st_nlink = 2;
		st->st_uid = geteuid();
		st->st_gid = getegid();
		st->st_mtim = ch->made;
	} else {
		u64 newest = ch->ring->ring.kept.last_time;

		st->st_mode = S_IFREG | ch->mode;
		st->st_nlink = 1;
		st->st_uid = ch->uid;
		st->st_gid = ch->gid;
		st->st_blksize = 64 << 10;
		st->st_mtim.tv_sec = (time_t)(newest / 1000000000);
		st->st_mtim.tv_nsec = (long)(newest % 1000000000);
		if (!newest)
			st->st_mtim = ch->made;
	}
	st->st_atim = st->st_mtim;
	st->st_ctim = ch->made;
}

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param entry = { 0 };
	struct device_fs *fs = fs_of(req);

	for (unsigned int i = 0; i < fs->count; i++) {
		if (strcmp(fs->channels[i].name, name))
			continue;
		fs->last_number += NUMBERS;
		entry.ino = fs->last_number + i;
		fill_stat(req, entry.ino, &entry.attr);
		fuse_reply_entry(req, &entry);
		return;
	}
	fuse_reply_err(req, ENOENT);
}

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct stat st;

	fill_stat(req, ino, &st);
	fuse_reply_attr(req, &st, 0);
}

/* chmod, chown and chgrp as on any node; the kernel has checked that they may. */
static void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int set,
		       struct fuse_file_info *fi)
{
	struct device_channel *ch = channel_of(req, ino);

	if (!ch || set & FUSE_SET_ATTR_SIZE) {
		fuse_reply_err(req, ch ? EINVAL : EPERM);
		return;
	}
	if (set & FUSE_SET_ATTR_MODE)
		ch->mode = attr->st_mode & 0777;
	if (set & FUSE_SET_ATTR_UID)
		ch->uid = attr->st_uid;
	if (set & FUSE_SET_ATTR_GID)
		ch->gid = attr->st_gid;
	op_getattr(req, ino, fi);
}

/* The entries from @off on: 0 and 1 are the folder and its parent. */
static void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		       struct fuse_file_info *fi)
{
	const struct device_fs *fs = fs_of(req);
	char buf[4096];
	size_t used = 0;

	if (size > sizeof(buf))
		size = sizeof(buf);
	for (; off >= 0 && (u64)off < fs->count + 2; off++) {
		const char *name = off < 2 ? &".."[1 - off] : fs->channels[off - 2].name;
		struct stat st;
		size_t len;

		fill_stat(req, off < 2 ? FUSE_ROOT_ID : NUMBERS + (fuse_ino_t)off - 2, &st);
		len = fuse_add_direntry(req, buf + used, size - used, name, &st, off + 1);
		if (len > size - used)
			break;
		used += len;
	}
	fuse_reply_buf(req, buf, used);
}

/* libfuse has no word for a stream, so the answer is written as the kernel reads it. */
static int reply_stream(fuse_req_t req, const struct device_file *f)
{
	struct fuse_open_out out = {
		.fh = (uintptr_t)f,
		.open_flags = FOPEN_DIRECT_IO | FOPEN_STREAM | FOPEN_NONSEEKABLE |
			      FOPEN_NOFLUSH,
	};

	return fuse_reply_buf(req, (const char *)&out, sizeof(out));
}

static void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct device_channel *ch = channel_of(req, ino);
	int mode = fi->flags & O_ACCMODE;
	struct device_file *f;

	if (!ch) {
		fuse_reply_err(req, EISDIR);
		return;
	}
	f = calloc(1, sizeof(*f));
	if (!f) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	f->ch = ch;
	f->reads = mode == O_RDONLY || mode == O_RDWR;
	f->writes = mode == O_WRONLY || mode == O_RDWR;
	f->pri = MEMLOG_PRI_DEFAULT;
	f->written_seq = MEMLOG_SEQ_NONE;
	list_init(&f->polled);
	memlog_cursor_init(&f->cursor, device_channel_buf(ch));
	/* who was interrupted meanwhile has no file */
	if (reply_stream(req, f))
		free(f);
	else
		list_add_tail(&f->entry, &ch->files);
}

static void close_file(struct device_file *f, int err)
{
	device_read_cancel(f, err);
	device_poll_cancel(f);
	list_del(&f->entry);
	free(f);
}

/**
 * device_fs_end() - Tell those who wait that there is no device any more.
 * @fs: The file system, whose session has ended and is still mounted.
 */
void device_fs_end(struct device_fs *fs)
{
	struct list *pos, *n;

	for (unsigned int i = 0; i < fs->count; i++)
		list_for_each_safe(pos, n, &fs->channels[i].files)
			close_file(list_entry(pos, struct device_file, entry), -ENODEV);
}

static void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	close_file(file_of(fi), -EBADF);
	fuse_reply_err(req, 0);
}

/*
 * What splice(2) and a mapping read goes into the page cache first, where records
 * would be taken and not given. The kernel names no owner for it.
 */
static void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		    struct fuse_file_info *fi)
{
	struct device_file *f = file_of(fi);

	if (!f->reads)
		fuse_reply_err(req, EBADF);
	else if (!fi->lock_owner)
		fuse_reply_err(req, EINVAL);
	else
		device_read(f, req, size, off, fi->flags & O_NONBLOCK);
}

static void op_write(fuse_req_t req, fuse_ino_t ino, const char *text, size_t size,
		     off_t off, struct fuse_file_info *fi)
{
	static long page;
	struct device_file *f = file_of(fi);
	struct device_origin origin;
	struct device_request request = {
		.size = size, .off = (u64)off, .origin = &origin,
	};
	ssize_t n;

	if (!f->writes || !size) {
		fuse_reply_err(req, f->writes ? 0 : EBADF);
		return;
	}
	if (!page)
		page = sysconf(_SC_PAGESIZE);
	/* one that begins within a page has less room for text */
	request.more = size + (size_t)page > fs_of(req)->max_write;
	device_origin_get(fuse_req_ctx(req), &origin);
	n = device_write(f, text, &request);
	if (n < 0)
		fuse_reply_err(req, (int)-n);
	else
		fuse_reply_write(req, (size_t)n);
}

static void op_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi,
		    struct fuse_pollhandle *ph)
{
	fuse_reply_poll(req, device_poll(file_of(fi), ph));
}

static void op_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned int cmd, void *arg,
		     struct fuse_file_info *fi, unsigned int flags, const void *in,
		     size_t in_size, size_t out_size)
{
	struct device_call call = {
		.cmd = cmd,
		.in = in,
		.in_size = in_size,
		.out_size = out_size,
		.uid = fuse_req_ctx(req)->uid,
	};
	int err = -ENOTTY;

	if (!(flags & FUSE_IOCTL_DIR))
		err = device_ioctl(file_of(fi), &call);
	if (err)
		fuse_reply_err(req, -err);
	else
		fuse_reply_ioctl(req, 0, call.answer, call.answer_size);
}

static void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
		     dev_t dev)
{
	fuse_reply_err(req, EPERM);
}

static void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	fuse_reply_err(req, EPERM);
}

const struct fuse_lowlevel_ops device_fs_ops = {
	.init		= op_init,
	.lookup		= op_lookup,
	.mknod		= op_mknod,
	.unlink		= op_unlink,
	.getattr	= op_getattr,
	.setattr	= op_setattr,
	.readdir	= op_readdir,
	.open		= op_open,
	.release	= op_release,
	.read		= op_read,
	.write		= op_write,
	.poll		= op_poll,
	.ioctl		= op_ioctl,
};
