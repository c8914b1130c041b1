// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "query.h"
#include "quote.h"

#define NSEC_PER_SEC	1000000000ULL

struct query *query_new(bool follow, enum format_id format)
{
	struct query *query = calloc(1, sizeof(*query));

	if (!query)
		return NULL;
	query->refs = 1;
	query->options.size = sizeof(query->options);
	filter_init(&query->filter);
	query->follow = follow;
	query->format = format;
	return query;
}

struct query *query_get(struct query *query)
{
	if (query)
		__atomic_fetch_add(&query->refs, 1, __ATOMIC_RELAXED);
	return query;
}

void query_put(struct query *query)
{
	if (!query || __atomic_sub_fetch(&query->refs, 1, __ATOMIC_ACQ_REL))
		return;
	filter_uninit(&query->filter);
	free(query);
}

static int refuse(const char *name, const char *value, const char *what, char *why)
{
	char quoted[QUOTE_SIZE];

	snprintf(why, QUERY_WHY_SIZE, "%s: %s %s", name, quote(quoted, value), what);
	return -EINVAL;
}

static int parse_time(const char *name, const char *value, uint64_t *ns, char *why)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (!memlog_parse_time(value, (uint64_t)now.tv_sec * NSEC_PER_SEC +
			       (uint64_t)now.tv_nsec, ns))
		return 0;
	return refuse(name, value, "is no time; expected 2024-05-01T12:00:00Z (a + in an offset is written %2B), -5m, @SECONDS, now, today or yesterday", why);
}

/* The second one to be set is told. */
static int check_times(const struct query *query, const char *name, const char *value,
		       char *why)
{
	const uint32_t both = MEMLOG_READ_SINCE | MEMLOG_READ_UNTIL;
	const struct memlog_reader_options *opt = &query->options;

	if ((opt->flags & both) != both || opt->since_ns <= opt->until_ns)
		return 0;
	return refuse(name, value, "makes since later than until; expected since before until",
		      why);
}

static int set_since(struct query *query, const char *value, char *why)
{
	int err = parse_time("since", value, &query->options.since_ns, why);

	if (err)
		return err;
	query->options.flags |= MEMLOG_READ_SINCE;
	return check_times(query, "since", value, why);
}

static int set_until(struct query *query, const char *value, char *why)
{
	int err = parse_time("until", value, &query->options.until_ns, why);

	if (err)
		return err;
	query->options.flags |= MEMLOG_READ_UNTIL;
	return check_times(query, "until", value, why);
}

static int set_tail(struct query *query, const char *value, char *why)
{
	if (memlog_parse_number(value, &query->options.tail))
		return refuse("tail", value, "is no number; expected how many records, 0 for none of those there are",
			      why);
	query->options.flags |= MEMLOG_READ_TAIL;
	return 0;
}

static int set_from(struct query *query, const char *value, char *why)
{
	if (memlog_parse_place(value, &query->options.from_stream, &query->options.from_seq))
		return refuse("from", value, "names no record; expected SEQ or STREAM:SEQ, the stream in 16 hexadecimal digits",
			      why);
	query->options.flags |= MEMLOG_READ_FROM;
	return 0;
}

static int set_level(struct query *query, const char *value, char *why)
{
	return filter_set_levels(&query->filter, value, why, QUERY_WHY_SIZE);
}

static int set_grep(struct query *query, const char *value, char *why)
{
	return filter_set_grep(&query->filter, value, why, QUERY_WHY_SIZE);
}

static int set_field(struct query *query, const char *value, char *why)
{
	return filter_add_field(&query->filter, value, why, QUERY_WHY_SIZE);
}

static int set_follow(struct query *query, const char *value, char *why)
{
	if (strcmp(value, "0") && strcmp(value, "1"))
		return refuse("follow", value, "is neither 0, for what there is, nor 1, to go on",
			      why);
	query->follow = *value == '1';
	return 0;
}

static int set_format(struct query *query, const char *value, char *why)
{
	for (int i = 0; i < FORMATS; i++) {
		if (strcmp(value, formats[i]->name))
			continue;
		query->format = (enum format_id)i;
		query->format_set = true;
		return 0;
	}
	return refuse("format", value, "is no format; expected text, json, ndjson, binary or sse",
		      why);
}

static const struct parameter {
	const char *name;
	int (*set)(struct query *query, const char *value, char *why);
	bool repeated;
} parameters[] = {
	{ "since", set_since, false },
	{ "until", set_until, false },
	{ "tail", set_tail, false },
	{ "from", set_from, false },
	{ "level", set_level, false },
	{ "grep", set_grep, false },
	{ "field", set_field, true },
	{ "follow", set_follow, false },
	{ "format", set_format, false },
};

int query_set(struct query *query, const char *name, const char *value,
	      char why[QUERY_WHY_SIZE])
{
	char quoted[QUOTE_SIZE];

	for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
		const struct parameter *parameter = &parameters[i];

		if (strcmp(name, parameter->name))
			continue;
		if ((query->given & 1U << i) && !parameter->repeated)
			return refuse(name, value, "is given besides another one; expected it once",
				      why);
		query->given |= 1U << i;
		return parameter->set(query, value, why);
	}
	snprintf(why, QUERY_WHY_SIZE, "%s is no parameter; expected since, until, tail, from, level, grep, field, follow or format",
		 quote(quoted, name));
	return -EINVAL;
}

bool query_is_plain(const struct query *query)
{
	return query->follow && !(query->options.flags & MEMLOG_READ_UNTIL) &&
	       filter_is_empty(&query->filter);
}
