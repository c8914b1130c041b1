// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static int write_embedded(struct incoming *incoming, struct memlog_embedded *ring,
			  struct incoming_written *written)
{
	struct memlog_info info = { 0 };
	struct memlog_written numbers;
	int err = memlog_embedded_info(ring, &info);
	ssize_t n;

	if (!err)
		err = check(incoming, info.max_record, true);
	written->stream = info.stream;
	for (size_t i = 0; !err && i < incoming->count; i++) {
		const struct incoming_record *record = &incoming->records[i];
		struct memlog_attr attr = MEMLOG_ATTR_INIT;

		attr.type = record->type;
		attr.pri = record->pri;
		attr.comm = record->comm[0] ? record->comm : NULL;
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

/* Number of the record that @writer wrote last. */
static int last_number(struct memlog_writer *writer, uint64_t *seq)
{
	struct memlog_info info = { 0 };
	int err = memlog_writer_info(writer, &info);

	*seq = info.written_seq;
	return err;
}

static int write_one(struct memlog_writer *writer, const struct incoming_record *record)
{
	size_t done = 0;
	ssize_t n;

	if (record->type != MEMLOG_TYPE_TEXT) {
		n = memlog_write_typed(writer, record->type, record->pri, record->text,
				       record->len);
		return n < 0 ? (int)n : 0;
	}
	while (done < record->len) {
		n = memlog_write(writer, record->pri, record->text + done, record->len - done);
		if (n <= 0)
			return n ? (int)n : -EIO;
		done += (size_t)n;
	}
	return 0;
}

static int write_path(struct incoming *incoming, const char *path,
		      struct incoming_written *written)
{
	struct memlog_info info = { 0 };
	struct memlog_writer *writer;
	int err;

	if (!source_may_map(path))
		return -EACCES;
	err = memlog_writer_open(&writer, path);
	if (err)
		return err;
	err = memlog_writer_info(writer, &info);
	if (!err)
		err = check(incoming, info.max_record, false);
	written->stream = info.stream;
	for (size_t i = 0; !err && i < incoming->count; i++) {
		err = write_one(writer, &incoming->records[i]);
		if (!err)
			err = last_number(writer, &written->last);
		if (!err && !written->records++)
			written->first = written->last;
	}
	memlog_writer_close(writer);
	return err;
}

int incoming_write(struct incoming *incoming, struct source *source,
		   struct incoming_written *written)
{
	*written = (struct incoming_written){ 0 };
	if (source->type == &source_embedded)
		return write_embedded(incoming, source->ring, written);
	if (source->type == &source_ring)
		return write_path(incoming, source->path, written);
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
