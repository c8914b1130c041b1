// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library on /dev/memlog: mapped, and by read(2).
 */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "common.h"
#include "kselftest_harness.h"

#define DEVICE		(getenv("MEMLOG_DEV") ? getenv("MEMLOG_DEV") : "/dev/memlog")
#define LONG_MS		20000

static uint64_t next_seq(void)
{
	struct memlog_info info;

	if (memlog_info(DEVICE, &info))
		abort();
	return info.next_seq;
}

FIXTURE(device) {
	struct memlog_writer *writer;
	struct memlog_reader *reader;
	struct memlog_reader_options options;
	const struct memlog_record *rec;
	const char *text;
	uint64_t first;
};

FIXTURE_VARIANT(device) {
	uint32_t flags;
};

FIXTURE_VARIANT_ADD(device, mapped) { .flags = 0 };
FIXTURE_VARIANT_ADD(device, read) { .flags = MEMLOG_READ_NO_MMAP };

static int reopen(FIXTURE_DATA(device) *self, uint32_t flags)
{
	memlog_reader_close(self->reader);
	self->reader = NULL;
	self->options.flags = flags;
	return memlog_reader_open(&self->reader, DEVICE, &self->options);
}

FIXTURE_SETUP(device)
{
	struct memlog_resize resize = { .text_size = 16384 };

	self->reader = NULL;
	ASSERT_EQ(0, memlog_resize(DEVICE, &resize));
	ASSERT_EQ(0, memlog_writer_open(&self->writer, DEVICE));
	self->options = (struct memlog_reader_options){ .size = sizeof(self->options) };
	ASSERT_EQ(0, reopen(self, variant->flags | MEMLOG_READ_FOLLOW | MEMLOG_READ_TAIL));
	if (!variant->flags && getenv("MEMLOG_FUSE"))
		SKIP(_exit(255), "a file of memlogfs can't be mapped");
	EXPECT_EQ(!variant->flags, memlog_mapped(self->reader));
	self->first = memlog_place(self->reader);
}

FIXTURE_TEARDOWN(device)
{
	memlog_reader_close(self->reader);
	memlog_writer_close(self->writer);
}

#define NEXT()	memlog_next(self->reader, &self->rec, &self->text)

/* Records of 100 bytes, of which 163 fit. */
static void write_some(FIXTURE_DATA(device) *self, int count)
{
	char text[100];

	for (int i = 0; i < count; i++)
		memlog_write(self->writer, 13, text, make_text(text, 1, i, 100));
}

#define EXPECT_RECORDS(count)						\
	do {								\
		uint64_t seq_ = memlog_place(self->reader);		\
		unsigned int w_;					\
		uint64_t n_;						\
		for (int i_ = 0; i_ < (count); i_++) {			\
			ASSERT_EQ(MEMLOG_RECORD, NEXT());		\
			EXPECT_EQ(seq_ + i_, self->rec->seq);		\
			EXPECT_TRUE(check_text(self->text, self->rec->len, &w_, &n_)); \
		}							\
	} while (0)

TEST_F(device, history_and_live)
{
	EXPECT_EQ(MEMLOG_NOTHING, NEXT());
	write_some(self, 120);
	EXPECT_RECORDS(120);
	EXPECT_EQ(getpid(), self->rec->pid);
	EXPECT_EQ(getuid(), self->rec->uid);
	EXPECT_EQ(MEMLOG_NOTHING, NEXT());
	write_some(self, 1);
	EXPECT_RECORDS(1);
	EXPECT_EQ(MEMLOG_NOTHING, NEXT());
	EXPECT_EQ(0, memlog_wait(self->reader, 0));
	self->options.tail = 50;
	ASSERT_EQ(0, reopen(self, variant->flags | MEMLOG_READ_TAIL));
	write_some(self, 10);
	EXPECT_RECORDS(50);
	EXPECT_EQ(MEMLOG_END, NEXT());
}

TEST_F(device, gap)
{
	const struct memlog_loss *loss;
	uint64_t last;

	write_some(self, 263);
	ASSERT_EQ(MEMLOG_LOSS, NEXT());
	loss = memlog_loss(self->reader);
	EXPECT_EQ(self->first, loss->from_seq);
	EXPECT_EQ(self->first + 99, loss->to_seq);
	EXPECT_EQ(100, loss->records);
	EXPECT_EQ(10000, loss->bytes);
	EXPECT_RECORDS(163);
	EXPECT_EQ(MEMLOG_NOTHING, NEXT());
	/* All that one without following may give is overrun. */
	ASSERT_EQ(0, reopen(self, variant->flags));
	last = next_seq() - 1;
	write_some(self, 400);
	ASSERT_EQ(MEMLOG_LOSS, NEXT());
	EXPECT_EQ(last, memlog_loss(self->reader)->to_seq);
	EXPECT_EQ(100 * memlog_loss(self->reader)->records, memlog_loss(self->reader)->bytes);
	EXPECT_EQ(MEMLOG_END, NEXT());
}

TEST_F(device, from)
{
	struct memlog_info info;

	write_some(self, 300);
	ASSERT_EQ(0, memlog_reader_info(self->reader, &info));
	EXPECT_EQ(self->first, info.reader_seq);
	self->options.from_stream = info.stream;
	self->options.from_seq = info.next_seq - 10;
	ASSERT_EQ(0, reopen(self, variant->flags | MEMLOG_READ_FROM));
	EXPECT_RECORDS(10);
	EXPECT_EQ(MEMLOG_END, NEXT());
	self->options.from_seq = info.oldest_seq - 5;
	ASSERT_EQ(0, reopen(self, variant->flags | MEMLOG_READ_FROM));
	ASSERT_EQ(MEMLOG_LOSS, NEXT());
	EXPECT_EQ(5, memlog_loss(self->reader)->records);
	EXPECT_EQ(MEMLOG_LOSS_BYTES_UNKNOWN, memlog_loss(self->reader)->flags);
	EXPECT_RECORDS(163);
	self->options.from_stream++;
	EXPECT_EQ(-ESTALE, reopen(self, variant->flags | MEMLOG_READ_FROM));
	self->options.from_stream = 0;
	self->options.from_seq = info.next_seq + 1;
	EXPECT_EQ(-ERANGE, reopen(self, variant->flags | MEMLOG_READ_FROM));
}

TEST_F(device, seek)
{
	uint64_t missed, time_ns;

	write_some(self, 300);
	EXPECT_EQ(0, memlog_seek(self->reader, MEMLOG_SEEK_LAST, 0, 7, &missed));
	EXPECT_EQ(0, missed);
	EXPECT_RECORDS(7);
	EXPECT_EQ(0, memlog_seek(self->reader, MEMLOG_SEEK_SEQ, 0, self->first, &missed));
	EXPECT_EQ(137, missed);
	EXPECT_RECORDS(20);
	time_ns = self->rec->time_ns;
	EXPECT_EQ(0, memlog_seek(self->reader, MEMLOG_SEEK_SINCE, 0, time_ns, NULL));
	EXPECT_GE(self->first + 157, memlog_place(self->reader));
	EXPECT_EQ(-EINVAL, memlog_seek(self->reader, 9, 0, 0, NULL));
	EXPECT_EQ(-ERANGE, memlog_seek(self->reader, MEMLOG_SEEK_SEQ, 0, ~0ULL, NULL));
	EXPECT_RECORDS(1);
}

static void *write_later(void *arg)
{
	usleep(200000);
	memlog_write(arg, 13, "wake up\n", 8);
	return NULL;
}

TEST_F(device, wake)
{
	struct pollfd fd = { .fd = memlog_fd(self->reader), .events = POLLIN };
	pthread_t thread;

	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(MEMLOG_NOTHING, NEXT());
		ASSERT_EQ(0, pthread_create(&thread, NULL, write_later, self->writer));
		EXPECT_EQ(MEMLOG_RECORD, next_within(self->reader, LONG_MS, &self->rec,
						     &self->text));
		pthread_join(thread, NULL);
	}
	EXPECT_EQ(MEMLOG_NOTHING, NEXT());
	EXPECT_EQ(0, poll(&fd, 1, 0));
	ASSERT_EQ(0, pthread_create(&thread, NULL, write_later, self->writer));
	EXPECT_EQ(1, poll(&fd, 1, LONG_MS));
	EXPECT_EQ(MEMLOG_RECORD, NEXT());
	pthread_join(thread, NULL);
}

TEST_F(device, resize)
{
	struct memlog_resize resize = { .text_size = 65536 };
	struct memlog_info info;

	write_some(self, 100);
	EXPECT_RECORDS(20);
	ASSERT_EQ(0, memlog_resize(DEVICE, &resize));
	write_some(self, 400);
	EXPECT_RECORDS(480);
	EXPECT_EQ(MEMLOG_NOTHING, NEXT());
	resize.text_size = 16384;
	ASSERT_EQ(0, memlog_resize(DEVICE, &resize));
	write_some(self, 50);
	EXPECT_RECORDS(50);
	EXPECT_EQ(0, memlog_info(DEVICE, &info));
	EXPECT_EQ(16384, info.text_size);
	resize.text_size = 5000;
	EXPECT_EQ(-EINVAL, memlog_resize(DEVICE, &resize));
}

static void *follow_idly(void *arg)
{
	struct memlog_reader *reader = arg;
	const struct memlog_record *rec;
	const char *text;

	next_within(reader, LONG_MS, &rec, &text);
	return NULL;
}

/* Who sleeps on a mapping lets it go when there is a new one. */
TEST_F(device, resize_while_idle)
{
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, follow_idly, self->reader));
	for (int i = 0; i < 4; i++) {
		struct memlog_resize resize = { .text_size = 32768ULL << i };

		usleep(200000);
		EXPECT_EQ(0, memlog_resize(DEVICE, &resize));
	}
	write_some(self, 1);
	pthread_join(thread, NULL);
}

TEST_F(device, writer)
{
	struct memlog_info info;
	char text[5000];

	EXPECT_EQ(2, memlog_write(self->writer, 30, "ab", 2));
	EXPECT_EQ(5, memlog_write(self->writer, 13, "<9>cd", 5));
	EXPECT_EQ(5, memlog_write(self->writer, MEMLOG_PRI_NONE, "<9>ef", 5));
	EXPECT_EQ(8, memlog_printf(self->writer, 3, "number %d", 5));
	EXPECT_EQ(3, memlog_write_typed(self->writer, 77, 14, "\0\1\2", 3));
	EXPECT_EQ(3, memlog_write_typed(self->writer, 78, 15, "\0\1\2", 3));
	memset(text, 'x', sizeof(text));
	EXPECT_EQ(-EMSGSIZE, memlog_write_typed(self->writer, 78, 15, text, 5000));
	EXPECT_EQ(0, memlog_writer_info(self->writer, &info));
	EXPECT_EQ(self->first + 3, info.written_seq);
	EXPECT_EQ(5000, memlog_write(self->writer, 13, text, 5000));
	EXPECT_EQ(0, memlog_writer_stamp(self->writer, 5, 16));
	EXPECT_EQ(5, memlog_write(self->writer, MEMLOG_PRI_NONE, "<9>gh", 5));
	EXPECT_EQ(5, memlog_write(self->writer, 9, "<9>ij", 5));

#define EXPECT_TEXT(str, t, p)						\
	do {								\
		ASSERT_EQ(MEMLOG_RECORD, NEXT());			\
		EXPECT_EQ(strlen(str), self->rec->len);			\
		EXPECT_EQ(0, memcmp(str, self->text, self->rec->len));	\
		EXPECT_EQ(t, self->rec->type);				\
		EXPECT_EQ(p, self->rec->pri);				\
	} while (0)
	EXPECT_TEXT("ab", 0, 30);
	EXPECT_TEXT("<9>cd", 0, 13);
	EXPECT_TEXT("ef", 0, 9);
	EXPECT_TEXT("number 5", 0, 11);
	ASSERT_EQ(MEMLOG_RECORD, NEXT());
	EXPECT_EQ(3, self->rec->len);
	EXPECT_EQ(77, self->rec->type);
	ASSERT_EQ(MEMLOG_RECORD, NEXT());
	EXPECT_EQ(78, self->rec->type);
	ASSERT_EQ(MEMLOG_RECORD, NEXT());
	EXPECT_EQ(4096, self->rec->len);
	EXPECT_EQ(MEMLOG_PARTIAL, self->rec->flags);
	ASSERT_EQ(MEMLOG_RECORD, NEXT());
	EXPECT_EQ(904, self->rec->len);
	EXPECT_EQ(MEMLOG_JOIN, self->rec->flags);
	EXPECT_TEXT("<9>gh", 5, 16);
	EXPECT_TEXT("<9>ij", 0, 9);
	EXPECT_EQ(MEMLOG_NOTHING, NEXT());
}

TEST_F(device, clear)
{
	struct memlog_info info;
	uint64_t seq = 0;

	write_some(self, 3);
	EXPECT_EQ(0, memlog_clear(DEVICE, &seq));
	EXPECT_EQ(self->first + 3, seq);
	EXPECT_EQ(0, memlog_info(DEVICE, &info));
	EXPECT_EQ(seq, info.clear_seq);
	EXPECT_EQ(-ENOTTY, memlog_clear("/dev/null", &seq));
	EXPECT_RECORDS(3);
}

/* A mapped reader of a full ring, in a process that may make no system call. */
static void read_without_system_calls(struct memlog_reader *reader)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 4, filter };
	const struct memlog_record *rec;
	const char *text;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(2);
	if (memlog_next(reader, &rec, &text) != MEMLOG_LOSS)
		_exit(1);
	for (int i = 0; i < 163; i++)
		if (memlog_next(reader, &rec, &text) != MEMLOG_RECORD)
			_exit(1);
	_exit(0);
}

TEST_F(device, no_system_calls)
{
	int status;
	pid_t pid;

	if (variant->flags)
		return;
	write_some(self, 300);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		read_without_system_calls(self->reader);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/* memlog_next() does not wait, whatever the descriptor it was given does. */
TEST_F(device, by_descriptor)
{
	int fd = open(DEVICE, O_RDONLY);

	ASSERT_LE(0, fd);
	memlog_reader_close(self->reader);
	self->options.flags = variant->flags | MEMLOG_READ_FOLLOW | MEMLOG_READ_TAIL;
	ASSERT_EQ(0, memlog_reader_open_fd(&self->reader, fd, &self->options));
	close(fd);
	EXPECT_EQ(MEMLOG_NOTHING, NEXT());
	write_some(self, 1);
	EXPECT_RECORDS(1);
	EXPECT_EQ(MEMLOG_NOTHING, NEXT());
}

struct load {
	pthread_t thread;
	struct memlog_reader *reader;
	uint64_t next, pos, records, lost_records;
	const char *wrong;
	uint64_t count;
	unsigned int id;
};

static void *write_all(void *arg)
{
	struct load *load = arg;
	struct memlog_writer *writer;
	char text[256];

	if (memlog_writer_open(&writer, DEVICE)) {
		load->wrong = "it could not be opened";
		return NULL;
	}
	for (uint64_t n = 0; n < load->count; n++)
		memlog_write(writer, 13, text,
			     make_text(text, load->id, n, TEXT_HEAD + 1 + n % 200));
	memlog_writer_close(writer);
	return NULL;
}

static const char *check_record(struct load *load, const struct memlog_record *rec,
				const char *text)
{
	unsigned int id;
	uint64_t n;

	if (rec->seq != load->next || rec->pos != load->pos)
		return "a record out of its place";
	if (!check_text(text, rec->len, &id, &n))
		return "a torn text";
	load->next++;
	load->pos += rec->len;
	load->records++;
	return NULL;
}

static void *read_all(void *arg)
{
	struct load *load = arg;
	uint64_t end = load->next + load->count;

	while (load->next < end && !load->wrong) {
		const struct memlog_record *rec;
		const struct memlog_loss *loss = memlog_loss(load->reader);
		const char *text;
		int event = next_within(load->reader, LONG_MS, &rec, &text);

		if (event == MEMLOG_RECORD) {
			load->wrong = check_record(load, rec, text);
		} else if (event == MEMLOG_LOSS) {
			if (loss->from_seq != load->next)
				load->wrong = "a loss out of its place";
			load->next = loss->to_seq + 1;
			load->pos += loss->bytes;
			load->lost_records += loss->records;
		} else {
			load->wrong = "an error";
		}
	}
	return NULL;
}

/* Readers of both kinds, a resize now and then, and nothing told wrong. */
TEST_F_TIMEOUT(device, load, 240)
{
	struct load writers[2] = { 0 }, readers[3] = { 0 };
	struct memlog_info info;

	self->options.flags = variant->flags | MEMLOG_READ_FOLLOW | MEMLOG_READ_TAIL;
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, memlog_reader_open(&readers[i].reader, DEVICE, &self->options));
		ASSERT_EQ(0, memlog_reader_info(readers[i].reader, &info));
		readers[i].next = info.reader_seq;
		readers[i].pos = info.reader_pos;
		readers[i].count = 40000;
		ASSERT_EQ(0, pthread_create(&readers[i].thread, NULL, read_all, &readers[i]));
	}
	for (unsigned int i = 0; i < 2; i++) {
		writers[i].id = i;
		writers[i].count = 20000;
		ASSERT_EQ(0, pthread_create(&writers[i].thread, NULL, write_all, &writers[i]));
	}
	for (int i = 0; i < 20; i++) {
		struct memlog_resize resize = { .text_size = 4096ULL << i % 3 };
		int err = memlog_resize(DEVICE, &resize);

		EXPECT_TRUE(!err || err == -EBUSY);
		usleep(20000);
	}
	for (int i = 0; i < 2; i++) {
		pthread_join(writers[i].thread, NULL);
		EXPECT_EQ(NULL, writers[i].wrong);
	}
	EXPECT_EQ(0, memlog_info(DEVICE, &info));
	for (int i = 0; i < 3; i++) {
		pthread_join(readers[i].thread, NULL);
		EXPECT_EQ(NULL, readers[i].wrong) TH_LOG("%s", readers[i].wrong);
		EXPECT_EQ(40000, readers[i].records + readers[i].lost_records);
		EXPECT_EQ(info.next_seq, readers[i].next);
		EXPECT_EQ(info.next_pos, readers[i].pos);
		EXPECT_LT(0, readers[i].records);
		memlog_reader_close(readers[i].reader);
	}
}

TEST_HARNESS_MAIN
