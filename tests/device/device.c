// SPDX-License-Identifier: GPL-2.0-only
/* The device, as the suite uses it: see device.h. */
#include <poll.h>
#include <sys/syscall.h>
#include <time.h>

#include "device.h"

const char *dev_path(void)
{
	const char *path = getenv("MEMLOG_DEV");

	return path && *path ? path : "/dev/memlog";
}

const char *dev_name(void)
{
	const char *path = dev_path(), *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Right after a load, udev or devtmpfs may be a moment behind. */
int dev_open(int flags)
{
	int fd = open(dev_path(), flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int dev_ioctl(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) < 0 ? -errno : 0;
}

int dev_info(int fd, struct memlog_info *info)
{
	memset(info, 0, sizeof(*info));
	return dev_ioctl(fd, MEMLOG_IOC_INFO, info);
}

int dev_seek(int fd, __u32 whence, __u64 value, struct memlog_seek *seek)
{
	struct memlog_seek here;

	if (!seek)
		seek = &here;
	*seek = (struct memlog_seek){ .whence = whence, .value = value };
	return dev_ioctl(fd, MEMLOG_IOC_SEEK, seek);
}

int dev_format(int fd, __u32 format, __u32 flags)
{
	struct memlog_format f = { .flags = flags, .format = format };

	return dev_ioctl(fd, MEMLOG_IOC_FORMAT, &f);
}

int dev_stamp(int fd, __u16 type, __u8 pri)
{
	struct memlog_stamp s = { .type = type, .pri = pri };

	return dev_ioctl(fd, MEMLOG_IOC_STAMP, &s);
}

int dev_clear(int fd, __u64 *seq)
{
	struct memlog_clear c = { 0 };
	int ret = dev_ioctl(fd, MEMLOG_IOC_CLEAR, &c);

	if (seq)
		*seq = c.seq;
	return ret;
}

int dev_resize(int fd, __u64 text_size, __u64 records, __u32 max_record)
{
	struct memlog_resize r = {
		.text_size = text_size,
		.records = records,
		.max_record = max_record,
	};

	return dev_ioctl(fd, MEMLOG_IOC_RESIZE, &r);
}

/* Back to the default sizes, whatever the test before did. */
int dev_reset(void)
{
	struct memlog_info info;
	int fd = dev_open(O_RDWR);
	int ret;

	if (fd < 0)
		return fd;
	ret = dev_info(fd, &info);
	if (!ret && (info.text_size != DEFAULT_SIZE ||
		     info.records != DEFAULT_RECORDS ||
		     info.max_record != DEFAULT_MAX_RECORD))
		ret = dev_resize(fd, 0, 0, 0);
	close(fd);
	return ret;
}

int64_t dev_lseek(int fd, int64_t off, int whence)
{
	int64_t ret = lseek(fd, off, whence);

	return ret < 0 ? -errno : ret;
}

/*
 * To the oldest record, the end or the mark, where how is not what is tested: a
 * file of memlogfs has the ioctl for it alone.
 */
int dev_go(int fd, int whence)
{
	const char *fuse = getenv("MEMLOG_FUSE");
	struct memlog_info info;
	int ret;

	if (!fuse || !*fuse)
		return dev_lseek(fd, 0, whence);
	if (whence == SEEK_END)
		return dev_seek(fd, MEMLOG_SEEK_LAST, 0, NULL);
	ret = dev_info(fd, &info);
	if (ret)
		return ret;
	return dev_seek(fd, MEMLOG_SEEK_SEQ, whence == SEEK_DATA ? info.clear_seq : 0,
			NULL);
}

__u64 dev_next(int fd)
{
	struct memlog_info info;

	return dev_info(fd, &info) ? MEMLOG_SEQ_NONE : info.next_seq;
}

ssize_t put(int fd, const void *buf, size_t len)
{
	ssize_t n = write(fd, buf, len);

	return n < 0 ? -errno : n;
}

/* By number: the C library's writev(3) lets the compiler refuse bad vectors. */
ssize_t put_vec(int fd, const struct iovec *iov, int n)
{
	ssize_t ret = syscall(SYS_writev, fd, iov, n);

	return ret < 0 ? -errno : ret;
}

ssize_t get(int fd, void *buf, size_t len)
{
	ssize_t n = read(fd, buf, len);

	return n < 0 ? -errno : n;
}

ssize_t puts_dev(int fd, const char *text)
{
	return put(fd, text, strlen(text));
}

/* @n records of @len bytes, the last of each a newline. */
int put_n(int fd, unsigned int n, size_t len)
{
	char text[DEFAULT_MAX_RECORD];
	unsigned int i;

	memset(text, 'n', len);
	text[len - 1] = '\n';
	for (i = 0; i < n; i++) {
		ssize_t ret = put(fd, text, len);

		if (ret != (ssize_t)len)
			return ret < 0 ? ret : -EIO;
	}
	return 0;
}

/* All there is, by reads of @chunk bytes, and a NUL behind it. */
ssize_t get_all(int fd, void *buf, size_t size, size_t chunk)
{
	size_t off = 0;

	while (off + chunk < size) {
		ssize_t n = get(fd, (char *)buf + off, chunk);

		if (n == -EAGAIN)
			break;
		if (n <= 0)
			return n ? n : -EPIPE;
		off += n;
	}
	((char *)buf)[off] = '\0';
	return off;
}

bool has_input(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLIN);
}

void rec_init(struct rec_reader *rr, int fd)
{
	rr->fd = fd;
	rr->len = 0;
	rr->off = 0;
}

static int rec_check(const struct rec_reader *rr, const struct memlog_record *r)
{
	size_t room = rr->len - rr->off, i;
	const char *text = (const char *)(r + 1);

	if (room < sizeof(*r) || room - sizeof(*r) < r->len)
		return -EPROTO;
	if (room - sizeof(*r) < ((r->len + 7ULL) & ~7ULL))
		return -EPROTO;
	for (i = r->len; i % 8; i++)
		if (text[i])
			return -EPROTO;
	return 0;
}

/*
 * The next record, which stays valid until the call after. 1, or 0 when there
 * is none; -EPROTO when what was read is not whole, padded records.
 */
int rec_next(struct rec_reader *rr, const struct memlog_record **rec,
	     const char **text)
{
	const struct memlog_record *r;
	int ret;

	if (rr->off == rr->len) {
		ssize_t n = get(rr->fd, rr->buf, sizeof(rr->buf));

		if (n <= 0)
			return n == -EAGAIN ? 0 : n ? n : -EPROTO;
		rr->len = n;
		rr->off = 0;
	}
	r = (const struct memlog_record *)(rr->buf + rr->off);
	ret = rec_check(rr, r);
	if (ret)
		return ret;
	*rec = r;
	if (text)
		*text = (const char *)(r + 1);
	rr->off += sizeof(*r) + ((r->len + 7U) & ~7U);
	return 1;
}

/* By hand: printf would cost more than the write it is for. */
static void put_dec(char *at, unsigned int digits, unsigned int value)
{
	while (digits--) {
		at[digits] = '0' + value % 10;
		value /= 10;
	}
}

static bool get_dec(const char *at, unsigned int digits, unsigned int *value)
{
	unsigned int i;

	for (*value = 0, i = 0; i < digits; i++) {
		if (at[i] < '0' || at[i] > '9')
			return false;
		*value = *value * 10 + (at[i] - '0');
	}
	return true;
}

void payload_make(char *buf, const struct payload *p)
{
	memcpy(buf, "w.. s........ l..... ", 21);
	put_dec(buf + 1, 2, p->writer);
	put_dec(buf + 5, 8, p->seq);
	put_dec(buf + 15, 5, p->len);
	memset(buf + 21, 'a' + p->seq % 26, p->len - 22);
	buf[p->len - 1] = '\n';
}

bool payload_parse(const char *text, size_t len, struct payload *p)
{
	size_t i;
	char c;

	if (len < PAYLOAD_MIN || text[0] != 'w' || text[4] != 's' ||
	    text[14] != 'l' || text[len - 1] != '\n')
		return false;
	if (!get_dec(text + 1, 2, &p->writer) ||
	    !get_dec(text + 5, 8, &p->seq) ||
	    !get_dec(text + 15, 5, &p->len) || p->len != len)
		return false;
	c = 'a' + p->seq % 26;
	for (i = 21; i < len - 1; i++)
		if (text[i] != c)
			return false;
	return true;
}
