// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tail.h"

static int check_kind(const struct tail *tail, mode_t mode)
{
	if (S_ISDIR(mode))
		return -EISDIR;
	return tail->must_be_regular && !S_ISREG(mode) ? -EINVAL : 0;
}

/*
 * Who may make links in the file's folder could have any file read that we may
 * read. So a link has to belong to root, to us, or to the file's owner; and the
 * name has to be still what was opened, lest the link be gone when it is looked at.
 */
static int check_link(const struct tail *tail, const struct stat *file)
{
	struct stat st;

	if (!tail->must_be_regular)
		return 0;
	if (lstat(tail->path, &st))
		return -errno;
	if (S_ISLNK(st.st_mode))
		return !st.st_uid || st.st_uid == geteuid() || st.st_uid == file->st_uid ?
		       0 : -EPERM;
	return st.st_dev == file->st_dev && st.st_ino == file->st_ino ? 0 : -ENOENT;
}

/* Return: 0 or a negative errno value. */
int tail_open(struct tail *tail)
{
	struct stat st;
	int err, fd;

	if (!strcmp(tail->path, "-"))
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	else
		fd = open(tail->path, O_RDONLY | O_CLOEXEC | O_NOCTTY |
			  (tail->must_be_regular ? O_NONBLOCK : 0));
	if (fd < 0)
		return -errno;
	err = fstat(fd, &st) ? -errno : check_kind(tail, st.st_mode);
	if (!err && strcmp(tail->path, "-"))
		err = check_link(tail, &st);
	if (err) {
		close(fd);
		return err;
	}
	tail->fd = fd;
	tail->dev = st.st_dev;
	tail->ino = st.st_ino;
	tail->regular = S_ISREG(st.st_mode);
	tail->offset = tail->regular ? lseek(fd, 0, SEEK_CUR) : 0;
	tail->mark_len = 0;
	tail->missing_said = false;
	return 0;
}

void tail_close(struct tail *tail)
{
	lines_flush(&tail->lines);
	if (tail->fd >= 0)
		close(tail->fd);
	tail->fd = -1;
}

/* Moves to the last @count lines; one without a newline at the end is one. */
int tail_seek_lines(struct tail *tail, uint64_t count)
{
	off_t pos = lseek(tail->fd, 0, SEEK_END), end = pos;
	char buf[8192];

	while (count && pos > 0) {
		size_t want = pos < (off_t)sizeof(buf) ? (size_t)pos : sizeof(buf);
		ssize_t n = pread(tail->fd, buf, want, pos - (off_t)want);

		if (n < 0)
			return -errno;
		if ((size_t)n != want)
			break;
		for (; n > 0; n--, pos--) {
			if (buf[n - 1] == '\n' && pos != end && !--count)
				goto found;
		}
	}
found:
	tail->offset = lseek(tail->fd, pos, SEEK_SET);
	return 0;
}

/* The last bytes read stand right before the file's offset. */
static void remember(struct tail *tail)
{
	off_t len = tail->offset < TAIL_MARK ? tail->offset : TAIL_MARK;
	ssize_t n;

	n = pread(tail->fd, tail->mark, (size_t)len, tail->offset - len);
	tail->mark_len = n == len ? (size_t)len : 0;
}

/* Return: bytes read, 0 at the end, or a negative errno value. */
ssize_t tail_read(struct tail *tail)
{
	ssize_t n = lines_read(&tail->lines, tail->fd);

	if (n > 0) {
		tail->offset += n;
		tail->mark_len = 0;
	} else if (n == 0 && tail->regular) {
		remember(tail);
	}
	return n;
}

/* Shorter than what was read, or as long again but with other bytes in it. */
bool tail_truncated(struct tail *tail)
{
	char now[TAIL_MARK];
	struct stat st;
	ssize_t n;

	if (fstat(tail->fd, &st))
		return false;
	if (st.st_size < tail->offset)
		return true;
	if (!tail->mark_len)
		return false;
	n = pread(tail->fd, now, tail->mark_len,
		  tail->offset - (off_t)tail->mark_len);
	return n >= 0 && ((size_t)n != tail->mark_len ||
			  memcmp(now, tail->mark, tail->mark_len));
}

/* To the start; what was read of an unfinished line is a line of its own. */
void tail_rewind(struct tail *tail)
{
	lines_flush(&tail->lines);
	tail->offset = lseek(tail->fd, 0, SEEK_SET);
	tail->mark_len = 0;
}

/* Its name means another file. While it means none, this one may go on growing. */
bool tail_replaced(const struct tail *tail)
{
	struct stat st;

	if (!tail->regular || !strcmp(tail->path, "-") || stat(tail->path, &st))
		return false;
	return st.st_dev != tail->dev || st.st_ino != tail->ino;
}
