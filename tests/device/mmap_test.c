// SPDX-License-Identifier: GPL-2.0-only
/* The mapping: what stands in it, and its protocol. map_guard_test.c refuses. */
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "map.h"

FIXTURE(mmap)
{
	int wr;
	int rd;
	struct map_reader m;
	char text[1 << 16];
};

FIXTURE_SETUP(mmap)
{
	struct memlog_info info;

	ASSERT_EQ(0, dev_reset());
	self->wr = dev_open(O_RDWR);
	ASSERT_LE(0, self->wr);
	ASSERT_EQ(0, dev_info(self->wr, &info));
	if (!info.map_size)
		SKIP_SETUP("this kernel maps no ring");
	self->rd = dev_open(O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->rd);
	ASSERT_EQ(0, dev_go(self->rd, SEEK_END));
	ASSERT_EQ(0, map_open(&self->m, self->rd));
}

FIXTURE_TEARDOWN(mmap)
{
	map_close(&self->m);
	close(self->wr);
	close(self->rd);
	dev_reset();
}

TEST_F(mmap, control_page)
{
	const struct memlog_control *c = self->m.ctl;
	struct memlog_info info;

	ASSERT_EQ(0, put_n(self->wr, 300, 100));
	ASSERT_EQ(0, dev_info(self->rd, &info));
	EXPECT_EQ(MEMLOG_ABI, c->abi);
	EXPECT_EQ(64, c->record_size);
	EXPECT_EQ(info.stream, c->stream);
	EXPECT_EQ(info.map_size, c->map_size);
	EXPECT_EQ(info.text_size, c->text_size);
	EXPECT_EQ(info.records, c->records);
	EXPECT_EQ(info.max_record, c->max_record);
	EXPECT_EQ(info.generation, c->generation);
	EXPECT_EQ(0, c->retired);
	EXPECT_EQ(info.oldest_seq, c->oldest);
	EXPECT_EQ(info.next_seq, c->next);
	EXPECT_EQ(info.next_pos, c->next_pos);

	EXPECT_LE(sizeof(*c), c->desc_off);
	EXPECT_LE(c->desc_off + c->records * 64, c->text_off);
	EXPECT_EQ(c->text_off + 2 * c->text_map, c->map_size);
	EXPECT_LE(c->text_size, c->text_map);
	EXPECT_LE(PAGE, c->text_map);
	EXPECT_EQ(0, c->desc_off % 64);
	EXPECT_EQ(0, c->text_off % PAGE);
	EXPECT_EQ(0, c->map_size % PAGE);
}

TEST_F(mmap, text_stands_twice)
{
	const char *text = (const char *)self->m.ctl + self->m.ctl->text_off;
	__u64 size = self->m.ctl->text_map;

	ASSERT_EQ(0, put_n(self->wr, 300, 77));
	EXPECT_EQ(0, memcmp(text, text + size, size));
}

/* The same records as by read(2), around the end of the text many times. */
TEST_F(mmap, what_read_gives)
{
	static struct rec_reader rr;
	struct payload p = { .writer = 7 };
	const struct memlog_record *want;
	struct memlog_record rec;
	char buf[4096];
	const char *text;

	rec_init(&rr, dev_open(O_RDONLY | O_NONBLOCK));
	ASSERT_LE(0, rr.fd);
	ASSERT_EQ(0, dev_format(rr.fd, MEMLOG_FORMAT_RECORD, 0));
	ASSERT_EQ(0, dev_go(rr.fd, SEEK_END));
	for (p.seq = 0; p.seq < 2000; p.seq++) {
		p.len = PAYLOAD_MIN + p.seq * 13 % 1000;
		payload_make(buf, &p);
		ASSERT_EQ(p.len, put(self->wr, buf, p.len));
		ASSERT_EQ(1, rec_next(&rr, &want, &text));
		ASSERT_EQ(1, map_next(&self->m, &rec, self->text,
				      sizeof(self->text)));
		ASSERT_EQ(0, memcmp(&rec, want, sizeof(rec)));
		ASSERT_EQ(0, memcmp(text, self->text, rec.len));
	}
	EXPECT_EQ(0, map_next(&self->m, &rec, self->text, sizeof(self->text)));
	EXPECT_EQ(0, self->m.lost_records);
	close(rr.fd);
}

TEST_F(mmap, lost_is_counted)
{
	struct memlog_record rec;
	__u64 n = 0, bytes = 0;

	ASSERT_EQ(0, put_n(self->wr, 1000, 90));
	while (map_next(&self->m, &rec, self->text, sizeof(self->text)) == 1) {
		n++;
		bytes += rec.len;
	}
	EXPECT_LT(0, n);
	EXPECT_LT(0, self->m.lost_records);
	EXPECT_EQ(1000, n + self->m.lost_records);
	EXPECT_EQ(90000, bytes + self->m.lost_bytes);
}

struct busy_writer {
	int fd;
	unsigned int count;
	bool failed;
};

static void *write_busy(void *arg)
{
	struct busy_writer *w = arg;
	struct payload p = { .writer = 3 };
	char buf[1024];

	for (p.seq = 0; p.seq < w->count; p.seq++) {
		p.len = PAYLOAD_MIN + p.seq * 31 % 700;
		payload_make(buf, &p);
		if (put(w->fd, buf, p.len) != p.len)
			w->failed = true;
	}
	return NULL;
}

/* While it is written: every record is whole or counted. */
TEST_F_TIMEOUT(mmap, while_it_is_written, 60)
{
	struct busy_writer w = { .fd = self->wr, .count = 20000 };
	unsigned int last = -1, got = 0;
	struct memlog_record rec;
	struct payload p;
	pthread_t thread;
	int ret;

	ASSERT_EQ(0, pthread_create(&thread, NULL, write_busy, &w));
	while (last != w.count - 1) {
		ret = map_next(&self->m, &rec, self->text, sizeof(self->text));
		ASSERT_LE(0, ret);
		if (!ret) {
			ASSERT_LT(0, map_wait(&self->m, -1));
			continue;
		}
		ASSERT_TRUE(payload_parse(self->text, rec.len, &p));
		ASSERT_TRUE(last == -1U || p.seq > last);
		last = p.seq;
		got++;
	}
	pthread_join(thread, NULL);
	EXPECT_FALSE(w.failed);
	EXPECT_LT(0, got);
	EXPECT_EQ(w.count, got + self->m.lost_records);
}

TEST_F(mmap, after_close)
{
	struct memlog_record rec;
	struct map_reader m;
	int fd = dev_open(O_RDONLY);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, dev_go(fd, SEEK_END));
	ASSERT_EQ(0, map_open(&m, fd));
	close(fd);
	puts_dev(self->wr, "still\n");
	ASSERT_EQ(1, map_next(&m, &rec, self->text, sizeof(self->text)));
	EXPECT_EQ(0, memcmp(self->text, "still\n", 6));
	map_close(&m);
}

TEST_F(mmap, in_a_child)
{
	struct memlog_record rec;
	int status;
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid) {
		int i;

		close(self->rd);
		for (i = 0; i < 1000; i++) {
			if (map_next(&self->m, &rec, self->text,
				     sizeof(self->text)) == 1)
				_exit(rec.len == 6 ? 0 : 2);
			sleep_ms(10);
		}
		_exit(1);
	}
	map_close(&self->m);
	puts_dev(self->wr, "child\n");
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(mmap, private)
{
	const struct memlog_control *c;

	c = mmap(NULL, self->m.size, PROT_READ, MAP_PRIVATE, self->rd, 0);
	ASSERT_NE(MAP_FAILED, c);
	puts_dev(self->wr, "private\n");
	EXPECT_EQ(dev_next(self->wr), c->next);
	munmap((void *)c, self->m.size);
}

TEST_F(mmap, retired_by_resize)
{
	const struct memlog_control *old = self->m.ctl;
	struct map_reader m = self->m;
	struct memlog_record rec;
	__u64 next;

	puts_dev(self->wr, "before\n");
	next = old->next;
	ASSERT_EQ(0, dev_resize(self->wr, 65536, 0, 0));
	EXPECT_NE(0, old->retired);
	puts_dev(self->wr, "after\n");
	/* Valid and frozen. */
	EXPECT_EQ(next, old->next);
	EXPECT_EQ(0, memcmp(map_text(&m, old->next_pos - 7), "before\n", 7));

	/* The protocol goes over to the new one, and loses nothing. */
	ASSERT_EQ(1, map_next(&self->m, &rec, self->text, sizeof(self->text)));
	EXPECT_EQ(0, memcmp(self->text, "before\n", 7));
	EXPECT_EQ(0, self->m.remaps);
	ASSERT_EQ(1, map_next(&self->m, &rec, self->text, sizeof(self->text)));
	EXPECT_EQ(0, memcmp(self->text, "after\n", 6));
	EXPECT_EQ(1, self->m.remaps);
	EXPECT_EQ(65536, self->m.ctl->text_size);
	EXPECT_EQ(0, self->m.lost_records);
}

/* Two generations at a time, no more. */
TEST_F(mmap, an_older_generation_is_busy)
{
	struct memlog_info before, info;
	int fd = dev_open(O_RDONLY);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, dev_resize(self->wr, 65536, 0, 0));
	ASSERT_EQ(0, dev_info(self->wr, &before));
	EXPECT_EQ(-EBUSY, dev_resize(self->wr, 32768, 0, 0));
	EXPECT_EQ(-EBUSY, dev_resize(self->wr, 65536, 0, 0));
	ASSERT_EQ(0, dev_info(self->wr, &info));
	EXPECT_EQ(before.generation, info.generation);
	EXPECT_EQ(65536, info.text_size);

	/* The current one may be mapped as often as you like. */
	map_close(&self->m);
	ASSERT_EQ(0, map_open(&self->m, fd));
	EXPECT_EQ(0, dev_resize(self->wr, 32768, 0, 0));
	map_close(&self->m);
	EXPECT_EQ(0, dev_resize(self->wr, 16384, 0, 0));
	ASSERT_EQ(0, dev_info(self->wr, &info));
	EXPECT_EQ(before.generation + 2, info.generation);
	close(fd);
}

/* A child's copy, and each half of a mapping cut in two, count like it. */
TEST_F(mmap, every_copy_keeps_it_busy)
{
	char *map = (char *)self->m.ctl;
	size_t size = self->m.size;
	int pipes[2], status;
	pid_t pid;

	ASSERT_EQ(0, pipe(pipes));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		char c;

		close(pipes[1]);
		_exit(read(pipes[0], &c, 1) ? 1 : 0);
	}
	ASSERT_EQ(0, dev_resize(self->wr, 65536, 0, 0));
	ASSERT_EQ(0, munmap(map + PAGE, PAGE));
	self->m.ctl = NULL;
	EXPECT_EQ(-EBUSY, dev_resize(self->wr, 32768, 0, 0));
	ASSERT_EQ(0, munmap(map, PAGE));
	EXPECT_EQ(-EBUSY, dev_resize(self->wr, 32768, 0, 0));
	ASSERT_EQ(0, munmap(map + 2 * PAGE, size - 2 * PAGE));
	EXPECT_EQ(-EBUSY, dev_resize(self->wr, 32768, 0, 0));
	close(pipes[1]);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, dev_resize(self->wr, 32768, 0, 0));
}

TEST_HARNESS_MAIN
