/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Clients of a hub that account for every record by its payload, in any format.
 */
#ifndef TESTS_BRIDGE_FOLLOWER_H
#define TESTS_BRIDGE_FOLLOWER_H

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hub.h"

/* A line proves its number and its length. */
static size_t payload(char *buf, uint64_t number)
{
	size_t len = (size_t)sprintf(buf, "%llu ", (unsigned long long)number);
	size_t fill = number * 37 % 120;

	memset(buf + len, 'a' + (int)(number % 26), fill);
	buf[len + fill] = '\n';
	return len + fill + 1;
}

/**
 * struct follower - A client, and what it got.
 * @client: The client.
 * @awake: It may ask for blocks.
 * @next: Number of the record it expects.
 * @begun: @next is known.
 * @delivered: Records it got.
 * @lost: Records it was told as lost,
 * @unmeasured: and of these the ones whose bytes nobody knows.
 * @gap_records: Of the gap it is in.
 * @gap_bytes: The same.
 * @errors: Lines that were not what they had to be.
 * @ended: CLIENT_END came.
 * @every: Its filter lets every so many-th pass; 0: it has none.
 * @lost_from: First one lost of the last gap,
 * @lost_to: and last one.
 * @base: Number of the payload that the ring's stream began with.
 * @first: The same for the stream this one is in.
 * @hellos: Streams that were told to begin,
 * @ends: and to end.
 */
struct follower {
	struct client client;
	bool awake;
	uint64_t next;
	bool begun;
	uint64_t delivered;
	uint64_t lost;
	uint64_t unmeasured;
	uint64_t gap_records;
	uint64_t gap_bytes;
	unsigned int errors;
	bool ended;
	uint64_t every;
	uint64_t lost_from;
	uint64_t lost_to;
	const uint64_t *base;
	uint64_t first;
	unsigned int hellos;
	unsigned int ends;
};

static void on_wake(struct client *client)
{
	list_entry(client, struct follower, client)->awake = true;
}

static const struct client_ops ops = { .wake = on_wake };

static void take_lost(struct follower *f, const char *line, size_t len)
{
	unsigned long long records = 0, bytes = 0;
	char copy[128];

	snprintf(copy, sizeof(copy), "%.*s", (int)len, line);
	if (sscanf(copy, "memlog: lost %llu records, %llu bytes", &records, &bytes) != 2)
		f->errors++;
	f->gap_records += records;
	f->gap_bytes += bytes;
	f->lost += records;
}

/* What a filter lets pass: each number between was lost, or is not for it. */
static void take_filtered(struct follower *f, uint64_t number)
{
	f->errors += number % f->every != 0;
	for (uint64_t n = f->next; f->begun && n < number; n++)
		f->errors += n % f->every == 0 && (n < f->lost_from || n > f->lost_to);
	f->begun = true;
	f->next = number + 1;
	f->delivered++;
}

static void take_record(struct follower *f, const char *line, size_t len)
{
	uint64_t number = strtoull(line, NULL, 10), bytes = 0;
	char want[256];

	if (f->every) {
		take_filtered(f, number);
		return;
	}

	if (!f->begun)
		f->next = number - f->gap_records;
	f->begun = true;
	for (uint64_t n = f->next; n < number; n++)
		bytes += payload(want, n);
	f->errors += number - f->next != f->gap_records || bytes != f->gap_bytes;
	f->errors += payload(want, number) != len || memcmp(want, line, len) != 0;
	f->gap_records = 0;
	f->gap_bytes = 0;
	f->delivered++;
	f->next = number + 1;
}

static void take_block(struct follower *f, const char *text, size_t len)
{
	while (len) {
		const char *end = memchr(text, '\n', len);
		size_t line = end ? (size_t)(end - text) + 1 : len;

		f->errors += !end;
		if (line > 8 && !memcmp(text, "memlog: ", 8))
			take_lost(f, text, line);
		else
			take_record(f, text, line);
		text += line;
		len -= line;
	}
}

/* Records as the device has them. */
static void take_binary(struct follower *f, const char *bytes, size_t len)
{
	struct memlog_record rec;

	while (len >= sizeof(rec)) {
		size_t whole;

		memcpy(&rec, bytes, sizeof(rec));
		whole = sizeof(rec) + ((rec.len + 7) & ~7U);
		if (whole > len)
			break;
		f->errors += rec.seq != strtoull(bytes + sizeof(rec), NULL, 10) - f->first;
		take_record(f, bytes + sizeof(rec), rec.len);
		bytes += whole;
		len -= whole;
	}
	f->errors += len != 0;
}

static void take_object(struct follower *f, const char *text, size_t len)
{
	unsigned long long from, to, records, bytes;
	char copy[512];

	snprintf(copy, sizeof(copy), "%.*s", (int)len, text);
	if (sscanf(copy, "{\"lost\":{\"from\":%llu,\"to\":%llu,\"records\":%llu,\"bytes\":%llu}}",
		   &from, &to, &records, &bytes) == 4) {
		f->errors += to - from + 1 != records;
		f->errors += !f->every && f->begun &&
			     from + f->first != f->next + f->gap_records;
		f->lost_from = from;
		f->lost_to = to;
		f->gap_records += records;
		f->gap_bytes += bytes;
		f->lost += records;
	} else if (sscanf(copy, "{\"lost\":{\"from\":%llu,\"to\":%llu,\"records\":%llu,\"bytes\":null}}",
			  &from, &to, &records) == 3) {
		f->errors += to - from + 1 != records;
		f->unmeasured += records;
		f->lost += records;
	} else if (!strncmp(copy, "{\"stream\":", 10)) {
		f->hellos++;
		/* numbers begin again with the stream, payloads do not */
		f->first = *f->base;
	} else if (!strncmp(copy, "{\"ended\":", 9)) {
		f->ends++;
	} else {
		f->errors++;
	}
}

/* Return: number of the record, or of the last one of a loss; -1 for what is neither. */
static long long take_json(struct follower *f, const json_t *object)
{
	const json_t *text = json_object_get(object, "text");
	const json_t *lost = json_object_get(object, "lost");
	long long seq = json_integer_value(json_object_get(object, "seq"));
	char *bytes;

	if (text) {
		const char *line = json_string_value(text);

		f->errors += (uint64_t)seq != strtoull(line, NULL, 10) - f->first;
		take_record(f, line, json_string_length(text));
		return seq;
	}
	bytes = json_dumps(object, JSON_COMPACT);
	take_object(f, bytes, strlen(bytes));
	free(bytes);
	return lost ? json_integer_value(json_object_get(lost, "to")) : -1;
}

static void take_array(struct follower *f, const char *bytes, size_t len)
{
	json_t *root = json_loadb(bytes, len, 0, NULL);
	const json_t *object;
	size_t i;

	f->errors += !root;
	if (json_is_object(root))
		take_json(f, root);
	json_array_foreach(root, i, object)
		take_json(f, object);
	json_decref(root);
}

/* A line, or an event whose id is the number of what it tells of. */
static void take_lines(struct follower *f, const char *bytes, size_t len)
{
	bool sse = f->client.format == FORMAT_SSE;
	const char *stop = bytes + len;
	long long id = -1, seq;

	while (bytes < stop) {
		const char *end = memchr(bytes, '\n', (size_t)(stop - bytes));
		const char *data = bytes;
		json_t *object;

		if (!end || (sse && end + 1 == stop)) {
			f->errors++;
			return;
		}
		if (sse && sscanf(bytes, "id: %*16[0-9a-f]:%lld\n", &id) == 1) {
			bytes = end + 1;
			continue;
		}
		if (sse) {
			f->errors += strncmp(data, "data: ", 6) || end[1] != '\n';
			data += 6;
		}
		object = json_loadb(data, (size_t)(end - data), 0, NULL);
		f->errors += !object;
		seq = take_json(f, object);
		f->errors += sse && seq != id;
		json_decref(object);
		bytes = end + (sse ? 2 : 1);
		id = -1;
	}
}

static void take_frame(struct follower *f, struct block *block)
{
	if (f->client.format == FORMAT_TEXT)
		take_block(f, block_bytes(block), block->len);
	else if (f->client.format == FORMAT_JSON)
		take_array(f, block_bytes(block), block->len);
	else if (f->client.format == FORMAT_NDJSON || f->client.format == FORMAT_SSE)
		take_lines(f, block_bytes(block), block->len);
	else if (block->binary)
		take_binary(f, block_bytes(block), block->len);
	else
		take_object(f, block_bytes(block), block->len);
}

/* One chain of blocks, if there is one. Return: whether. */
static bool take_one(struct follower *f)
{
	struct block *block;
	int event = client_next(&f->client, &block);

	f->errors += event < 0;
	f->ended |= event == CLIENT_END;
	f->awake = event == CLIENT_BLOCK;
	if (event != CLIENT_BLOCK)
		return false;
	for (struct block *b = block; b; b = b->next)
		take_frame(f, b);
	block_put(block);
	return true;
}

#endif /* TESTS_BRIDGE_FOLLOWER_H */
