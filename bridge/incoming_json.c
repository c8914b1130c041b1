// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines of JSON: {"text":"..."} or {"base64":"..."}, and pri, comm and type if
 * wanted. What is not known is refused, so that nothing is lost by a typing
 * error.
 */
#include <errno.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "incoming.h"

static const char *set_number(json_t *value, unsigned int max, unsigned int *number)
{
	json_int_t n = json_integer_value(value);

	if (!json_is_integer(value) || n < 0 || n > (json_int_t)max)
		return "out of range";
	*number = (unsigned int)n;
	return NULL;
}

static const char *set_comm(json_t *value, struct incoming_record *record)
{
	const char *comm = json_string_value(value);
	size_t len = json_string_length(value);

	if (!comm || !len || len > INCOMING_COMM || strlen(comm) != len)
		return "comm is a text of 1 to 15 bytes";
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)comm[i] < ' ' || comm[i] == 0x7f)
			return "comm has a control character in it";
	memcpy(record->comm, comm, len + 1);
	return NULL;
}

static const char *set_text(json_t *value, struct incoming_record *record)
{
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);
	char *copy;

	if (record->text)
		return "text and base64 are one too many";
	if (!text)
		return "text is no string";
	copy = malloc(len + 1);
	if (!copy)
		return "no memory";
	memcpy(copy, text, len);
	record->text = copy;
	record->owned = true;
	record->len = len;
	return NULL;
}

static const char *set_base64(json_t *value, struct incoming_record *record)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *text = json_string_value(value);
	size_t len = json_string_length(value), body, pad;
	char *copy;
	int n;

	if (record->text)
		return "text and base64 are one too many";
	body = text ? strspn(text, digits) : 0;
	pad = len - body;
	if (!text || len % 4 || pad > 2 || strncmp(text + body, "==", pad) || !body)
		return "base64 is not base64";
	copy = malloc(len / 4 * 3 + 1);
	if (!copy)
		return "no memory";
	n = EVP_DecodeBlock((unsigned char *)copy, (const unsigned char *)text, (int)len);
	record->text = copy;
	record->owned = true;
	record->len = (size_t)n - pad;
	return n < 0 ? "base64 is not base64" : NULL;
}

static const char *set_member(const char *key, json_t *value, struct incoming_record *record)
{
	unsigned int number = 0;
	const char *wrong;

	if (!strcmp(key, "text"))
		return set_text(value, record);
	if (!strcmp(key, "base64"))
		return set_base64(value, record);
	if (!strcmp(key, "comm"))
		return set_comm(value, record);
	if (!strcmp(key, "pri")) {
		wrong = set_number(value, MEMLOG_PRI_MAX, &number);
		record->pri = (uint8_t)number;
		return wrong ? "pri is a number from 0 to 191" : NULL;
	}
	if (!strcmp(key, "type")) {
		wrong = set_number(value, MEMLOG_TYPE_INVALID - 1, &number);
		record->type = (uint16_t)number;
		return wrong ? "type is a number from 0 to 65534" : NULL;
	}
	return "there are text, base64, pri, comm and type, nothing else";
}

static const char *read_object(const char *line, size_t len, struct incoming_record *record)
{
	json_t *json = json_loadb(line, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	const char *key, *wrong = NULL;
	json_t *value;
	bool is_text;

	if (!json_is_object(json)) {
		json_decref(json);
		return "expected a JSON object, as {\"text\":\"...\"}";
	}
	is_text = json_object_get(json, "text");
	json_object_foreach(json, key, value) {
		wrong = set_member(key, value, record);
		if (wrong)
			break;
	}
	json_decref(json);
	if (wrong)
		return wrong;
	if (!record->text)
		return "text or base64 is missing";
	/* bytes are taken as they are, a text is a line */
	if (is_text && record->type == MEMLOG_TYPE_TEXT &&
	    (!record->len || record->text[record->len - 1] != '\n'))
		((char *)(uintptr_t)record->text)[record->len++] = '\n';
	return record->len ? NULL : "there is nothing in it";
}

int incoming_parse_json(struct incoming *incoming, char *data, size_t len)
{
	char *end = data + len, *newline;
	struct incoming_record *record;
	const char *wrong;
	unsigned int line = 0;

	for (; data < end; data = newline + 1) {
		newline = memchr(data, '\n', (size_t)(end - data));
		if (!newline)
			newline = end;
		line++;
		if (strspn(data, " \t\r") >= (size_t)(newline - data))
			continue;
		record = incoming_add(incoming);
		if (!record)
			return incoming->why[0] ? -EINVAL : -ENOMEM;
		wrong = read_object(data, (size_t)(newline - data), record);
		if (wrong) {
			snprintf(incoming->why, INCOMING_WHY, "line %u: %s", line, wrong);
			return -EINVAL;
		}
	}
	return 0;
}
