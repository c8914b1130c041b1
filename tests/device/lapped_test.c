// SPDX-License-Identifier: GPL-2.0-only
/* A reader stopped in the middle of its copy while the ring goes round. */
#include <pthread.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "device.h"
#include "uffd.h"

#define LEN	200
#define FIRST	20	/* records before it stops */
#define MORE	400	/* and while it stands */

struct reader {
	int fd;
	char *to;
	size_t size;
	ssize_t ret;
};

FIXTURE(lapped)
{
	int wr;
	int rd;
	int uffd;
	unsigned int seq;
	char *map;
	struct reader r;
	pthread_t thread;
	char buf[1 << 17] __attribute__((aligned(8)));
};

FIXTURE_SETUP(lapped)
{
	ASSERT_EQ(0, dev_reset());
	self->wr = dev_open(O_WRONLY);
	ASSERT_LE(0, self->wr);
	self->rd = dev_open(O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->rd);
	ASSERT_EQ(0, dev_go(self->rd, SEEK_END));
	self->map = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->map);
	self->uffd = uffd_register(self->map + PAGE);
	if (self->uffd == -ENOSYS || self->uffd == -EPERM)
		SKIP_SETUP("no userfaultfd here: %s", strerror(-self->uffd));
	ASSERT_LE(0, self->uffd);
	/* The page that is missing begins in the middle of a record. */
	self->r.fd = self->rd;
	self->r.to = self->map + PAGE - 1072;
	self->r.size = 4096;
}

FIXTURE_TEARDOWN(lapped)
{
	close(self->uffd);
	munmap(self->map, 2 * PAGE);
	close(self->wr);
	close(self->rd);
}

static bool put_payloads(int fd, unsigned int *seq, unsigned int n)
{
	struct payload p = { .len = LEN };
	char text[LEN];

	for (; n; n--, ++*seq) {
		p.seq = *seq;
		payload_make(text, &p);
		if (put(fd, text, LEN) != LEN)
			return false;
	}
	return true;
}

static void *read_once(void *arg)
{
	struct reader *r = arg;

	r->ret = get(r->fd, r->to, r->size);
	return NULL;
}

/* One read that stands still while all it was to read is overwritten. */
static bool read_lapped(struct _test_data_lapped *self)
{
	if (!put_payloads(self->wr, &self->seq, FIRST) ||
	    pthread_create(&self->thread, NULL, read_once, &self->r) ||
	    !uffd_wait(self->uffd) ||
	    !put_payloads(self->wr, &self->seq, MORE) ||
	    uffd_fill(self->uffd, self->map + PAGE, 0))
		return false;
	pthread_join(self->thread, NULL);
	return true;
}

TEST_F(lapped, record_format)
{
	unsigned int got = 0, lost = 0, want = 0;
	struct payload p;
	__u64 first = dev_next(self->rd);
	size_t len, off;
	ssize_t n;

	ASSERT_EQ(0, dev_format(self->rd, MEMLOG_FORMAT_RECORD, 0));
	ASSERT_TRUE(read_lapped(self));
	ASSERT_LT(0, self->r.ret);
	memcpy(self->buf, self->r.to, self->r.ret);
	n = get_all(self->rd, self->buf + self->r.ret,
		    sizeof(self->buf) - self->r.ret, 4096);
	ASSERT_LE(0, n);
	len = self->r.ret + n;

	for (off = 0; off < len; off += sizeof(struct memlog_record) + LEN) {
		struct memlog_record *rec = (void *)(self->buf + off);

		ASSERT_EQ(LEN, rec->len);
		ASSERT_TRUE(payload_parse((char *)(rec + 1), LEN, &p)) {
			TH_LOG("record %llu is torn", rec->seq - first);
		}
		ASSERT_EQ(rec->seq - first, p.seq);
		ASSERT_LE(want, p.seq);
		lost += p.seq - want;
		want = p.seq + 1;
		got++;
	}
	EXPECT_LT(0, lost);
	EXPECT_EQ(FIRST + MORE, got + lost);
}

TEST_F(lapped, text_format)
{
	unsigned long records = 0, bytes = 0, got = 0, cut = 0, r, b;
	struct payload p;
	char *line, *end;
	size_t len;
	ssize_t n;

	ASSERT_TRUE(read_lapped(self));
	ASSERT_LT(0, self->r.ret);
	memcpy(self->buf, self->r.to, self->r.ret);
	n = get_all(self->rd, self->buf + self->r.ret,
		    sizeof(self->buf) - self->r.ret, 4096);
	ASSERT_LE(0, n);
	len = self->r.ret + n;

	for (line = self->buf; line < self->buf + len; line = end + 1) {
		end = memchr(line, '\n', self->buf + len - line);
		ASSERT_NE(NULL, end);
		if (sscanf(line, "memlog: lost %lu records, %lu bytes", &r,
			   &b) == 2) {
			records += r;
			bytes += b;
		} else if (payload_parse(line, end + 1 - line, &p)) {
			got++;
		} else {
			/* Cut short, with a newline added. */
			ASSERT_EQ('w', *line);
			cut += end - line;
		}
	}
	EXPECT_LT(0, records);
	EXPECT_EQ(FIRST + MORE, got + records);
	EXPECT_EQ((FIRST + MORE) * LEN, got * LEN + cut + bytes);
}

TEST_HARNESS_MAIN
