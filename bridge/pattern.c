// SPDX-License-Identifier: GPL-2.0-only
/*
 * Groups, assertions, back-references and quantifiers.
 */
#include <ctype.h>
#include <errno.h>
#include <memlog.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "pattern.h"
#include "pattern_private.h"

/* What PCRE2 can count to. */
#define REPEAT_MAX	65535

int pattern_refuse(struct pattern *p, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(p->why, p->size, fmt, args);
	va_end(args);
	return -EINVAL;
}

void pattern_set_caseless(struct pattern *p, bool caseless)
{
	caseless = caseless && p->icase;
	if (caseless != p->caseless)
		fputs(caseless ? "(?i)" : "(?-i)", p->out);
	p->caseless = caseless;
}

static void set_atom(struct pattern *p, enum atom atom)
{
	p->atom = atom;
	p->atom_first = p->group_count;
}

static int take_assert(struct pattern *p, size_t len)
{
	fwrite(p->at, 1, len, p->out);
	p->at += len;
	set_atom(p, ATOM_ASSERT);
	return 0;
}

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$';
}

/* The name before ">"; what @p->at is at goes behind that. */
static int take_name(struct pattern *p, const char **name, size_t *len)
{
	*name = p->at;
	while (is_name(*p->at))
		p->at++;
	*len = (size_t)(p->at - *name);
	if (!*len || isdigit((unsigned char)**name) || *p->at != '>')
		return pattern_refuse(p, "a group's name is letters, digits, _ and $, and ends with >");
	p->at++;
	return 0;
}

static struct group *find_group(struct pattern *p, const char *name, size_t len)
{
	for (unsigned int i = 0; i < p->group_count; i++) {
		struct group *group = &p->groups[i];

		if (group->name && group->name_len == len && !memcmp(group->name, name, len))
			return group;
	}
	return NULL;
}

static int open_level(struct pattern *p, const char *begin, struct level level)
{
	if (p->depth == DEPTH_MAX)
		return pattern_refuse(p, "groups are nested deeper than %d", DEPTH_MAX);
	fputs(begin, p->out);
	p->levels[p->depth++] = level;
	p->behind += level.behind;
	set_atom(p, ATOM_NONE);
	return 0;
}

static int open_capture(struct pattern *p, const char *name, size_t name_len)
{
	struct level level = {
		.capture = (int)p->group_count,
		.first = p->group_count,
		.caseless = p->caseless,
	};

	if (p->group_count == GROUPS_MAX)
		return pattern_refuse(p, "there are more than %d groups; (?:...) does not count",
				      GROUPS_MAX);
	if (name && find_group(p, name, name_len))
		return pattern_refuse(p, "two groups have the name %.*s", (int)name_len, name);
	p->groups[p->group_count++] = (struct group){
		.name = name, .name_len = name_len, .behind = p->behind,
	};
	return open_level(p, "(", level);
}

static int refuse_group(struct pattern *p)
{
	switch (p->at[2]) {
	case '>':
		return pattern_refuse(p, "JavaScript has no atomic groups (?>...)");
	case '#':
		return pattern_refuse(p, "JavaScript has no comments (?#...)");
	case 'P':
		return pattern_refuse(p, "a named group is written (?<name>...)");
	case '(':
		return pattern_refuse(p, "JavaScript has no conditions (?(...)...)");
	case 'C':
		return pattern_refuse(p, "there are no callouts (?C)");
	case '|':
		return pattern_refuse(p, "JavaScript has no branch resets (?|...)");
	case 'R':
	case '&':
	case '+':
	case '0' ... '9':
		return pattern_refuse(p, "JavaScript has no recursion (?R) or (?1)");
	default:
		return pattern_refuse(p, "(? begins none of (?:...) (?=...) (?!...) (?<=...) (?<!...) (?<name>...); to ignore case, write /re/i");
	}
}

/* "(?" and what may follow. */
static int open_special(struct pattern *p)
{
	static const struct {
		char text[5];
		bool look;
		bool behind;
	} kinds[] = {
		{ "(?:", false, false }, { "(?=", true, false }, { "(?!", true, false },
		{ "(?<=", true, true }, { "(?<!", true, true },
	};
	const char *name;
	size_t len;
	int err;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct level level = {
			.capture = -1, .first = p->group_count, .look = kinds[i].look,
			.behind = kinds[i].behind, .caseless = p->caseless,
		};

		len = strlen(kinds[i].text);
		if (strncmp(p->at, kinds[i].text, len))
			continue;
		p->at += len;
		return open_level(p, kinds[i].text, level);
	}
	if (p->at[2] != '<')
		return refuse_group(p);
	p->at += 3;
	err = take_name(p, &name, &len);
	return err ? err : open_capture(p, name, len);
}

static int open_group(struct pattern *p)
{
	if (p->at[1] == '*')
		return pattern_refuse(p, "there is nothing before * to repeat, and JavaScript has no verbs (*...)");
	if (p->at[1] == '?')
		return open_special(p);
	p->at++;
	return open_capture(p, NULL, 0);
}

static int close_group(struct pattern *p)
{
	const struct level *level;

	if (!p->depth)
		return pattern_refuse(p, "there is no ( for a ); a ) itself is written \\)");
	level = &p->levels[--p->depth];
	fputc(')', p->out);
	p->at++;
	/* what was switched inside a group ends with it */
	p->caseless = level->caseless;
	p->behind -= level->behind;
	if (level->capture >= 0)
		p->groups[level->capture].closed = true;
	p->atom = level->look ? ATOM_ASSERT : ATOM_ANY;
	p->atom_first = level->first;
	return 0;
}

/*
 * A group that is repeated forgets what it captured in JavaScript with each
 * round, in PCRE2 it does not. In a look-behind, JavaScript goes backwards.
 */
static int put_reference(struct pattern *p, struct group *group)
{
	if (!group->closed)
		return pattern_refuse(p, "a back-reference stands inside the group it is of");
	if (group->behind || p->behind)
		return pattern_refuse(p, "a back-reference and a look-behind do not go together here");
	group->referred = true;
	pattern_set_caseless(p, true);
	fprintf(p->out, "\\g{%u}", (unsigned int)(group - p->groups) + 1);
	set_atom(p, ATOM_ANY);
	return 0;
}

static int take_number_reference(struct pattern *p)
{
	unsigned int n = 0;

	for (p->at++; isdigit((unsigned char)*p->at); p->at++)
		n = n > GROUPS_MAX ? n : n * 10 + (unsigned int)(*p->at - '0');
	if (n > p->group_count)
		return pattern_refuse(p, "there is no such group before a back-reference \\N; a character's number is written \\xHH");
	return put_reference(p, &p->groups[n - 1]);
}

static int take_name_reference(struct pattern *p)
{
	struct group *group;
	const char *name;
	size_t len;
	int err;

	if (p->at[2] != '<')
		return pattern_refuse(p, "\\k is written \\k<name>");
	p->at += 3;
	err = take_name(p, &name, &len);
	if (err)
		return err;
	group = find_group(p, name, len);
	if (!group)
		return pattern_refuse(p, "there is no group %.*s before \\k<%.*s>", (int)len,
				      name, (int)len, name);
	return put_reference(p, group);
}

static int take_escape(struct pattern *p)
{
	switch (p->at[1]) {
	case 'b':
	case 'B':
		return take_assert(p, 2);
	case '1' ... '9':
		return take_number_reference(p);
	case 'k':
		return take_name_reference(p);
	default:
		return pattern_take_escape(p);
	}
}

/* Digits at @p->at[*i]. */
static bool take_count(const struct pattern *p, size_t *i, unsigned int *count)
{
	size_t first = *i;

	for (*count = 0; isdigit((unsigned char)p->at[*i]); ++*i)
		if (*count <= REPEAT_MAX)
			*count = *count * 10 + (unsigned int)(p->at[*i] - '0');
	return *i > first;
}

/* Length of a "{n}", "{n,}" or "{n,m}"; 0: it is none, and so just text. */
static size_t braces(const struct pattern *p, unsigned int *least, unsigned int *most)
{
	size_t i = 1;

	if (!take_count(p, &i, least))
		return 0;
	*most = *least;
	if (p->at[i] == ',') {
		i++;
		if (!take_count(p, &i, most))
			*most = 0;
		if (!*most && p->at[i - 1] == ',')
			*most = UINT32_MAX;
	}
	return p->at[i] == '}' ? i + 1 : 0;
}

static int check_repeat(struct pattern *p, char what)
{
	switch (p->atom) {
	case ATOM_NONE:
		return pattern_refuse(p, "there is nothing before %c to repeat; a %c itself is written \\%c (and JavaScript has no possessive *+)",
				      what, what, what);
	case ATOM_ASSERT:
		return pattern_refuse(p, "what is before %c has no length and can't be repeated", what);
	case ATOM_PAIR:
		return pattern_refuse(p, "a character above U+FFFF can't be repeated; put (?:...) around it");
	default:
		return 0;
	}
}

static int take_quantifier(struct pattern *p)
{
	unsigned int least = *p->at == '+', most = *p->at == '?' ? 1 : UINT32_MAX;
	size_t len = 1;
	int err;

	if (*p->at == '{') {
		len = braces(p, &least, &most);
		if (!len)
			return pattern_take_char(p);
		if (least > REPEAT_MAX || (most > REPEAT_MAX && most != UINT32_MAX))
			return pattern_refuse(p, "more than %d repetitions", REPEAT_MAX);
		if (least > most)
			return pattern_refuse(p, "{n,m} with the larger number first");
	}
	err = check_repeat(p, *p->at);
	if (err)
		return err;
	if (p->at[len] == '?')
		len++;
	fwrite(p->at, 1, len, p->out);
	p->at += len;
	for (unsigned int i = p->atom_first; most > 1 && i < p->group_count; i++)
		p->groups[i].repeated = true;
	set_atom(p, ATOM_NONE);
	return 0;
}

static int take_branch(struct pattern *p)
{
	fputc('|', p->out);
	p->at++;
	set_atom(p, ATOM_NONE);
	return 0;
}

static int take_one(struct pattern *p)
{
	switch (*p->at) {
	case '(':
		return open_group(p);
	case ')':
		return close_group(p);
	case '|':
		return take_branch(p);
	case '^':
	case '$':
		return take_assert(p, 1);
	case '*':
	case '+':
	case '?':
	case '{':
		return take_quantifier(p);
	case '\\':
		return take_escape(p);
	case '[':
		return pattern_take_set(p);
	case '.':
		return pattern_take_dot(p);
	default:
		return pattern_take_char(p);
	}
}

static int translate(struct pattern *p)
{
	int err = 0;

	if (memlog_utf8_valid(p->at, strlen(p->at)) != strlen(p->at))
		return pattern_refuse(p, "it is not valid UTF-8");
	while (!err && *p->at)
		err = take_one(p);
	if (err)
		return err;
	if (p->depth)
		return pattern_refuse(p, "there is no ) for a (; a ( itself is written \\(");
	for (unsigned int i = 0; i < p->group_count; i++)
		if (p->groups[i].referred && p->groups[i].repeated)
			return pattern_refuse(p, "a back-reference is to a group that is repeated, which JavaScript takes otherwise");
	return 0;
}

int pattern_translate(const char *re, bool icase, char **translated, char *why,
		      size_t size)
{
	struct pattern p = { .at = re, .icase = icase, .why = why, .size = size };
	char *text = NULL;
	size_t len;
	int err;

	p.out = open_memstream(&text, &len);
	if (!p.out)
		return -ENOMEM;
	err = translate(&p);
	if (fclose(p.out) && !err)
		err = -ENOMEM;
	if (err)
		free(text);
	else
		*translated = text;
	return err;
}
