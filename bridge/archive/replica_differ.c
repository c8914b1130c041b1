// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two days that should be the same: which record is the first that is not? First
 * how many rows there are, then which block differs, then its rows, one by one.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "../log.h"
#include "replica.h"
#include "replica_intake.h"

enum differ_state {
	DIFFER_HELLO,
	DIFFER_SUM,
	DIFFER_BLOCKS,
	DIFFER_ROWS,
};

/**
 * struct differ - The search.
 * @channel: Where.
 * @date: The day.
 * @intake: Decompresses.
 * @rows: The day as it is here.
 * @sum: For sums of it.
 * @state: What it waits for.
 * @ask: What is to be said.
 * @asks: That is to be said.
 * @here: Rows here.
 * @there: Rows there.
 * @row: The row that is looked at.
 * @found: That is it.
 */
struct differ {
	struct replica_channel *channel;
	uint32_t date;
	struct intake intake;
	struct sync_rows rows;
	struct sync_sum sum;
	enum differ_state state;
	struct sync_ask ask;
	bool asks;
	uint64_t here;
	uint64_t there;
	uint64_t row;
	bool found;
};

static int ask_for(struct differ *differ, enum sync_type type, uint8_t flags, uint64_t number)
{
	differ->ask = (struct sync_ask){
		.type = type, .flags = flags, .date = differ->date, .number = number,
	};
	differ->asks = true;
	return 0;
}

static int found(struct differ *differ, uint64_t row)
{
	differ->row = row;
	differ->found = true;
	return INTAKE_DONE;
}

static uint64_t common(const struct differ *differ)
{
	return differ->here < differ->there ? differ->here : differ->there;
}

static int take_sum(struct differ *differ, const struct sync_message *message)
{
	uint8_t sum[SYNC_SUM_SIZE];
	int done;

	differ->there = message->flags & SYNC_GONE ? 0 : message->there;
	do {
		done = sync_rows_sum(&differ->rows, &differ->sum, common(differ), SYNC_RAW_MAX);
	} while (!done);
	if (done == 1 && message->row == common(differ) && !sync_sum_get(&differ->sum, sum) &&
	    !memcmp(sum, message->sum, SYNC_SUM_SIZE))
		return found(differ, common(differ));
	if (!differ->there)
		return found(differ, 0);
	differ->state = DIFFER_BLOCKS;
	return ask_for(differ, SYNC_ASK_BLOCKS, 0, 0);
}

/* Whether a block here, as far as both have it, is that sum. */
static bool same_block(struct differ *differ, uint64_t block, const uint8_t *theirs)
{
	uint64_t row = block * SYNC_BLOCK_ROWS, end = row + SYNC_BLOCK_ROWS;
	uint8_t sum[SYNC_SUM_SIZE];

	if (end > common(differ))
		return false;
	if (sync_sum_reset(&differ->sum, differ->date, row) ||
	    sync_rows_sum(&differ->rows, &differ->sum, end, SIZE_MAX) != 1)
		return false;
	memcpy(sum, differ->sum.block, SYNC_SUM_SIZE);
	return !memcmp(sum, theirs, SYNC_SUM_SIZE);
}

static int take_blocks(struct differ *differ, const struct sync_message *message)
{
	uint64_t block = message->row;

	if (message->row != differ->ask.number)
		return INTAKE_WRONG;
	for (uint32_t i = 0; i < message->count; i++, block++)
		if (!same_block(differ, block, message->sum + i * SYNC_SUM_SIZE))
			break;
	if (block * SYNC_BLOCK_ROWS >= common(differ))
		return found(differ, common(differ));
	if (message->count && block == message->row + message->count)
		return ask_for(differ, SYNC_ASK_BLOCKS, 0, block);
	differ->row = block * SYNC_BLOCK_ROWS;
	differ->state = DIFFER_ROWS;
	return ask_for(differ, SYNC_START, SYNC_ROWS_ONLY, differ->row);
}

/* The length of the row whose header is at @data, as far as that can be. */
static size_t row_len(const uint8_t *data, size_t left)
{
	struct archive_head head;

	if (left < ARCHIVE_HEAD_SIZE || archive_head_get(data, &head) ||
	    head.len > left - ARCHIVE_HEAD_SIZE)
		return 0;
	return ARCHIVE_HEAD_SIZE + head.len;
}

/* How many rows at the begin of two pieces are the same. */
static uint32_t same_rows(const struct sync_piece *a, const struct sync_piece *b)
{
	uint32_t count = a->count < b->count ? a->count : b->count, i;
	const uint8_t *data_a = sync_piece_data(a), *data_b = sync_piece_data(b);
	size_t left_a = sync_piece_data_len(a), left_b = sync_piece_data_len(b);

	for (i = 0; i < count; i++) {
		size_t len = row_len(data_a, left_a);

		if (!len || len != row_len(data_b, left_b) || memcmp(data_a, data_b, len) ||
		    memcmp(a->index + i * ARCHIVE_INDEX_SIZE, b->index + i * ARCHIVE_INDEX_SIZE,
			   ARCHIVE_INDEX_SIZE) ||
		    a->bare != b->bare ||
		    (!a->bare && memcmp(sync_piece_meta(a) + i * ARCHIVE_META_SIZE,
					sync_piece_meta(b) + i * ARCHIVE_META_SIZE,
					ARCHIVE_META_SIZE)))
			break;
		data_a += len;
		data_b += len;
		left_a -= len;
		left_b -= len;
	}
	return i;
}

static int take_rows(struct differ *differ, const struct sync_message *message)
{
	struct sync_piece theirs, ours;
	uint64_t end;
	int err;

	if (message->row != differ->row)
		return INTAKE_WRONG;
	err = intake_unpack(&differ->intake, message, &theirs);
	if (err)
		return err;
	end = message->row + message->count;
	/* a row that can't be read here is no row of the master's */
	if (sync_rows_read(&differ->rows, message->row, end < differ->here ? end : differ->here,
			   &ours))
		return found(differ, differ->row);
	differ->row += same_rows(&theirs, &ours);
	if (differ->row < end || differ->row >= common(differ))
		return found(differ, differ->row);
	return ask_for(differ, SYNC_ACK, 0, differ->row);
}

static int on_message(void *arg, const uint8_t *bytes, size_t len)
{
	struct differ *differ = arg;
	struct sync_message message;

	if (sync_message_get(bytes, len, &message))
		return INTAKE_WRONG;
	if (message.type == SYNC_HELLO && differ->state == DIFFER_HELLO) {
		differ->state = DIFFER_SUM;
		return ask_for(differ, SYNC_PROVE, 0, differ->here);
	}
	if (message.type == SYNC_RANGE)
		return 0;
	if (message.date != differ->date)
		return INTAKE_WRONG;
	if (message.type == SYNC_SUM && differ->state == DIFFER_SUM)
		return take_sum(differ, &message);
	if (message.type == SYNC_BLOCKS && differ->state == DIFFER_BLOCKS)
		return take_blocks(differ, &message);
	if (message.type == SYNC_ROWS && differ->state == DIFFER_ROWS)
		return take_rows(differ, &message);
	return INTAKE_WRONG;
}

static int on_next(void *arg, uint8_t ask[SYNC_ASK_SIZE])
{
	struct differ *differ = arg;

	if (!differ->asks)
		return 0;
	differ->asks = false;
	sync_ask_put(ask, &differ->ask);
	return 1;
}

static int on_tick(void *arg)
{
	struct differ *differ = arg;

	return replica_stopping(differ->channel->replica) ? -EINTR : 0;
}

static const struct link_ops differ_ops = {
	.message = on_message,
	.next = on_next,
	.tick = on_tick,
};

static void say_found(struct differ *differ)
{
	unsigned long long row = differ->row, here = differ->here, there = differ->there;
	struct archive_row facts;

	if (differ->row >= differ->here) {
		log_error("channel %s: day %u differs from the master's: %llu records are here, %llu there; the first that is not here is record %llu",
			  differ->channel->name, differ->date, here, there, row);
		return;
	}
	if (archive_day_row(differ->rows.day, differ->row, &facts)) {
		log_error("channel %s: day %u differs from the master's, first in record %llu, which can't be read here any more",
			  differ->channel->name, differ->date, row);
		return;
	}
	log_error("channel %s: day %u differs from the master's, first in record %llu (%016llx:%llu)%s; %llu records are here, %llu there",
		  differ->channel->name, differ->date, row, (unsigned long long)facts.stream,
		  (unsigned long long)facts.rec.seq,
		  differ->row >= differ->there ? ", which the master has not" : "", here, there);
}

static int open_day(struct differ *differ)
{
	int dirfd = open(differ->channel->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

	if (dirfd < 0)
		return -errno;
	err = sync_rows_open(&differ->rows, dirfd, differ->date);
	close(dirfd);
	if (!err)
		differ->here = archive_day_rows(differ->rows.day);
	return err;
}

/* One of the two may simply not be as far as the other, unless it is finished. */
static bool confirmed(const struct differ *differ)
{
	return differ->found && (differ->row < common(differ) || differ->here > differ->there ||
				 (archive_day_finished(differ->rows.day) &&
				  differ->here != differ->there));
}

/* Looks once. What it opens is closed with end_look(). */
static bool look(struct differ *differ, struct replica_channel *channel, uint32_t date,
		 char why[LINK_WHY_SIZE])
{
	int err;

	*differ = (struct differ){
		.channel = channel, .date = date,
		.intake = {
			.name = channel->name, .writer = channel->writer, .only = date,
		},
	};
	err = intake_open(&differ->intake, channel->dir, &channel->replica->stop);
	sync_rows_init(&differ->rows);
	if (!err)
		err = sync_sum_init(&differ->sum);
	if (!err)
		err = open_day(differ);
	if (!err)
		err = replica_link_run(&channel->replica->options.from, channel->name, &differ_ops,
				       differ, why);
	return (!err || err == INTAKE_DONE) && confirmed(differ);
}

static void end_look(struct differ *differ)
{
	sync_rows_uninit(&differ->rows);
	sync_sum_uninit(&differ->sum);
	intake_close(&differ->intake);
}

/* The same record; or the first that the master has not, which may have more by now. */
static bool agree(const struct differ *one, const struct differ *other)
{
	return one->row == other->row ||
	       (one->row == one->there && other->row == other->there);
}

/*
 * Nothing proves what a master says of its sums. A link that garbles them would stop
 * the channel, so two connections have to say the same.
 */
bool replica_differ(struct replica_channel *channel, uint32_t date)
{
	char why[LINK_WHY_SIZE] = "";
	struct differ first, second;
	bool sure = look(&first, channel, date, why);

	if (sure) {
		sure = look(&second, channel, date, why) && agree(&first, &second);
		end_look(&second);
	}
	if (sure)
		say_found(&first);
	else
		replica_say(channel, "day %u seems to differ from the master's, but no record does; it is proved again%s%s",
			    date, why[0] ? ": " : "", why);
	end_look(&first);
	return sure;
}
