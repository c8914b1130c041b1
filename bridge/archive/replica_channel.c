// SPDX-License-Identifier: GPL-2.0-only
/*
 * A channel that is copied, from its first connection to the end: connect, prove,
 * write what comes; and again.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "../log.h"
#include "replica.h"
#include "replica_intake.h"

/* Between two attempts: doubled each time, give or take a quarter. */
#define BACKOFF_MIN_MS	500
#define BACKOFF_MAX_MS	30000

#define EXPIRE_MS	60000
#define SYNC_MS		1000

uint64_t replica_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

void replica_sleep(const struct replica *replica, uint64_t ms)
{
	uint64_t until = replica_clock() + ms;
	struct timespec ts = { .tv_nsec = 50000000 };

	while (!replica_stopping(replica) && replica_clock() < until)
		nanosleep(&ts, NULL);
}

void replica_say(struct replica_channel *channel, const char *fmt, ...)
{
	char text[sizeof(channel->said)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (!strcmp(text, channel->said))
		return;
	strcpy(channel->said, text);
	log_error("channel %s: %s", channel->name, text);
}

/* What the archive has to say; days come and go by the hundred when much is copied. */
static void say_archive(void *arg, const char *text)
{
	struct replica_channel *channel = arg;

	if (strstr(text, " is opened") || strstr(text, " is finished") ||
	    strstr(text, " is removed"))
		log_info("channel %s: %s", channel->name, text);
	else
		log_error("channel %s: %s", channel->name, text);
}

bool replica_tell(struct replica_channel *channel)
{
	const struct archive_end *end = archive_writer_end(channel->writer);
	bool more = end->date != stat_get(&channel->stats.date) ||
		    end->rows != stat_get(&channel->stats.rows) || end->finished;

	/* also where only lines of cgroups have come */
	committed_set(channel->committed, end->date, end->rows, end->finished);
	stat_set(&channel->stats.date, end->date);
	stat_set(&channel->stats.rows, end->rows);
	if (more)
		stat_set(&channel->stats.committed, stat_get(&channel->stats.committed) + 1);
	return more;
}

/* It is one of the bridge's channels as soon as its folder is there. */
static int serve(struct replica_channel *channel)
{
	struct channels *channels = &channel->replica->bridge->channels;
	struct channel *served;

	if (!channel->committed) {
		int err = channels_add(channels, channel->name, channel->dir);

		served = err ? NULL : channels_find(channels, channel->name);
		if (!served) {
			replica_say(channel, "can't be served");
			return err ? err : -ENOENT;
		}
		channel->committed = &served->committed;
	}
	replica_tell(channel);
	stat_set(&channel->stats.committed, 0);
	return 0;
}

void replica_close_writer(struct replica_channel *channel)
{
	if (channel->writer)
		archive_writer_close(channel->writer);
	channel->writer = NULL;
}

int replica_open_writer(struct replica_channel *channel)
{
	const struct archive_options options = {
		.sync = channel->replica->options.sync,
		.gid = (gid_t)-1,
		.say = say_archive,
		.arg = channel,
	};
	int err;

	if (channel->writer)
		return 0;
	err = archive_writer_open(&channel->writer, channel->dir, &options);
	/* what is put in its place then has to be found by the writer */
	if (!err && replica_mend(channel)) {
		archive_writer_close(channel->writer);
		err = archive_writer_open(&channel->writer, channel->dir, &options);
	}
	if (err) {
		channel->writer = NULL;
	} else {
		err = serve(channel);
		if (err)
			replica_close_writer(channel);
	}
	stat_set(&channel->stats.error, (uint64_t)-err);
	if (err)
		replica_say(channel, "can't write %s: %s", channel->dir, err == -EBUSY ?
			    "another process does" : strerror(-err));
	return err;
}

void replica_expire(struct replica_channel *channel, bool now)
{
	const struct replica_options *options = &channel->replica->options;

	if ((!options->keep_days && !options->max_bytes) ||
	    (!now && replica_clock() < channel->expire_ms))
		return;
	channel->expire_ms = replica_clock() + EXPIRE_MS;
	archive_expire(channel->writer, options->keep_days, options->max_bytes);
}

/**
 * struct session - One connection.
 * @intake: What is done with what comes.
 * @channel: Whose.
 * @finished: As of the last look.
 */
struct session {
	struct intake intake;
	struct replica_channel *channel;
	bool finished;
};

static void say_goes_on(struct replica_channel *channel)
{
	if (channel->said[0])
		log_error("channel %s: it goes on", channel->name);
	channel->said[0] = '\0';
}

static void on_done(void *arg)
{
	struct session *session = arg;
	struct replica_channel *channel = session->channel;

	/* a disk that was full is so until something is on it */
	if (replica_tell(channel)) {
		if (stat_get(&channel->stats.error))
			say_goes_on(channel);
		stat_set(&channel->stats.error, 0);
	}
	if (session->intake.finished && !session->finished)
		replica_expire(channel, true);
	session->finished = session->intake.finished;
}

static void count(struct session *session)
{
	struct replica_stats *stats = &session->channel->stats;
	struct intake *intake = &session->intake;

	stat_set(&stats->records, stat_get(&stats->records) + intake->records);
	stat_set(&stats->bytes, stat_get(&stats->bytes) + intake->bytes);
	stat_set(&stats->lost_days, stat_get(&stats->lost_days) + intake->lost_days);
	if (intake->lost_days)
		log_error("channel %s: the rest of a day is gone at the master, which keeps fewer days than that; it ends early here",
			  session->channel->name);
	intake->records = 0;
	intake->bytes = 0;
	intake->lost_days = 0;
	stat_set(&stats->newest, intake->newest);
	stat_set(&stats->there, intake->there);
	if (intake->row_ns)
		stat_set(&stats->row_ns, intake->row_ns);
}

static int on_message(void *arg, const uint8_t *bytes, size_t len)
{
	struct session *session = arg;
	struct replica_stats *stats = &session->channel->stats;
	int result = intake_message(&session->intake, bytes, len);

	stat_set(&stats->received, stat_get(&stats->received) + len);
	count(session);
	return result;
}

static int on_next(void *arg, uint8_t ask[SYNC_ASK_SIZE])
{
	struct session *session = arg;
	struct replica_channel *channel = session->channel;
	int result = intake_next(&session->intake, ask);

	if (session->intake.state == INTAKE_STREAM && !stat_get(&channel->stats.connected)) {
		stat_set(&channel->stats.connected, 1);
		stat_set(&channel->stats.connects, stat_get(&channel->stats.connects) + 1);
		if (!stat_get(&channel->stats.error))
			say_goes_on(channel);
	}
	return result;
}

static int on_tick(void *arg)
{
	struct session *session = arg;
	struct replica_channel *channel = session->channel;

	if (replica_stopping(channel->replica))
		return -EINTR;
	if (archive_batched(channel->writer))
		return 0;
	replica_expire(channel, false);
	if (channel->replica->options.sync == ARCHIVE_SYNC_SECOND &&
	    replica_clock() >= channel->sync_ms) {
		channel->sync_ms = replica_clock() + SYNC_MS;
		return archive_sync(channel->writer);
	}
	return 0;
}

static const struct link_ops session_ops = {
	.message = on_message,
	.next = on_next,
	.tick = on_tick,
};

static uint64_t jitter(uint64_t ms)
{
	uint32_t n = 0;

	if (getrandom(&n, sizeof(n), GRND_NONBLOCK) < 0)
		n = (uint32_t)replica_clock();
	return ms - ms / 4 + n % (ms / 2);
}

/* Between two attempts. */
static void rest(struct replica_channel *channel)
{
	replica_sleep(channel->replica, jitter(channel->backoff_ms));
	channel->backoff_ms *= 2;
	if (channel->backoff_ms > BACKOFF_MAX_MS)
		channel->backoff_ms = BACKOFF_MAX_MS;
}

static void say_end(struct replica_channel *channel, const struct intake *intake, int result,
		    const char *why)
{
	const struct replica_options *options = &channel->replica->options;

	stat_set(&channel->stats.connected, 0);
	if (result == INTAKE_WRONG)
		replica_say(channel, "%s: %s", options->url, intake->why);
	else if (result == LINK_CLOSED)
		replica_say(channel, "%s: %s", options->url, why[0] ? why : "the connection was lost");
	else if (result < 0 && result != -EINTR && intake->why[0])
		replica_say(channel, "%s", intake->why);
	else if (result < 0 && result != -EINTR)
		replica_say(channel, "can't write %s: %s; it is tried again", channel->dir,
			    strerror(-result));
	stat_set(&channel->stats.error, result < 0 && result != -EINTR && result != LINK_CLOSED ?
		 (uint64_t)-result : 0);
}

/*
 * Until the master has said something: what is here was summed up, and is not again
 * for one that is not there.
 */
static int connect_and_follow(struct session *session)
{
	struct replica_channel *channel = session->channel;
	char why[LINK_WHY_SIZE];
	int result;

	for (;;) {
		why[0] = '\0';
		result = replica_link_run(&channel->replica->options.from, channel->name,
					  &session_ops, session, why);
		say_end(channel, &session->intake, result, why);
		if (result != LINK_CLOSED || session->intake.state != INTAKE_HELLO)
			return result;
		rest(channel);
		if (replica_stopping(channel->replica))
			return -EINTR;
	}
}

/* @differs: the day for INTAKE_DIFFERS. */
static int follow(struct replica_channel *channel, uint32_t *differs)
{
	const struct replica_options *options = &channel->replica->options;
	struct session session = {
		.channel = channel,
		.intake = {
			.name = channel->name, .writer = channel->writer,
			.history = options->history, .keep_days = options->keep_days,
			.done = on_done,
		},
	};
	int result;

	session.intake.arg = &session;
	result = intake_open(&session.intake, channel->dir, &channel->replica->stop);
	if (result)
		say_end(channel, &session.intake, result, "");
	else
		result = connect_and_follow(&session);
	*differs = session.intake.differs;
	intake_close(&session.intake);
	/* nothing else does until there is a connection again */
	if (options->sync == ARCHIVE_SYNC_SECOND)
		archive_sync(channel->writer);
	return result;
}

/* Return: whether to go on. */
static bool differs(struct replica_channel *channel, uint32_t date)
{
	if (!replica_differ(channel, date))
		return true;
	stat_set(&channel->stats.mismatches, stat_get(&channel->stats.mismatches) + 1);
	if (!channel->replica->options.repair) {
		log_error("channel %s: nothing more is copied; memlog-replica --repair fetches day %u again and keeps the old one as %u.replaced-TIME",
			  channel->name, date, date);
		stat_set(&channel->stats.stopped, 1);
		return false;
	}
	if (!replica_repair(channel, date))
		stat_set(&channel->stats.repaired, stat_get(&channel->stats.repaired) + 1);
	return true;
}

static void *channel_main(void *arg)
{
	struct replica_channel *channel = arg;
	uint64_t records;
	uint32_t date;
	int result;

	channel->backoff_ms = BACKOFF_MIN_MS;
	while (!replica_stopping(channel->replica)) {
		records = stat_get(&channel->stats.committed);
		result = replica_open_writer(channel);
		if (!result)
			result = follow(channel, &date);
		if (result == INTAKE_DIFFERS && !differs(channel, date))
			break;
		/* a connection that brought something was a good one */
		if (stat_get(&channel->stats.committed) != records)
			channel->backoff_ms = BACKOFF_MIN_MS;
		if (result != -EINTR)
			rest(channel);
	}
	replica_close_writer(channel);
	return NULL;
}

int replica_channel_start(struct replica *replica, const char *name)
{
	struct replica_channel *channel = calloc(1, sizeof(*channel)), **link = &replica->channels;
	sigset_t all, old;
	int err;

	if (!channel || asprintf(&channel->dir, "%s/%s", replica->options.dir, name) < 0) {
		free(channel);
		return -ENOMEM;
	}
	channel->replica = replica;
	strncpy(channel->name, name, SYNC_NAME_MAX);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&channel->thread, NULL, channel_main, channel);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err) {
		free(channel->dir);
		free(channel);
		return -err;
	}
	while (*link)
		link = &(*link)->next;
	__atomic_store_n(link, channel, __ATOMIC_RELEASE);
	return 0;
}

void replica_channel_join(struct replica_channel *channel)
{
	pthread_join(channel->thread, NULL);
	free(channel->dir);
	free(channel);
}
