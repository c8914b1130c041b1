// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "filter.h"

void filter_init(struct filter *filter)
{
	*filter = (struct filter){
		.levels = LEVELS_ALL,
		.pid = MEMLOG_ID_NONE,
		.uid = MEMLOG_ID_NONE,
	};
}

void filter_free(struct filter *filter)
{
	if (filter->use_regex)
		regfree(&filter->regex);
	filter->use_regex = false;
	free(filter->subject);
	filter->subject = NULL;
	filter->subject_size = 0;
}

void filter_add_levels(struct filter *filter, const char *levels)
{
	filter->levels = arg_levels("-p", levels);
	filter->any = true;
}

void filter_add_comm(struct filter *filter, const char *comm)
{
	if (filter->comm_count == FILTER_NAMES)
		usage("-t: at most %d names", FILTER_NAMES);
	filter->comms[filter->comm_count++] = comm;
	filter->any = true;
}

void filter_add_unit(struct filter *filter, const char *unit)
{
	if (filter->unit_count == FILTER_NAMES)
		usage("-u: at most %d units", FILTER_NAMES);
	filter->units[filter->unit_count++] = unit;
	filter->any = true;
}

static void compile(struct filter *filter, const char *re, int flags)
{
	char why[128];
	int err;

	err = regcomp(&filter->regex, re, REG_EXTENDED | REG_NOSUB | REG_NEWLINE | flags);
	if (err) {
		regerror(err, &filter->regex, why, sizeof(why));
		usage("--grep: /%s/: %s", re, why);
	}
	filter->use_regex = true;
}

/* "text", or "/re/" or "/re/i". */
void filter_grep(struct filter *filter, const char *pattern)
{
	const char *slash = *pattern == '/' ? strrchr(pattern + 1, '/') : NULL;
	char *re;

	filter_free(filter);
	filter->literal = NULL;
	filter->any = true;
	if (!slash || (strcmp(slash, "/") && strcmp(slash, "/i"))) {
		filter->literal = pattern;
		filter->literal_len = strlen(pattern);
		return;
	}
	re = strndup(pattern + 1, (size_t)(slash - pattern - 1));
	if (!re)
		die("no memory");
	compile(filter, re, slash[1] ? REG_ICASE : 0);
	free(re);
}

static bool match_comm(const struct filter *filter, const struct memlog_record *rec)
{
	for (size_t i = 0; i < filter->comm_count; i++)
		if (!strncmp(filter->comms[i], rec->comm, sizeof(rec->comm)))
			return true;
	return !filter->comm_count;
}

static bool match_unit(const struct filter *filter, const struct memlog_record *rec)
{
	for (size_t i = 0; i < filter->unit_count; i++)
		if (cgroup_is_unit(rec->cgroup, filter->units[i]))
			return true;
	return !filter->unit_count;
}

/*
 * REG_STARTEND lets a text have NUL bytes in it; the one behind it is for
 * sanitizers, which take every subject for a string.
 */
static bool match_regex(struct filter *filter, const char *text, size_t len)
{
	regmatch_t range = { .rm_so = 0, .rm_eo = (regoff_t)len };

	if (len >= filter->subject_size) {
		free(filter->subject);
		filter->subject_size = 2 * len + 1;
		filter->subject = malloc(filter->subject_size);
		if (!filter->subject)
			die("no memory");
	}
	memcpy(filter->subject, text, len);
	filter->subject[len] = '\0';
	return !regexec(&filter->regex, filter->subject, 1, &range, REG_STARTEND);
}

static bool match_text(struct filter *filter, const char *text, size_t len)
{
	if (filter->literal)
		return memmem(text, len, filter->literal, filter->literal_len);
	return !filter->use_regex || match_regex(filter, text, len);
}

bool filter_match_fields(struct filter *filter, const struct memlog_record *rec,
			 const char *text)
{
	return filter->levels >> (rec->pri & 7) & 1 &&
	       (filter->pid == MEMLOG_ID_NONE || filter->pid == rec->pid) &&
	       (filter->uid == MEMLOG_ID_NONE || filter->uid == rec->uid) &&
	       match_comm(filter, rec) && match_unit(filter, rec) &&
	       match_text(filter, text, rec->len);
}
