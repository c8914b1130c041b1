// SPDX-License-Identifier: GPL-2.0-only
#include <archive/date.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "modsync_session.h"

#define BEAT_MS		5000
#define TICK_MS		1000
#define RETRY_MS	1000

/* Days that are asked for to see whether an earlier one is over, newest first. */
#define PROBES_MAX	8
#define PROBE_AGAIN_MS	600000

/* Ends the connection, with nothing wrong. */
#define ANEW		-ERESTART

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int send_beat(struct modsync_session *session, uint64_t now)
{
	if (now - session->beat_ms < BEAT_MS)
		return 0;
	session->beat_ms = now;
	return modsync_link_send(&session->link, MODSYNC_BEAT, NULL, 0);
}

static int greet(struct modsync_session *session)
{
	session->welcomed = false;
	return modsync_link_send(&session->link, MODSYNC_HELLO, MODSYNC_HELLO_TEXT,
				 strlen(MODSYNC_HELLO_TEXT));
}

static int ask_for(struct modsync_session *session, uint32_t date, uint64_t row)
{
	struct modsync_ask ask = { .date = date, .id = row };
	char json[MODSYNC_MESSAGE_MAX];

	session->heard_ms = now_ms();
	return modsync_link_send(&session->link, MODSYNC_ASK, json, modsync_ask_put(json, &ask));
}

/* A day that has not begun anywhere is asked for once it has. */
static int ask(struct modsync_session *session)
{
	struct modsync_copy *copy = session->copy;

	session->answered = false;
	session->asked = copy->date <= archive_date_add(modsync_copy_today(copy), 1);
	return session->asked ? ask_for(session, copy->date, copy->next) : 0;
}

/* Something of a later day came: what was asked for before is over. */
static int proven(struct modsync_session *session)
{
	if (session->probe > session->proof)
		session->proof = session->probe;
	return ANEW;
}

/*
 * Does @step until it succeeds: with a full disk the server has to wait, and is told
 * that we live. Return: 0; -ECANCELED it is to stop; -errno.
 */
static int insist(struct modsync_session *session, int (*step)(struct modsync_copy *copy))
{
	struct modsync_copy *copy = session->copy;
	int err = step(copy);

	while (err) {
		session->publish(session->arg);
		if (err == -ESTALE)
			return modsync_copy_resume(copy) ? -ESTALE : ANEW;
		if (modsync_link_wait(&session->link, RETRY_MS))
			return -ECANCELED;
		err = send_beat(session, now_ms());
		if (err)
			return err;
		err = step(copy);
	}
	session->heard_ms = now_ms();
	session->publish(session->arg);
	return 0;
}

static int on_row(void *arg, const struct modsync_row *row, const char *text)
{
	struct modsync_session *session = arg;
	int err;

	if (session->probe)
		return row->date == session->probe ? proven(session) : ANEW;
	err = modsync_copy_row(session->copy, row, text);
	if (err != -ENOBUFS)
		return err;
	err = insist(session, modsync_copy_commit);
	return err ? err : modsync_copy_row(session->copy, row, text);
}

static int on_rows_end(void *arg)
{
	struct modsync_session *session = arg;

	session->answered = true;
	return insist(session, modsync_copy_commit);
}

/* The next day is asked for at once. */
static int finish_day(struct modsync_session *session)
{
	int err = insist(session, modsync_copy_finish);

	return err ? err : ask(session);
}

static int on_done(struct modsync_session *session, uint32_t date)
{
	struct modsync_copy *copy = session->copy;

	if (!date)
		return -EBADMSG;
	if (session->probe)
		return date == session->probe ? proven(session) : ANEW;
	/* It may cross with a question, and then is of the day before. */
	if (date < copy->date)
		return 0;
	if (date > copy->date || !session->asked)
		return -ERANGE;
	return finish_day(session);
}

static int on_message(void *arg, uint32_t type, const char *content, size_t len)
{
	struct modsync_session *session = arg;

	if (type == MODSYNC_DONE || type == MODSYNC_DONE_OLD)
		return on_done(session, modsync_done_get(content, len));
	if (type != MODSYNC_WELCOME)
		return 0;
	session->welcomed = true;
	session->copy->stats.connected = true;
	session->publish(session->arg);
	return 0;
}

static const struct modsync_handler handler = {
	.message = on_message, .row = on_row, .rows_end = on_rows_end,
};

/* It may have lost the question. What is on its way comes twice then. */
static int ask_again(struct modsync_session *session)
{
	int err = greet(session);

	session->copy->again = true;
	return err ? err : ask(session);
}

/* Has it something of a later day? The newest is the likeliest. */
static int probe(struct modsync_session *session, uint32_t today)
{
	uint32_t date = session->probe ? archive_date_add(session->probe, -1) : today;

	session->probed_ms = now_ms();
	if (date <= session->copy->date || session->probes++ >= PROBES_MAX)
		return ANEW;
	session->probe = date;
	return ask_for(session, date, 0);
}

static int presume_complete(struct modsync_session *session)
{
	struct modsync_copy *copy = session->copy;

	modsync_copy_say(copy, "%08u: the server never said that it is complete, but has something of %08u; it is taken as complete with %llu rows",
			 copy->date, session->proof, (unsigned long long)copy->next);
	return finish_day(session);
}

/* Nothing came for a while. */
static int on_silence(struct modsync_session *session, uint64_t now)
{
	struct modsync_copy *copy = session->copy;
	uint32_t today = modsync_copy_today(copy);

	if (session->probe)
		return probe(session, today);
	if (!session->welcomed || modsync_reader_busy(session->reader))
		return -ETIMEDOUT;
	/* Yesterday may be today, further west: there may be nothing yet. */
	if (!session->asked || archive_date_diff(copy->date, today) < 2) {
		session->heard_ms = now;
		return session->answered || !session->asked ? greet(session) : ask_again(session);
	}
	if (copy->date < session->proof && copy->again)
		return presume_complete(session);
	if (copy->date < session->proof || !copy->again ||
	    (session->probed_ms && now - session->probed_ms < PROBE_AGAIN_MS))
		return ask_again(session);
	return probe(session, today);
}

static int check_silence(struct modsync_session *session, uint64_t now)
{
	unsigned int patience = session->probe ? session->patience_ms / 10 :
						 session->patience_ms;

	return now - session->heard_ms >= patience ? on_silence(session, now) : 0;
}

static int look_after(struct modsync_session *session)
{
	uint64_t now = now_ms();
	int err = send_beat(session, now);

	if (!err && now - session->tick_ms >= TICK_MS) {
		session->tick_ms = now;
		modsync_copy_tick(session->copy);
		session->publish(session->arg);
		if (!session->asked)
			err = ask(session);
	}
	return err ? err : check_silence(session, now);
}

static int receive(struct modsync_session *session)
{
	unsigned int wait_ms = session->patience_ms / 10 < TICK_MS ? session->patience_ms / 10 :
								      TICK_MS;
	char buf[65536];
	ssize_t n = modsync_link_receive(&session->link, buf, sizeof(buf), wait_ms);
	int err;

	if (n < 0)
		return n == -EAGAIN ? 0 : (int)n;
	session->copy->stats.wire_bytes += (uint64_t)n;
	err = modsync_reader_feed(session->reader, buf, (size_t)n);
	if (modsync_reader_busy(session->reader))
		session->heard_ms = now_ms();
	return err;
}

static int copy_all(struct modsync_session *session)
{
	int err = greet(session);

	session->beat_ms = session->tick_ms = now_ms();
	if (!err)
		err = ask(session);
	while (!err) {
		err = receive(session);
		if (!err)
			err = look_after(session);
	}
	return err;
}

static const char *explain(const struct modsync_session *session, int err)
{
	if (session->copy->error[0])
		return session->copy->error;
	if (session->reader && modsync_reader_error(session->reader)[0])
		return modsync_reader_error(session->reader);
	switch (err) {
	case ANEW:
	case -ECANCELED:
		return NULL;
	case -EBADMSG:
		return "it says that something is complete that is no day";
	case -ERANGE:
		return "it says that a day is complete that was not asked for";
	case -ETIMEDOUT:
		return "it does not answer";
	case -ECONNRESET:
		return "it closed the connection; if it does so each time, see its log, and compare clocks and send flags";
	default:
		return strerror(-err);
	}
}

bool modsync_session_run(struct modsync_session *session, const char **why)
{
	struct modsync_copy *copy = session->copy;
	const char *words;
	int err = -ENOMEM;

	copy->error[0] = '\0';
	copy->again = false;
	session->probe = 0;
	session->probes = 0;
	session->reader = modsync_reader_new(session->link.flag, &handler, session);
	if (session->reader)
		err = copy_all(session);
	words = explain(session, err);
	snprintf(session->why, sizeof(session->why), "%s", words ? words : "");
	*why = words ? session->why : NULL;
	modsync_reader_free(session->reader);
	session->reader = NULL;
	if (err == -EBADMSG || err == -EPROTO || err == -EMSGSIZE || err == -ERANGE)
		copy->stats.refused++;
	modsync_link_close(&session->link);
	modsync_copy_drop(copy);
	copy->stats.connected = false;
	session->publish(session->arg);
	return err == -ECANCELED;
}
