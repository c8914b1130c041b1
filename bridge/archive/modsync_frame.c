// SPDX-License-Identifier: GPL-2.0-only
#include <archive/bytes.h>
#include <archive/date.h>
#include <archive/format.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "modsync_frame.h"

/* Places in a header. */
#define HEAD_FLAG	0
#define HEAD_ZLIB	4
#define HEAD_TYPE	8
#define HEAD_LEN	12
#define HEAD_SENT	16

/* Places in a row. */
#define ROW_LEN		0
#define ROW_DATE	4
#define ROW_TIME	14
#define ROW_ID		18
#define ROW_FILE	26
#define ROW_OFFSET	28
#define ROW_TYPE	36
#define ROW_LEN_AGAIN	38

#define DATE_SIZE	10

void modsync_head_put(uint8_t at[MODSYNC_HEAD_SIZE], uint32_t flag,
		      const struct modsync_head *head)
{
	put32(at + HEAD_FLAG, flag);
	put32(at + HEAD_ZLIB, head->zlib);
	put32(at + HEAD_TYPE, head->type);
	put32(at + HEAD_LEN, head->len);
	put32(at + HEAD_SENT, head->sent);
}

int modsync_head_get(const uint8_t at[MODSYNC_HEAD_SIZE], uint32_t flag,
		     struct modsync_head *head)
{
	uint32_t zlib = get32(at + HEAD_ZLIB);

	if (get32(at + HEAD_FLAG) != flag)
		return -EPROTO;
	head->zlib = zlib;
	head->type = get32(at + HEAD_TYPE);
	head->len = get32(at + HEAD_LEN);
	head->sent = get32(at + HEAD_SENT);
	if (zlib > 1 || head->len > INT32_MAX || head->sent > INT32_MAX ||
	    (!zlib && head->len != head->sent))
		return -EBADMSG;
	return 0;
}

void modsync_row_put(uint8_t at[MODSYNC_ROW_SIZE], const struct modsync_row *row)
{
	char date[DATE_SIZE + 1];

	archive_date_iso(date, row->date);
	put32(at + ROW_LEN, row->len);
	memcpy(at + ROW_DATE, date, DATE_SIZE);
	put32(at + ROW_TIME, row->time);
	put64(at + ROW_ID, row->id);
	put16(at + ROW_FILE, row->file);
	put64(at + ROW_OFFSET, row->offset);
	put16(at + ROW_TYPE, row->type);
	put32(at + ROW_LEN_AGAIN, row->len);
}

int modsync_row_get(const uint8_t at[MODSYNC_ROW_SIZE], struct modsync_row *row)
{
	row->len = get32(at + ROW_LEN);
	row->date = modsync_done_get((const char *)at + ROW_DATE, DATE_SIZE);
	row->time = get32(at + ROW_TIME);
	row->id = get64(at + ROW_ID);
	row->file = get16(at + ROW_FILE);
	row->offset = get64(at + ROW_OFFSET);
	row->type = get16(at + ROW_TYPE);
	if (row->len != get32(at + ROW_LEN_AGAIN) || row->len > ARCHIVE_TEXT_MAX ||
	    !row->date || row->id > INT64_MAX || row->file >= ARCHIVE_FILES_MAX ||
	    row->offset > INT64_MAX)
		return -EBADMSG;
	return 0;
}

size_t modsync_ask_put(char json[MODSYNC_MESSAGE_MAX], const struct modsync_ask *ask)
{
	char date[DATE_SIZE + 1];

	archive_date_iso(date, ask->date);
	return (size_t)snprintf(json, MODSYNC_MESSAGE_MAX, "{\"date\":\"%s\",\"id\":%" PRIu64 "}",
				date, ask->id);
}

/* Digits, and nothing else. */
static int get_digits(const char *text, size_t len, uint64_t *id)
{
	*id = 0;
	if (!len || len > 18)
		return -EBADMSG;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EBADMSG;
		*id = *id * 10 + (uint64_t)(text[i] - '0');
	}
	return 0;
}

/* What makes JSON of a number may take it for a real one. */
static int get_id(const json_t *value, uint64_t *id)
{
	double real;

	if (json_is_string(value))
		return get_digits(json_string_value(value), json_string_length(value), id);
	if (json_is_integer(value) && json_integer_value(value) >= 0) {
		*id = (uint64_t)json_integer_value(value);
		return 0;
	}
	real = json_real_value(value);
	if (!json_is_real(value) || !(real >= 0 && real < 0x1p53) || real != (double)(uint64_t)real)
		return -EBADMSG;
	*id = (uint64_t)real;
	return 0;
}

int modsync_ask_get(struct modsync_ask *ask, const char *json, size_t len)
{
	json_t *root = len <= MODSYNC_MESSAGE_MAX ?
			       json_loadb(json, len, JSON_REJECT_DUPLICATES, NULL) : NULL;
	const json_t *date = json_object_get(root, "date");
	int err = -EBADMSG;

	if (json_is_string(date)) {
		ask->date = modsync_done_get(json_string_value(date), json_string_length(date));
		if (ask->date)
			err = get_id(json_object_get(root, "id"), &ask->id);
	}
	json_decref(root);
	return err;
}

uint32_t modsync_done_get(const char *content, size_t len)
{
	char date[DATE_SIZE + 1];

	if (len != DATE_SIZE)
		return 0;
	memcpy(date, content, DATE_SIZE);
	date[DATE_SIZE] = '\0';
	return archive_date_parse_iso(date);
}

size_t modsync_frame_room(size_t len)
{
	return MODSYNC_HEAD_SIZE + compressBound(len);
}

/*
 * Quickly rather than small: it is log text, and the worst compression takes most
 * of what the best does.
 */
size_t modsync_frame_make(uint8_t *out, size_t room, uint32_t flag, uint32_t type,
			  bool zlib, const void *content, size_t len)
{
	struct modsync_head head = {
		.zlib = zlib, .type = type, .len = (uint32_t)len, .sent = (uint32_t)len,
	};
	uLongf sent = room - MODSYNC_HEAD_SIZE;

	if (!zlib && len)
		memcpy(out + MODSYNC_HEAD_SIZE, content, len);
	if (zlib) {
		if (compress2(out + MODSYNC_HEAD_SIZE, &sent, content, len, Z_BEST_SPEED) != Z_OK)
			return 0;
		head.sent = (uint32_t)sent;
	}
	modsync_head_put(out, flag, &head);
	return MODSYNC_HEAD_SIZE + head.sent;
}
