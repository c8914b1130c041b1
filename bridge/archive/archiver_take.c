// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the channel into the batch: records as they are, and what the ring had no
 * longer as gaps. Where the archive ends is where reading begins, so nothing is
 * archived twice, whatever happened in between.
 */
#include <errno.h>
#include <time.h>

#include "archiver_private.h"

/* The reader's own place. */
static int ask_place(struct archiver *archiver)
{
	struct memlog_info info;
	int err = memlog_reader_info(archiver->reader, &info);

	if (err)
		return err;
	archiver->at = (struct archiver_at){
		.stream = memlog_stream(archiver->reader),
		.seq = info.reader_seq,
		.pos = info.reader_pos,
		.pos_known = true,
	};
	return 0;
}

/*
 * A stream that is not the archive's begins with its first record: what the ring
 * has no longer of it is a gap. An archive that has nothing yet begins with what
 * there is.
 */
int archiver_open_reader(struct archiver *archiver)
{
	const struct archive_end *end = archive_writer_end(archiver->writer);
	struct memlog_reader_options options = {
		.size = sizeof(options), .flags = MEMLOG_READ_FOLLOW,
	};
	int err;

	archiver->at = (struct archiver_at){ end->stream, end->seq, end->pos, true };
	if (end->stream) {
		options.flags |= MEMLOG_READ_FROM;
		options.from_stream = end->stream;
		options.from_seq = end->seq;
	}
	err = source_reader(&archiver->channel->source, &archiver->reader, &options);
	/* for good: what it has by now under later numbers follows other records */
	if (err != -ESTALE && (archiver->behind || err == -ERANGE)) {
		archiver->behind = true;
		archiver->at = (struct archiver_at){ 0 };
		archiver_committed(archiver);
		archiver_close_reader(archiver);
		return -ERANGE;
	}
	archiver->behind = false;
	if (err == -ESTALE) {
		options.from_stream = 0;
		options.from_seq = 0;
		err = source_reader(&archiver->channel->source, &archiver->reader, &options);
		if (!err)
			archiver->at = (struct archiver_at){
				.stream = memlog_stream(archiver->reader),
			};
	}
	if (!err && !end->stream)
		err = ask_place(archiver);
	if (err)
		archiver_close_reader(archiver);
	else
		archiver_committed(archiver);
	return err;
}

void archiver_close_reader(struct archiver *archiver)
{
	memlog_reader_close(archiver->reader);
	archiver->reader = NULL;
	archiver->event = 0;
	archiver->lost = false;
}

static uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* The loss before @rec, NULL if no record follows it. */
static int put_loss(struct archiver *archiver, const struct memlog_record *rec)
{
	struct memlog_loss *loss = &archiver->loss;
	struct archiver_at *at = &archiver->at;
	uint64_t time_ns = rec ? rec->time_ns : archiver->time_ns;
	uint64_t pos = at->pos;
	int err;

	/* what the library can't count from, the archive's end may tell */
	if (rec && at->pos_known && loss->flags & MEMLOG_LOSS_BYTES_UNKNOWN) {
		loss->bytes = rec->pos - at->pos;
		loss->flags &= ~MEMLOG_LOSS_BYTES_UNKNOWN;
	}
	if (!at->pos_known)
		pos = rec ? rec->pos - loss->bytes : 0;
	err = archive_append_gap(archiver->writer, at->stream, pos, loss,
				 time_ns ? time_ns : clock_ns());
	if (err)
		return err;
	at->seq = loss->to_seq + 1;
	at->pos = pos + loss->bytes;
	archiver->lost = false;
	metrics_count(&archiver->stats.gaps, 1);
	metrics_count(&archiver->stats.gap_records, loss->records);
	metrics_count(&archiver->stats.gap_bytes, loss->bytes);
	archiver_had_gap(archiver, &(struct archiver_gap){ at->stream, loss->from_seq,
							   loss->to_seq });
	return 0;
}

static int put_record(struct archiver *archiver)
{
	const struct memlog_record *rec = archiver->rec;
	struct archiver_at *at = &archiver->at;
	int err = archiver->lost ? put_loss(archiver, rec) : 0;

	if (!err)
		err = archive_append(archiver->writer, at->stream, rec, archiver->text);
	if (err)
		return err;
	at->seq = rec->seq + 1;
	at->pos = rec->pos + rec->len;
	at->pos_known = true;
	archiver->time_ns = rec->time_ns;
	metrics_count(&archiver->stats.records, 1);
	metrics_count(&archiver->stats.bytes, rec->len);
	if (rec->cgroup)
		archiver_saw_cgroup(archiver, rec->cgroup);
	return 0;
}

/* Its rest was lost before it ended. */
static int put_end(struct archiver *archiver)
{
	return archiver->lost ? put_loss(archiver, NULL) : 0;
}

static int put_stream(struct archiver *archiver)
{
	int err = put_end(archiver);

	if (err)
		return err;
	archiver_left_stream(archiver, archiver->at.stream);
	return ask_place(archiver);
}

static int put(struct archiver *archiver)
{
	switch (archiver->event) {
	case MEMLOG_RECORD:
		return put_record(archiver);
	case MEMLOG_LOSS:
		archiver->loss = *memlog_loss(archiver->reader);
		archiver->lost = true;
		return 0;
	case MEMLOG_STREAM:
		return put_stream(archiver);
	default:
		return put_end(archiver);
	}
}

int archiver_take(struct archiver *archiver)
{
	int err, event;

	for (;;) {
		if (!archiver->event)
			archiver->event = memlog_next(archiver->reader, &archiver->rec,
						      &archiver->text);
		event = archiver->event;
		if (event == MEMLOG_NOTHING)
			return TAKEN_ALL;
		err = event < 0 ? event : put(archiver);
		if (err == -ENOBUFS)
			return TAKEN_FULL;
		archiver->event = 0;
		if (err)
			return err;
		if (event == MEMLOG_END)
			return TAKEN_END;
	}
}
