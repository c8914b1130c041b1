// SPDX-License-Identifier: GPL-2.0-only
/*
 * delivered + lost = written, for every reader, in records and in bytes: four
 * writers and eight readers of four kinds, with records that prove themselves.
 */
#include <pthread.h>
#include <time.h>

#include "kselftest.h"

#include "reader.h"

#define READERS		(2 * READ_KINDS)
#define EXIT_USAGE	100

struct stress {
	const char *name;
	const char *help;
	__u64 size;
	unsigned int rate;	/* records a second in all, 0 for all one can */
	bool resize;
	unsigned int share;	/* of the records asked for, in percent */
};

static const struct stress cases[] = {
	{ "4k", "a ring of 4 KB", 4096, 0, false, 100 },
	{ "16k", "a ring of 16 KB", 16384, 0, false, 100 },
	{ "resize", "RESIZE all the while", 16384, 0, true, 25 },
	{ "paced", "10,000 records/s into 1 MB, nothing lost", 1 << 20, 10000,
	  false, 5 },
};

struct writer {
	unsigned int id;
	unsigned int count;
	unsigned int rate;
	__u64 bytes;
	int error;
};

static bool resizing;

/* Don't go on before record @n of a writer's @rate a second is due. */
static void pace(uint64_t start, unsigned int rate, unsigned int n)
{
	uint64_t due = start + n * 1000000000ULL / rate;
	struct timespec ts = { due / 1000000000ULL, due % 1000000000ULL };

	if (due > now_ns(CLOCK_MONOTONIC))
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

static void *writer_run(void *arg)
{
	struct writer *w = arg;
	struct payload p = { .writer = w->id };
	uint64_t start = now_ns(CLOCK_MONOTONIC);
	int fd = dev_open(O_WRONLY);
	char buf[1024];

	if (fd < 0) {
		w->error = fd;
		return NULL;
	}
	for (p.seq = 0; p.seq < w->count && !w->error; p.seq++) {
		/* Paced, the readers by bytes have to keep up. */
		p.len = PAYLOAD_MIN;
		if (!w->rate)
			p.len += (p.seq * 7 + w->id) % 25 * LEN_UNIT;
		else
			pace(start, w->rate, p.seq);
		payload_make(buf, &p);
		if (put(fd, buf, p.len) != p.len)
			w->error = -EIO;
		w->bytes += p.len;
	}
	close(fd);
	return NULL;
}

/* Through all sizes until told to stop; how often it was done. */
static void *resize_run(void *arg)
{
	int fd = dev_open(O_WRONLY), *done = arg, i;

	for (i = 0; __atomic_load_n(&resizing, __ATOMIC_RELAXED); i++) {
		int ret = dev_resize(fd, 4096 << i % 5, 0, 1024);

		if (!ret)
			++*done;
		else if (ret != -EBUSY)
			*done = -1000000;
		sleep_ms(2);
	}
	close(fd);
	return NULL;
}

static int write_end(__u64 *bytes)
{
	struct payload p = { .writer = END_WRITER, .len = PAYLOAD_MIN };
	int fd = dev_open(O_WRONLY);
	char buf[PAYLOAD_MIN];
	ssize_t n;

	payload_make(buf, &p);
	n = put(fd, buf, p.len);
	close(fd);
	*bytes += p.len;
	return n == p.len ? 0 : -EIO;
}

/* Whether what a reader says adds up; prints it. */
static bool reader_judge(const struct stress *s, struct reader *r, __u64 records,
			 __u64 bytes)
{
	struct memlog_info info;
	bool good = !r->wrong[0];

	ksft_print_msg("%-7s delivered %8llu lost %8llu records, %10llu and %10llu bytes, %llu laps\n",
		       reader_kind_name(r->kind), r->records, r->lost_records,
		       r->bytes, r->lost_bytes, r->laps);
	if (!good)
		ksft_print_msg("  wrong: %s\n", r->wrong);
	if (r->records + r->lost_records != records) {
		ksft_print_msg("  not the %llu records written\n", records);
		good = false;
	}
	if (r->bytes + r->lost_bytes != bytes) {
		ksft_print_msg("  not the %llu bytes written\n", bytes);
		good = false;
	}
	/* The end mark is one that everybody gets. */
	if (r->records < 2 || (!s->rate && !r->lost_records)) {
		ksft_print_msg("  proves nothing: nothing delivered or lost\n");
		good = false;
	}
	if (s->rate && r->lost_records) {
		ksft_print_msg("  lost, though there was room\n");
		good = false;
	}
	if (r->kind != READ_MAP &&
	    (dev_info(r->fd, &info) || info.lost_records != r->lost_records ||
	     info.lost_bytes != r->lost_bytes)) {
		ksft_print_msg("  INFO says %llu and %llu lost\n",
			       info.lost_records, info.lost_bytes);
		good = false;
	}
	return good;
}

static int writers_run(const struct stress *s, unsigned int count, __u64 *bytes)
{
	struct writer w[WRITERS];
	pthread_t threads[WRITERS];
	int i, ret = 0;

	for (i = 0; i < WRITERS; i++) {
		w[i] = (struct writer){ .id = i, .count = count / WRITERS,
					.rate = s->rate / WRITERS };
		if (pthread_create(&threads[i], NULL, writer_run, &w[i]))
			exit(KSFT_FAIL);
	}
	for (i = 0; i < WRITERS; i++) {
		pthread_join(threads[i], NULL);
		ret = ret ? ret : w[i].error;
		*bytes += w[i].bytes;
	}
	return ret;
}

static bool stress_run(const struct stress *s, unsigned int count)
{
	pthread_t threads[READERS], resizer;
	int i, ret, resizes = 0, fd = dev_open(O_WRONLY);
	struct reader readers[READERS];
	uint64_t start;
	__u64 bytes = 0;
	bool good;

	ret = dev_resize(fd, s->size, 0, 1024);
	if (ret)
		ksft_exit_fail_msg("RESIZE: %s\n", strerror(-ret));
	for (i = 0; i < READERS; i++) {
		ret = reader_open(&readers[i], i % READ_KINDS);
		if (ret)
			ksft_exit_fail_msg("open: %s\n", strerror(-ret));
	}
	/* All at the same place before the first begins. */
	for (i = 0; i < READERS; i++)
		if (pthread_create(&threads[i], NULL, reader_run, &readers[i]))
			ksft_exit_fail_msg("no thread\n");
	resizing = s->resize;
	if (resizing && pthread_create(&resizer, NULL, resize_run, &resizes))
		ksft_exit_fail_msg("no thread\n");

	start = now_ns(CLOCK_MONOTONIC);
	count -= count % WRITERS;
	ret = writers_run(s, count, &bytes);
	start = now_ns(CLOCK_MONOTONIC) - start;
	if (s->resize) {
		__atomic_store_n(&resizing, false, __ATOMIC_RELAXED);
		pthread_join(resizer, NULL);
		ksft_print_msg("%d times resized\n", resizes);
	}
	if (ret || write_end(&bytes))
		ksft_exit_fail_msg("a write failed: %s\n", strerror(-ret));
	good = !s->resize || resizes > 0;
	ksft_print_msg("%s: %u records, %llu bytes in %llu ms\n", s->name, count,
		       bytes, (unsigned long long)start / 1000000);
	for (i = 0; i < READERS; i++) {
		pthread_join(threads[i], NULL);
		good &= reader_judge(s, &readers[i], count + 1ULL, bytes);
		close(readers[i].fd);
	}
	close(fd);
	return good;
}

static void usage(void)
{
	size_t i;

	fprintf(stderr, "usage: accounting RECORDS [CASE]...\n\nCases:\n");
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		fprintf(stderr, "  %-8s %s (%u%% of RECORDS)\n", cases[i].name,
			cases[i].help, cases[i].share);
	exit(EXIT_USAGE);
}

static const struct stress *find_case(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		if (!strcmp(cases[i].name, name))
			return &cases[i];
	fprintf(stderr, "accounting: there is no case '%s'\n", name);
	usage();
	return NULL;
}

int main(int argc, char **argv)
{
	const struct stress *todo[16];
	unsigned long records;
	size_t n = 0, i;
	char *end;

	if (argc < 2 || argc > 16)
		usage();
	records = strtoul(argv[1], &end, 10);
	if (*end || records < 1000 || records > 100000000) {
		fprintf(stderr, "accounting: '%s': 1000 to 100000000 records\n",
			argv[1]);
		usage();
	}
	for (i = 2; i < (size_t)argc; i++)
		todo[n++] = find_case(argv[i]);
	while (argc == 2 && n < ARRAY_SIZE(cases)) {
		todo[n] = &cases[n];
		n++;
	}
	ksft_print_header();
	ksft_set_plan(n);
	for (i = 0; i < n; i++) {
		bool good = stress_run(todo[i],
				       records / 100 * todo[i]->share);

		ksft_test_result(good, "accounting.%s\n", todo[i]->name);
	}
	dev_reset();
	ksft_exit(!ksft_get_fail_cnt());
}
