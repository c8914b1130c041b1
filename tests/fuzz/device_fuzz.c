// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does random things to the device with many threads, while others check that
 * what comes out of it is still a log: device_fuzz SECONDS [SEED [THREADS]].
 */
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "kselftest.h"

#include "../device/map.h"
#include "fuzz.h"

#define THREADS_MAX	64
#define EXIT_USAGE	100

static struct fuzz_thread fuzzers[THREADS_MAX];
static pthread_t fuzzer_ids[THREADS_MAX], checker_ids[2];
static char wrong[256];

static void complain(const char *who, const char *what,
		     const struct memlog_record *rec)
{
	if (!wrong[0])
		snprintf(wrong, sizeof(wrong),
			 "%s: %s: seq %llu pos %llu len %u pri %u flags %u",
			 who, what, rec->seq, rec->pos, rec->len, rec->pri,
			 rec->flags);
	__atomic_store_n(&fuzz_stop, true, __ATOMIC_RELAXED);
}

/* Whether @rec may follow what came before it; @prev is then @rec. */
static void check_record(const char *who, const struct memlog_record *rec,
			 struct memlog_record *prev)
{
	bool gap = rec->seq != prev->seq + 1;

	if (prev->len) {
		if (rec->seq <= prev->seq)
			complain(who, "seq goes back", rec);
		else if (rec->pos < prev->pos + prev->len)
			complain(who, "pos goes back", rec);
		else if (!gap && rec->pos != prev->pos + prev->len)
			complain(who, "pos leaps", rec);
		else if (!gap && (rec->flags & MEMLOG_JOIN) &&
			 !(prev->flags & MEMLOG_PARTIAL))
			complain(who, "joins nothing", rec);
	}
	if (!rec->len || rec->len > 65536)
		complain(who, "wrong length", rec);
	if (rec->pri < MEMLOG_PRI_MIN || rec->pri > MEMLOG_PRI_MAX)
		complain(who, "wrong priority", rec);
	if (rec->flags & ~(MEMLOG_PARTIAL | MEMLOG_JOIN))
		complain(who, "wrong flags", rec);
	if (rec->type == MEMLOG_TYPE_INVALID)
		complain(who, "wrong type", rec);
	if (!memchr(rec->comm, 0, MEMLOG_COMM_LEN))
		complain(who, "comm without an end", rec);
	*prev = *rec;
}

static void *check_by_read(void *arg)
{
	static __thread struct rec_reader rr;
	struct memlog_record prev = { .len = 0 };
	const struct memlog_record *rec;
	int ret;

	rec_init(&rr, dev_open(O_RDONLY | O_NONBLOCK));
	dev_format(rr.fd, MEMLOG_FORMAT_RECORD, 0);
	while (!__atomic_load_n(&fuzz_stop, __ATOMIC_RELAXED)) {
		ret = rec_next(&rr, &rec, NULL);
		if (ret == 1)
			check_record("read", rec, &prev);
		else if (ret == 0)
			sleep_ms(1);
		else if (ret != -EINTR)
			complain("read", strerror(-ret), &prev);
		++*(unsigned long *)arg;
	}
	close(rr.fd);
	return NULL;
}

static void *check_by_map(void *arg)
{
	struct memlog_record prev = { .len = 0 }, rec;
	static char text[1 << 16];
	struct map_reader m;
	int fd = dev_open(O_RDONLY | O_NONBLOCK);
	int ret = map_open(&m, fd);

	while (!ret && !__atomic_load_n(&fuzz_stop, __ATOMIC_RELAXED)) {
		ret = map_next(&m, &rec, text, sizeof(text));
		if (ret == 1)
			check_record("map", &rec, &prev);
		else if (ret == 0)
			sleep_ms(1);
		else if (ret == -EAGAIN || ret == -EINTR)
			ret = 0;
		ret = ret < 0 ? ret : 0;
		++*(unsigned long *)arg;
	}
	if (ret)
		complain("map", strerror(-ret), &prev);
	map_close(&m);
	close(fd);
	return NULL;
}

static void on_signal(int sig)
{
}

static void *fuzzer_run(void *arg)
{
	struct fuzz_thread *t = arg;

	t->has_uring = !uring_init(&t->uring, 64);
	/* One in four has no rights. The system call is of the thread alone. */
	if ((t - fuzzers) % 4 == 3)
		syscall(SYS_setresuid, 65534, 65534, 65534);
	while (!__atomic_load_n(&fuzz_stop, __ATOMIC_RELAXED))
		fuzz_step(t);
	if (t->has_uring)
		uring_exit(&t->uring);
	return NULL;
}

/* After all that it is still a log. */
static bool still_works(void)
{
	struct payload p = { .len = 100, .seq = 42 }, q;
	const struct memlog_record *rec;
	static struct rec_reader rr;
	const char *text;
	char buf[100];
	bool good;
	int fd = dev_open(O_RDWR | O_NONBLOCK);

	payload_make(buf, &p);
	rec_init(&rr, fd);
	good = fd >= 0 && !dev_resize(fd, 0, 0, 0) &&
	       !dev_go(fd, SEEK_END) &&
	       !dev_format(fd, MEMLOG_FORMAT_RECORD, 0) &&
	       put(fd, buf, 100) == 100 && rec_next(&rr, &rec, &text) == 1 &&
	       payload_parse(text, rec->len, &q) && q.seq == 42;
	close(fd);
	return good;
}

static void close_all(void)
{
	size_t i;

	for (i = 0; i < FILE_SLOTS; i++)
		close(fuzz_files[i]);
	for (i = 0; i < MAP_SLOTS; i++)
		if (fuzz_maps[i].at)
			munmap(fuzz_maps[i].at, fuzz_maps[i].size);
}

/* Let them run, and interrupt them all the while. */
static void run(unsigned int seconds, unsigned int threads)
{
	uint64_t end = now_ns(CLOCK_MONOTONIC) + seconds * 1000000000ULL;
	unsigned int i;

	while (now_ns(CLOCK_MONOTONIC) < end &&
	       !__atomic_load_n(&fuzz_stop, __ATOMIC_RELAXED)) {
		sleep_ms(20);
		for (i = 0; i < threads; i++)
			pthread_kill(fuzzer_ids[i], SIGUSR1);
	}
	__atomic_store_n(&fuzz_stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < threads; i++) {
		/* Until it has left whatever it waits in. */
		while (pthread_tryjoin_np(fuzzer_ids[i], NULL)) {
			pthread_kill(fuzzer_ids[i], SIGUSR1);
			sleep_ms(5);
		}
	}
}

static void start(__u64 seed, unsigned int threads, unsigned long *checked)
{
	struct sigaction sa = { .sa_handler = on_signal };
	/* a file of memlogfs can't be mapped */
	void *(*second)(void *) = getenv("MEMLOG_FUSE") ? check_by_read : check_by_map;
	unsigned int i;

	sigaction(SIGUSR1, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* Nothing of ours stands behind it for a long read to run into. */
	fuzz_arena = mmap(NULL, (ARENA_PAGES + 1) * PAGE,
			  PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	if (fuzz_arena == MAP_FAILED ||
	    mprotect(fuzz_arena + ARENA_PAGES * PAGE, PAGE, PROT_NONE))
		ksft_exit_fail_msg("no memory\n");
	for (i = 0; i < FILE_SLOTS; i++)
		fuzz_files[i] = dev_open(O_RDWR | O_NONBLOCK);
	if (fuzz_files[0] < 0)
		ksft_exit_fail_msg("%s: %s\n", dev_path(),
				   strerror(-fuzz_files[0]));
	if (pthread_create(&checker_ids[0], NULL, check_by_read, &checked[0]) ||
	    pthread_create(&checker_ids[1], NULL, second, &checked[1]))
		ksft_exit_fail_msg("no thread\n");
	for (i = 0; i < threads; i++) {
		/* Never 0, where the generator would stay. */
		fuzzers[i].random = (seed + i * 0x9e3779b97f4a7c15ULL) | 1;
		if (pthread_create(&fuzzer_ids[i], NULL, fuzzer_run,
				   &fuzzers[i]))
			ksft_exit_fail_msg("no thread\n");
	}
}

int main(int argc, char **argv)
{
	unsigned int seconds, threads = 8, i;
	unsigned long calls = 0, good = 0, checked[2] = { 0 };
	__u64 seed = now_ns(CLOCK_REALTIME);

	seconds = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	if (argc > 2)
		seed = strtoull(argv[2], NULL, 10);
	if (argc > 3)
		threads = strtoul(argv[3], NULL, 10);
	if (argc > 4 || !seconds || !threads || threads > THREADS_MAX) {
		fprintf(stderr, "usage: device_fuzz SECONDS [SEED [THREADS]]\n");
		return EXIT_USAGE;
	}
	ksft_print_header();
	ksft_set_plan(2);
	ksft_print_msg("device_fuzz %u %llu %u\n", seconds, seed, threads);
	fflush(stdout);

	start(seed, threads, checked);
	run(seconds, threads);
	for (i = 0; i < 2; i++)
		pthread_join(checker_ids[i], NULL);
	for (i = 0; i < threads; i++) {
		calls += fuzzers[i].calls;
		good += fuzzers[i].good;
	}
	close_all();
	ksft_print_msg("%lu calls, %lu of them good, %lu and %lu looks at the log\n",
		       calls, good, checked[0], checked[1]);
	if (wrong[0])
		ksft_print_msg("wrong: %s\n", wrong);
	ksft_test_result(!wrong[0] && good > calls / 20,
			 "the log stays a log\n");
	ksft_test_result(still_works(), "and works\n");
	ksft_exit(!ksft_get_fail_cnt());
}
