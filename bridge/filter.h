/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which records a client wants to see. A record that is left out is not lost.
 */
#ifndef BRIDGE_FILTER_H
#define BRIDGE_FILTER_H

#include <memlog.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FILTER_LEVELS_ALL	0xffU
#define FILTER_FIELDS_MAX	32
#define FILTER_PATTERN_MAX	1024

/**
 * enum filter_field - What a field filter looks at.
 */
enum filter_field {
	FILTER_COMM,
	FILTER_PID,
	FILTER_UID,
	FILTER_TYPE,
	FILTER_SERVICE,
	FILTER_FACILITY,
	FILTER_FIELDS,
};

/**
 * struct filter_value - A value that a field may have.
 * @field: The field.
 * @number: Its value, of FILTER_PID, FILTER_UID, FILTER_TYPE, FILTER_FACILITY.
 * @text: Its value, of FILTER_COMM and FILTER_SERVICE, else NULL.
 */
struct filter_value {
	enum filter_field field;
	uint32_t number;
	char *text;
};

/**
 * struct filter - What a record must have.
 * @levels: A bit for each level.
 * @values: One of those of a field, for each field that has any.
 * @value_count: How many.
 * @fields: A bit for each field that has any.
 * @literal: This text in it, if not NULL.
 * @literal_len: How long it is.
 * @regex: A match of this in it, if not NULL: struct pcre2_real_code_8.
 */
struct filter {
	unsigned int levels;
	struct filter_value values[FILTER_FIELDS_MAX];
	size_t value_count;
	unsigned int fields;
	char *literal;
	size_t literal_len;
	void *regex;
};

void filter_init(struct filter *filter);
void filter_uninit(struct filter *filter);

/* Each returns 0, -EINVAL with what is wrong in @why, or -ENOMEM. */
int filter_set_levels(struct filter *filter, const char *value, char *why, size_t size);
int filter_set_grep(struct filter *filter, const char *value, char *why, size_t size);
int filter_add_field(struct filter *filter, const char *value, char *why, size_t size);

/* Whether it lets every record pass. */
bool filter_is_empty(const struct filter *filter);

/**
 * filter_match() - Whether a record passes.
 * @filter: The filter; any number of threads may use it at once.
 * @rec: The record.
 * @text: Its text.
 *
 * A record on which the pattern takes too long passes: rather one too many than
 * one that is missing without a word.
 */
bool filter_match(const struct filter *filter, const struct memlog_record *rec,
		  const char *text);

#endif /* BRIDGE_FILTER_H */
