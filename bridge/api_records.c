// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records over HTTP: what there is, or as events for as long as a client stays.
 */
#include <stdio.h>
#include <string.h>

#include <memlog.h>

#include "route.h"
#include "sink.h"
#include "stream.h"
#include "token.h"

/* Whether it may read; else it is answered, as @answer says. */
static bool may_read(struct lws *wsi, struct conn *conn, const struct request *request,
		     int *answer)
{
	struct channel *channel = channels_find(&conn->shard->bridge->channels,
						request->channel);
	struct reply refused;

	if (!token_allows(wsi, conn, AUTH_READ, channel ? channel->name : "", &refused))
		*answer = request_reply(wsi, conn, &refused);
	else if (!channel)
		*answer = request_refuse(wsi, conn, HTTP_STATUS_NOT_FOUND,
					 NO_SUCH_CHANNEL);
	else if (conn->shard->stopping)
		*answer = request_refuse(wsi, conn, HTTP_STATUS_SERVICE_UNAVAILABLE,
					 "The bridge stops.\n");
	else {
		conn->channel = channel;
		return true;
	}
	return false;
}

/* Return: 0, or it is answered, as @answer says. */
static int read_query(struct lws *wsi, struct conn *conn, const char *without, int *answer)
{
	char why[QUERY_WHY_SIZE] = "";

	if (!request_query(wsi, conn->query, without, why))
		return 0;
	if (why[0])
		*answer = request_refuse(wsi, conn, HTTP_STATUS_BAD_REQUEST, "%s\n", why);
	else
		*answer = request_refuse(wsi, conn, HTTP_STATUS_SERVICE_UNAVAILABLE, "no memory\n");
	return -1;
}

static bool new_query(struct conn *conn, bool follow, enum format_id format)
{
	query_put(conn->query);
	conn->query = query_new(follow, format);
	return conn->query;
}

int api_records(struct lws *wsi, struct conn *conn, const struct request *request)
{
	int answer;

	if (!may_read(wsi, conn, request, &answer))
		return answer;
	if (!new_query(conn, false, FORMAT_TEXT))
		return ANSWER_FAILED;
	if (read_query(wsi, conn, NULL, &answer))
		return answer;
	if (conn->query->format != FORMAT_TEXT && conn->query->format != FORMAT_JSON &&
	    conn->query->format != FORMAT_NDJSON)
		return request_refuse(wsi, conn, HTTP_STATUS_BAD_REQUEST,
				      "format: expected text, json or ndjson\n");
	return stream_start(wsi, conn, &sink_records);
}

/* "stream:seq" was the last one it had. Return: false if it is not like that. */
static bool resume(struct query *query, const char *id, char why[QUERY_WHY_SIZE])
{
	char from[40];
	uint64_t stream, seq;

	if (memlog_parse_place(id, &stream, &seq) || seq == UINT64_MAX)
		return false;
	snprintf(from, sizeof(from), "%016llx:%llu", (unsigned long long)stream,
		 (unsigned long long)seq + 1);
	return !query_set(query, "from", from, why);
}

/* Parameters that name the beginning. */
#define SAYS_WHERE	(MEMLOG_READ_FROM | MEMLOG_READ_TAIL | MEMLOG_READ_SINCE)

int api_sse(struct lws *wsi, struct conn *conn, const struct request *request)
{
	char id[64], why[QUERY_WHY_SIZE] = "";
	int len = request_header_named(wsi, "last-event-id:", id, sizeof(id)), answer;

	if (!may_read(wsi, conn, request, &answer))
		return answer;
	if (!new_query(conn, true, FORMAT_SSE))
		return ANSWER_FAILED;
	/* a browser comes back with the address it had, and with what it had from there */
	if (read_query(wsi, conn, len ? "from" : NULL, &answer))
		return answer;
	if (conn->query->format_set)
		return request_refuse(wsi, conn, HTTP_STATUS_BAD_REQUEST,
				      "format: events are JSON, and there is no other\n");
	conn->query->format = FORMAT_SSE;
	if (len < 0 || (len > 0 && !resume(conn->query, id, why)))
		return request_refuse(wsi, conn, HTTP_STATUS_BAD_REQUEST,
				      "Last-Event-ID: expected STREAM:SEQ\n");
	/* who came back without being seen to would get everything again */
	if (conn->is_stream && !(conn->query->options.flags & SAYS_WHERE))
		return request_refuse(wsi, conn, HTTP_STATUS_BAD_REQUEST,
				      "Over HTTP/2 libwebsockets does not show Last-Event-ID: say where to begin, from=STREAM:SEQ, tail=N or since=TIME, or use HTTP/1.1 (--no-http2, for browsers)\n");
	return stream_start(wsi, conn, &sink_sse);
}
