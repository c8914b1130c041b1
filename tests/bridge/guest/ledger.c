// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "ledger.h"
#include "payload.h"

#define PATIENCE_MS	30000

static void take_lost(struct ledger *ledger, const json_t *lost)
{
	uint64_t from = object_number(lost, "from"), to = object_number(lost, "to");
	uint64_t records = object_number(lost, "records");
	uint64_t bytes = object_number(lost, "bytes");

	ledger->errors += from != ledger->next || to < from || records != to - from + 1 ||
			  bytes != payload_bytes(from, to + 1);
	ledger->lost += records;
	ledger->lost_bytes += bytes;
	ledger->losses++;
	ledger->next = to + 1;
	ledger->pos += bytes;
}

static void take_record(struct ledger *ledger, const json_t *record)
{
	uint64_t seq = object_number(record, "seq"), pos = object_number(record, "pos");
	char want[PAYLOAD_MAX];
	size_t len = payload_text(want, seq);

	ledger->errors += seq != ledger->next || pos != ledger->pos ||
			  strcmp(object_text(record, "text"), want);
	ledger->delivered++;
	ledger->next = seq + 1;
	ledger->pos = pos + len;
}

void ledger_take(struct ledger *ledger, const json_t *object)
{
	const json_t *lost = json_object_get(object, "lost");

	if (lost)
		take_lost(ledger, lost);
	else if (json_object_get(object, "seq"))
		take_record(ledger, object);
	else if (!json_object_get(object, "stream"))
		ledger->errors++;
}

void ledger_follow(struct ledger *ledger, struct objects *objects, uint64_t end)
{
	while (ledger->next < end) {
		json_t *object = objects_next(objects, PATIENCE_MS);

		if (!object) {
			ledger->errors++;
			return;
		}
		ledger_take(ledger, object);
		json_decref(object);
	}
}
