// SPDX-License-Identifier: GPL-2.0-only
/*
 * memlog follow -r: the newest record first.
 */
#include "follow.h"

/* Records from the first one wanted to @to were overwritten while we read. */
static void lost_up_to(struct follow *follow, uint64_t first, uint64_t to)
{
	struct memlog_loss loss = {
		.from_seq = first,
		.to_seq = to,
		.records = to - first + 1,
		.flags = MEMLOG_LOSS_BYTES_UNKNOWN,
	};

	follow_loss(follow, &loss);
}

/* What a record of its own begins with a line of its own. */
static bool show_one(struct follow *follow, struct memlog_reader *reader)
{
	const struct memlog_record *rec;
	const char *text;
	bool more = true;

	if (memlog_next(reader, &rec, &text) == MEMLOG_RECORD)
		more = follow_record(follow, rec, text);
	format_end(&follow->format, &follow->out);
	return more;
}

void show_backwards(struct follow *follow, struct memlog_reader *reader)
{
	uint64_t first = memlog_place(reader), stream = memlog_stream(reader);
	uint64_t seq, missed;
	struct memlog_info info;
	int err;

	err = memlog_reader_info(reader, &info);
	if (err)
		die_channel(follow->path, TO_READ, err);
	for (seq = info.next_seq; seq-- > first;) {
		err = memlog_seek(reader, MEMLOG_SEEK_SEQ, stream, seq, &missed);
		if (err)
			die_channel(follow->path, TO_READ, err);
		if (missed) {
			lost_up_to(follow, first, seq);
			return;
		}
		if (!show_one(follow, reader) || *follow->out.stop || follow->out.error)
			return;
	}
}
