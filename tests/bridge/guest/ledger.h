/* SPDX-License-Identifier: GPL-2.0-only */
/* Every record of a client that gets objects, delivered or told as lost. */
#ifndef TESTS_LEDGER_H
#define TESTS_LEDGER_H

#include "objects.h"

/**
 * struct ledger - The account.
 * @next: Number of the next record; the caller says where it begins.
 * @pos: Its position.
 * @delivered: Records that came.
 * @lost: Records told as lost.
 * @lost_bytes: Their bytes, as told.
 * @losses: How often.
 * @errors: What was not as it has to be.
 */
struct ledger {
	uint64_t next;
	uint64_t pos;
	uint64_t delivered;
	uint64_t lost;
	uint64_t lost_bytes;
	unsigned int losses;
	unsigned int errors;
};

/* A hello changes nothing. */
void ledger_take(struct ledger *ledger, const json_t *object);

/* Takes what comes until @end is the next one, or nothing comes for long. */
void ledger_follow(struct ledger *ledger, struct objects *objects, uint64_t end);

#endif /* TESTS_LEDGER_H */
