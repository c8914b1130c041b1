// SPDX-License-Identifier: GPL-2.0-only
/*
 * kill -9 of a process that writes, at random instants: what it said was committed
 * is there, once, as it was, and a torn rest is not.
 *
 *	kill_test [TIMES]
 */
#include <signal.h>
#include <sys/mman.h>
#include <time.h>

#include "common.h"

#define TIMES	10

/* Ten days are all there is to write: days end while it is killed, too. */
static uint64_t time_of(uint64_t seq)
{
	return NOON + seq * (DAY / (SEQS_MAX / 10));
}

/* Commits in batches of changing size until it is killed; @said: rows committed. */
static void write_until_killed(const char *path, enum archive_sync sync, _Atomic uint64_t *committed)
{
	struct hand hand = { NOON, 1000 * SEC };
	struct archive_clock clock = { hand_real, hand_boot, &hand };
	struct archive_options options = {
		.sync = sync, .gid = -1, .clock = &clock, .say = hear,
	};
	struct archive_writer *writer;
	uint64_t seq;

	if (archive_writer_open(&writer, path, &options))
		_exit(2);
	seq = archive_writer_end(writer)->seq;
	for (unsigned int n = seq; seq < SEQS_MAX; n++) {
		for (unsigned int i = 0; i <= n % 23 && seq < SEQS_MAX; i++, seq++) {
			int err = add(writer, seq, time_of(seq));

			/* The next day begins with a batch of its own. */
			if (err == -ENOBUFS)
				break;
			if (err)
				_exit(3);
		}
		if (archive_commit(writer))
			_exit(4);
		*committed = seq;
		hand_pass(&hand, time_of(seq) - hand.real);
	}
	for (;;)
		pause();
}

/* Waits until so much was committed, and then a moment. */
static void wait_for(const _Atomic uint64_t *committed, uint64_t rows, long ns)
{
	struct timespec nap = { 0, ns };

	for (int i = 0; i < 10000 && *committed < rows; i++)
		usleep(500);
	nanosleep(&nap, NULL);
}

static int torn;

/* Rows of all days, one after another, from the first; -1: they are not. */
static int64_t rows_in(int dirfd)
{
	static struct seen seen;
	int64_t rows = 0;

	for (uint32_t date = NEWYEAR; date < NEWYEAR + 12; date++) {
		char name[16];

		snprintf(name, sizeof(name), "%u", date);
		if (!there(dirfd, name))
			continue;
		see_day(&seen, dirfd, date);
		if (seen.rows < 0 || seen.bad || seen.tail)
			return -1;
		for (int i = 0; i < seen.rows; i++)
			if ((int64_t)seen.seqs[i] != rows++)
				return -1;
	}
	return rows;
}

static void begin_anew(const char *path)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -rf '%s'", path);
	if (system(command))
		abort();
}

static bool check(const char *path, uint64_t committed)
{
	struct hand hand = { NOON, 1000 * SEC };
	struct archive_clock clock = { hand_real, hand_boot, &hand };
	struct archive_options options = {
		.sync = ARCHIVE_SYNC_NONE, .gid = -1, .clock = &clock, .say = hear,
	};
	struct archive_writer *writer;
	int64_t rows;
	int dirfd, err;
	bool good;

	forget();
	err = archive_writer_open(&writer, path, &options);
	if (err) {
		printf("# it does not open: %s\n%s", strerror(-err), heard);
		return false;
	}
	dirfd = open(path, O_RDONLY | O_DIRECTORY);
	rows = rows_in(dirfd);
	good = rows >= (int64_t)committed && !strstr(heard, "damaged") &&
	       (!rows || archive_writer_end(writer)->seq == (uint64_t)rows);
	torn += !!strstr(heard, "cut behind");
	if (!good)
		printf("# %lld rows of %llu\n%s", (long long)rows,
		       (unsigned long long)committed, heard);
	close(dirfd);
	archive_writer_close(writer);
	/* A reading here holds so many rows, and is to be killed before that. */
	if (rows > SEQS_MAX / 2)
		begin_anew(path);
	return good;
}

int main(int argc, char **argv)
{
	int times = argc > 1 ? atoi(argv[1]) : TIMES, failed = 0;
	_Atomic uint64_t *committed;
	uint64_t rows = 0;
	char path[128];

	committed = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (committed == MAP_FAILED)
		return 1;
	srand(time(NULL));
	in_test_dir(path, "archive");
	printf("TAP version 13\n1..%d\n", times);
	for (int i = 0; i < times; i++) {
		/* The first sync costs time, so there are fewer of those. */
		uint64_t enough = rand() % (i % 3 ? 8000 : 800);
		int status;
		pid_t pid;
		bool good;

		*committed = 0;
		fflush(stdout);
		pid = fork();
		if (!pid)
			write_until_killed(path, i % 3, committed);
		wait_for(committed, enough, rand() % 2000000);
		kill(pid, SIGKILL);
		if (waitpid(pid, &status, 0) != pid)
			return 1;
		rows += *committed;
		good = WIFSIGNALED(status) && check(path, *committed);
		printf("%sok %d killed after %llu rows were committed\n", good ? "" : "not ",
		       i + 1, (unsigned long long)*committed);
		failed += !good;
	}
	remove_test_dir();
	printf("# %d left something to be cut\n", torn);
	if (!rows)
		printf("Bail out! nothing was ever committed\n");
	return failed || !rows;
}
