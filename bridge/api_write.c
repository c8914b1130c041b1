// SPDX-License-Identifier: GPL-2.0-only
/*
 * POST of records. A worker takes the body apart and writes, so that a long one
 * holds nobody up. Where the channel is archived, the answer waits until the records
 * are, as --sync promises.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "archive/archiver.h"
#include "body.h"
#include "incoming.h"
#include "log.h"
#include "route.h"
#include "shard.h"
#include "token.h"
#include "write_job.h"

/* So long is a disk waited for. */
#define ARCHIVE_MS	10000

/**
 * struct write_job - A body on its way into a channel.
 * @work: Runs on a worker.
 * @shard: Whose it is.
 * @conn: Waits for the answer; NULL: it is gone.
 * @wsi: The same, for libwebsockets.
 * @channel: Where to write.
 * @json: The lines are JSON.
 * @data: The body.
 * @len: Bytes of it.
 * @incoming: What is in it.
 * @written: What became of that.
 * @err: 0, or what went wrong.
 * @waiter: Tells when they are archived.
 * @waiting: It has still to tell.
 * @deadline_ms: When the answer does not wait any longer, in time of the loop.
 * @unarchived: 0, or why they are not archived.
 * @errand: Brings that back to the loop.
 * @finished: All is done.
 */
struct write_job {
	uv_work_t work;
	struct shard *shard;
	struct conn *conn;
	struct lws *wsi;
	struct channel *channel;
	bool json;
	char *data;
	size_t len;
	struct incoming incoming;
	struct incoming_written written;
	int err;
	struct archiver_waiter waiter;
	bool waiting;
	uint64_t deadline_ms;
	int unarchived;
	struct errand errand;
	bool finished;
};

static void free_job(struct write_job *job)
{
	incoming_free(&job->incoming);
	free(job->data);
	free(job);
}

static void run_job(uv_work_t *work)
{
	struct write_job *job = work->data;

	job->err = job->json ? incoming_parse_json(&job->incoming, job->data, job->len) :
			       incoming_parse_text(&job->incoming, job->data, job->len);
	if (!job->err && job->incoming.count)
		job->err = incoming_write(&job->incoming, job->channel, &job->written);
}

static void finish_job(struct write_job *job)
{
	job->shard->jobs--;
	if (!job->conn) {
		free_job(job);
		return;
	}
	job->finished = true;
	lws_callback_on_writable(job->wsi);
}

/* In the loop again, and not waiting any longer. */
static void run_errand(struct errand *errand, struct shard *shard)
{
	struct write_job *job = list_entry(errand, struct write_job, errand);

	job->waiting = false;
	job->unarchived = job->waiter.err;
	finish_job(job);
}

/* By the archiver's thread, or ours. */
static void on_archived(struct archiver_waiter *waiter)
{
	struct write_job *job = list_entry(waiter, struct write_job, waiter);

	shard_send(job->shard, &job->errand);
}

static void end_job(uv_work_t *work, int status)
{
	struct write_job *job = work->data;

	if (status && !job->err)
		job->err = -EIO;
	if (job->err || !job->written.records || !job->channel->archiver) {
		finish_job(job);
		return;
	}
	job->waiter = (struct archiver_waiter){
		.stream = job->written.stream,
		.first = job->written.first,
		.last = job->written.last,
		.done = on_archived,
	};
	job->errand.run = run_errand;
	job->waiting = true;
	job->deadline_ms = uv_now(&job->shard->loop) + ARCHIVE_MS;
	archiver_watch(job->channel->archiver, &job->waiter);
}

void write_job_tick(struct shard *shard)
{
	struct list *pos, *n;

	list_for_each_safe(pos, n, &shard->conns) {
		struct write_job *job = list_entry(pos, struct conn, link)->job;

		if (!job || !job->waiting || uv_now(&shard->loop) < job->deadline_ms ||
		    !archiver_unwatch(job->channel->archiver, &job->waiter))
			continue;
		job->waiting = false;
		job->unarchived = -ETIMEDOUT;
		finish_job(job);
	}
}

static const char *why_not(int err)
{
	switch (err) {
	case -EROFS:
	case -ESHUTDOWN:
		return "this channel is not written by the bridge";
	case -EACCES:
	case -EPERM:
		return "the bridge may not write this channel";
	case -EBUSY:
		return "another process writes this channel";
	case -EDQUOT:
		return "the channel's quota is used up";
	default:
		return "the records can't be written";
	}
}

static const char *why_unarchived(int err)
{
	switch (err) {
	case -EOVERFLOW:
		return "some of them were overwritten before they could be archived: send less at once, or give the channel a larger ring";
	case -ENOSPC:
		return "the archive's disk is full";
	case -EDQUOT:
		return "the archive's quota is used up";
	case -ETIMEDOUT:
		return "the archive's disk takes too long";
	case -ERANGE:
		return "the ring is older than its archive, as the bridge's log says";
	case -ESHUTDOWN:
		return "the bridge stops";
	default:
		return "the archive can't be written";
	}
}

/* They are in the ring, so that it is no use to send them again. */
static int answer_unarchived(struct lws *wsi, struct conn *conn, const struct write_job *job)
{
	const struct incoming_written *written = &job->written;
	int err = job->unarchived;

	log_info("channel %s: POST: not archived: %s", job->channel->name, strerror(-err));
	return request_refuse(wsi, conn, err == -ENOSPC || err == -EDQUOT ? 507 : 503,
			      "%llu records were written, %016llx:%llu to %llu, but they are not archived yet: %s.\n",
			      (unsigned long long)written->records,
			      (unsigned long long)written->stream,
			      (unsigned long long)written->first,
			      (unsigned long long)written->last, why_unarchived(err));
}

static int answer_job(struct lws *wsi, struct conn *conn, const struct write_job *job)
{
	const struct incoming_written *written = &job->written;
	char stream[17];

	if (job->err == -EINVAL)
		return request_refuse(wsi, conn, HTTP_STATUS_BAD_REQUEST,
				      "Nothing was written: %s.\n", job->incoming.why);
	if (job->err) {
		int status = job->err == -EDQUOT ? 429 :
			     job->err == -ENOMEM || job->err == -EIO ? 503 : 403;

		log_info("channel %s: POST: %s", job->channel->name, strerror(-job->err));
		if (!written->records)
			return request_refuse(wsi, conn, status, "Nothing was written: %s.\n",
					      why_not(job->err));
		return request_refuse(wsi, conn, status,
				      "%llu records were written; then: %s.\n",
				      (unsigned long long)written->records, why_not(job->err));
	}
	if (!written->records)
		return request_refuse(wsi, conn, HTTP_STATUS_BAD_REQUEST,
				      "Nothing was written: there is no line in the body.\n");
	if (job->unarchived)
		return answer_unarchived(wsi, conn, job);
	snprintf(stream, sizeof(stream), "%016llx", (unsigned long long)written->stream);
	return api_reply_json(wsi, conn,
			      json_pack("{ss sI sI sI}", "stream", stream,
					"first", (json_int_t)written->first,
					"last", (json_int_t)written->last,
					"records", (json_int_t)written->records));
}

int write_job_answer(struct lws *wsi, struct conn *conn)
{
	struct write_job *job = conn->job;
	int answer;

	if (!job->finished)
		return ANSWER_GOES_ON;
	conn->job = NULL;
	answer = answer_job(wsi, conn, job);
	free_job(job);
	return answer;
}

void write_job_leave(struct conn *conn)
{
	struct write_job *job = conn->job;

	if (!job)
		return;
	conn->job = NULL;
	job->conn = NULL;
	/* nobody is there to be answered: it must not keep the bridge from ending */
	if (job->waiting && archiver_unwatch(job->channel->archiver, &job->waiter))
		finish_job(job);
	else if (job->finished)
		free_job(job);
}

/* Return: 1 JSON, 0 text, -1 neither. */
static int content_type(struct lws *wsi)
{
	char type[64];

	if (request_header(wsi, WSI_TOKEN_HTTP_CONTENT_TYPE, type, sizeof(type)) <= 0)
		return -1;
	type[strcspn(type, "; \t")] = '\0';
	if (!strcasecmp(type, "text/plain"))
		return 0;
	return strcasecmp(type, "application/x-ndjson") ? -1 : 1;
}

static int on_body(struct lws *wsi, struct conn *conn, char *data, size_t len)
{
	struct write_job *job = calloc(1, sizeof(*job));

	if (!job)
		return ANSWER_FAILED;
	job->work.data = job;
	job->shard = conn->shard;
	job->conn = conn;
	job->wsi = wsi;
	job->channel = conn->channel;
	job->json = content_type(wsi) == 1;
	/* the last line may want a newline */
	job->data = malloc(len + 2);
	if (!job->data) {
		free(job);
		return ANSWER_FAILED;
	}
	memcpy(job->data, data, len + 1);
	job->len = len;
	conn->job = job;
	conn->shard->jobs++;
	lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
	uv_queue_work(&conn->shard->loop, &job->work, run_job, end_job);
	return ANSWER_GOES_ON;
}

int api_write(struct lws *wsi, struct conn *conn, const struct request *request)
{
	struct channel *channel = channels_find(&conn->shard->bridge->channels,
						request->channel);
	struct reply refused;

	if (!token_allows(wsi, conn, AUTH_WRITE, channel ? channel->name : "", &refused))
		return request_reply(wsi, conn, &refused);
	if (!channel)
		return request_refuse(wsi, conn, HTTP_STATUS_NOT_FOUND,
				      NO_SUCH_CHANNEL);
	if (content_type(wsi) < 0)
		return request_refuse(wsi, conn, HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE,
				      "A Content-Type is needed: text/plain for lines, or application/x-ndjson.\n");
	conn->channel = channel;
	return body_start(wsi, conn, INCOMING_BYTES, on_body);
}
