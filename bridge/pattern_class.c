// SPDX-License-Identifier: GPL-2.0-only
/*
 * Characters and sets of them.
 *
 * Under the flag i JavaScript never takes a character of ASCII for one that is
 * not, while PCRE2 takes the Kelvin sign for a k and the long s for an s. So the
 * cases of ASCII are written out where that matters.
 */
#include <ctype.h>
#include <string.h>

#include "pattern_private.h"

#define LONG_S		0x17f
#define KELVIN		0x212a
#define RANGES_MAX	512
#define LAST_CHAR	0x10ffff

struct range {
	uint32_t first, last;
};

/**
 * struct set - A set of characters.
 * @ascii: Those of ASCII, a bit each.
 * @ranges: Others that were named.
 * @count: How many ranges.
 * @spaces: And white space beyond ASCII.
 * @others: And all that is beyond ASCII but white space.
 */
struct set {
	uint64_t ascii[2];
	struct range ranges[RANGES_MAX];
	size_t count;
	bool spaces;
	bool others;
};

/* What \s has beyond ASCII, in order. */
static const struct range wide_spaces[] = {
	{ 0xa0, 0xa0 }, { 0x1680, 0x1680 }, { 0x2000, 0x200a }, { 0x2028, 0x2029 },
	{ 0x202f, 0x202f }, { 0x205f, 0x205f }, { 0x3000, 0x3000 }, { 0xfeff, 0xfeff },
};

#define WIDE_SPACES	(sizeof(wide_spaces) / sizeof(wide_spaces[0]))

static bool has_ascii(const struct set *set, uint32_t c)
{
	return set->ascii[c / 64] >> (c % 64) & 1;
}

static void add_ascii(struct set *set, uint32_t c)
{
	set->ascii[c / 64] |= 1ULL << (c % 64);
}

static int add_range(struct pattern *p, struct set *set, uint32_t first, uint32_t last)
{
	if (first > last)
		return pattern_refuse(p, "a range in [...] ends before it begins");
	if (last > 0xffff)
		return pattern_refuse(p, "a character above U+FFFF can't be in [...]");
	for (; first <= last && first < 0x80; first++)
		add_ascii(set, first);
	if (first > last)
		return 0;
	if (set->count == RANGES_MAX)
		return pattern_refuse(p, "there is too much in one [...]");
	set->ranges[set->count++] = (struct range){ first, last };
	return 0;
}

static bool is_of_class(char class, int c)
{
	switch (class) {
	case 'd':
		return isdigit(c);
	case 'w':
		return isalnum(c) || c == '_';
	default:
		return c == ' ' || (c >= '\t' && c <= '\r');
	}
}

static bool is_class(char c)
{
	return c && strchr("dDwWsS", c);
}

static void add_class(struct set *set, char class)
{
	bool negated = class < 'a';
	char name = (char)tolower((unsigned char)class);

	for (int c = 0; c < 0x80; c++)
		if (is_of_class(name, c) != negated)
			add_ascii(set, (uint32_t)c);
	set->others |= negated;
	set->spaces |= negated ? name != 's' : name == 's';
}

static void close_case(struct set *set)
{
	for (uint32_t c = 'a'; c <= 'z'; c++) {
		uint32_t upper = c - 'a' + 'A';

		if (has_ascii(set, c))
			add_ascii(set, upper);
		else if (has_ascii(set, upper))
			add_ascii(set, c);
	}
}

static void put_range(FILE *out, uint32_t first, uint32_t last)
{
	fprintf(out, "\\x{%x}", first);
	if (last > first)
		fprintf(out, "-\\x{%x}", last);
}

/* All but those that were named, which may have to be told apart. */
static void put_members(FILE *out, const struct set *set)
{
	uint32_t next = 0x80;

	for (uint32_t c = 0, first; c < 0x80; c++) {
		if (!has_ascii(set, c))
			continue;
		first = c;
		while (c + 1 < 0x80 && has_ascii(set, c + 1))
			c++;
		put_range(out, first, c);
	}
	for (size_t i = 0; i < WIDE_SPACES; i++) {
		if (set->spaces)
			put_range(out, wide_spaces[i].first, wide_spaces[i].last);
		if (set->others && wide_spaces[i].first > next)
			put_range(out, next, wide_spaces[i].first - 1);
		next = wide_spaces[i].last + 1;
	}
	if (set->others)
		put_range(out, next, LAST_CHAR);
}

static void put_ranges(FILE *out, const struct set *set)
{
	for (size_t i = 0; i < set->count; i++)
		put_range(out, set->ranges[i].first, set->ranges[i].last);
}

/* No character of ASCII, but one of those named, whatever its case. */
static void put_named(FILE *out, const struct set *set)
{
	fputs("(?![\\x{0}-\\x{7f}])(?i:[", out);
	put_ranges(out, set);
	fputs("])", out);
}

static void put_mixed(struct pattern *p, const struct set *set, bool plain, bool negated)
{
	fputs("(?:", p->out);
	if (negated)
		fputs("(?!", p->out);
	put_named(p->out, set);
	if (negated)
		fputc(')', p->out);
	if (plain) {
		fputs(negated ? "[^" : "|[", p->out);
		put_members(p->out, set);
		fputc(']', p->out);
	} else if (negated) {
		fputs("(?s:.)", p->out);
	}
	fputc(')', p->out);
}

static void put_set(struct pattern *p, struct set *set, bool negated)
{
	bool plain;

	if (p->icase)
		close_case(set);
	plain = set->ascii[0] || set->ascii[1] || set->spaces || set->others;
	pattern_set_caseless(p, false);
	if (p->icase && set->count) {
		put_mixed(p, set, plain, negated);
	} else if (plain || set->count) {
		fputs(negated ? "[^" : "[", p->out);
		put_members(p->out, set);
		put_ranges(p->out, set);
		fputc(']', p->out);
	} else {
		/* JavaScript's [] and [^]: nothing, and anything */
		fputs(negated ? "(?s:.)" : "(?:(?!))", p->out);
	}
	p->atom = ATOM_ANY;
	p->atom_first = p->group_count;
}

/* The character at @p->at, which is valid UTF-8. */
static uint32_t take_utf8(struct pattern *p)
{
	unsigned char lead = (unsigned char)*p->at++;
	uint32_t c;

	if (lead < 0x80)
		return lead;
	c = lead & (lead < 0xe0 ? 0x1f : lead < 0xf0 ? 0x0f : 0x07);
	while (((unsigned char)*p->at & 0xc0) == 0x80)
		c = c << 6 | ((unsigned char)*p->at++ & 0x3f);
	return c;
}

/* @count hexadecimal digits, no fewer. */
static bool take_hex(const char **at, int count, uint32_t *c)
{
	*c = 0;
	for (int i = 0; i < count; i++) {
		unsigned char digit = (unsigned char)(*at)[i];

		if (!isxdigit(digit))
			return false;
		*c = *c << 4 | (uint32_t)(digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
	}
	*at += count;
	return true;
}

/* Behind "\u": a pair of them is one character. */
static int take_unicode(struct pattern *p, uint32_t *c)
{
	const char *low_at;
	uint32_t low;

	if (!take_hex(&p->at, 4, c))
		return pattern_refuse(p, "\\u is followed by four hexadecimal digits");
	if (*c < 0xd800 || *c > 0xdfff)
		return 0;
	low_at = p->at + 2;
	if (*c > 0xdbff || p->at[0] != '\\' || p->at[1] != 'u' ||
	    !take_hex(&low_at, 4, &low) || low < 0xdc00 || low > 0xdfff)
		return pattern_refuse(p, "a \\u of half a character");
	p->at = low_at;
	*c = 0x10000 + ((*c - 0xd800) << 10) + (low - 0xdc00);
	return 0;
}

static int refuse_escape(struct pattern *p, char c)
{
	if (isdigit((unsigned char)c))
		return pattern_refuse(p, "\\%c is no character; its number is written \\xHH", c);
	return pattern_refuse(p, "\\%c does not mean the same to JavaScript and PCRE2; expected \\d \\D \\w \\W \\s \\S \\b \\B \\t \\n \\v \\f \\r \\0 \\xHH \\uHHHH \\cX or a sign after the backslash",
			      c);
}

/* An escape that stands for one character. */
static int take_escaped(struct pattern *p, uint32_t *c)
{
	static const char letters[] = "tnvfr", meaning[] = "\t\n\v\f\r";
	char letter = p->at[1];
	const char *found;

	if (!letter)
		return pattern_refuse(p, "there is nothing behind the last backslash");
	if ((unsigned char)letter >= 0x80 || !isalnum((unsigned char)letter)) {
		p->at++;
		*c = take_utf8(p);
		return 0;
	}
	p->at += 2;
	found = strchr(letters, letter);
	if (found) {
		*c = (uint32_t)meaning[found - letters];
	} else if (letter == '0' && !isdigit((unsigned char)*p->at)) {
		*c = 0;
	} else if (letter == 'c' && isalpha((unsigned char)*p->at)) {
		*c = (uint32_t)*p->at++ & 31;
	} else if (letter == 'x') {
		if (!take_hex(&p->at, 2, c))
			return pattern_refuse(p, "\\x is followed by two hexadecimal digits");
	} else if (letter == 'u') {
		return take_unicode(p, c);
	} else {
		return refuse_escape(p, letter);
	}
	return 0;
}

static void put_char(struct pattern *p, uint32_t c)
{
	uint32_t lower = c | 0x20;

	if (p->icase && (lower == 'k' || lower == 's') && c < 0x80) {
		pattern_set_caseless(p, false);
		fprintf(p->out, "[%c%c]", (int)lower, (int)lower - 'a' + 'A');
	} else if (c < 0x80 && isalnum((int)c)) {
		if (isalpha((int)c))
			pattern_set_caseless(p, true);
		fputc((int)c, p->out);
	} else {
		if (c >= 0x80)
			pattern_set_caseless(p, c != LONG_S && c != KELVIN);
		fprintf(p->out, "\\x{%x}", c);
	}
	p->atom = c > 0xffff ? ATOM_PAIR : ATOM_ANY;
	p->atom_first = p->group_count;
}

int pattern_take_char(struct pattern *p)
{
	put_char(p, take_utf8(p));
	return 0;
}

int pattern_take_escape(struct pattern *p)
{
	struct set set = { .count = 0 };
	uint32_t c;
	int err;

	if (is_class(p->at[1])) {
		add_class(&set, p->at[1]);
		p->at += 2;
		put_set(p, &set, false);
		return 0;
	}
	err = take_escaped(p, &c);
	if (!err)
		put_char(p, c);
	return err;
}

/* JavaScript knows four ends of a line. */
int pattern_take_dot(struct pattern *p)
{
	p->at++;
	fputs("[^\\n\\r\\x{2028}\\x{2029}]", p->out);
	p->atom = ATOM_ANY;
	p->atom_first = p->group_count;
	return 0;
}

/* A member of [...], or the end of a range: *@class is set if it is one. */
static int take_member(struct pattern *p, char *class, uint32_t *c)
{
	*class = '\0';
	if (!*p->at)
		return pattern_refuse(p, "there is no ] for a [; a [ itself is written \\[");
	if (*p->at == '[' && p->at[1] && strchr(":.=", p->at[1]))
		return pattern_refuse(p, "JavaScript has no [:class:]; a [ itself is written \\[");
	if (*p->at != '\\') {
		*c = take_utf8(p);
		return 0;
	}
	if (is_class(p->at[1])) {
		*class = p->at[1];
		p->at += 2;
		return 0;
	}
	if (p->at[1] == 'b') {
		p->at += 2;
		*c = '\b';
		return 0;
	}
	return take_escaped(p, c);
}

static int add_member(struct pattern *p, struct set *set, char class, uint32_t c)
{
	if (!class)
		return add_range(p, set, c, c);
	add_class(set, class);
	return 0;
}

/* "a", "\d" or "a-z"; around a class a hyphen is just that. */
static int take_range(struct pattern *p, struct set *set)
{
	char class, last_class;
	uint32_t c = 0, last = 0;
	int err;

	err = take_member(p, &class, &c);
	if (err)
		return err;
	if (*p->at != '-' || !p->at[1] || p->at[1] == ']')
		return add_member(p, set, class, c);
	p->at++;
	err = take_member(p, &last_class, &last);
	if (err)
		return err;
	if (!class && !last_class)
		return add_range(p, set, c, last);
	add_ascii(set, '-');
	err = add_member(p, set, class, c);
	return err ? err : add_member(p, set, last_class, last);
}

int pattern_take_set(struct pattern *p)
{
	struct set set = { .count = 0 };
	bool negated;
	int err;

	p->at++;
	negated = *p->at == '^';
	p->at += negated;
	while (*p->at != ']') {
		err = take_range(p, &set);
		if (err)
			return err;
	}
	p->at++;
	put_set(p, &set, negated);
	return 0;
}
