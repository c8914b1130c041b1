// SPDX-License-Identifier: GPL-2.0-only
/*
 * The query string. libwebsockets has taken it apart at "&" and decoded it; a
 * bad "%" was refused there.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "request.h"

#define PARAM_MAX	4096

bool request_has_query(struct lws *wsi)
{
	return lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_URI_ARGS);
}

static int set_one(struct query *query, char *param, const char *without, char *why)
{
	char *value = strchr(param, '=');

	if (!value) {
		snprintf(why, QUERY_WHY_SIZE, "expected NAME=VALUE for each parameter of the query string");
		return -EINVAL;
	}
	*value++ = '\0';
	if (without && !strcmp(param, without))
		return 0;
	return query_set(query, param, value, why);
}

int request_query(struct lws *wsi, struct query *query, const char *without,
		  char why[QUERY_WHY_SIZE])
{
	char param[PARAM_MAX];
	int len, err = 0;

	if (!request_has_query(wsi))
		return 0;
	for (int i = 0; !err; i++) {
		len = lws_hdr_copy_fragment(wsi, param, sizeof(param),
					    WSI_TOKEN_HTTP_URI_ARGS, i);
		if (len < 0)
			break;
		if (!len)
			continue;
		if (strlen(param) != (size_t)len) {
			snprintf(why, QUERY_WHY_SIZE, "the query string has a NUL in it");
			return -EINVAL;
		}
		err = set_one(query, param, without, why);
	}
	return err;
}
