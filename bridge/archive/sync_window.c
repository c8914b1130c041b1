// SPDX-License-Identifier: GPL-2.0-only
#include "sync_window.h"

void sync_window_add(struct sync_window *window, const struct sync_out *out)
{
	unsigned int at = (window->first + window->count) % UNACKED_MESSAGES;

	if (!out->date)
		return;
	window->sent[at] = (struct sync_sent){
		.date = out->date, .rows = out->rows, .raw = out->raw, .finish = out->finish,
	};
	window->count++;
	window->bytes += out->raw;
}

const char *sync_window_ack(struct sync_window *window, const struct sync_ask *ask)
{
	bool finished = ask->flags & SYNC_ACK_FINISHED;

	while (window->count) {
		const struct sync_sent *sent = &window->sent[window->first];

		if (sent->date > ask->date ||
		    (sent->date == ask->date &&
		     (sent->rows > ask->number || (sent->finish && !finished))))
			return NULL;
		window->bytes -= sent->raw;
		window->first = (window->first + 1) % UNACKED_MESSAGES;
		window->count--;
		if (sent->date == ask->date && sent->rows == ask->number &&
		    sent->finish == finished)
			return NULL;
	}
	return "an ACK of what was not sent";
}
