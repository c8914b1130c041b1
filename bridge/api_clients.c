// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who follows what, and how far behind: of the channels that one may read.
 */
#include <stdlib.h>

#include "census.h"
#include "route.h"
#include "token.h"

int api_clients(struct lws *wsi, struct conn *conn, const struct request *request)
{
	struct channels *all = &conn->shard->bridge->channels;
	struct channel *channel = NULL, **channels;
	struct reply refused;
	size_t count = 0, n = 0;

	if (!token_known(wsi, conn, &refused))
		return request_reply(wsi, conn, &refused);
	while ((channel = channels_next(all, channel)))
		count++;
	channels = calloc(count + 1, sizeof(struct channel *));
	if (!channels)
		return ANSWER_FAILED;
	while (n < count && (channel = channels_next(all, channel)))
		if (token_allows(wsi, conn, AUTH_READ, channel->name, NULL))
			channels[n++] = channel;
	return census_start(wsi, conn, channels);
}
