// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writers and readers at full speed on a small ring, or paced on a large one:
 * every payload proves itself, and for every reader what was delivered and what
 * was lost add up to what was written, in records and in bytes.
 *
 * ring_stress [RECORDS [TEXT_SIZE [RECORDS_PER_SECOND]]]
 */
#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cursor.h"
#include "mem.h"

#define WRITERS	4
#define READERS	8
#define LINE_MAX_LEN	160

enum kind { TEXT, RECORD, BYTES, PEEK, KINDS };

static const char * const kind_names[KINDS] = { "text", "record", "bytes", "peek" };

static struct mem mem;
static struct memlog_ring ring;
static u64 per_writer;
static u64 pace_ns;		/* between two records of one writer */
static unsigned int writers_left = WRITERS;

struct reader {
	pthread_t thread;
	enum kind kind;
	struct memlog_cursor cur;
	u64 records, bytes;			/* delivered, and proven */
	u64 line_records, line_bytes;		/* what lost lines said */
	u64 last[WRITERS];			/* number expected next, at least */
	char line[LINE_MAX_LEN + 64];
	size_t line_len;
};

static void die(const char *why, const char *text, size_t len)
{
	printf("not ok - %s: %.*s\n", why, (int)len, text);
	exit(1);
}

/* "WRITER NUMBER LENGTH " and one byte over and over, and a newline. */
static u32 make_line(char *line, unsigned int writer, u64 number)
{
	u32 len = 30 + (number * 7 + writer * 13) % (LINE_MAX_LEN - 30);
	int head = snprintf(line, LINE_MAX_LEN, "%u %010" PRIu64 " %04u ", writer,
			    (uint64_t)number, len);

	memset(line + head, 'a' + number % 26, len - head - 1);
	line[len - 1] = '\n';
	return len;
}

static void check_line(struct reader *r, const char *line, size_t len)
{
	char want[LINE_MAX_LEN];
	unsigned int writer;
	uint64_t number;
	char copy[LINE_MAX_LEN + 1];

	if (len > LINE_MAX_LEN)
		die("too long", line, len);
	memcpy(copy, line, len);
	copy[len] = '\0';
	if (sscanf(copy, "%u %" SCNu64, &writer, &number) != 2 || writer >= WRITERS)
		die("no payload", line, len);
	if (make_line(want, writer, number) != len || memcmp(want, line, len))
		die("torn", line, len);
	if (number < r->last[writer])
		die("out of order", line, len);
	r->last[writer] = number + 1;
	r->records++;
	r->bytes += len;
}

static void check_text_line(struct reader *r)
{
	uint64_t records, bytes;

	r->line[r->line_len] = '\0';
	if (sscanf(r->line, "memlog: lost %" SCNu64 " records, %" SCNu64 " bytes",
		   &records, &bytes) == 2) {
		r->line_records += records;
		r->line_bytes += bytes;
	} else {
		check_line(r, r->line, r->line_len);
	}
	r->line_len = 0;
}

static void check_text(struct reader *r, const char *text, size_t len)
{
	for (; len; len--, text++) {
		if (r->line_len + 1 >= sizeof(r->line))
			die("no newline", r->line, r->line_len);
		r->line[r->line_len++] = *text;
		if (*text == '\n')
			check_text_line(r);
	}
}

static void check_records(struct reader *r, const char *from, size_t len)
{
	while (len) {
		struct memlog_record rec;
		size_t size;

		memcpy(&rec, from, sizeof(rec));
		size = sizeof(rec) + ((rec.len + 7) & ~7u);
		if (size > len)
			die("cut record", from, 0);
		check_line(r, from + sizeof(rec), rec.len);
		from += size;
		len -= size;
	}
}

/*
 * A record lapped while it was given a byte at a time leaves its beginning on a
 * line of its own: those bytes were delivered, the record was not.
 */
static void check_bytes(struct reader *r, u64 lost_before, char byte)
{
	if (r->cur.lost_records != lost_before && r->line_len && byte == '\n') {
		r->bytes += r->line_len;
		r->line_len = 0;
		return;
	}
	check_text(r, &byte, 1);
}

static long read_bytes(struct reader *r)
{
	u64 lost = r->cur.lost_records;
	char byte;
	struct memlog_out out = { .to = &byte, .room = 1 };
	long n = memlog_cursor_read(&r->cur, &mem.buf, &out);

	if (n > 0)
		check_bytes(r, lost, byte);
	return n;
}

/* As a reader of a mapping does it. */
static long read_peek(struct reader *r)
{
	struct memlog_record rec;
	char text[LINE_MAX_LEN];
	u64 seq = r->cur.at.seq;
	u64 pos = r->cur.at.pos;

	if (seq >= memlog_buf_next(&mem.buf))
		return -EAGAIN;
	if (memlog_buf_record(&mem.buf, seq, &rec)) {
		if (rec.len > sizeof(text))
			die("length", text, 0);
		port_copy_racy(text, memlog_buf_text(&mem.buf, rec.pos), rec.len);
		if (memlog_buf_kept(&mem.buf, seq)) {
			check_line(r, text, rec.len);
			r->cur.at.seq = seq + 1;
			r->cur.at.pos = rec.pos + rec.len;
			return 1;
		}
	}
	memlog_buf_oldest(&mem.buf, &r->cur.at);
	r->cur.lost_records += r->cur.at.seq - seq;
	r->cur.lost_bytes += r->cur.at.pos - pos;
	return 1;
}

static long read_some(struct reader *r)
{
	char buf[8192];
	struct memlog_out out = { .to = buf, .room = sizeof(buf) };
	long n;

	if (r->kind == PEEK)
		return read_peek(r);
	if (r->kind == BYTES)
		return read_bytes(r);
	n = memlog_cursor_read(&r->cur, &mem.buf, &out);
	if (n > 0 && r->kind == TEXT)
		check_text(r, buf, n);
	else if (n > 0)
		check_records(r, buf, n);
	return n;
}

static void *reader_main(void *arg)
{
	struct reader *r = arg;

	for (;;) {
		bool done = !__atomic_load_n(&writers_left, __ATOMIC_ACQUIRE);
		long n = read_some(r);

		if (n == -EAGAIN && done)
			return NULL;
		if (n == -EAGAIN)
			sched_yield();
		else if (n < 0)
			die("read failed", "", 0);
	}
}

static void *writer_main(void *arg)
{
	unsigned int writer = (uintptr_t)arg;
	char line[LINE_MAX_LEN];
	struct timespec next;

	clock_gettime(CLOCK_MONOTONIC, &next);
	for (u64 i = 0; i < per_writer; i++) {
		mem_write(&ring, line, make_line(line, writer, i), 0);
		if (!pace_ns) {
			if (i % 64 == 63)
				sched_yield();
			continue;
		}
		next.tv_nsec += pace_ns;
		if (next.tv_nsec >= 1000000000) {
			next.tv_nsec -= 1000000000;
			next.tv_sec++;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	__atomic_sub_fetch(&writers_left, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* Returns the number of sums that are wrong. */
static int check_sums(const struct reader *r)
{
	u64 records = ring.kept.next.seq;
	u64 bytes = ring.kept.next.pos - MEMLOG_FIRST_POS;
	bool ok;

	ok = r->records + r->cur.lost_records == records &&
	     r->bytes + r->cur.lost_bytes == bytes;
	if (r->kind == TEXT || r->kind == BYTES)
		ok = ok && r->line_records == r->cur.lost_records &&
		     r->line_bytes == r->cur.lost_bytes;
	if (pace_ns)
		ok = ok && !r->cur.lost_records;
	else
		ok = ok && r->records && r->cur.lost_records;
	printf("%sok - %-6s delivered %10" PRIu64 " lost %10" PRIu64
	       " of %10" PRIu64 " records, %12" PRIu64 " + %12" PRIu64
	       " of %12" PRIu64 " bytes\n", ok ? "" : "not ", kind_names[r->kind],
	       (uint64_t)r->records, (uint64_t)r->cur.lost_records, (uint64_t)records,
	       (uint64_t)r->bytes, (uint64_t)r->cur.lost_bytes, (uint64_t)bytes);
	return !ok;
}

static u64 number(char **argv, int argc, int i, u64 otherwise)
{
	return argc > i ? strtoull(argv[i], NULL, 0) : otherwise;
}

int main(int argc, char **argv)
{
	u64 rate = number(argv, argc, 3, 0);
	static struct reader readers[READERS];
	pthread_t writers[WRITERS];
	int wrong = 0;

	per_writer = number(argv, argc, 1, 1000000) / WRITERS;
	pace_ns = rate ? 1000000000ULL * WRITERS / rate : 0;
	if (mem_init(&mem, number(argv, argc, 2, 16384), 0, 0))
		die("no memory for the ring", "", 0);
	memlog_ring_init(&ring, &mem.buf);

	printf("1..%u\n", READERS);
	for (unsigned int i = 0; i < READERS; i++) {
		readers[i].kind = i % KINDS;
		memlog_cursor_init(&readers[i].cur, &mem.buf);
		if (readers[i].kind == RECORD)
			memlog_cursor_format(&readers[i].cur, MEMLOG_FORMAT_RECORD,
					     false);
		pthread_create(&readers[i].thread, NULL, reader_main, &readers[i]);
	}
	for (uintptr_t i = 0; i < WRITERS; i++)
		pthread_create(&writers[i], NULL, writer_main, (void *)i);
	for (unsigned int i = 0; i < WRITERS; i++)
		pthread_join(writers[i], NULL);
	for (unsigned int i = 0; i < READERS; i++) {
		pthread_join(readers[i].thread, NULL);
		wrong += check_sums(&readers[i]);
	}
	mem_uninit(&mem);
	return wrong ? 1 : 0;
}
