// SPDX-License-Identifier: GPL-2.0-only
/*
 * memlog.sync: the first byte says whose messages these are, then each has two bytes
 * of length before it. A master's go into an archive in a folder of its own, a
 * replica's to a feed of one.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/replica_intake.h"
#include "archive/sync_feed.h"
#include "libfuzz.h"

static char top[64];
static struct archive_writer *writer;
static struct committed committed;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void clean(void)
{
	nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void open_writer(void)
{
	static const struct archive_options options = {
		.sync = ARCHIVE_SYNC_NONE, .gid = (gid_t)-1,
	};

	if (archive_writer_open(&writer, top, &options))
		abort();
}

/* An archive of one finished day and one that is not, for the feed. */
static void fill(void)
{
	struct memlog_record rec = { .len = 5, .time_ns = 1000000000ULL * 86400 * 20000 };

	for (; rec.seq < 20; rec.seq++) {
		if (rec.seq == 10) {
			if (archive_commit(writer) || archive_finish(writer))
				abort();
			rec.time_ns += 86400 * 1000000000ULL;
		}
		if (archive_append(writer, 7, &rec, "text\n"))
			abort();
	}
	if (archive_commit(writer))
		abort();
}

static void init(void)
{
	snprintf(top, sizeof(top), "/tmp/sync_fuzz.XXXXXX");
	if (!mkdtemp(top))
		abort();
	committed_init(&committed);
	open_writer();
	fill();
	atexit(clean);
}

/* The next message; NULL: there is none. */
static const uint8_t *next(const uint8_t **at, size_t *left, size_t *len)
{
	const uint8_t *message = *at + 2;

	if (*left < 2)
		return NULL;
	*len = (size_t)(*at)[0] << 8 | (*at)[1];
	*left -= 2;
	if (*len > *left)
		*len = *left;
	*left -= *len;
	*at = message + *len;
	return message;
}

static void as_replica(const uint8_t *at, size_t left)
{
	static const bool stop;
	struct intake intake = { .name = "app", .writer = writer, .history = -1 };
	uint8_t ask[SYNC_ASK_SIZE];
	const uint8_t *message;
	size_t len;
	int result = intake_open(&intake, top, &stop);

	while (!result && (message = next(&at, &left, &len))) {
		result = intake_message(&intake, message, len);
		while (!result && intake_next(&intake, ask) == 1)
			;
	}
	intake_close(&intake);
}

static void as_master(const uint8_t *at, size_t left)
{
	struct sync_feed *feed;
	const uint8_t *message;
	struct sync_out *out;
	struct sync_message said;
	struct sync_ask ask;
	size_t len;

	if (sync_feed_open(&feed, top, "app", &committed))
		abort();
	do {
		for (int i = 0; i < 20 && sync_feed_work(feed, &out) == 1; i++) {
			/* what we say, we understand */
			if (out && sync_message_get(out->bytes + SYNC_HEADROOM, out->size, &said))
				abort();
			free(out);
		}
		message = next(&at, &left, &len);
		if (message && !sync_ask_get(message, len, &ask) && ask.type != SYNC_ACK)
			sync_feed_ask(feed, &ask);
	} while (message);
	sync_feed_close(feed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!writer)
		init();
	if (!size)
		return 0;
	if (data[0] & 1)
		as_replica(data + 1, size - 1);
	else
		as_master(data + 1, size - 1);
	return 0;
}
