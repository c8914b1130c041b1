// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "filter.h"
#include "filter_regex.h"
#include "quote.h"
#include "service.h"

#define FACILITIES	24

static const char *const field_names[FILTER_FIELDS] = {
	[FILTER_COMM] = "comm",
	[FILTER_PID] = "pid",
	[FILTER_UID] = "uid",
	[FILTER_TYPE] = "type",
	[FILTER_SERVICE] = "service",
	[FILTER_FACILITY] = "facility",
};

void filter_init(struct filter *filter)
{
	*filter = (struct filter){ .levels = FILTER_LEVELS_ALL };
}

static void forget_grep(struct filter *filter)
{
	free(filter->literal);
	filter->literal = NULL;
	filter->literal_len = 0;
	if (filter->regex)
		regex_free(filter->regex);
	filter->regex = NULL;
}

void filter_uninit(struct filter *filter)
{
	forget_grep(filter);
	for (size_t i = 0; i < filter->value_count; i++)
		free(filter->values[i].text);
	filter_init(filter);
}

int filter_set_levels(struct filter *filter, const char *value, char *why, size_t size)
{
	char quoted[QUOTE_SIZE];

	if (!memlog_parse_levels(value, &filter->levels))
		return 0;
	snprintf(why, size, "level: %s is no level; expected one of emerg, alert, crit, err, warning, notice, info, debug or 0 to 7, FROM..TO or =LEVEL, several by comma",
		 quote(quoted, value));
	return -EINVAL;
}

static int set_regex(struct filter *filter, const char *value, const char *slash,
		     char *why, size_t size)
{
	struct pcre2_real_code_8 *code;
	char *re = strndup(value + 1, (size_t)(slash - value - 1));
	char quoted[QUOTE_SIZE], what[256];
	int err;

	if (!re)
		return -ENOMEM;
	err = regex_compile(&code, re, slash[1], what, sizeof(what));
	free(re);
	if (err == -EINVAL)
		snprintf(why, size, "grep: %s: %s", quote(quoted, value), what);
	if (err)
		return err;
	forget_grep(filter);
	filter->regex = code;
	return 0;
}

int filter_set_grep(struct filter *filter, const char *value, char *why, size_t size)
{
	const char *slash = *value == '/' ? strrchr(value + 1, '/') : NULL;
	char quoted[QUOTE_SIZE];
	char *literal;

	if (strlen(value) > FILTER_PATTERN_MAX) {
		snprintf(why, size, "grep: %s is too long; expected text, /re/ or /re/i of at most %d bytes",
			 quote(quoted, value), FILTER_PATTERN_MAX);
		return -EINVAL;
	}
	if (slash && (!slash[1] || !strcmp(slash, "/i")))
		return set_regex(filter, value, slash, why, size);
	literal = *value ? strdup(value) : NULL;
	if (*value && !literal)
		return -ENOMEM;
	forget_grep(filter);
	filter->literal = literal;
	filter->literal_len = strlen(value);
	return 0;
}

static int find_field(const char *value, size_t len)
{
	for (int i = 0; i < FILTER_FIELDS; i++)
		if (strlen(field_names[i]) == len && !memcmp(field_names[i], value, len))
			return i;
	return FILTER_FIELDS;
}

static int parse_facility(const char *text, uint64_t *number)
{
	for (unsigned int i = 0; i < FACILITIES; i++) {
		if (!strcasecmp(text, memlog_facility_name(i))) {
			*number = i;
			return 0;
		}
	}
	return memlog_parse_number(text, number);
}

/* What @value may be, in the words of the message. */
static const char *parse_value(struct filter_value *value, const char *text)
{
	uint64_t number = 0, most = UINT32_MAX;
	int err = 0;

	switch (value->field) {
	case FILTER_COMM:
		return strlen(text) < MEMLOG_COMM_LEN ? NULL : "a name of at most 15 bytes";
	case FILTER_SERVICE:
		return strlen(text) < 256 ? NULL : "the name of a cgroup, at most 255 bytes";
	case FILTER_FACILITY:
		most = FACILITIES - 1;
		err = parse_facility(text, &number);
		break;
	case FILTER_TYPE:
		most = UINT16_MAX;
		/* fallthrough */
	default:
		err = memlog_parse_number(text, &number);
	}
	value->number = (uint32_t)number;
	if (!err && number <= most)
		return NULL;
	if (value->field == FILTER_FACILITY)
		return "kern, user, mail, daemon, auth, syslog, lpr, news, uucp, cron, authpriv, ftp, ntp, audit, alert, clock, local0 to local7, or 0 to 23";
	return value->field == FILTER_TYPE ? "a number up to 65535" :
					     "a number up to 4294967295";
}

static bool is_textual(enum filter_field field)
{
	return field == FILTER_COMM || field == FILTER_SERVICE;
}

int filter_add_field(struct filter *filter, const char *value, char *why, size_t size)
{
	const char *equals = strchr(value, '='), *expected;
	struct filter_value new = { .field = FILTER_FIELDS };
	char quoted[QUOTE_SIZE];

	if (equals)
		new.field = (enum filter_field)find_field(value, (size_t)(equals - value));
	if (new.field == FILTER_FIELDS)
		expected = "NAME=VALUE, with NAME one of comm, pid, uid, type, service, facility";
	else
		expected = parse_value(&new, equals + 1);
	if (expected) {
		snprintf(why, size, "field: %s is not allowed; expected %s%s%s",
			 quote(quoted, value), equals && new.field < FILTER_FIELDS ?
			 field_names[new.field] : "",
			 new.field < FILTER_FIELDS ? "=" : "", expected);
		return -EINVAL;
	}
	if (filter->value_count == FILTER_FIELDS_MAX) {
		snprintf(why, size, "field: %s is one too many; at most %d are allowed",
			 quote(quoted, value), FILTER_FIELDS_MAX);
		return -EINVAL;
	}
	new.text = is_textual(new.field) ? strdup(equals + 1) : NULL;
	if (is_textual(new.field) && !new.text)
		return -ENOMEM;
	filter->values[filter->value_count++] = new;
	filter->fields |= 1U << new.field;
	return 0;
}

bool filter_is_empty(const struct filter *filter)
{
	return filter->levels == FILTER_LEVELS_ALL && !filter->fields &&
	       !filter->literal && !filter->regex;
}

static bool has_value(const struct filter_value *value, const struct memlog_record *rec)
{
	switch (value->field) {
	case FILTER_COMM:
		return !strncmp(value->text, rec->comm, sizeof(rec->comm));
	case FILTER_PID:
		return value->number == rec->pid;
	case FILTER_UID:
		return value->number == rec->uid;
	case FILTER_TYPE:
		return value->number == rec->type;
	case FILTER_SERVICE:
		return service_is(rec->cgroup, value->text);
	default:
		return value->number == rec->pri / 8U;
	}
}

/* One value of each field that has any. */
static bool match_fields(const struct filter *filter, const struct memlog_record *rec)
{
	unsigned int missing = filter->fields;

	for (size_t i = 0; missing && i < filter->value_count; i++) {
		unsigned int bit = 1U << filter->values[i].field;

		if ((missing & bit) && has_value(&filter->values[i], rec))
			missing &= ~bit;
	}
	return !missing;
}

bool filter_match(const struct filter *filter, const struct memlog_record *rec,
		  const char *text)
{
	size_t len = rec->len;

	if (!(filter->levels >> (rec->pri & 7) & 1) || !match_fields(filter, rec))
		return false;
	if (len && text[len - 1] == '\n')
		len--;
	if (filter->literal)
		return memmem(text, len, filter->literal, filter->literal_len);
	return !filter->regex || regex_match(filter->regex, text, len);
}
