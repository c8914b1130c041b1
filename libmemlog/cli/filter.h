/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which records to show.
 */
#ifndef MEMLOG_CLI_FILTER_H
#define MEMLOG_CLI_FILTER_H

#include <regex.h>

#include "cli.h"

#define LEVELS_ALL	0xffU
#define FILTER_NAMES	16

/**
 * struct filter - What a record must have.
 * @levels: A bit for each level.
 * @comms: One of these names, if there are any.
 * @comm_count: How many.
 * @units: Its cgroup is one of these units, if there are any.
 * @unit_count: How many.
 * @pid: This process id, unless MEMLOG_ID_NONE.
 * @uid: This user id, unless MEMLOG_ID_NONE.
 * @literal: This text in it, if not NULL.
 * @literal_len: How long it is.
 * @regex: A match of this in it, if @use_regex.
 * @use_regex: See there.
 * @subject: Room for the text that is matched.
 * @subject_size: How much.
 * @any: One of these is set: not every record will do.
 */
struct filter {
	unsigned int levels;
	const char *comms[FILTER_NAMES];
	size_t comm_count;
	const char *units[FILTER_NAMES];
	size_t unit_count;
	uint32_t pid;
	uint32_t uid;
	const char *literal;
	size_t literal_len;
	regex_t regex;
	bool use_regex;
	char *subject;
	size_t subject_size;
	bool any;
};

void filter_init(struct filter *filter);
void filter_free(struct filter *filter);
void filter_add_levels(struct filter *filter, const char *levels);
void filter_add_comm(struct filter *filter, const char *comm);
void filter_add_unit(struct filter *filter, const char *unit);
void filter_grep(struct filter *filter, const char *pattern);
bool filter_match_fields(struct filter *filter, const struct memlog_record *rec,
			 const char *text);

static inline bool filter_match(struct filter *filter,
				const struct memlog_record *rec, const char *text)
{
	return !filter->any || filter_match_fields(filter, rec, text);
}

#endif /* MEMLOG_CLI_FILTER_H */
