// SPDX-License-Identifier: GPL-2.0-only
#include <archive/bytes.h>
#include <string.h>

#include "sync_wire.h"

static void put_head(uint8_t *at, enum sync_type type, uint8_t flags, uint32_t word)
{
	at[0] = (uint8_t)type;
	at[1] = flags;
	at[2] = 0;
	at[3] = 0;
	put32(at + 4, word);
}

void sync_ask_put(uint8_t at[SYNC_ASK_SIZE], const struct sync_ask *ask)
{
	put_head(at, ask->type, ask->flags, ask->date);
	put64(at + 8, ask->number);
}

const char *sync_ask_get(const uint8_t *at, size_t len, struct sync_ask *ask)
{
	uint8_t known;

	if (len != SYNC_ASK_SIZE)
		return "a client's message has 16 bytes";
	*ask = (struct sync_ask){
		.type = at[0], .flags = at[1], .date = get32(at + 4), .number = get64(at + 8),
	};
	if (ask->type < SYNC_START || ask->type > SYNC_ASK_BLOCKS)
		return "there is no message of this type";
	known = ask->type <= SYNC_ACK ? 1 : 0;
	if (ask->flags & ~known || at[2] || at[3])
		return "there is no such flag";
	if (!archive_date_ok(ask->date))
		return "there is no such date";
	if (ask->number > SYNC_DAY_ROWS)
		return "no day has so many rows";
	return NULL;
}

size_t sync_message_head(const struct sync_message *message)
{
	switch (message->type) {
	case SYNC_HELLO:
		return 13;
	case SYNC_RANGE:
		return 12;
	case SYNC_ROWS:
		return SYNC_ROWS_HEAD;
	case SYNC_SUM:
		return 24 + SYNC_SUM_SIZE;
	case SYNC_FINISH:
		return 16 + SYNC_SUM_SIZE;
	case SYNC_BLOCKS:
		return 20;
	default:
		return 8;
	}
}

void sync_message_put(uint8_t *at, const struct sync_message *message)
{
	put_head(at, message->type, message->flags, message->date);
	switch (message->type) {
	case SYNC_HELLO:
		at[1] = SYNC_VERSION;
		at[12] = (uint8_t)message->len;
		/* fall through */
	case SYNC_RANGE:
		put32(at + 4, message->oldest);
		put32(at + 8, message->newest);
		break;
	case SYNC_ROWS:
		put64(at + 8, message->row);
		put64(at + 16, message->there);
		put32(at + 24, message->count);
		put32(at + 28, message->raw);
		break;
	case SYNC_SUM:
		put64(at + 8, message->row);
		put64(at + 16, message->there);
		memcpy(at + 24, message->sum, SYNC_SUM_SIZE);
		break;
	case SYNC_FINISH:
		put64(at + 8, message->row);
		memcpy(at + 16, message->sum, SYNC_SUM_SIZE);
		break;
	case SYNC_BLOCKS:
		put64(at + 8, message->row);
		put32(at + 16, message->count);
		break;
	default:
		break;
	}
}

static const char *check_range(const struct sync_message *message)
{
	if (!message->oldest && !message->newest)
		return NULL;
	if (!archive_date_ok(message->oldest) || !archive_date_ok(message->newest) ||
	    message->oldest > message->newest)
		return "its range of days is none";
	return NULL;
}

static const char *get_hello(const uint8_t *at, size_t len, struct sync_message *message)
{
	if (message->flags != SYNC_VERSION)
		return "it speaks another version of memlog.sync";
	message->flags = 0;
	message->bytes = at + 13;
	message->len = len - 13;
	if (at[12] != message->len || !at[12] || at[12] > SYNC_NAME_MAX ||
	    memchr(message->bytes, 0, message->len))
		return "its channel's name is none";
	return check_range(message);
}

/* Bounds that need no row to be looked at. */
static const char *get_rows(const uint8_t *at, size_t len, struct sync_message *message)
{
	size_t least = SYNC_ROW_EXTRA - (message->flags & SYNC_BARE ? ARCHIVE_META_SIZE : 0);

	message->row = get64(at + 8);
	message->there = get64(at + 16);
	message->count = get32(at + 24);
	message->raw = get32(at + 28);
	message->bytes = at + SYNC_ROWS_HEAD;
	message->len = len - SYNC_ROWS_HEAD;
	if (!message->count || message->there > SYNC_DAY_ROWS || message->row >= message->there ||
	    message->count > message->there - message->row ||
	    message->count != sync_rows_at(message->row, message->count))
		return "rows that can't be";
	if (message->raw < message->count * least ||
	    message->raw > (message->count == 1 ? SYNC_RAW_LIMIT : SYNC_RAW_MAX))
		return "rows of a length that can't be";
	if (!(message->flags & SYNC_ZSTD) && message->raw != message->len)
		return "rows of another length than it says";
	return NULL;
}

/* A day that is gone has nothing. */
static bool gone_ok(const struct sync_message *message, size_t sums)
{
	static const uint8_t none[SYNC_SUM_SIZE];

	return !(message->flags & SYNC_GONE) ||
	       (message->flags == SYNC_GONE && !message->row && !message->there &&
		!message->count && !memcmp(message->sum, none, sums));
}

static const char *get_blocks(const uint8_t *at, size_t len, struct sync_message *message)
{
	message->row = get64(at + 8);
	message->count = get32(at + 16);
	message->sum = at + 20;
	if (message->row > SYNC_DAY_ROWS || message->count > SYNC_BLOCKS_MAX ||
	    len - 20 != (size_t)message->count * SYNC_SUM_SIZE || !gone_ok(message, 0))
		return "blocks that can't be";
	return NULL;
}

static const char *get_sum(const uint8_t *at, struct sync_message *message)
{
	message->row = get64(at + 8);
	message->there = get64(at + 16);
	message->sum = at + 24;
	if (message->there > SYNC_DAY_ROWS || message->row > message->there ||
	    !gone_ok(message, SYNC_SUM_SIZE))
		return "rows that can't be";
	return NULL;
}

static const char *get_finish(const uint8_t *at, struct sync_message *message)
{
	message->row = get64(at + 8);
	message->sum = at + 16;
	return !message->row || message->row > SYNC_DAY_ROWS ? "rows that can't be" : NULL;
}

static const char *get_cgroups(const uint8_t *at, size_t len, struct sync_message *message)
{
	message->bytes = at + 8;
	message->len = len - 8;
	if (!message->len || message->len > SYNC_CGROUPS_MAX || at[len - 1] != '\n' ||
	    memchr(message->bytes, 0, message->len))
		return "cgroups that are no lines";
	return NULL;
}

/* Flags that a type may have, and whether there is more than its head. */
static const struct {
	uint8_t flags;
	bool more;
} kinds[] = {
	[SYNC_HELLO] = { 0xff, true },
	[SYNC_RANGE] = { 0, false },
	[SYNC_ROWS] = { SYNC_ZSTD | SYNC_BARE, true },
	[SYNC_SUM] = { SYNC_BARE | SYNC_FINISHED | SYNC_GONE, false },
	[SYNC_FINISH] = { SYNC_BARE, false },
	[SYNC_BLOCKS] = { SYNC_BARE | SYNC_FINISHED | SYNC_GONE, true },
	[SYNC_CGROUPS] = { 0, true },
};

const char *sync_message_get(const uint8_t *at, size_t len, struct sync_message *message)
{
	size_t head;

	if (!len || at[0] < SYNC_HELLO || at[0] > SYNC_CGROUPS)
		return "there is no message of this type";
	*message = (struct sync_message){ .type = at[0] };
	head = sync_message_head(message);
	if (len < head || (len > head && !kinds[at[0]].more))
		return "a message of a wrong length";
	message->flags = at[1];
	if (message->flags & ~kinds[at[0]].flags || at[2] || at[3])
		return "there is no such flag";
	if (message->type <= SYNC_RANGE) {
		message->oldest = get32(at + 4);
		message->newest = get32(at + 8);
		return message->type == SYNC_HELLO ? get_hello(at, len, message) :
						     check_range(message);
	}
	message->date = get32(at + 4);
	if (!archive_date_ok(message->date))
		return "there is no such date";
	switch (message->type) {
	case SYNC_ROWS:
		return get_rows(at, len, message);
	case SYNC_SUM:
		return get_sum(at, message);
	case SYNC_FINISH:
		return get_finish(at, message);
	case SYNC_BLOCKS:
		return get_blocks(at, len, message);
	default:
		return get_cgroups(at, len, message);
	}
}
