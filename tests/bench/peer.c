// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "dev.h"
#include "peer.h"

#define FIFO_PATH	"/tmp/bench-fifo"
#define SOCKET_PATH	"/tmp/bench-socket"
#define KMSG_PREFIX	"<14>"
/* Its ring is the kernel's own log: not to be flooded. */
#define KMSG_BATCH	50
#define MESSAGES	64
/* Of a repetition, at least; few enough that most see no timer's interrupt. */
#define OPS		400

static char read_buf[READ_SIZE];

static int open_path(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	return fd;
}

static void null_open(struct channel *ch, int flags)
{
	ch->wr = open_path("/dev/null", O_WRONLY);
	ch->rd = -1;
}

static int no_reader(const struct channel *ch, int flags)
{
	return -1;
}

static unsigned int no_drain(struct channel *ch, unsigned int n)
{
	return n;
}

static void memlog_open(struct channel *ch, int flags)
{
	dev_resize(ch->peer->ring);
	ch->wr = dev_open(O_WRONLY);
	ch->rd = dev_open(O_RDONLY | flags);
	dev_fill(ch->len, true);
	dev_seek(ch->rd, MEMLOG_SEEK_LAST, 0);
}

static int memlog_reader(const struct channel *ch, int flags)
{
	int fd = dev_open(O_RDONLY | flags);

	dev_seek(fd, MEMLOG_SEEK_LAST, 0);
	return fd;
}

/* What gives bytes in a row: several records a read. */
static unsigned int stream_drain(struct channel *ch, unsigned int n)
{
	size_t want = n * ch->len, got = 0;

	while (got < want) {
		ssize_t r = read(ch->rd, read_buf, sizeof(read_buf));

		if (r <= 0)
			break;
		got += (size_t)r;
	}
	return (unsigned int)(got / ch->len);
}

static void pipe_open(struct channel *ch, int flags)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC | flags))
		die("pipe: %s", strerror(errno));
	ch->rd = fds[0];
	ch->wr = fds[1];
}

static void fifo_open(struct channel *ch, int flags)
{
	unlink(FIFO_PATH);
	if (mkfifo(FIFO_PATH, 0600))
		die("%s: %s", FIFO_PATH, strerror(errno));
	ch->rd = open_path(FIFO_PATH, O_RDONLY | O_NONBLOCK);
	ch->wr = open_path(FIFO_PATH, O_WRONLY | flags);
	if (!(flags & O_NONBLOCK) && fcntl(ch->rd, F_SETFL, 0))
		die("%s: %s", FIFO_PATH, strerror(errno));
}

/* As to /dev/log: one socket has the name, the other is connected to it. */
static void datagram_open(struct channel *ch, int flags)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX, .sun_path = SOCKET_PATH };
	int type = SOCK_DGRAM | SOCK_CLOEXEC | (flags & O_NONBLOCK ? SOCK_NONBLOCK : 0);

	unlink(SOCKET_PATH);
	ch->rd = socket(AF_UNIX, type, 0);
	ch->wr = socket(AF_UNIX, type, 0);
	if (ch->rd < 0 || ch->wr < 0 ||
	    bind(ch->rd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    connect(ch->wr, (struct sockaddr *)&addr, sizeof(addr)))
		die("%s: %s", SOCKET_PATH, strerror(errno));
}

static int same_reader(const struct channel *ch, int flags)
{
	int fd = fcntl(ch->rd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		die("dup: %s", strerror(errno));
	return fd;
}

static unsigned int message_drain(struct channel *ch, unsigned int n)
{
	unsigned int got = 0;

	while (got < n && read(ch->rd, read_buf, sizeof(read_buf)) > 0)
		got++;
	return got;
}

static unsigned int datagram_drain_many(struct channel *ch, unsigned int n)
{
	struct mmsghdr msgs[MESSAGES];
	struct iovec iov[MESSAGES];
	unsigned int got = 0;

	while (got < n) {
		size_t room = sizeof(read_buf) / ch->len;
		unsigned int most = room < MESSAGES ? (unsigned int)room : MESSAGES;
		int r;

		if (most > n - got)
			most = n - got;
		for (unsigned int i = 0; i < most; i++) {
			iov[i].iov_base = read_buf + i * ch->len;
			iov[i].iov_len = ch->len;
			memset(&msgs[i], 0, sizeof(msgs[i]));
			msgs[i].msg_hdr.msg_iov = &iov[i];
			msgs[i].msg_hdr.msg_iovlen = 1;
		}
		r = recvmmsg(ch->rd, msgs, most, 0, NULL);
		if (r <= 0)
			break;
		got += (unsigned int)r;
	}
	return got;
}

static void kmsg_open(struct channel *ch, int flags)
{
	ch->wr = open_path("/dev/kmsg", O_WRONLY);
	ch->rd = open_path("/dev/kmsg", O_RDONLY | flags);
	lseek(ch->rd, 0, SEEK_END);
	/* a level that is not taken for a complaint of the kernel's */
	memcpy(ch->text, KMSG_PREFIX, strlen(KMSG_PREFIX));
}

static int kmsg_reader(const struct channel *ch, int flags)
{
	int fd = open_path("/dev/kmsg", O_RDONLY | flags);

	lseek(fd, 0, SEEK_END);
	return fd;
}

const struct peer peer_null = {
	.name = "/dev/null",
	.open = null_open,
	.reader = no_reader,
	.drain = no_drain,
};

const struct peer peer_memlog = {
	.name = "memlog, 16 KB ring",
	.open = memlog_open,
	.reader = memlog_reader,
	.drain = stream_drain,
	.ring = 16 * KB,
	.copies = true,
};

const struct peer peer_memlog_large = {
	.name = "memlog, 1 MB ring",
	.open = memlog_open,
	.reader = memlog_reader,
	.drain = stream_drain,
	.ring = MB,
	.copies = true,
};

const struct peer peer_pipe = {
	.name = "pipe",
	.open = pipe_open,
	.reader = same_reader,
	.drain = stream_drain,
};

const struct peer peer_fifo = {
	.name = "FIFO",
	.open = fifo_open,
	.reader = same_reader,
	.drain = stream_drain,
};

const struct peer peer_datagram = {
	.name = "AF_UNIX datagram",
	.open = datagram_open,
	.reader = same_reader,
	.drain = message_drain,
	.messages = true,
};

const struct peer peer_datagram_many = {
	.name = "AF_UNIX datagram, recvmmsg",
	.open = datagram_open,
	.reader = same_reader,
	.drain = datagram_drain_many,
	.messages = true,
	.batch_only = true,
};

/* The longest line it takes is 1024 bytes with what it puts before it. */
const struct peer peer_kmsg = {
	.name = "/dev/kmsg",
	.open = kmsg_open,
	.reader = kmsg_reader,
	.drain = message_drain,
	.max_len = 976,
	.copies = true,
	.messages = true,
};

static const struct peer *const all[] = {
	&peer_null, &peer_memlog, &peer_memlog_large, &peer_pipe, &peer_fifo,
	&peer_datagram, &peer_datagram_many, &peer_kmsg, NULL
};

static const struct peer *const bounded[] = {
	&peer_null, &peer_memlog, &peer_memlog_large, &peer_pipe, &peer_datagram, NULL
};

const struct peer *const *peers(void)
{
	return quick ? bounded : all;
}

bool channel_takes(const struct peer *peer, size_t len)
{
	return !peer->max_len || len <= peer->max_len;
}

/* How many records fit: as many as it takes without a reader, for one read. */
static unsigned int find_batch(struct channel *ch)
{
	size_t most = READ_SIZE / ch->len;
	unsigned int n = 0;

	if (ch->peer->ring) {
		size_t text = ch->peer->ring / ch->len;
		size_t records = ch->peer->ring / 32;

		most = text < most ? text : most;
		return (unsigned int)(records < most ? records : most);
	}
	if (ch->peer == &peer_kmsg)
		return KMSG_BATCH;
	if (ch->peer == &peer_null)
		return (unsigned int)most;
	/* a blocking one takes one at a time here */
	if (!(fcntl(ch->wr, F_GETFL) & O_NONBLOCK))
		return 1;
	while (n < most && write(ch->wr, ch->text, ch->len) == (ssize_t)ch->len)
		n++;
	ch->peer->drain(ch, n);
	return n ? n : 1;
}

void channel_open(struct channel *ch, const struct peer *peer, size_t len, int flags)
{
	memset(ch, 0, sizeof(*ch));
	ch->peer = peer;
	ch->len = len;
	memset(ch->text, 'x', len);
	ch->text[len - 1] = '\n';
	peer->open(ch, flags);
	ch->batch = find_batch(ch);
}

void channel_close(struct channel *ch)
{
	close(ch->wr);
	if (ch->rd >= 0)
		close(ch->rd);
}

void channel_write(struct channel *ch)
{
	ch->written += write(ch->wr, ch->text, ch->len) == (ssize_t)ch->len;
}

unsigned int channel_drain(struct channel *ch, unsigned int n)
{
	unsigned int got = ch->peer->drain(ch, n);

	ch->delivered += got;
	return got;
}

double channel_delivered(const struct channel *ch)
{
	return ch->written ? 100.0 * (double)ch->delivered / (double)ch->written : 0;
}

/* Whole batches, so that each repetition does the same. */
unsigned int channel_ops(const struct channel *ch)
{
	unsigned int least = ch->peer == &peer_kmsg ? KMSG_BATCH : OPS;

	return (least + ch->batch - 1) / ch->batch * ch->batch;
}

uint64_t channel_time_writes(void *arg, unsigned int ops)
{
	struct channel *ch = arg;
	uint64_t took = 0;

	for (unsigned int n; ops; ops -= n) {
		uint64_t start = clock_now();

		n = ops < ch->batch ? ops : ch->batch;
		for (unsigned int i = 0; i < n; i++)
			channel_write(ch);
		took += clock_since(start);
		channel_drain(ch, n);
	}
	return took;
}

uint64_t channel_time_batches(void *arg, unsigned int ops)
{
	struct channel *ch = arg;
	uint64_t took = 0;

	for (unsigned int n; ops; ops -= n) {
		uint64_t start = clock_now();

		n = ops < ch->batch ? ops : ch->batch;
		for (unsigned int i = 0; i < n; i++)
			channel_write(ch);
		channel_drain(ch, n);
		took += clock_since(start);
	}
	return took;
}

static void set_value(const char *path, const char *value)
{
	int fd = open_path(path, O_WRONLY);

	if (write(fd, value, strlen(value)) < 0)
		die("%s: %s", path, strerror(errno));
	close(fd);
}

/**
 * peers_init() - Give each peer the best conditions.
 *
 * A socket queues 512 datagrams in place of 10, so that there is a batch to
 * read; what is written to /dev/kmsg is not printed on the console.
 */
void peers_init(void)
{
	set_value("/proc/sys/net/unix/max_dgram_qlen", "512");
	set_value("/proc/sys/kernel/printk_devkmsg", "on\n");
	set_value("/proc/sys/kernel/printk", "1");
}
