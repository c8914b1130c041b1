/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a client asks for: where to begin and to end, which records, in which
 * format. The same parameters on every endpoint, by the words of the library.
 */
#ifndef BRIDGE_QUERY_H
#define BRIDGE_QUERY_H

#include <memlog.h>

#include "filter.h"
#include "format.h"

/* Room for what query_set() says about a bad parameter. */
#define QUERY_WHY_SIZE	512

/**
 * struct query - A request for records.
 * @refs: How many hold it, in any thread; it does not change any more when that
 *        is above 1.
 * @options: Where to begin and to end; MEMLOG_READ_TAIL here counts what @filter
 *           lets pass, before the end.
 * @filter: Which records.
 * @follow: Wait for more at the end.
 * @format: How they are written.
 * @format_set: It was asked for by name.
 * @given: Parameters that were set, a bit each.
 */
struct query {
	unsigned int refs;
	struct memlog_reader_options options;
	struct filter filter;
	bool follow;
	enum format_id format;
	bool format_set;
	unsigned int given;
};

/* A query for all records; NULL if there is no memory. */
struct query *query_new(bool follow, enum format_id format);
struct query *query_get(struct query *query);
void query_put(struct query *query);

/**
 * query_set() - Take one parameter.
 * @query: The query, nobody else's yet.
 * @name: Its name, decoded.
 * @value: Its value, decoded.
 * @why: Set to what is wrong with it, and what is allowed; one line, no newline.
 *
 * Return: 0, -EINVAL (then @why is set), -ENOMEM.
 */
int query_set(struct query *query, const char *name, const char *value,
	      char why[QUERY_WHY_SIZE]);

/* Whether it wants what every follower of the channel wants, from some place on. */
bool query_is_plain(const struct query *query);

#endif /* BRIDGE_QUERY_H */
