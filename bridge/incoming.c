// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/archiver.h"
#include "incoming.h"

struct incoming_record *incoming_add(struct incoming *incoming)
{
	struct incoming_record *records;

	if (incoming->count == INCOMING_RECORDS) {
		snprintf(incoming->why, INCOMING_WHY, "at most %d records, please",
			 INCOMING_RECORDS);
		return NULL;
	}
	if (!(incoming->count % 1024)) {
		records = realloc(incoming->records,
				  (incoming->count + 1024) * sizeof(*records));
		if (!records)
			return NULL;
		incoming->records = records;
	}
	records = &incoming->records[incoming->count++];
	*records = (struct incoming_record){ .pri = MEMLOG_PRI_DEFAULT };
	return records;
}

/* The newline is the record's, as it is when a program writes its lines. */
int incoming_parse_text(struct incoming *incoming, char *data, size_t len)
{
	char *end = data + len;

	while (data < end) {
		char *newline = memchr(data, '\n', (size_t)(end - data));
		struct incoming_record *record = incoming_add(incoming);

		if (!record)
			return incoming->why[0] ? -EINVAL : -ENOMEM;
		record->text = data;
		if (!newline) {
			/* the body has a NUL behind it, which makes room */
			*end++ = '\n';
			newline = end - 1;
		}
		record->len = (size_t)(newline + 1 - data);
		data = newline + 1;
		if (record->len > 1 && newline[-1] == '\r') {
			newline[-1] = '\n';
			record->len--;
		}
	}
	return 0;
}

/* Whether all can be written where records are no longer than @max. */
static int check(struct incoming *incoming, size_t max, bool embedded)
{
	for (size_t i = 0; i < incoming->count; i++) {
		const struct incoming_record *record = &incoming->records[i];
		const char *what = NULL;

		if (record->type != MEMLOG_TYPE_TEXT && record->len > max)
			what = "this is too long for a record that is not text";
		else if (!embedded && record->comm[0])
			what = "comm can be given for an embedded channel only";
		if (!what)
			continue;
		snprintf(incoming->why, INCOMING_WHY, "line %zu: %s", i + 1, what);
		return -EINVAL;
	}
	return 0;
}

/* Part of the ring that may be on its way to the archive, and how long it may take. */
#define PACE_PART	4
#define PACE_MS		2000

/**
 * struct pacer - Keeps a long body from pushing its own beginning out of the ring.
 * @channel: Where it goes.
 * @bytes: Most bytes to write at once.
 * @records: Most records.
 * @sum: Bytes written since the archive was there.
 * @from: Number of the first of those records.
 * @off: It takes too long, or fails: the channel goes on without the archive.
 */
struct pacer {
	struct channel *channel;
	uint64_t bytes;
	uint64_t records;
	uint64_t sum;
	uint64_t from;
	bool off;
};

static void pacer_init(struct pacer *pacer, struct channel *channel,
		       const struct memlog_info *info)
{
	*pacer = (struct pacer){
		.channel = channel,
		.bytes = info->text_size / PACE_PART,
		.records = info->records / PACE_PART,
		.from = info->next_seq,
		.off = !channel->archiver,
	};
}

/* Before @len more bytes are written. */
static void pacer_wait(struct pacer *pacer, const struct incoming_written *written, size_t len)
{
	uint64_t last = written->last;

	if (pacer->off || !written->records)
		return;
	if (pacer->sum + len > pacer->bytes || last + 1 - pacer->from >= pacer->records) {
		pacer->off = archiver_wait(pacer->channel, written->stream, pacer->from, last,
					   PACE_MS);
		pacer->from = last + 1;
		pacer->sum = 0;
	}
	pacer->sum += len;
}

static int write_embedded(struct incoming *incoming, struct channel *channel,
			  struct incoming_written *written)
{
	struct memlog_embedded *ring = channel->source.ring;
	struct memlog_info info = { 0 };
	struct memlog_written numbers;
	struct pacer pacer;
	int err = memlog_embedded_info(ring, &info);
	ssize_t n;

	if (!err)
		err = check(incoming, info.max_record, true);
	written->stream = info.stream;
	pacer_init(&pacer, channel, &info);
	for (size_t i = 0; !err && i < incoming->count; i++) {
		const struct incoming_record *record = &incoming->records[i];
		struct memlog_attr attr = MEMLOG_ATTR_INIT;

		attr.type = record->type;
		attr.pri = record->pri;
		attr.comm = record->comm[0] ? record->comm : NULL;
		pacer_wait(&pacer, written, record->len);
		n = memlog_embedded_write(ring, &attr, record->text, record->len, &numbers);
		if (n < 0)
			return (int)n;
		if (numbers.first_seq == MEMLOG_SEQ_NONE)
			continue;
		if (!written->records++)
			written->first = numbers.first_seq;
		written->last = numbers.last_seq;
	}
	return err;
}

/* Into how many records a text is taken apart, as memlog(4) says. */
static uint64_t count_pieces(const char *text, size_t len, size_t max)
{
	uint64_t pieces = 1;

	while (max && len > max) {
		const char *newline = memrchr(text, '\n', max);
		size_t cut = newline ? (size_t)(newline - text) + 1 : max;

		text += cut;
		len -= cut;
		pieces++;
	}
	return pieces;
}

/*
 * Stamped, since a text may begin with what looks like a priority, and since the
 * numbers of memlog_write_typed() are not told.
 */
static int write_one(struct memlog_writer *writer, const struct incoming_record *record)
{
	int pri = record->pri < MEMLOG_PRI_MIN ? record->pri + MEMLOG_PRI_MIN : record->pri;
	int err = memlog_writer_stamp(writer, record->type, pri);
	size_t done = 0;
	ssize_t n;

	while (!err && done < record->len) {
		n = memlog_write(writer, MEMLOG_PRI_NONE, record->text + done,
				 record->len - done);
		if (n <= 0)
			err = n ? (int)n : -EIO;
		else
			done += (size_t)n;
	}
	return err;
}

/*
 * Counts @record, which is written. Who wrote a text in pieces is told the number
 * of the last one; the first was not before what was next then, in @before.
 */
static int account(struct memlog_writer *writer, const struct incoming_record *record,
		   const struct memlog_info *before, struct incoming_written *written)
{
	uint64_t pieces = count_pieces(record->text, record->len, before->max_record);
	struct memlog_info info = { 0 };
	int err = memlog_writer_info(writer, &info);

	if (err)
		return err;
	written->last = info.written_seq;
	if (!written->records)
		written->first = pieces > 1 ? before->next_seq : info.written_seq;
	written->records += pieces;
	return 0;
}

static int write_path(struct incoming *incoming, struct channel *channel,
		      struct incoming_written *written)
{
	const char *path = channel->source.path;
	struct memlog_info info = { 0 };
	struct memlog_writer *writer;
	struct pacer pacer;
	int err;

	if (!source_may_map(path) && !source_path_is_device(path))
		return -EACCES;
	err = memlog_writer_open(&writer, path);
	if (err)
		return err;
	err = memlog_writer_info(writer, &info);
	if (!err)
		err = check(incoming, info.max_record, false);
	written->stream = info.stream;
	pacer_init(&pacer, channel, &info);
	for (size_t i = 0; !err && i < incoming->count; i++) {
		pacer_wait(&pacer, written, incoming->records[i].len);
		err = write_one(writer, &incoming->records[i]);
		if (!err)
			err = account(writer, &incoming->records[i], &info, written);
	}
	memlog_writer_close(writer);
	return err;
}

int incoming_write(struct incoming *incoming, struct channel *channel,
		   struct incoming_written *written)
{
	*written = (struct incoming_written){ 0 };
	if (channel->source.type == &source_embedded)
		return write_embedded(incoming, channel, written);
	if (channel->source.type == &source_ring)
		return write_path(incoming, channel, written);
	return -EROFS;
}

void incoming_free(struct incoming *incoming)
{
	for (size_t i = 0; i < incoming->count; i++)
		if (incoming->records[i].owned)
			free((char *)(uintptr_t)incoming->records[i].text);
	free(incoming->records);
	incoming->records = NULL;
	incoming->count = 0;
}
